import { readdirSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ObjectStore } from '../../src/cloud/object-store.ts';
import { InvalidKeyError, ObjectExistsError, ObjectNotFoundError } from '../../src/errors.ts';
import { testListing } from './conformance-listing.ts';
import { content, digestOf, textOf } from './content.ts';

export interface StoreUnderTest {
  readonly store: ObjectStore;
  /** What unfinished writes have left in the store: temporary files, multipart uploads. */
  leftovers(): Promise<readonly string[]>;
  close(): Promise<void>;
}

const MIB = 1024 * 1024;

/** What src/cloud/object-store.ts promises, held against one implementation. Every store must pass all of it. */
export function testObjectStore(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`${name} keeps the promises of an object store`, () => {
    let subject: StoreUnderTest;
    const store = (): ObjectStore => subject.store;
    beforeAll(async () => {
      subject = await open();
    });
    afterAll(async () => {
      await subject.close();
    });
    const expectNoTrace = async (key: string): Promise<void> => {
      expect(await store().head(key)).toBeUndefined();
      expect(await Array.fromAsync(store().list(key))).toEqual([]);
      expect(await subject.leftovers()).toEqual([]);
    };

    testRoundTrips(store);
    testFailures(store, expectNoTrace);
    testAborts(store, expectNoTrace);
    testExistence(store, () => subject.leftovers());
    testListing(store);
    testReaders(store);
    testKeys(store);
  });
}

