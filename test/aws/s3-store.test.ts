import { join } from 'node:path';
import { HeadObjectCommand, ListMultipartUploadsCommand, ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { S3Store } from '../../src/cloud/aws/s3-store.ts';
import { systemClock } from '../../src/cloud/system-clock.ts';
import { ObjectExistsError, StoreReadError, StoreWriteError } from '../../src/errors.ts';
import { runProgram } from '../../src/postgres/subprocess.ts';
import { testObjectStore } from '../store/conformance.ts';
import { content, digestOf, textOf } from '../store/content.ts';
import { emulator, makeBucket } from './clients.ts';
import { startProxy, type Fault } from './faulty-proxy.ts';

const MIB = 1024 * 1024;

async function unfinishedUploads(client: S3Client, bucket: string): Promise<string[]> {
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
  return Uploads.map(({ Key }) => Key ?? '');
}

testObjectStore('the S3 store', async () => {
  const { client, bucket } = await makeBucket();
  return {
    store: new S3Store({ client, bucket, clock: systemClock }),
    leftovers: () => unfinishedUploads(client, bucket),
    close: async () => {
      client.destroy();
    },
  };
});

describe('the S3 store on the wire', () => {
  let client: S3Client;
  let bucket: string;
  let store: S3Store;
  beforeAll(async () => {
    ({ client, bucket } = await makeBucket());
    store = new S3Store({ client, bucket, clock: { ...systemClock, now: () => new Date('2026-11-20T02:00:00Z') } });
  });

  test('names the version it wrote and the time of its clock', async () => {
    const first = await store.put('version', 'one');
    const second = await store.put('version', 'two');
    const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: 'version' }));
    expect(Versions.map(({ VersionId }) => VersionId).toSorted()).toEqual([first.versionId, second.versionId].toSorted());
    expect(second.modifiedAt).toEqual(new Date('2026-11-20T02:00:00Z'));
    expect((await store.head('version'))?.versionId).toBe(second.versionId);
  });

  test.each([
    // CRC32 of the bytes, by python3: zlib.crc32
    ['small.json', 9, 'application/json', { ChecksumCRC32: 'y/Q5Jg==' }],
    ['large.dump', 12 * MIB, 'application/octet-stream', { ChecksumCRC32: 'FP7RGQ==', ChecksumType: 'FULL_OBJECT' }],
  ])('leaves a checksum of the whole object with %s', async (key, bytes, type, checksum) => {
    const body = bytes === 9 ? '123456789' : content(bytes);
    await store.put(key, body, { partBytes: 5 * MIB });
    const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' }));
    expect(head).toMatchObject({ ContentLength: bytes, ContentType: type, ...checksum });
  });

  test('finishes reading the version it began with when the object is replaced meanwhile', async () => {
    await store.put('replaced', content(6 * MIB));
    const expected = await digestOf(content(6 * MIB));
    const reading = await store.read('replaced');
    await store.put('replaced', 'new');
    expect(await digestOf(reading)).toEqual(expected);
  });

  test('explains a bucket that is not there', async () => {
    const nowhere = new S3Store({ client, bucket: 'pgproof-none-such', clock: systemClock });
    const put = nowhere.put('a', 'x');
    await expect(put).rejects.toBeInstanceOf(StoreWriteError);
    await expect(put).rejects.toMatchObject({
      message: 'cannot write a: there is no bucket pgproof-none-such',
      hint: 'aws s3api head-bucket --bucket pgproof-none-such',
    });
    await expect(Array.fromAsync(nowhere.list(''))).rejects.toBeInstanceOf(StoreReadError);
  });

  test('streams 300 MiB in and out in the memory of a few parts', async () => {
    const program = join(import.meta.dirname, '../store/programs/stream-through.ts');
    const { stdout } = await runProgram({ path: process.execPath, args: [program, 's3', inject('moto'), bucket, '300'] });
    expect(Number(stdout)).toBeGreaterThan(20);
    expect(Number(stdout)).toBeLessThan(260);
  });

  test('refuses a body of more than ten thousand parts before S3 does, and keeps nothing', async () => {
    const { MultipartUpload } = await import('../../src/cloud/aws/s3-upload.ts');
    const target = { bucket, key: 'too-many', ifAbsent: true, headers: { ContentType: 'x/y', Metadata: {} } };
    const upload = await MultipartUpload.begin(client, target, new AbortController(), []);
    const part = { number: 10_001, bytes: new Uint8Array(1), last: false };
    await expect(upload.add(part)).rejects.toThrow('more than 10000 parts');
    await upload.abort();
    expect(await unfinishedUploads(client, bucket)).toEqual([]);
  });
});

