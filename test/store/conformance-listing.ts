import { expect, test } from 'vitest';
import type { ObjectStore } from '../../src/cloud/object-store.ts';

/** The part of the suite that is about `list`. */
export function testListing(store: () => ObjectStore): void {
  const keysUnder = async (prefix: string): Promise<string[]> =>
    (await Array.fromAsync(store().list(prefix))).map((object) => object.key);

  test('lists in the order of UTF-8 bytes, folders among files', async () => {
    const inOrder = [
      'order/a-b',
      'order/a.txt',
      'order/a/b',
      'order/a/c/d',
      'order/a0',
      'order/aa/b',
      'order/é',
      'order/\uff5e', // after é, before the elephant: as UTF-16 it would come last
      'order/🐘',
    ];
    for (const key of inOrder.toReversed()) await store().put(key, 'x');
    expect(await keysUnder('order/')).toEqual(inOrder);
  });

  test('takes a prefix as text, not as a folder', async () => {
    for (const key of ['p/shop/1', 'p/shop/2', 'p/shop2/1', 'p/sho', 'q']) await store().put(key, 'x');
    expect(await keysUnder('p/shop/')).toEqual(['p/shop/1', 'p/shop/2']);
    expect(await keysUnder('p/shop')).toEqual(['p/shop/1', 'p/shop/2', 'p/shop2/1']);
    expect(await keysUnder('p/sho')).toEqual(['p/sho', 'p/shop/1', 'p/shop/2', 'p/shop2/1']);
    expect(await keysUnder('p/shop/1')).toEqual(['p/shop/1']);
    expect(await keysUnder('p/shop/1/')).toEqual([]);
    expect(await keysUnder('none/such')).toEqual([]);
  });

  test('lists everything for an empty prefix', async () => {
    await store().put('whole', 'x');
    const keys = await keysUnder('');
    expect(keys).toContain('whole');
    expect(keys.some((key) => key.includes('unfinished'))).toBe(false);
  });

  test('lists more than a thousand keys once each, with their sizes', async () => {
    const keys = Array.from({ length: 1_050 }, (_, index) => `many/${String(index).padStart(5, '0')}`);
    for (let begin = 0; begin < keys.length; begin += 50) {
      await Promise.all(keys.slice(begin, begin + 50).map((key) => store().put(key, key)));
    }
    const listed = await Array.fromAsync(store().list('many/'));
    expect(listed.map((object) => object.key)).toEqual(keys);
    expect(new Set(listed.map((object) => object.bytes))).toEqual(new Set([10]));
  });

  test('can be left before its end', async () => {
    for await (const object of store().list('many/')) if (object.key === 'many/00003') break;
    expect(await keysUnder('many/0000')).toHaveLength(10);
  });
}