function testRoundTrips(store: () => ObjectStore): void {
  // The SHA-256 of `content(bytes)`, written down once so that a change of the generator cannot hide anything.
  test.each([
    [0, 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    [1, '8ce86a6ae65d3692e7305e2c58ac62eebd97d3d943e093f577da25c36988246b'],
    [5 * MIB - 1, '00db87206d5fb30af7a6b16775abc090d90f6e1b6a46093c22d2b723839c2410'],
    [5 * MIB, '00385c3cfbf961cb18d59b29c4edbc0da24eb0f6fc6a8b17d93d58a631b958dd'],
    [5 * MIB + 1, '4265f45dbdacda1b2f53c6682338f977f06a7e893ccefdde5959982bfab7eec5'],
    [40 * MIB, '7ae7a4c2b4e5ab335eeb3755ea676fee4f8a52a93222c55c1d6ada1ef3f490c6'],
  ])('returns %i bytes as they were streamed in', async (bytes, sha256) => {
    const key = `round/${bytes}`;
    const stored = await store().put(key, content(bytes), { partBytes: 5 * MIB });
    expect(stored).toMatchObject({ key, bytes });
    expect(await store().head(key)).toMatchObject({ key, bytes });
    expect(await digestOf(await store().read(key))).toEqual({ bytes, sha256 });
  });

  test('takes a string as UTF-8 and an array as it is', async () => {
    await store().put('round/text', 'größe: 3 €');
    await store().put('round/array', new Uint8Array([0, 255, 10, 13]));
    expect(await textOf(await store().read('round/text'))).toBe('größe: 3 €');
    expect(Buffer.concat(await Array.fromAsync(await store().read('round/array')))).toEqual(Buffer.from([0, 255, 10, 13]));
  });

  test('has dealt with a chunk before it pulls the next', async () => {
    // The body writes all its chunks into one buffer: a store that reads ahead would keep the last one many times.
    const shared = new Uint8Array(100_000);
    const reuse = async function* (): AsyncGenerator<Uint8Array, void> {
      for await (const chunk of content(12 * MIB, shared.length)) {
        shared.set(chunk);
        yield shared.subarray(0, chunk.length);
      }
    };
    await store().put('round/shared', reuse(), { partBytes: 5 * MIB });
    const expected = await digestOf(content(12 * MIB));
    expect(await digestOf(await store().read('round/shared'))).toEqual(expected);
  });

  test('says when an object was stored', async () => {
    const { modifiedAt } = await store().put('round/time', 'x');
    const found = await store().head('round/time');
    expect(Math.abs(Date.now() - modifiedAt.getTime())).toBeLessThan(60_000);
    expect(Math.abs((found?.modifiedAt.getTime() ?? 0) - modifiedAt.getTime())).toBeLessThan(60_000);
  });
}

function testFailures(store: () => ObjectStore, expectNoTrace: (key: string) => Promise<void>): void {
  test.each([0, 1000, 5 * MIB, 12 * MIB])('keeps nothing of a body that throws after %i bytes', async (bytes) => {
    const failure = new Error('pg_dump was killed');
    const body = async function* (): AsyncGenerator<Uint8Array, void> {
      yield* content(bytes);
      throw failure;
    };
    const key = `failure/${bytes}`;
    await expect(store().put(key, body(), { partBytes: 5 * MIB })).rejects.toBe(failure);
    await expectNoTrace(key);
  });

  test('leaves the object that was there when its replacement fails', async () => {
    await store().put('failed-replacement', 'old');
    const failure = new RangeError('the new one broke off');
    const body = async function* (): AsyncGenerator<Uint8Array, void> {
      yield Buffer.from('new');
      throw failure;
    };
    await expect(store().put('failed-replacement', body())).rejects.toBe(failure);
    expect(await textOf(await store().read('failed-replacement'))).toBe('old');
  });
}

function testAborts(store: () => ObjectStore, expectNoTrace: (key: string) => Promise<void>): void {
  test.each([0, 1000, 12 * MIB])('stops at once when aborted while the body is silent after %i bytes', async (bytes) => {
    const controller = new AbortController();
    const reason = new Error('SIGTERM');
    const body = async function* (): AsyncGenerator<Uint8Array, void> {
      yield* content(bytes);
      setImmediate(() => {
        controller.abort(reason);
      });
      await new Promise(() => undefined);
    };
    const key = `abort/${bytes}`;
    const put = store().put(key, body(), { signal: controller.signal, partBytes: 5 * MIB });
    await expect(put).rejects.toBe(reason);
    await expectNoTrace(key);
  });

  test('closes the body when aborted between two chunks', async () => {
    const controller = new AbortController();
    let closed = false;
    const body = async function* (): AsyncGenerator<Uint8Array, void> {
      try {
        for (;;) {
          yield new Uint8Array(1000);
          controller.abort(new Error('stop'));
        }
      } finally {
        closed = true;
      }
    };
    await expect(store().put('abort/closed', body(), { signal: controller.signal })).rejects.toThrow('stop');
    await wait(0);
    expect(closed).toBe(true);
    await expectNoTrace('abort/closed');
  });

  test('writes nothing when the signal was aborted before', async () => {
    const signal = AbortSignal.abort(new Error('too late'));
    await expect(store().put('abort/before', 'x', { signal })).rejects.toThrow('too late');
    await expectNoTrace('abort/before');
  });
}

function testExistence(store: () => ObjectStore, leftovers: () => Promise<readonly string[]>): void {
  test.each([3, 11 * MIB])('refuses to replace %i bytes when the object must be new', async (bytes) => {
    const key = `exists/${bytes}`;
    await store().put(key, content(bytes), { ifAbsent: true, partBytes: 5 * MIB });
    const second = store().put(key, content(bytes + 1), { ifAbsent: true, partBytes: 5 * MIB });
    await expect(second).rejects.toBeInstanceOf(ObjectExistsError);
    await expect(second).rejects.toMatchObject({ key });
    expect(await store().head(key)).toMatchObject({ bytes });
    expect(await leftovers()).toEqual([]);
  });

  test('lets exactly one of ten writers at once create an object', async () => {
    const texts = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];
    const puts = texts.map(async (text) => {
      await store().put('exists/race', text, { ifAbsent: true });
      return text;
    });
    const results = await Promise.allSettled(puts);
    const winners = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const errors = results.flatMap((result) => (result.status === 'rejected' ? [(result.reason as Error).name] : []));
    expect(winners).toHaveLength(1);
    expect(errors).toEqual(Array.from({ length: 9 }, () => 'ObjectExistsError'));
    expect(await textOf(await store().read('exists/race'))).toBe(winners[0]);
    expect(await leftovers()).toEqual([]);
  });

  test('replaces an object when nothing forbids it', async () => {
    await store().put('exists/replaced', 'one');
    await store().put('exists/replaced', 'second');
    expect(await textOf(await store().read('exists/replaced'))).toBe('second');
    expect(await store().head('exists/replaced')).toMatchObject({ bytes: 6 });
  });

  test('shows nothing of an object before it is whole', async () => {
    const { promise: paused, resolve: resume } = Promise.withResolvers<undefined>();
    const { promise: reached, resolve: reach } = Promise.withResolvers<undefined>();
    const body = async function* (): AsyncGenerator<Uint8Array, void> {
      yield* content(11 * MIB);
      reach(undefined);
      await paused;
      yield new Uint8Array(5);
    };
    const put = store().put('exists/later', body(), { partBytes: 5 * MIB });
    await reached;
    expect(await store().head('exists/later')).toBeUndefined();
    expect(await Array.fromAsync(store().list('exists/later'))).toEqual([]);
    await expect(store().read('exists/later')).rejects.toBeInstanceOf(ObjectNotFoundError);
    resume(undefined);
    await put;
    expect(await store().head('exists/later')).toMatchObject({ bytes: 11 * MIB + 5 });
  });
}

