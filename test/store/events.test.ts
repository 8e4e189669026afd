import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EventQueue, type EventRule } from '../../local/events.ts';
import { DirectoryStore } from '../../local/store/directory-store.ts';
import { matchesPattern, parseEventPattern } from '../../src/cloud/event-pattern.ts';
import { ObjectCreatedEvent } from '../../src/cloud/events.ts';
import { ConfigurationError, StoreReadError } from '../../src/errors.ts';

const MANIFESTS = {
  source: ['aws.s3'],
  'detail-type': ['Object Created'],
  detail: { object: { key: [{ wildcard: 'v1/*/dumps/*/manifest.json' }] } },
};

describe('the queue of landing events', () => {
  let home: string;
  let events: EventQueue;
  let store: DirectoryStore;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'pgproof-events-'));
    const clock = { now: () => new Date('2026-11-20T02:03:04.567Z') };
    events = new EventQueue({ directory: join(home, 'events'), bucket: 'pgproof', clock });
    store = new DirectoryStore({ root: join(home, 'bucket'), events });
  });
  afterEach(() => rm(home, { recursive: true }));
  const recorder = (fail: (key: string) => boolean = () => false) => {
    const keys: string[] = [];
    const handle: EventRule['handle'] = async (event) => {
      keys.push(event.detail.object.key);
      if (fail(event.detail.object.key)) throw new Error(`cannot handle ${event.detail.object.key}`);
    };
    return { keys, handle };
  };

  test("carries S3's own event", async () => {
    await store.put('v1/shop/dumps/1/manifest.json', 'hello');
    const seen: ObjectCreatedEvent[] = [];
    await events.drain([{ pattern: MANIFESTS, handle: async (event) => seen.push(event) }]);
    expect(seen).toEqual([
      {
        version: '0',
        id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
        'detail-type': 'Object Created',
        source: 'aws.s3',
        account: '000000000000',
        time: '2026-11-20T02:03:04Z',
        region: 'local',
        resources: ['arn:aws:s3:::pgproof'],
        detail: {
          version: '0',
          bucket: { name: 'pgproof' },
          object: {
            key: 'v1/shop/dumps/1/manifest.json',
            size: 5,
            etag: expect.any(String) as string,
            sequencer: expect.stringMatching(/^[0-9A-F]{18}$/) as string,
          },
          'request-id': expect.any(String) as string,
          requester: '000000000000',
          'source-ip-address': '127.0.0.1',
          reason: 'PutObject',
        },
      },
    ]);
  });

  test('delivers to every rule that matches and to no other, in the order of landing', async () => {
    const keys = ['v1/a/dumps/2/manifest.json', 'v1/a/dumps/1/archive.dump', 'v1/a/dumps/1/manifest.json'];
    for (const key of keys) await store.put(key, 'x');
    const [manifests, all, none] = [recorder(), recorder(), recorder()];
    const delivered = await events.drain([
      { pattern: MANIFESTS, handle: manifests.handle },
      { pattern: { source: ['aws.s3'] }, handle: all.handle },
      { pattern: { source: ['aws.rds'] }, handle: none.handle },
    ]);
    expect(delivered).toBe(3);
    expect(manifests.keys).toEqual(['v1/a/dumps/2/manifest.json', 'v1/a/dumps/1/manifest.json']);
    expect(all.keys).toEqual(keys);
    expect(none.keys).toEqual([]);
    expect(await events.drain([{ pattern: {}, handle: all.handle }])).toBe(0);
  });

  test('delivers the events that its own handlers cause', async () => {
    await store.put('v1/a/dumps/1/manifest.json', 'x');
    const all = recorder();
    await events.drain([
      { pattern: MANIFESTS, handle: () => store.put('v1/a/dumps/1/validation.json', 'x') },
      { pattern: {}, handle: all.handle },
    ]);
    expect(all.keys).toEqual(['v1/a/dumps/1/manifest.json', 'v1/a/dumps/1/validation.json']);
  });

  test('keeps an event until all its handlers succeeded, and others do not wait for it', async () => {
    for (const key of ['a', 'b', 'c']) await store.put(key, 'x');
    const [first, second] = [recorder(), recorder((key) => key === 'b')];
    const rules = [first, second].map(({ handle }) => ({ pattern: {}, handle }));
    await expect(events.drain(rules)).rejects.toThrow('cannot handle b');
    expect(second.keys).toEqual(['a', 'b', 'c']);
    const again = recorder();
    await events.drain([{ pattern: {}, handle: again.handle }]);
    expect(again.keys).toEqual(['b']);
  });

  test('throws all failures when there are several', async () => {
    for (const key of ['a', 'b']) await store.put(key, 'x');
    const { handle } = recorder(() => true);
    const drained = events.drain([{ pattern: {}, handle }]);
    await expect(drained).rejects.toBeInstanceOf(AggregateError);
    await expect(drained).rejects.toThrow('2 events could not be handled');
  });

  test('has no event of a write that failed', async () => {
    await store.put('a', 'x', { ifAbsent: true });
    await expect(store.put('a', 'y', { ifAbsent: true })).rejects.toThrow('exists already');
    const failing = async function* (): AsyncGenerator<Uint8Array, void> {
      yield Buffer.from('x');
      throw new Error('broken');
    };
    await expect(store.put('b', failing())).rejects.toThrow('broken');
    expect(await readdir(join(home, 'events'))).toHaveLength(1);
  });

  test('names an event file that is damaged and keeps it', async () => {
    await store.put('a', 'x');
    const file = join(home, 'events', '000-damaged.json');
    await writeFile(file, '{"event":{}}');
    const { keys, handle } = recorder();
    const drained = events.drain([{ pattern: {}, handle }]);
    await expect(drained).rejects.toBeInstanceOf(StoreReadError);
    await expect(drained).rejects.toThrow(file);
    expect(keys).toEqual(['a']);
    expect(await readdir(join(home, 'events'))).toEqual(['000-damaged.json']);
  });
});

