import { mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DirectoryStore } from '../../../local/store/directory-store.ts';
import { evidenceKey, findDroppedChecks, findPrevious } from '../../../src/drill/chain.ts';
import type { EvidenceBody } from '../../../src/drill/evidence.ts';
import { makePolicy } from '../../../src/drill/policy.ts';
import { seal } from '../../../src/drill/seal.ts';
import { sha256Hex } from '../../../src/drill/canonical.ts';
import { makeBody } from '../../helpers/evidence.ts';
import { fixedSigner } from '../../helpers/signers.ts';

let root: string;
let store: DirectoryStore;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'pgproof-chain-'));
  store = new DirectoryStore({ root });
});

afterEach(() => rm(root, { recursive: true, force: true }));

/** Puts evidence into the store as if it had been sealed at that second. */
async function keep(drillId: string, second: number, change: Partial<EvidenceBody> = {}, text?: string): Promise<string> {
  const content = text ?? (await seal(makeBody({ drillId, ...change }), fixedSigner()));
  const key = evidenceKey('shop', drillId);
  await store.put(key, content);
  await utimes(join(root, key), second, second);
  return content;
}

describe('the evidence before', () => {
  test('is none in an empty store, nor beside other databases and other files', async () => {
    expect(await findPrevious(store, 'shop')).toBeUndefined();
    await store.put('v1/shop-eu/drills/d1/evidence.json', 'x');
    await store.put('v1/shop/drills/d1/report.html', 'x');
    await store.put('v1/shop/drills/d1/deep/evidence.json', 'x');
    await store.put('v1/shop/dumps/d1/evidence.json', 'x');
    expect(await findPrevious(store, 'shop')).toBeUndefined();
  });

  test('is the newest by the order of sealing, not by the drill id', async () => {
    const last = await keep('a', 300);
    await keep('b', 200);
    await keep('c', 100);
    const previous = await findPrevious(store, 'shop');
    expect(previous).toMatchObject({ key: 'v1/shop/drills/a/evidence.json', sha256: sha256Hex(last) });
    expect(previous?.body).toEqual(makeBody({ drillId: 'a' }));
  });

  test('is the greater id of two that were sealed in the same instant', async () => {
    await keep('b', 100);
    await keep('c', 100);
    await keep('a', 100);
    expect((await findPrevious(store, 'shop'))?.key).toBe('v1/shop/drills/c/evidence.json');
  });

  test('is never the evidence of the drill that asks', async () => {
    await keep('a', 100);
    await keep('b', 200);
    expect((await findPrevious(store, 'shop', 'b'))?.key).toBe('v1/shop/drills/a/evidence.json');
    expect((await findPrevious(store, 'shop', 'a'))?.key).toBe('v1/shop/drills/b/evidence.json');
  });

  test('is bound as it lies there even when it is damaged', async () => {
    await keep('a', 100);
    await keep('b', 200, {}, '{"evidence":{"format":1');
    await keep('c', 150, {}, '{"evidence":{"format":1}}');
    expect(await findPrevious(store, 'shop')).toEqual({
      key: 'v1/shop/drills/b/evidence.json',
      sha256: sha256Hex('{"evidence":{"format":1'),
      body: undefined,
    });
  });
});

describe('checks that were required before', () => {
  const drill = { database: 'shop', kind: 'dump' as const, drillId: 'now' };

  test('are reported when they are not required any more, and only then', async () => {
    await keep('a', 100, { policy: makePolicy(['grants', 'owners', 'row-count']) });
    expect(await findDroppedChecks(store, drill, ['row-count', 'constraints'])).toEqual(['grants', 'owners']);
    expect(await findDroppedChecks(store, drill, ['owners', 'grants', 'row-count'])).toEqual([]);
  });

  test('are those of the last readable drill of the same kind', async () => {
    await keep('a', 100, { policy: makePolicy(['ancient']) });
    await keep('b', 200, { policy: makePolicy(['grants']) });
    await keep('c', 300, { kind: 'snapshot', policy: makePolicy(['heartbeat']) });
    await keep('d', 400, {}, 'scribble');
    await keep('now', 500, { policy: makePolicy(['own']) });
    expect(await findDroppedChecks(store, drill, [])).toEqual(['grants']);
    expect(await findDroppedChecks(store, { ...drill, kind: 'snapshot' }, [])).toEqual(['heartbeat']);
  });

  test('are none when there was no drill before', async () => {
    expect(await findDroppedChecks(store, drill, ['grants'])).toEqual([]);
  });
});

describe('a policy', () => {
  test('has one digest for one set, whatever the order and repetition', () => {
    const policy = makePolicy(['b', 'a', 'b'], ['c', 'a']);
    expect(policy.required).toEqual(['a', 'b']);
    expect(policy.dropped).toEqual(['c']);
    expect(policy.sha256).toBe('0473ef2dc0d324ab659d3580c1134e9d812035905c4781fdd6d529b0c6860e13');
    expect(makePolicy(['a', 'b']).sha256).toBe(policy.sha256);
    expect(makePolicy(['a']).sha256).not.toBe(policy.sha256);
  });
});
