import { CreateDBClusterCommand, CreateDBInstanceCommand, DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds';
import { S3Client } from '@aws-sdk/client-s3';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readManifest } from '../../src/backup/archive.ts';
import { S3Store } from '../../src/cloud/aws/s3-store.ts';
import { systemClock } from '../../src/cloud/system-clock.ts';
import type { DrillPlan, WorkerTask } from '../../src/drill/contract.ts';
import type { Proof } from '../../src/drill/evidence.ts';
import { drillKey } from '../../src/drill/prove.ts';
import { SMALL_SHOP } from '../helpers/source.ts';
import { emulator } from './clients.ts';
import type { Deployed } from './deployed.ts';
import { endpointOf } from './recorder.ts';
import { startTlsServer, type TlsServer } from './tls-server.ts';
import { makeWorkerProcess, type TaskEnd, type WorkerProcess } from './worker-process.ts';

const PLACE = { database: 'shop', backupId: '20261120T031700Z-sched' };
const MANIFEST = 'v1/shop/dumps/20261120T031700Z-sched/manifest.json';
const COPY = 'pgproof-drill-shop-worker';

/**
 * The worker under its deployed roles: what RDS says of an instance is the emulator's, and behind the endpoint stands a real
 * PostgreSQL with a certificate. Two of them: the source, and what a drill was given to restore into.
 */
