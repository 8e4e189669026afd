import { randomBytes } from 'node:crypto';
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { inject } from 'vitest';

let own: string | undefined;

/** Makes everything in this test file talk to an emulator of its own: what it sees, it has made. */
export function useEmulator(url: string): void {
  own = url;
}

export function emulatorUrl(): string {
  return own ?? inject('moto');
}

/** How the tests reach the emulator; the keys are as made up as its account. */
export function emulator(endpoint = emulatorUrl()) {
  return { region: 'eu-central-1', endpoint, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
}

export function uniqueName(prefix: string): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`;
}

/** A client, and a versioned bucket of its own. */
export async function makeBucket(config: S3ClientConfig = {}): Promise<{ client: S3Client; bucket: string }> {
  const client = new S3Client({ ...emulator(), ...config });
  const bucket = uniqueName('pgproof');
  await client.send(new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-central-1' } }));
  await client.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  return { client, bucket };
}

/** The subnets of the emulator's default network. */
export async function subnetIds(): Promise<string[]> {
  return [...(await askEc2('DescribeSubnets')).matchAll(/<subnetId>([^<]+)</g)].map(([, id]) => id ?? '');
}

/** The emulator's default network. */
export async function vpcId(): Promise<string> {
  return /<vpcId>([^<]+)</.exec(await askEc2('DescribeVpcs'))?.[1] ?? '';
}

/** One of the emulator's default network. */
export async function securityGroupId(): Promise<string> {
  return /<groupId>([^<]+)</.exec(await askEc2('DescribeSecurityGroups'))?.[1] ?? '';
}

/** By hand, because pgproof itself never talks to EC2 and has no client for it. */
async function askEc2(action: string): Promise<string> {
  const answer = await fetch(emulatorUrl(), {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: 'AWS4-HMAC-SHA256 Credential=test/20261120/eu-central-1/ec2/aws4_request, SignedHeaders=host, Signature=0',
    },
    body: `Action=${action}&Version=2016-11-15`,
  });
  return answer.text();
}