function testReaders(store: () => ObjectStore): void {
  test('says that an object is missing', async () => {
    expect(await store().head('missing/object')).toBeUndefined();
    await expect(store().read('missing/object')).rejects.toBeInstanceOf(ObjectNotFoundError);
    await expect(store().read('missing/object')).rejects.toMatchObject({ key: 'missing/object' });
  });

  test('serves ten readers of one object at once', async () => {
    await store().put('read/shared', content(3 * MIB));
    const expected = await digestOf(content(3 * MIB));
    const digests = await Promise.all(Array.from({ length: 10 }, async () => digestOf(await store().read('read/shared'))));
    expect(digests).toEqual(Array.from({ length: 10 }, () => expected));
  });

  test('keeps no descriptor of a reader that stops early or never begins', async () => {
    await store().put('read/large', content(8 * MIB));
    await digestOf(await store().read('read/large'));
    const before = openDescriptors();
    for (let round = 0; round < 30; round += 1) {
      for await (const chunk of await store().read('read/large')) if (chunk.length > 0) break;
      await store().read('read/large');
    }
    // Sockets close a moment later than they are given up.
    for (let round = 0; round < 100 && openDescriptors() > before + 5; round += 1) await wait(50);
    expect(openDescriptors()).toBeLessThanOrEqual(before + 5);
  });

  test('stops a reader with the reason of its signal', async () => {
    await store().put('read/stopped', content(8 * MIB));
    const controller = new AbortController();
    const reason = new Error('enough');
    const readAll = async (): Promise<void> => {
      for await (const chunk of await store().read('read/stopped', controller.signal)) {
        if (chunk.length > 0) controller.abort(reason);
      }
    };
    await expect(readAll()).rejects.toBe(reason);
  });
}

function testKeys(store: () => ObjectStore): void {
  const strange = [
    'keys/with space and+plus',
    'keys/100%25?query=1&other#fragment',
    "keys/it's \"quoted\" (really)",
    'keys/größe/日本語/🐘.json',
    'keys/.hidden',
    'keys/a\\b*c:d|e<f>;,@!$=~^`{}[]',
    'keys/..dots...',
  ];
  test.each(strange)('keeps the key %s as it is', async (key) => {
    await store().put(key, key, { ifAbsent: true });
    expect(await textOf(await store().read(key))).toBe(key);
    expect((await Array.fromAsync(store().list('keys/'))).map((object) => object.key)).toContain(key);
  });

  const refused = ['', '/etc/passwd', '../outside', 'a/../../b', 'a/./b', 'a//b', 'a/', 'a\u0000b', 'a\nb', 'x'.repeat(256)];
  test.each(refused)('refuses the key %j for writing, reading and asking', async (key) => {
    await expect(store().put(key, 'x')).rejects.toBeInstanceOf(InvalidKeyError);
    await expect(store().read(key)).rejects.toBeInstanceOf(InvalidKeyError);
    await expect(store().head(key)).rejects.toBeInstanceOf(InvalidKeyError);
  });
}

function openDescriptors(): number {
  return readdirSync('/dev/fd').length;
}