describe('event patterns', () => {
  const event = (key: string) => ({ source: 'aws.s3', detail: { object: { key, size: 7 } } });
  const byKey = (...key: unknown[]) => parseEventPattern({ detail: { object: { key } } });

  test.each([
    ['v1/a/dumps/1/manifest.json', true],
    ['v1/a/b/dumps/1/2/manifest.json', true],
    ['v1/a/dumps/1/manifest.jsonx', false],
    ['v1/a/dumps/1/Manifest.json', false],
    ['v1/a/dumps/1/manifest_json', false],
    ['x/v1/a/dumps/1/manifest.json', false],
    ['v1/a/drills/1/manifest.json', false],
  ])('match the wildcard with %s: %s', (key, expected) => {
    expect(matchesPattern(byKey({ wildcard: 'v1/*/dumps/*/manifest.json' }), event(key))).toBe(expected);
  });

  test('match exact text, prefix and suffix, any one of several', () => {
    const either = parseEventPattern({ detail: { object: { key: ['exact', { prefix: 'v1/' }, { suffix: '.dump' }] } } });
    const found = ['exact', 'v1/x', 'a.dump', 'exactly', 'a/v1/', 'dump'].filter((key) => matchesPattern(either, event(key)));
    expect(found).toEqual(['exact', 'v1/x', 'a.dump']);
  });

  test('need every field that they name', () => {
    expect(matchesPattern({ source: ['aws.s3'], detail: { bucket: { name: ['b'] } } }, event('a'))).toBe(false);
    expect(matchesPattern({ detail: { object: { size: ['7'] } } }, event('a'))).toBe(false);
    expect(matchesPattern({ toString: ['x'] }, event('a'))).toBe(false);
  });

  test.each([{ 'anything-but': 'x' }, { exists: true }, { wildcard: 'a**b' }, { prefix: { 'equals-ignore-case': 'x' } }, 7])(
    'refuse the matcher %j, which is not evaluated here',
    (matcher) => {
      expect(() => byKey(matcher)).toThrow(ConfigurationError);
    },
  );
});

describe("the schema of S3's event", () => {
  const event = {
    version: '0',
    id: '17793124-05d4-b198-2fde-7ededc63b103',
    'detail-type': 'Object Created',
    source: 'aws.s3',
    account: '111122223333',
    time: '2026-11-12T00:00:00Z',
    region: 'ca-central-1',
    resources: ['arn:aws:s3:::bucket'],
    detail: {
      version: '0',
      bucket: { name: 'bucket' },
      object: { key: 'v1/a b/ü', size: 5, etag: 'b1946ac92492d2347c6235b4d2611184', 'version-id': 'IYV3p', sequencer: '617f' },
      'request-id': 'N4N7GDK58NMKJ12R',
      requester: '123456789012',
      'source-ip-address': '2600:1f18:1::7',
      reason: 'CompleteMultipartUpload',
      'event-version': '1.1',
    },
    'new-field': true,
  };

  test('takes an event with an IPv6 address and with fields it does not know, and keeps both', () => {
    expect(ObjectCreatedEvent.parse(event)).toEqual(event);
  });

  test.each([
    { ...event, source: 'aws.rds' },
    { ...event, 'detail-type': 'Object Deleted' },
    { ...event, detail: { ...event.detail, object: { key: '', size: 5 } } },
  ])('refuses another event (%#)', (other) => {
    expect(ObjectCreatedEvent.safeParse(other).success).toBe(false);
  });
});
