import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DirectoryStore } from '../../local/store/directory-store.ts';
import type { ObjectStore } from '../../src/cloud/object-store.ts';
import { ObjectNotFoundError } from '../../src/errors.ts';
import { DamagedStore } from '../helpers/damaged-store.ts';
import { content, textOf } from './content.ts';

describe('a damaged store', () => {
  let root: string;
  let store: ObjectStore;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'pgproof-damaged-'));
    store = new DirectoryStore({ root });
    await store.put('a', 'abcdef');
    await store.put('b', 'other bytes');
    await store.put('large', content(1_000_000));
  });
  afterAll(() => rm(root, { recursive: true }));
  const listed = async (damaged: ObjectStore): Promise<string[]> =>
    (await Array.fromAsync(damaged.list(''))).map(({ key, bytes }) => `${key} ${bytes}`);

  test('flips one bit and nothing else', async () => {
    const damaged = new DamagedStore(store, { a: { flipBitAt: 2 } });
    expect(await textOf(await damaged.read('a'))).toBe('abbdef');
    expect(await listed(damaged)).toEqual(['a 6', 'b 11', 'large 1000000']);
    expect(damaged.met).toBe(1);
  });

  test('flips a bit in any chunk of a large object', async () => {
    const damaged = new DamagedStore(store, { large: { flipBitAt: 700_001 } });
    const good = Buffer.concat(await Array.fromAsync(await store.read('large')));
    const bad = Buffer.concat(await Array.fromAsync(await damaged.read('large')));
    expect(bad).toHaveLength(1_000_000);
    const differing = [...bad.keys()].filter((index) => bad[index] !== good[index]);
    expect(differing).toEqual([700_001]);
  });

  test('refuses to flip a bit beyond the end, which would damage nothing', async () => {
    const damaged = new DamagedStore(store, { a: { flipBitAt: 6 } });
    await expect(damaged.read('a').then(textOf)).rejects.toThrow('cannot flip byte 6 of an object of 6 bytes');
  });

  test('cuts an object short', async () => {
    const damaged = new DamagedStore(store).damage('a', { truncateTo: 4 }).damage('large', { truncateTo: 0 });
    expect(await textOf(await damaged.read('a'))).toBe('abcd');
    expect(await textOf(await damaged.read('large'))).toBe('');
    expect(await listed(damaged)).toEqual(['a 4', 'b 11', 'large 0']);
  });

  test('loses an object', async () => {
    const damaged = new DamagedStore(store, { a: { missing: true } });
    await expect(damaged.read('a')).rejects.toBeInstanceOf(ObjectNotFoundError);
    expect(await damaged.head('a')).toBeUndefined();
    expect(await listed(damaged)).toEqual(['b 11', 'large 1000000']);
  });

  test("serves another object's bytes under a key", async () => {
    const damaged = new DamagedStore(store, { a: { replacedBy: 'b' } });
    expect(await textOf(await damaged.read('a'))).toBe('other bytes');
    expect(await damaged.head('a')).toMatchObject({ key: 'a', bytes: 11 });
  });

  test('leaves everything else alone', async () => {
    const damaged = new DamagedStore(store, { a: { missing: true } });
    await damaged.put('c', 'new');
    expect(await textOf(await damaged.read('c'))).toBe('new');
    expect(damaged.met).toBe(0);
  });
});
