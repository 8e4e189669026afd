import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DescribeTaskDefinitionCommand, ECSClient, RegisterTaskDefinitionCommand } from '@aws-sdk/client-ecs';
import { CreateDBClusterCommand, CreateDBClusterSnapshotCommand, CreateDBInstanceCommand, DescribeDBClustersCommand, DescribeDBSnapshotsCommand, RDSClient } from '@aws-sdk/client-rds';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { S3Store } from '../../src/cloud/aws/s3-store.ts';
import { systemClock } from '../../src/cloud/system-clock.ts';
import type { DrillPlan } from '../../src/drill/contract.ts';
import { makeCertificates } from '../helpers/certificates.ts';
import { objectCreated, snapshotEvent, taskEvent, tick } from '../helpers/aws-events.ts';
import { emulator } from './clients.ts';
import type { Deployed } from './deployed.ts';
import { functionPlan } from './function-plans.ts';

const SCHEDULED = { database: 'shop', scheduledAt: '2026-11-20T01:17:00Z' };
const SNAPSHOT = 'pgproof-shop-20261120t011700z';
const HOURLY = { version: '0', id: '53dc4d37', 'detail-type': 'Scheduled Event', source: 'aws.events', account: '123456789012', time: '2026-11-20T02:00:00Z', region: 'eu-central-1', resources: [], detail: {} };

