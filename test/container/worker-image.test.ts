import { access, chmod, copyFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CreateTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { readManifest } from '../../src/backup/archive.ts';
import { dumpKey } from '../../src/backup/manifest.ts';
import { S3Store } from '../../src/cloud/aws/s3-store.ts';
import { systemClock } from '../../src/cloud/system-clock.ts';
import { parseConfig } from '../../src/config/config.ts';
import { closeDrill } from '../../src/drill/close.ts';
import type { DrillPlan, WorkerTask } from '../../src/drill/contract.ts';
import type { Proof } from '../../src/drill/evidence.ts';
import { planDrill } from '../../src/drill/plan.ts';
import { emulator, makeBucket, uniqueName } from '../aws/clients.ts';
import { enableTls, makeCertificates } from '../helpers/certificates.ts';
import { fixedSigner } from '../helpers/signers.ts';
import { SMALL_SHOP, startSource, type Source } from '../helpers/source.ts';
import { runInside, type Ended } from './container.ts';
import { buildImage, type Image } from './image.ts';

const ID = '20261120T020000Z-c';
const DRILL = '20261120T030000Z-c';

let image: Image;
let source: Source;
let store: S3Store;
let place: string;
let tmp: string;
let settings: Record<string, string>;
let password: string;

beforeAll(async () => {
  image = await buildImage(await readFile(join(import.meta.dirname, '../../worker/Dockerfile'), 'utf8'));
  place = await mkdtemp(join(tmpdir(), 'pgproof-container-'));
  tmp = await mkdtemp(join(place, 'tmp-'));
  await chmod(tmp, 0o1777);
  source = await startSource();
  await source.createDatabase('shop', ...SMALL_SHOP);
  const [ours, others] = await Promise.all([makeCertificates(place, 'ours', 'localhost'), makeCertificates(place, 'others', 'localhost')]);
  await enableTls(source, ours);
  for (const name of ['ours', 'others'] as const) await copyFile({ ours, others }[name].authority, join(tmp, `${name}.pem`));
  const { client, bucket } = await makeBucket();
  store = new S3Store({ client, bucket, clock: systemClock });
  settings = await makeSettings(bucket);
}, 900_000);
afterAll(async () => {
  await source.end();
  await rm(place, { recursive: true });
  await image.remove();
});

/** What the task definition sets; the login of the source is a secret of the emulator. */
async function makeSettings(bucket: string): Promise<Record<string, string>> {
  const { user, password: word = '' } = source.address('shop');
  password = word;
  const SecretString = JSON.stringify({ username: user, password });
  const { ARN = '' } = await new SecretsManagerClient(emulator()).send(new CreateSecretCommand({ Name: uniqueName('shop'), SecretString }));
  const { TopicArn = '' } = await new SNSClient(emulator()).send(new CreateTopicCommand({ Name: uniqueName('people') }));
  const url = (authority: string) => `postgres://localhost:${source.address('shop').port}/shop?sslrootcert=/tmp/${authority}.pem`;
  const database = (authority: string) => ({ source: { url: url(authority), secret: ARN }, drill: { target: 'task' } });
  const configuration = { databases: { shop: database('ours'), fooled: database('others') } };
  return {
    AWS_ENDPOINT_URL: inject('moto'),
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    PGPROOF_BUCKET: bucket,
    PGPROOF_PEOPLE_TOPIC_ARN: TopicArn,
    PGPROOF_SIGNING_KEY_ARN: 'arn:aws:kms:eu-central-1:123456789012:key/0',
    PGPROOF_INSTANCE_CLASS: 'db.t4g.medium',
    PGPROOF_INSTANCE_SUBNET_GROUP: 'subnets',
    PGPROOF_INSTANCE_SECURITY_GROUP_IDS: 'sg-0',
    PGPROOF_CLUSTER_ARN: 'arn:aws:ecs:eu-central-1:123456789012:cluster/pgproof-prod',
    PGPROOF_TASK_PREFIX: 'pgproof-prod',
    PGPROOF_SUBNET_IDS: 'subnet-0',
    PGPROOF_SOURCE_SECURITY_GROUP_IDS: 'sg-0',
    PGPROOF_PROVE_SECURITY_GROUP_IDS: 'sg-0',
    PGPROOF_PUBLIC_IP: 'DISABLED',
    PGPROOF_CONFIG_BASE64: Buffer.from(JSON.stringify(configuration)).toString('base64'),
  };
}

/** As Fargate runs it: the image's user, a root that cannot be written to, the task in the environment. */
async function work(task: WorkerTask): Promise<Ended> {
  const ended = await inImage(image.entrypoint, { ...settings, PGPROOF_TASK: JSON.stringify(task) });
  expect(ended.stdout + ended.stderr).not.toContain(password);
  return ended;
}

function inImage(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const { root, user, directory } = image;
  return runInside({ root, args, env: { ...image.env, ...env }, user, directory, tmp });
}

async function plan(database = 'shop'): Promise<DrillPlan> {
  const config = parseConfig(Buffer.from(settings['PGPROOF_CONFIG_BASE64'] ?? '', 'base64').toString(), 'PGPROOF_CONFIG_BASE64');
  const databases = { recoveryWindow: async () => undefined };
  return planDrill({ input: { database }, drillId: DRILL, startedAt: '2026-11-20T03:00:00.000Z' }, { store, clock: systemClock, config, databases });
}

async function readJson(key: string): Promise<unknown> {
  return JSON.parse(Buffer.concat(await Array.fromAsync(await store.read(key))).toString('utf8'));
}

describe("the image's file system", () => {
  test('has nothing that installs anything, and nobody but root can change what it has', async () => {
    await expect(access(join(image.root, 'usr/local/bin/npm'))).rejects.toThrow('ENOENT');
    await expect(access(join(image.root, 'build'))).rejects.toThrow('ENOENT');
    const { stdout } = await inImage(['find', '/opt', '/usr', '!', '-user', 'root', '-o', '-perm', '-o=w', '!', '-type', 'l']);
    expect(stdout).toBe('');
  });

  test('can be written to in /tmp alone', async () => {
    const { exitCode, stderr } = await inImage(['touch', '/opt/pgproof/x', '/var/tmp/x', '/x']);
    expect(exitCode).toBe(1);
    expect(stderr.match(/Read-only file system/g)).toHaveLength(3);
    expect((await inImage(['sh', '-c', 'touch /tmp/x && rm /tmp/x && id -u'])).stdout).toBe('10001\n');
  });

  test.each([
    ['bookworm', 15],
    ['trixie', 17],
    ['forky', 18],
  ])('has the server of %s, PostgreSQL %i, which knows the locales of other machines', async (release, major) => {
    const initdb = `/opt/pgproof/postgresql/${release}-${process.arch}-${major}/usr/lib/postgresql/${major}/bin/initdb`;
    const { exitCode, stderr } = await inImage([initdb, '--pgdata=/tmp/cluster', '--locale=de_DE.UTF-8', '--no-sync', '--auth=trust']);
    expect([exitCode, stderr]).toEqual([0, '']);
    await rm(join(tmp, 'cluster'), { recursive: true });
  });
});

describe('the worker in the image', () => {
  test('dumps a database, its certificate verified, into the bucket', async () => {
    const { exitCode, stdout } = await work({ verb: 'dump', database: 'shop', backupId: ID });
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('"message":"succeeded","verb":"dump"')]);
    const { manifest } = await readManifest(store, dumpKey({ database: 'shop', backupId: ID }, 'manifest.json'));
    expect(manifest.source).toMatchObject({ database: 'shop', major: source.programs.major });
    expect(manifest.kind === 'dump' && manifest.archive.bytes).toBeGreaterThan(10_000);
  });

  test('keeps nothing of a source whose certificate no authority vouches for, and leaves word of why', async () => {
    const { exitCode, stdout } = await work({ verb: 'dump', database: 'fooled', backupId: ID });
    expect([exitCode, stdout]).toEqual([1, expect.stringContaining('"name":"SourceUnreachableError"')]);
    const keys = (await Array.fromAsync(store.list('v1/fooled/'))).map(({ key }) => key);
    expect(keys).toEqual([dumpKey({ database: 'fooled', backupId: ID }, 'failure.json')]);
    expect(await readJson(keys[0] ?? '')).toMatchObject({ verb: 'dump', error: { name: 'SourceUnreachableError' } });
  });

  test('reads the dump back', async () => {
    const manifestKey = dumpKey({ database: 'shop', backupId: ID }, 'manifest.json');
    expect((await work({ verb: 'validate', database: 'shop', manifestKey })).exitCode).toBe(0);
    expect(await readJson(dumpKey({ database: 'shop', backupId: ID }, 'validation.json'))).toMatchObject({ status: 'valid' });
  });

  test('proves the dump on a server inside the task, and leaves nothing of it', async () => {
    const planned = await plan();
    expect(planned.target).toBe('task');
    const { exitCode, stdout } = await work({ verb: 'prove', plan: planned });
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('"stage":"remove the server"')]);
    const proof = (await readJson(`v1/shop/drills/${DRILL}/proof.json`)) as Proof;
    expect(proof.scope.examined[0]).toMatch(/^a copy on a server of PostgreSQL [\d.]+ inside the drill's own task$/);
    expect(proof.errors).toEqual([]);
    const state = { input: {}, drillId: DRILL, startedAt: planned.decidedAt, plan: planned };
    const config = parseConfig('databases: {shop: {drill: {target: task}}}', 'pgproof.yml');
    const result = await closeDrill(
      { ...state, destroyed: { at: planned.decidedAt }, cleanup: { status: 'verified', at: planned.decidedAt } },
      { store, signer: fixedSigner(), clock: systemClock, config },
    );
    expect([result.verdict, result.assurance]).toEqual(['PROVEN', 'L5']);
    expect((await readdir(tmp)).toSorted()).toEqual(['others.pem', 'ours.pem']);
  });

  test('says which setting helps where it has no server of the major', async () => {
    const planned = await plan();
    const task = { verb: 'prove', plan: { ...planned, drillId: `${DRILL}16`, instance: { ...planned.instance, major: 16 } } } as const;
    const { exitCode, stdout } = await work(task);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('databases.shop.drill.target: task: the worker has no server of PostgreSQL 16');
    expect(stdout).toContain('set databases.shop.drill.target: rds in pgproof.yml');
  });
});