describe('the S3 store on a bad network', () => {
  const withProxy = async (
    decide: (request: { method: string; query: string }, count: number) => Fault,
    use: (store: S3Store, proxy: { requests(): number }, direct: S3Client, bucket: string) => Promise<void>,
  ): Promise<void> => {
    const { client: direct, bucket } = await makeBucket();
    const proxy = await startProxy(inject('moto'), ({ method = '', url = '' }, count) =>
      decide({ method, query: url.split('?')[1] ?? '' }, count),
    );
    const client = new S3Client({ ...emulator(proxy.url), maxAttempts: 3 });
    try {
      await use(new S3Store({ client, bucket, clock: systemClock }), proxy, direct, bucket);
    } finally {
      client.destroy();
      await proxy.close();
    }
  };

  test('recognises its own object when the answer to the write was lost and the retry finds it there', () =>
    withProxy(
      (_, count) => (count === 1 ? 'lose the answer' : 'none'),
      async (store, proxy) => {
        const stored = await store.put('manifest.json', '{}', { ifAbsent: true });
        expect(stored).toMatchObject({ bytes: 2, versionId: expect.any(String) as string });
        expect(proxy.requests()).toBeGreaterThanOrEqual(3);
        await expect(store.put('manifest.json', '{}', { ifAbsent: true })).rejects.toBeInstanceOf(ObjectExistsError);
      },
    ));

  test('recognises its own object when the answer to the completion was lost for good', () =>
    withProxy(
      ({ method, query }) => (method === 'POST' && query.startsWith('uploadId=') ? 'lose the answer' : 'none'),
      async (store, _, direct, bucket) => {
        const stored = await store.put('archive.dump', content(6 * MIB), { ifAbsent: true, partBytes: 5 * MIB });
        expect(stored.bytes).toBe(6 * MIB);
        expect(await unfinishedUploads(direct, bucket)).toEqual([]);
      },
    ));

  test('sends a part again whose answer was lost', () =>
    withProxy(
      ({ query }, count) => (query.includes('partNumber=2') && count < 5 ? 'lose the answer' : 'none'),
      async (store) => {
        await store.put('archive.dump', content(12 * MIB), { partBytes: 5 * MIB });
        expect(await digestOf(await store.read('archive.dump'))).toEqual(await digestOf(content(12 * MIB)));
      },
    ));

  test('ends a silent upload when a part cannot be sent, and aborts it', () =>
    withProxy(
      ({ query }) => (query.includes('partNumber=1') ? 'lose the answer' : 'none'),
      async (store, _, direct, bucket) => {
        let closed = false;
        const body = async function* (): AsyncGenerator<Uint8Array, void> {
          try {
            yield* content(6 * MIB);
            await new Promise((_resolve, reject) => {
              setTimeout(() => {
                reject(new Error('nobody ended the silence'));
              }, 60_000).unref();
            });
          } finally {
            closed = true;
          }
        };
        const put = store.put('archive.dump', body(), { partBytes: 5 * MIB });
        await expect(put).rejects.toBeInstanceOf(StoreWriteError);
        expect(await unfinishedUploads(direct, bucket)).toEqual([]);
        expect(await store.head('archive.dump')).toBeUndefined();
        expect(closed).toBe(false); // it is still silent; it is told to close and will when it speaks again
      },
    ));

  test('takes up a reading where the connection broke', () =>
    withProxy(
      ({ method }, count) => (method === 'GET' && count < 6 ? { breakAfter: 1_500_000 } : 'none'),
      async (store, proxy, direct, bucket) => {
        await new S3Store({ client: direct, bucket, clock: systemClock }).put('archive.dump', content(6 * MIB));
        expect(await digestOf(await store.read('archive.dump'))).toEqual(await digestOf(content(6 * MIB)));
        expect(proxy.requests()).toBeGreaterThanOrEqual(5);
      },
    ));

  test('gives a reading up when the connection breaks again and again without a byte', () =>
    withProxy(
      ({ method }) => (method === 'GET' ? { breakAfter: 0 } : 'none'),
      async (store, _, direct, bucket) => {
        await new S3Store({ client: direct, bucket, clock: systemClock }).put('archive.dump', 'abc');
        await expect(store.read('archive.dump').then(textOf)).rejects.toBeInstanceOf(StoreReadError);
      },
    ));
});
