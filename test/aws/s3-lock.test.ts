import { CreateBucketCommand, DeleteObjectCommand, GetObjectCommand, ListObjectVersionsCommand, PutObjectLockConfigurationCommand, PutObjectRetentionCommand, S3Client } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, test } from 'vitest';
import { S3Store } from '../../src/cloud/aws/s3-store.ts';
import { systemClock } from '../../src/cloud/system-clock.ts';
import { emulator, uniqueName } from './clients.ts';

const SMALL = 'v1/shop/dumps/1/manifest.json';
const LARGE = 'v1/shop/dumps/1/archive.dump';

/** The lock is the bucket's default, as the template sets it: the store says nothing of it and must not need to. */
describe('a bucket whose objects are locked by default', () => {
  const client = new S3Client(emulator());
  const bucket = uniqueName('pgproof-locked');
  const store = new S3Store({ client, bucket, clock: systemClock });

  beforeAll(async () => {
    await client.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: true, CreateBucketConfiguration: { LocationConstraint: 'eu-central-1' } }));
    const Rule = { DefaultRetention: { Mode: 'COMPLIANCE', Days: 14 } } as const;
    await client.send(new PutObjectLockConfigurationCommand({ Bucket: bucket, ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled', Rule } }));
    await store.put(SMALL, '{}', { ifAbsent: true });
    await store.put(LARGE, parts(), { partBytes: 5 * 1024 * 1024 });
  });

  async function versionOf(Key: string): Promise<string> {
    const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: Key }));
    return Versions[0]?.VersionId ?? '';
  }

  test('keeps the version of what is put from being deleted', async () => {
    const VersionId = await versionOf(SMALL);
    await expect(client.send(new DeleteObjectCommand({ Bucket: bucket, Key: SMALL, VersionId }))).rejects.toMatchObject({ name: 'AccessDenied' });
    expect(await versionOf(SMALL)).toBe(VersionId);
    expect(Buffer.concat(await Array.fromAsync(await store.read(SMALL))).toString()).toBe('{}');
  });

  test('keeps the version of what is put in parts from being deleted', async () => {
    // The emulator applies a bucket's default to single requests alone; what is locked by name it keeps like S3.
    const version = { Bucket: bucket, Key: LARGE, VersionId: await versionOf(LARGE) };
    await client.send(new PutObjectRetentionCommand({ ...version, Retention: { Mode: 'COMPLIANCE', RetainUntilDate: new Date('2099-01-01T00:00:00Z') } }));
    await expect(client.send(new DeleteObjectCommand(version))).rejects.toMatchObject({ name: 'AccessDenied' });
    // A newer object under the same key hides the old one and does not replace it.
    await store.put(LARGE, 'another');
    const old = await client.send(new GetObjectCommand(version));
    expect((await old.Body?.transformToByteArray())?.length).toBe(12 * 1024 * 1024);
  });

  test('lets go of an object that is locked no more', async () => {
    // The twin: without the lock the same request deletes.
    const open = uniqueName('pgproof-open');
    await client.send(new CreateBucketCommand({ Bucket: open, ObjectLockEnabledForBucket: true, CreateBucketConfiguration: { LocationConstraint: 'eu-central-1' } }));
    await new S3Store({ client, bucket: open, clock: systemClock }).put(SMALL, '{}');
    const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: open }));
    const version = { Bucket: open, Key: SMALL, VersionId: Versions[0]?.VersionId };
    await client.send(new PutObjectRetentionCommand({ ...version, Retention: { Mode: 'GOVERNANCE', RetainUntilDate: new Date('2099-01-01T00:00:00Z') } }));
    await expect(client.send(new DeleteObjectCommand(version))).rejects.toMatchObject({ name: 'AccessDenied' });
    await client.send(new DeleteObjectCommand({ ...version, BypassGovernanceRetention: true }));
    expect((await client.send(new ListObjectVersionsCommand({ Bucket: open }))).Versions ?? []).toEqual([]);
  });
});

async function* parts(): AsyncGenerator<Uint8Array> {
  for (let part = 0; part < 12; part += 1) yield new Uint8Array(1024 * 1024).fill(part);
}