/** The bundles of the functions that are not states of the drill, each with a real event of its source. After `testWorker`. */
export function testFunctions(deployed: () => Deployed, webhookSecret: () => string): void {
  let bucket: string;
  let store: S3Store;
  let slack: Server;
  let directory: string;
  let authority: string;
  const posted: string[] = [];
  const rds = new RDSClient(emulator());
  const invoke = (name: string, event: unknown, env?: Record<string, string>): Promise<unknown> => deployed().invoke(name, event, env);

  beforeAll(async () => {
    bucket = (await deployed().environment('validate'))['PGPROOF_BUCKET'] ?? '';
    store = new S3Store({ client: new S3Client(emulator()), bucket, clock: systemClock });
    for (const family of ['source-shop', 'source-ledger', 'validate']) await giveMemory(`pgproof-prod-${family}`);
    directory = await mkdtemp(join(tmpdir(), 'pgproof-slack-'));
    const { authority: ca, certificate, key } = await makeCertificates(directory, 'slack', 'localhost');
    authority = ca;
    slack = createServer({ cert: await readFile(certificate), key: await readFile(key) }, (request, response) => {
      request.on('data', (chunk: Buffer) => posted.push(chunk.toString())).on('end', () => response.end('ok'));
    }).listen(0, '127.0.0.1');
    await once(slack, 'listening');
    const { port } = slack.address() as { port: number };
    await new SecretsManagerClient(emulator()).send(new PutSecretValueCommand({ SecretId: webhookSecret(), SecretString: `https://localhost:${port}/services/T0/B0/x` }));
  });
  afterAll(async () => {
    slack?.close();
    await rm(directory, { recursive: true });
  });

  test('dump begins a task when its schedule says so', async () => {
    expect(await invoke('dump', SCHEDULED)).toBe('begun');
    expect(deployed().recorder.calls).toContainEqual(
      expect.objectContaining({ actor: 'DumpRole', action: 'ecs:RunTask', resources: ['arn:aws:ecs:eu-central-1:123456789012:task-definition/pgproof-prod-source-shop:1'] }),
    );
  });

  test('dump refuses a database that is not configured', async () => {
    await expect(invoke('dump', { ...SCHEDULED, database: 'elsewhere' })).rejects.toMatchObject({ name: 'ConfigurationError' });
  });

  test('snapshot begins the reading before it, and takes the snapshot when that has ended, well or not', async () => {
    const later = { ...SCHEDULED, scheduledAt: '2026-11-21T01:17:00Z' };
    expect(await invoke('snapshot', later)).toBe('reading begun');
    // The worker has left both readings of this one.
    expect(await invoke('snapshot', objectCreated(`v1/shop/snapshots/${SNAPSHOT}/facts-before.json`, bucket))).toBe('snapshot begun');
    expect(await invoke('snapshot', objectCreated(`v1/shop/snapshots/${SNAPSHOT}/facts-before.json`, bucket))).toBe('snapshot begun');
    const failed = { verb: 'snapshot-facts', database: 'shop', snapshotId: 'pgproof-shop-20261121t011700z', moment: 'begin' } as const;
    expect(await invoke('snapshot', taskEvent(failed, { exitCode: 1 }))).toBe('snapshot begun');
    expect(await invoke('snapshot', { database: 'ledger', scheduledAt: '2026-11-20T02:17:00Z' })).toBe('reading begun');
    expect(await invoke('snapshot', objectCreated('v1/ledger/snapshots/pgproof-ledger-20261120t021700z/facts-before.json', bucket))).toBe('snapshot begun');
    expect(await invoke('snapshot', objectCreated('v1/ledger/snapshots/pgproof-ledger-20261120t021700z/facts-before.json', bucket))).toBe('snapshot begun');
    expect(await invoke('snapshotCreated', snapshotEvent('pgproof-ledger-20261120t021700z', { cluster: true }))).toBe('without a reading');
    const { DBSnapshots = [] } = await rds.send(new DescribeDBSnapshotsCommand({ DBInstanceIdentifier: 'shop-production' }));
    const ours = DBSnapshots.filter(({ SnapshotType }) => SnapshotType === 'manual').map(({ DBSnapshotIdentifier }) => DBSnapshotIdentifier);
    expect(ours.toSorted()).toEqual([SNAPSHOT, 'pgproof-shop-20261121t011700z']);
  });

  test('snapshotCreated begins the reading after it, and commits the backup when both readings are there', async () => {
    expect(await invoke('snapshotCreated', snapshotEvent('somebody-elses'))).toBe('not ours');
    expect(await invoke('snapshotCreated', snapshotEvent('pgproof-shop-20261121t011700z'))).toBe('without a reading');
    expect(await invoke('snapshotCreated', objectCreated(`v1/shop/snapshots/${SNAPSHOT}/facts-after.json`, bucket))).toBe('committed');
    const manifestKey = `v1/shop/snapshots/${SNAPSHOT}/manifest.json`;
    expect(await store.head(manifestKey)).toBeDefined();
    expect(await invoke('validate', objectCreated(manifestKey, bucket))).toMatchObject({ status: 'valid' });
    expect(await invoke('snapshotCreated', tick())).toBeTypeOf('object');
    await store.put('v1/shop/snapshots/pgproof-shop-20261122t011700z/facts-before.json', '{}');
    expect(await invoke('snapshotCreated', snapshotEvent('pgproof-shop-20261122t011700z'))).toBe('reading begun');
  });

  test('validate hands what is too large for it to a task', async () => {
    const key = 'v1/shop/dumps/20261120T031700Z-sched/manifest.json';
    const text = Buffer.concat(await Array.fromAsync(await store.read(key))).toString('utf8');
    const manifest = JSON.parse(text) as { archive: { bytes: number; partBytes: number; parts: object[] }; backupId: string };
    const huge = text.replaceAll(manifest.backupId, '20261123T031700Z-sched').replace(/"bytes": \d+/g, '"bytes": 30000000000').replace(/"partBytes": \d+/, '"partBytes": 30000000000');
    await store.put(key.replace('20261120', '20261123'), huge);
    expect(manifest.archive.parts).toHaveLength(1);
    expect(await invoke('validate', objectCreated(key.replace('20261120', '20261123'), bucket))).toBe('handed to a task');
  });

  test('taskStopped tells people of a dump that died, once, in the words of its worker', async () => {
    const died = { verb: 'dump', database: 'shop', backupId: '20261121T031700Z-sched' } as const;
    expect(await invoke('taskStopped', taskEvent(died, { exitCode: 1 }))).toBe('told');
    expect(await invoke('taskStopped', taskEvent(died, { exitCode: 1 }))).toBe('known');
    expect(await invoke('taskStopped', taskEvent(died, { exitCode: 0, taskId: 'another' }))).toBe('succeeded');
  });

  test('measure looks at every backup and every drill', async () => {
    const measured = await invoke('measure', HOURLY);
    expect(measured).toContainEqual(expect.objectContaining({ database: 'shop', kind: 'dump' }));
  });

  test('webhook posts what the chat topic is told', async () => {
    const Message = JSON.stringify({ version: '1.0', source: 'custom', content: { textType: 'client-markdown', title: ':x: FAILED', description: 'rows are missing' } });
    const Sns = { Type: 'Notification', MessageId: '95df01b4-ee98-5cb9-9903-4c221d41eb5e', TopicArn: 'arn:aws:sns:eu-central-1:123456789012:chat', Subject: null, Message, Timestamp: '2026-11-20T02:00:00.000Z' };
    expect(await invoke('webhook', { Records: [{ EventSource: 'aws:sns', EventVersion: '1.0', EventSubscriptionArn: 'arn', Sns }] }, { NODE_EXTRA_CA_CERTS: authority })).toEqual({ attempts: 1 });
    expect(posted.join()).toContain('rows are missing');
  });

  test('plan and restore bring a source to a point in time', async () => {
    const { recorder } = deployed();
    recorder.corrections.push(withRestoreWindow);
    const to = new Date(Math.floor(Date.now() / 1000) * 1000 - 2000).toISOString();
    const plan = (await invoke('plan', { input: { database: 'shop', kind: 'pitr', to }, drillId: 'drill-pitr', startedAt: to })) as DrillPlan;
    expect(plan).toMatchObject({ kind: 'pitr', takenAt: to, readsSource: true });
    await throughItsLife(plan);
    recorder.corrections.splice(0);
  });

  test('restore makes a cluster of a cluster’s snapshot and of a point in time, and destroy leaves nothing of either', async () => {
    await rds.send(new CreateDBClusterSnapshotCommand({ DBClusterIdentifier: 'ledger-production', DBClusterSnapshotIdentifier: 'ledger-snapshot' }));
    await throughItsLife(await functionPlan(store, { kind: 'snapshot', snapshotId: 'ledger-snapshot' }));
    const input = { database: 'ledger', kind: 'pitr', to: 'latest' };
    await throughItsLife((await invoke('plan', { input, drillId: 'drill-ledger', startedAt: '2026-11-20T02:00:00Z' })) as DrillPlan);
    const { DBClusters = [] } = await rds.send(new DescribeDBClustersCommand({}));
    expect(DBClusters.map(({ DBClusterIdentifier }) => DBClusterIdentifier).filter((id) => id?.startsWith('pgproof-drill-'))).toEqual([]);
  });

  test('sweeper destroys what is overdue, and nothing else', async () => {
    const tags = (expires: string) => Object.entries({ 'pgproof:throwaway': 'true', 'pgproof:drill': 'old', 'pgproof:expires-at': expires }).map(([Key, Value]) => ({ Key, Value }));
    const made = { DBInstanceClass: 'db.t4g.medium', Engine: 'postgres', AllocatedStorage: 20, MasterUsername: 'postgres', ManageMasterUserPassword: true };
    await rds.send(new CreateDBInstanceCommand({ ...made, DBInstanceIdentifier: 'pgproof-drill-overdue', Tags: tags('2026-11-01T00:00:00.000Z') }));
    await rds.send(new CreateDBInstanceCommand({ ...made, DBInstanceIdentifier: 'pgproof-drill-running', Tags: tags('2099-11-01T00:00:00.000Z') }));
    const cluster = { Engine: 'aurora-postgresql', MasterUsername: 'postgres', ManageMasterUserPassword: true };
    await rds.send(new CreateDBClusterCommand({ ...cluster, DBClusterIdentifier: 'pgproof-drill-cluster', Tags: tags('2026-11-01T00:00:00.000Z') }));
    const { destroyed, left } = (await invoke('sweeper', HOURLY)) as { destroyed: string[]; left: string[] };
    expect([destroyed.toSorted(), left]).toEqual([['pgproof-drill-cluster', 'pgproof-drill-overdue'], []]);
    expect(await invoke('sweeper', HOURLY)).toMatchObject({ destroyed: [] });
  });

  async function throughItsLife(plan: DrillPlan): Promise<void> {
    await invoke('restore', { plan });
    let last: unknown;
    for (let look = 0; look < 6 && (last as { status?: string } | undefined)?.status !== 'available'; look += 1) last = await invoke('describeInstance', { plan });
    expect(last).toMatchObject({ status: 'available' });
    const destroyed = await invoke('destroy', { plan });
    let cleanup: unknown;
    for (let look = 0; look < 4 && (cleanup as { status?: string } | undefined)?.status !== 'verified'; look += 1) cleanup = await invoke('confirmGone', { plan, destroyed });
    expect(cleanup).toMatchObject({ status: 'verified' });
  }
}

/** The emulator runs no task whose container says nothing of memory; Fargate asks for that of the task alone. */
async function giveMemory(family: string): Promise<void> {
  const ecs = new ECSClient(emulator());
  const { taskDefinition } = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: family }));
  const containerDefinitions = taskDefinition?.containerDefinitions?.map((container) => ({ ...container, memory: 2048 }));
  const { cpu, memory, networkMode, taskRoleArn, executionRoleArn } = taskDefinition ?? {};
  await ecs.send(new RegisterTaskDefinitionCommand({ family, cpu, memory, networkMode, taskRoleArn, executionRoleArn, containerDefinitions }));
}

/** The emulator knows automated backups by name alone. */
function withRestoreWindow(answer: string): string {
  if (!answer.includes('DescribeDBInstanceAutomatedBackupsResponse')) return answer.replaceAll(/<DbiResourceId>[^<]*</g, '<DbiResourceId>db-ONE<');
  return answer.replaceAll('<Status>active</Status>', '<Status>active</Status><DbiResourceId>db-ONE</DbiResourceId><RestoreWindow><EarliestTime>2026-11-01T00:00:00Z</EarliestTime></RestoreWindow>');
}