export function testWorker(deployed: () => Deployed, secretArn: () => string): void {
  let [source, copy]: [TlsServer?, TlsServer?] = [];
  let worker: WorkerProcess;
  let store: S3Store;
  const rds = new RDSClient(emulator());

  beforeAll(async () => {
    [source, copy] = await Promise.all([startTlsServer(), startTlsServer()]);
    await source.source.createDatabase('shop', ...SMALL_SHOP, 'create schema pgproof', HEARTBEAT);
    worker = await makeWorkerProcess(deployed());
    store = new S3Store({ client: new S3Client(emulator()), bucket: (await deployed().environment('validate'))['PGPROOF_BUCKET'] ?? '', clock: systemClock });
    const made = { DBInstanceClass: 'db.t4g.medium', Engine: 'postgres', AllocatedStorage: 20, MasterUsername: 'postgres' };
    await rds.send(new CreateDBInstanceCommand({ ...made, DBInstanceIdentifier: 'shop-production', MasterUserPassword: 'production-password' }));
    const Tags = [{ Key: 'pgproof:throwaway', Value: 'true' }, { Key: 'pgproof:drill', Value: 'worker' }];
    await rds.send(new CreateDBInstanceCommand({ ...made, DBInstanceIdentifier: COPY, ManageMasterUserPassword: true, Tags }));
    const secrets = new SecretsManagerClient(emulator());
    const login = (server: TlsServer) => JSON.stringify({ username: 'postgres', password: server.password });
    await secrets.send(new PutSecretValueCommand({ SecretId: secretArn(), SecretString: login(source) }));
    const { DBInstances } = await rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: COPY }));
    await secrets.send(new PutSecretValueCommand({ SecretId: DBInstances?.[0]?.MasterUserSecret?.SecretArn ?? '', SecretString: login(copy) }));
    deployed().recorder.corrections.push(endpointOf('shop-production', source), endpointOf(COPY, copy));
  });
  afterAll(async () => {
    deployed().recorder.corrections.splice(0);
    await Promise.all([source?.end(), copy?.end(), worker?.remove()]);
  });

  const ofSource = (task: WorkerTask): Promise<TaskEnd> =>
    worker.run(task, { definition: 'source-shop', role: 'DatabaseShopSourceRole', certificates: source?.authority ?? '' });

  test('takes a dump of a source in RDS, over a connection that it has verified, into the bucket', async () => {
    expect(await ofSource({ verb: 'dump', ...PLACE })).toMatchObject({ exitCode: 0, last: { message: 'succeeded' } });
    const { manifest } = await readManifest(store, MANIFEST);
    expect(manifest).toMatchObject({ kind: 'dump', database: 'shop', source: { database: 'shop', superuser: 'postgres' } });
    expect(await store.head('v1/shop/dumps/20261120T031700Z-sched/archive.dump')).toBeDefined();
  });

  test('reads the source around a snapshot and for a point in time', async () => {
    const snapshotId = 'pgproof-shop-20261120t011700z';
    for (const moment of ['begin', 'end'] as const) {
      expect(await ofSource({ verb: 'snapshot-facts', database: 'shop', snapshotId, moment })).toMatchObject({ exitCode: 0 });
    }
    expect(await ofSource({ verb: 'reading', database: 'shop', readingId: '20261120T051700Z-read' })).toMatchObject({ exitCode: 0 });
    const marks = await source?.source.sql('shop', 'select id from pgproof.heartbeat order by id');
    expect(marks).toEqual([{ id: '1' }, { id: '2' }, { id: '3' }]);
    expect(await store.head('v1/shop/readings/20261120T051700Z-read/mark.json')).toBeDefined();
  });

  test('validates what is too large for a function', async () => {
    const task = { verb: 'validate', database: 'shop', manifestKey: MANIFEST } as const;
    const end = await worker.run(task, { definition: 'validate', role: 'ValidateTaskRole', certificates: '' });
    expect(end).toMatchObject({ exitCode: 0 });
    const validation = Buffer.concat(await Array.fromAsync(await store.read(MANIFEST.replace('manifest', 'validation')))).toString();
    expect(JSON.parse(validation)).toMatchObject({ status: 'valid', backupId: PLACE.backupId });
  });

  test('proves the dump in a throwaway instance equal to the source', async () => {
    const { manifest, sha256 } = await readManifest(store, MANIFEST);
    const plan = planOf(manifest.source.major, sha256, manifest.takenAt);
    const end = await worker.run({ verb: 'prove', plan }, { definition: 'prove', role: 'ProveTaskRole', certificates: copy?.authority ?? '' });
    expect(end, JSON.stringify(end)).toMatchObject({ exitCode: 0 });
    const proof = JSON.parse(Buffer.concat(await Array.fromAsync(await store.read(drillKey(plan, 'proof.json')))).toString()) as Proof;
    expect(proof.errors).toEqual([]);
    const content = proof.findings.find(({ id }) => id === 'content-hash');
    expect(content).toMatchObject({ status: 'passed' });
    expect(content?.examined).toBeGreaterThan(3);
    expect(proof.findings.filter(({ status, required }) => required && status === 'failed')).toEqual([]);
  });

  test('refuses a server that cannot prove who it is, and leaves word of it where people are told from', async () => {
    const task = { verb: 'dump', database: 'shop', backupId: '20261121T031700Z-sched' } as const;
    const end = await worker.run(task, { definition: 'source-shop', role: 'DatabaseShopSourceRole', certificates: copy?.authority ?? '' });
    expect(end).toMatchObject({ exitCode: 1, last: { message: 'failed', error: { name: 'SourceUnreachableError' } } });
    expect(JSON.stringify(end)).not.toContain(source?.password);
    const failure = Buffer.concat(await Array.fromAsync(await store.read('v1/shop/dumps/20261121T031700Z-sched/failure.json'))).toString();
    expect(JSON.parse(failure)).toMatchObject({ error: { name: 'SourceUnreachableError', origin: 'environment' } });
    expect(await store.head('v1/shop/dumps/20261121T031700Z-sched/manifest.json')).toBeUndefined();
  });

  test('signs a login of its own for a database that knows no password', async () => {
    const login = { Engine: 'aurora-postgresql', MasterUsername: 'owner', MasterUserPassword: 'production-password' };
    await rds.send(new CreateDBClusterCommand({ ...login, DBClusterIdentifier: 'ledger-production' }));
    const task = { verb: 'reading', database: 'ledger', readingId: '20261120T051700Z-read' } as const;
    const end = await worker.run(task, { definition: 'source-ledger', role: 'DatabaseLedgerSourceRole', certificates: source?.authority ?? '' });
    expect(end).toMatchObject({ exitCode: 1, last: { error: { name: 'SourceUnreachableError' } } });
    expect(end.last.error?.message).toMatch(/cannot connect to pgproof@ledger-production\..*\.rds\.amazonaws\.com:5432\/ledger/);
  });
}

const HEARTBEAT = 'create table pgproof.heartbeat (id bigint generated always as identity primary key, at timestamptz not null default clock_timestamp())';

function planOf(major: number, manifestSha256: string, takenAt: string): DrillPlan {
  return {
    drillId: 'worker',
    database: 'shop',
    kind: 'dump',
    backupId: PLACE.backupId,
    manifestKey: MANIFEST,
    manifestSha256,
    takenAt,
    selection: { listed: 1, passedOver: [] },
    instanceId: COPY,
    decidedAt: '2026-11-20T05:17:00.000Z',
    deadlineAt: '2099-11-20T06:17:00.000Z',
    instance: { major, superuser: 'postgres', parameters: {} },
    target: 'service',
    readsSource: false,
    differences: {},
  };
}
