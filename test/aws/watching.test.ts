import { CreateDBClusterCommand, CreateDBInstanceCommand, DescribeDBClustersCommand, DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds';
import { CreateSecretCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { beforeAll, describe, expect, test } from 'vitest';
import { sweeper } from '../../functions/sweeper/handler.ts';
import { RdsDatabaseService } from '../../src/cloud/aws/rds-database-service.ts';
import { S3Store } from '../../src/cloud/aws/s3-store.ts';
import { SecretWebhook } from '../../src/cloud/aws/secret-webhook.ts';
import type { Notification } from '../../src/cloud/notifier.ts';
import { parseConfig } from '../../src/config/config.ts';
import { measureStore } from '../../src/watch/measure.ts';
import { putValidatedDump, type ScriptedCloud } from '../helpers/scripted-cloud.ts';
import { emulator, makeBucket, uniqueName } from './clients.ts';

/** A Region that no other test uses: a sweep looks at every instance there is. */
const APART = () => ({ ...emulator(), region: 'eu-west-1' });

const tags = (more: Record<string, string>) =>
  Object.entries({ 'pgproof:throwaway': 'true', 'pgproof:drill': 'drill-1', 'pgproof:database': 'shop', ...more }).map(([Key, Value]) => ({ Key, Value }));

describe('the sweeper on RDS', () => {
  let rds: RDSClient;
  beforeAll(async () => {
    rds = new RDSClient(APART());
    const make = (DBInstanceIdentifier: string, Tags: { Key: string; Value: string }[]) =>
      rds.send(
        new CreateDBInstanceCommand({
          DBInstanceIdentifier, Engine: 'postgres', DBInstanceClass: 'db.t4g.medium', AllocatedStorage: 20,
          MasterUsername: 'owner', MasterUserPassword: 'made-up-password', Tags,
        }),
      );
    await make('pgproof-drill-expired', tags({ 'pgproof:expires-at': '2019-12-31T23:59:59.000Z' }));
    await make('pgproof-drill-running', tags({ 'pgproof:drill': 'drill-2', 'pgproof:expires-at': '2020-01-01T00:00:01.000Z' }));
    await make('pgproof-drill-nameless', tags({ 'pgproof:drill': 'drill-3' }));
    // Neither of these is pgproof's, whatever it is called or carries.
    await make('pgproof-drill-lookalike', [{ Key: 'pgproof:expires-at', Value: '2019-12-31T23:59:59.000Z' }]);
    await make('orders', tags({ 'pgproof:expires-at': '2019-12-31T23:59:59.000Z' }));
    await rds.send(
      new CreateDBClusterCommand({
        DBClusterIdentifier: 'pgproof-drill-cluster', Engine: 'aurora-postgresql', MasterUsername: 'owner', MasterUserPassword: 'made-up-password',
        Tags: tags({ 'pgproof:drill': 'drill-4', 'pgproof:expires-at': '2019-12-31T23:59:59.000Z' }),
      }),
    );
  });

  const sweepAt = async (now: string, event: unknown = {}) => {
    const told: Notification[] = [];
    const clock = { now: () => new Date(now), sleep: async () => undefined };
    const databases = new RdsDatabaseService({
      rds,
      secrets: new SecretsManagerClient(APART()),
      clock,
      instances: { instanceClass: 'db.t4g.medium', storageGib: 20, subnetGroup: 'drills', securityGroupIds: ['sg-0123'] },
    });
    const swept = await sweeper(event, { databases, clock, notifier: { publish: async (message) => void told.push(message) } });
    return { ...swept, told: told.map(({ event: name }) => name).toSorted() };
  };
  const there = async (): Promise<string[]> => {
    const { DBInstances = [] } = await rds.send(new DescribeDBInstancesCommand({}));
    const { DBClusters = [] } = await rds.send(new DescribeDBClustersCommand({}));
    const alive = [...DBInstances.map((each) => [each.DBInstanceIdentifier, each.DBInstanceStatus]), ...DBClusters.map((each) => [each.DBClusterIdentifier, each.Status])];
    return alive.filter(([, status]) => status !== 'deleting').map(([id]) => id ?? '').toSorted();
  };

  test('destroys the instance and the cluster that have expired, at first nothing else, in the end all that is pgproof\'s', async () => {
    const first = await sweepAt('2020-01-01T00:00:00.000Z');
    expect(first).toMatchObject({ found: 4, left: [], told: ['instance.orphaned', 'instance.orphaned'] });
    expect([...first.destroyed].toSorted()).toEqual(['pgproof-drill-cluster', 'pgproof-drill-expired']);
    expect(await there()).toEqual(['orders', 'pgproof-drill-lookalike', 'pgproof-drill-nameless', 'pgproof-drill-running']);

    const aborted = {
      source: 'aws.states',
      'detail-type': 'Step Functions Execution Status Change',
      detail: { executionArn: 'arn:aws:states:eu-west-1:123456789012:execution:m:drill-2', stateMachineArn: 'arn', name: 'drill-2', status: 'ABORTED' },
    };
    expect(await sweepAt('2020-01-01T00:00:00.000Z', aborted)).toEqual({ found: 1, destroyed: ['pgproof-drill-running'], left: [], told: ['drill.cut-off'] });
    expect(await there()).toEqual(['orders', 'pgproof-drill-lookalike', 'pgproof-drill-nameless']);

    // Long after it was made: what nobody can read an end from goes too.
    expect(await sweepAt('2100-01-01T00:00:00.000Z')).toEqual({ found: 1, destroyed: ['pgproof-drill-nameless'], left: [], told: ['instance.orphaned'] });
    expect(await there()).toEqual(['orders', 'pgproof-drill-lookalike']);
  });
});

describe('the address of a webhook in Secrets Manager', () => {
  const make = async (SecretString: string) => {
    const client = new SecretsManagerClient(emulator());
    const { ARN = '' } = await client.send(new CreateSecretCommand({ Name: uniqueName('webhook'), SecretString }));
    return { client, ARN, webhook: new SecretWebhook(client, ARN) };
  };

  test.each(['https://hooks.example.com/T0/B0/x', ' https://hooks.example.com/T0/B0/x\n', '{"url":"https://hooks.example.com/T0/B0/x"}'])('is read from %j', async (text) => {
    expect(await (await make(text)).webhook.url()).toBe('https://hooks.example.com/T0/B0/x');
  });

  test('is read once, and again when it was refused', async () => {
    const { client, ARN, webhook } = await make('https://hooks.example.com/old');
    expect(await webhook.url()).toBe('https://hooks.example.com/old');
    await client.send(new PutSecretValueCommand({ SecretId: ARN, SecretString: 'https://hooks.example.com/new' }));
    expect(await webhook.url()).toBe('https://hooks.example.com/old');
    webhook.forget();
    expect(await webhook.url()).toBe('https://hooks.example.com/new');
  });

  test.each(['http://hooks.example.com/plain', 'http://127.0.0.1.example.com/', 'made-up-password', '{"password":"made-up-password"}', '{"url":7}', 'https://'])('is none in %j, and nothing of it is shown', async (text) => {
    const { webhook } = await make(text);
    const error: unknown = await webhook.url().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'NotificationError', message: expect.stringContaining('holds no https:// address') as string });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(/made-up-password|hooks\.example/);
  });

  test('names the secret that is not there', async () => {
    const arn = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:nowhere-AbCdEf';
    const reading = new SecretWebhook(new SecretsManagerClient(emulator()), arn).url();
    await expect(reading).rejects.toThrow(`secret ${arn} cannot be read: ResourceNotFound`);
  });
});

describe('the measurement on S3', () => {
  test('finds the newest valid backup by listing and reading alone', async () => {
    const { client, bucket } = await makeBucket();
    const clock = { now: () => new Date('2026-11-20T12:00:01.000Z'), sleep: async () => undefined };
    const store = new S3Store({ client, bucket, clock });
    const config = parseConfig('databases: { shop: { schedules: { dump: "rate(1 hour)" } } }', 'pgproof.yml');
    expect(await measureStore({ store, config, clock })).toEqual([{ database: 'shop', kind: 'dump', of: 'backup', problem: 'there is none' }]);
    await putValidatedDump({ store } as unknown as ScriptedCloud);
    expect(await measureStore({ store, config, clock })).toEqual([{ database: 'shop', kind: 'dump', of: 'backup', ageSeconds: 3600, bytes: 9 }]);
  });
});
