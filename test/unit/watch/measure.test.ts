import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { measure } from '../../../functions/measure/handler.ts';
import { DirectoryStore } from '../../../local/store/directory-store.ts';
import type { ObjectStore, StoredObject } from '../../../src/cloud/object-store.ts';
import { parseConfig } from '../../../src/config/config.ts';
import type { EvidenceBody } from '../../../src/drill/evidence.ts';
import { StoreReadError } from '../../../src/errors.ts';
import { aboutMeasured, measuredMetrics } from '../../../src/watch/measure.ts';
import { makeBody } from '../../helpers/evidence.ts';
import { putValidatedDump, type ScriptedCloud } from '../../helpers/scripted-cloud.ts';

const SCHEDULED = `databases:
  shop:
    schedules: { dump: cron(17 2 * * ? *), drill: cron(17 4 * * ? *) }
    drill: { kinds: [dump, snapshot] }
  quiet: {}
`;
/** Of a dump that was taken at 11:00:01. */
const NOW = new Date('2026-11-20T12:00:01.000Z');

describe('the hourly measurement', () => {
  let root: string;
  let cloud: Pick<ScriptedCloud, 'store'>;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'pgproof-measure-'));
    cloud = { store: new DirectoryStore({ root }) };
  });
  afterEach(() => rm(root, { recursive: true }));
  const putDump = (backupId?: string) => putValidatedDump(cloud as ScriptedCloud, backupId);

  const run = (changes: { store?: ObjectStore; yml?: string; now?: Date } = {}) =>
    measure({}, {
      store: changes.store ?? cloud.store,
      config: parseConfig(changes.yml ?? SCHEDULED, 'pgproof.yml'),
      clock: { now: () => changes.now ?? NOW, sleep: async () => undefined },
    });
  /** Seals nothing: the measurement looks at what the evidence says and when, not at its seal. */
  const putEvidence = async (drillId: string, changes: Partial<EvidenceBody>) => {
    const body = { ...makeBody(), drillId, database: 'shop', fault: null, ...changes };
    await cloud.store.put(`v1/shop/drills/${drillId}/evidence.json`, sealed(body));
  };

  test('says how old the newest valid backup and the last proof of each scheduled kind are', async () => {
    await putDump();
    await putEvidence('drill-1', { kind: 'dump', verdict: 'PROVEN', sealedAt: '2026-11-20T06:00:01.000Z' });
    const measured = await run();
    expect(measured).toEqual([
      { database: 'shop', kind: 'dump', of: 'backup', ageSeconds: 3600, bytes: 9 },
      { database: 'shop', kind: 'dump', of: 'proof', ageSeconds: 21_600 },
      { database: 'shop', kind: 'snapshot', of: 'proof', problem: 'none of the newest 1 drills' },
    ]);
    expect(measuredMetrics(measured)).toEqual([
      { name: 'BackupAgeSeconds', value: 3600, unit: 'Seconds', dimensions: { Database: 'shop', Kind: 'dump' } },
      { name: 'BackupBytes', value: 9, unit: 'Bytes', dimensions: { Database: 'shop', Kind: 'dump' } },
      { name: 'ProvenAgeSeconds', value: 21_600, unit: 'Seconds', dimensions: { Database: 'shop', Kind: 'dump' } },
    ]);
    expect(aboutMeasured(measured)).toEqual({ measured: 2, missing: 'proof of shop snapshot: none of the newest 1 drills' });
  });

  test('measures nothing where there is nothing, and says so: an alarm takes that for a breach', async () => {
    const measured = await run();
    expect(measuredMetrics(measured)).toEqual([]);
    expect(aboutMeasured(measured)).toEqual({
      measured: 0,
      missing: 'backup of shop dump: there is none; proof of shop dump: there is none; proof of shop snapshot: there is none',
    });
  });

  test('leaves out what is not scheduled', async () => {
    await putDump();
    expect(await run({ yml: 'databases: { shop: {} }' })).toEqual([]);
  });

  test('does not count a backup whose validation is gone, and takes the one before it', async () => {
    await putDump('20261120T100000Z-test');
    const newer = await putDump();
    expect((await run())[0]).toMatchObject({ ageSeconds: 3600 });
    await rm(join(root, `v1/shop/dumps/${newer}/validation.json`));
    const measured = await run();
    expect(measured[0]).toMatchObject({ of: 'backup', ageSeconds: 3600 });
    await rm(join(root, 'v1/shop/dumps/20261120T100000Z-test/validation.json'));
    expect((await run())[0]).toEqual({ database: 'shop', kind: 'dump', of: 'backup', problem: 'none of 2 is valid' });
  });

  test('does not count a backup whose manifest was altered since it was validated', async () => {
    const id = await putDump();
    const key = `v1/shop/dumps/${id}/manifest.json`;
    const text = Buffer.concat(await Array.fromAsync(await cloud.store.read(key))).toString();
    await rm(join(root, key));
    await cloud.store.put(key, text.replace('"rows":"7"', '"rows":"8"'));
    expect((await run())[0]).toEqual({
      database: 'shop', kind: 'dump', of: 'backup', problem: `${key}: is not the manifest that was validated: altered since`,
    });
  });

  test.each([
    ['failed', { verdict: 'FAILED' }],
    ['did not prove anything', { verdict: 'NOT PROVEN' }],
    ['had a fault planted', { fault: 'lose-rows' }],
    ['was of another kind', { kind: 'pitr' }],
  ] as [string, Partial<EvidenceBody>][])('does not count a drill that %s', async (_name, changes) => {
    await putEvidence('drill-1', { kind: 'dump', verdict: 'PROVEN', sealedAt: '2026-11-20T06:00:01.000Z' });
    const store = ordered(cloud.store, ['drill-1', 'drill-2']);
    expect((await run({ store })).find(({ of, kind }) => of === 'proof' && kind === 'dump')).toMatchObject({ ageSeconds: 21_600 });
    await putEvidence('drill-2', { kind: 'dump', verdict: 'PROVEN', sealedAt: '2026-11-20T11:00:01.000Z', ...changes });
    expect((await run({ store })).find(({ of, kind }) => of === 'proof' && kind === 'dump')).toMatchObject({ ageSeconds: 21_600 });
    await putEvidence('drill-3', { kind: 'dump', verdict: 'PROVEN', sealedAt: '2026-11-20T11:00:01.000Z' });
    const all = ordered(cloud.store, ['drill-1', 'drill-2', 'drill-3']);
    expect((await run({ store: all })).find(({ of, kind }) => of === 'proof' && kind === 'dump')).toMatchObject({ ageSeconds: 3600 });
  });

  test('never says that something is younger than nothing: clocks that disagree are a problem of their own', async () => {
    await putDump();
    expect((await run({ now: new Date('2026-11-20T10:55:01.000Z') }))[0]).toMatchObject({ ageSeconds: 0 });
    expect((await run({ now: new Date('2026-11-20T10:55:00.000Z') }))[0]).toMatchObject({ problem: '2026-11-20T11:00:01.000Z is in the future' });
  });

  test('fails when the store cannot be read, rather than saying that there is nothing', async () => {
    const broken: ObjectStore = { ...readable(cloud.store), list: () => { throw new StoreReadError('v1/', 'no answer'); } };
    await expect(run({ store: broken })).rejects.toBeInstanceOf(StoreReadError);
  });

  test('lists nothing outside the databases that are configured', async () => {
    const prefixes: string[] = [];
    const store: ObjectStore = { ...readable(cloud.store), list: (prefix) => prefixes.push(prefix) && cloud.store.list(prefix) } as ObjectStore;
    await run({ store });
    expect(prefixes).toEqual(['v1/shop/dumps/', 'v1/shop/drills/']);
  });
});

function sealed(body: EvidenceBody): string {
  return JSON.stringify({ evidence: body });
}

function readable(store: DirectoryStore): ObjectStore {
  return { put: store.put.bind(store), read: store.read.bind(store), head: store.head.bind(store), list: store.list.bind(store) };
}

/** A store in which the drills were sealed an hour after each other, in this order. */
function ordered(store: DirectoryStore, drills: readonly string[]): ObjectStore {
  async function* list(prefix: string): AsyncGenerator<StoredObject> {
    for await (const object of store.list(prefix)) {
      const index = drills.findIndex((drill) => object.key.includes(`/${drill}/`));
      yield index < 0 ? object : { ...object, modifiedAt: new Date(Date.UTC(2026, 10, 20, index)) };
    }
  }
  return { ...readable(store), list };
}
