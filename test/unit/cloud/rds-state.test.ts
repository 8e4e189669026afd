import { RDSClient, type DBInstance, type DBSnapshot } from '@aws-sdk/client-rds';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { describe, expect, test } from 'vitest';
import { RdsDatabaseService } from '../../../src/cloud/aws/rds-database-service.ts';
import { toSnapshot } from '../../../src/cloud/aws/rds-snapshots.ts';
import { lacksPassword, toInstance } from '../../../src/cloud/aws/rds-state.ts';
import { CleanupFailedError, InstanceFailedError, InstanceRefusedError } from '../../../src/errors.ts';

// What an emulator never shows: the states between, refusals, and answers that are not those of a healthy account.

const NOW = new Date('2026-11-20T02:00:00Z');
const READY: DBInstance = {
  DBInstanceIdentifier: 'pgproof-drill-a',
  DBInstanceStatus: 'available',
  InstanceCreateTime: new Date('2026-11-20T01:00:00Z'),
  Endpoint: { Address: 'host', Port: 5432 },
  MasterUserSecret: { SecretArn: 'arn:secret', SecretStatus: 'active' },
  PendingModifiedValues: {},
  TagList: [{ Key: 'pgproof:throwaway', Value: 'true' }],
};

describe('the state of an RDS instance', () => {
  test.each([
    ['available', 'available', undefined],
    ['storage-optimization', 'available', undefined],
    ['creating', 'creating', 'creating'],
    ['backing-up', 'creating', 'backing-up'],
    ['modifying', 'creating', 'modifying'],
    ['resetting-master-credentials', 'creating', 'resetting-master-credentials'],
    ['configuring-iam-database-auth', 'creating', 'configuring-iam-database-auth'],
    ['some-state-of-next-year', 'creating', 'some-state-of-next-year'],
    ['deleting', 'deleting', undefined],
    ['failed', 'failed', 'failed'],
    ['incompatible-restore', 'failed', 'incompatible-restore'],
    ['incompatible-parameters', 'failed', 'incompatible-parameters'],
    ['incompatible-network', 'failed', 'incompatible-network'],
    ['inaccessible-encryption-credentials', 'failed', 'inaccessible-encryption-credentials'],
    ['storage-full', 'failed', 'storage-full'],
  ])('%s is %s', (DBInstanceStatus, status, detail) => {
    const instance = toInstance({ ...READY, DBInstanceStatus }, NOW);
    expect([instance.status, instance.detail]).toEqual([status, detail]);
  });

  test.each<[string, Partial<DBInstance>, string]>([
    ['no password', { MasterUserSecret: undefined }, 'its password is not set'],
    ['a password in the making', { MasterUserSecret: { SecretStatus: 'creating' } }, 'its password is creating'],
    ['a password that failed', { MasterUserSecret: { SecretStatus: 'impaired' } }, 'its password is impaired'],
    ['changes not yet applied', { PendingModifiedValues: { MasterUserPassword: '****' } }, 'its changes are being applied'],
  ])('is not available with %s, whatever RDS says', (_, change, detail) => {
    expect(toInstance({ ...READY, ...change }, NOW)).toMatchObject({ status: 'creating', detail });
  });

  test('needs a password only when it answers and has none', () => {
    expect(lacksPassword(READY)).toBe(false);
    expect(lacksPassword({ ...READY, MasterUserSecret: undefined })).toBe(true);
    expect(lacksPassword({ ...READY, MasterUserSecret: undefined, DBInstanceStatus: 'creating' })).toBe(false);
  });

  test.each<[string, Partial<DBInstance>, number]>([
    ['being filled from S3', { StorageOperationStatus: 'Initializing', StorageOperationPercentProgress: 40 }, 40],
    ['about to be filled', { StorageOperationStatus: 'Initializing' }, 0],
    ['there and being optimised', { StorageOperationStatus: 'Optimizing', StorageOperationPercentProgress: 10 }, 100],
    ['not mentioned, as RDS does once it is there', {}, 100],
  ])('says how much of the storage is loaded that is %s', (_, change, loadingPercent) => {
    expect(toInstance({ ...READY, ...change }, NOW)).toMatchObject({ status: 'available', loadingPercent });
    expect(toInstance({ ...READY, ...change, DBInstanceStatus: 'creating' }, NOW)).not.toHaveProperty('loadingPercent');
  });

  test('tells whose settings it has, because those of the source are not applied', () => {
    const DBParameterGroups = [{ DBParameterGroupName: 'default.postgres17' }];
    expect(toInstance({ ...READY, DBParameterGroups }, NOW).detail).toBe('its settings are those of parameter group default.postgres17');
  });

  test('is born when RDS says, or now when RDS does not know yet', () => {
    expect(toInstance(READY, NOW).createdAt).toEqual(new Date('2026-11-20T01:00:00Z'));
    expect(toInstance({ ...READY, InstanceCreateTime: undefined }, NOW).createdAt).toEqual(NOW);
  });
});

describe('an RDS snapshot', () => {
  const SNAPSHOT = {
    DBSnapshotIdentifier: 's',
    DBInstanceIdentifier: 'orders',
    AllocatedStorage: 10,
    SnapshotCreateTime: new Date('2026-11-20T05:00:00Z'), // changes when it is copied
    OriginalSnapshotCreateTime: new Date('2026-11-20T04:00:00Z'),
    SnapshotDatabaseTime: new Date('2026-11-20T03:59:00Z'),
  };
  const of = (change: DBSnapshot) => ({ of: 'instance' as const, snapshot: { ...SNAPSHOT, ...change } });

  test('is of the moment of its last transaction, not of its copy', () => {
    expect(toSnapshot(of({ Status: 'available' }))).toEqual({
      snapshotId: 's', status: 'available', database: 'orders', takenAt: new Date('2026-11-20T03:59:00Z'), bytes: 10_737_418_240,
    });
    expect(toSnapshot(of({ SnapshotDatabaseTime: undefined })).takenAt).toEqual(new Date('2026-11-20T04:00:00Z'));
  });

  test.each([['creating', 'creating'], ['copying', 'creating'], ['failed', 'failed'], ['available', 'available'], [undefined, 'failed']])(
    'that is %s counts as %s',
    (Status, status) => {
      expect(toSnapshot(of({ Status })).status).toBe(status);
    },
  );
});

describe('the RDS database service', () => {
  /** A client that answers by the command's name, at the SDK's edge. */
  function serviceWith(answers: Record<string, () => object>): { service: RdsDatabaseService; asked: string[] } {
    const asked: string[] = [];
    const settings = { region: 'eu-central-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } };
    const [rds, secrets] = [new RDSClient(settings), new SecretsManagerClient(settings)];
    const answer = (_next: unknown, context: { commandName?: string }) => async () => {
      const name = context.commandName ?? '';
      asked.push(name);
      const given = answers[name];
      if (!given) throw new Error(`unexpected ${name}`);
      return { response: {}, output: { ...given(), $metadata: {} } as never };
    };
    rds.middlewareStack.add(answer, { step: 'initialize', priority: 'high' });
    secrets.middlewareStack.add(answer, { step: 'initialize', priority: 'high' });
    const instances = { instanceClass: 'db.t4g.medium', storageGib: 20, subnetGroup: 'g', securityGroupIds: ['sg-1'] };
    return { service: new RdsDatabaseService({ rds, secrets, clock: { now: () => NOW }, instances }), asked };
  }
  const refuse = (name: string) => () => {
    throw Object.assign(new Error('refused'), { name });
  };
  const found = (instance: DBInstance) => () => ({ DBInstances: [instance] });
  const id = 'pgproof-drill-a';

  test('waits for a deletion that is under way already', async () => {
    const { service, asked } = serviceWith({ DescribeDBInstancesCommand: found({ ...READY, DBInstanceStatus: 'deleting' }) });
    await service.deleteInstance(id);
    expect(asked).toEqual(['DescribeDBInstancesCommand']);
    expect((await service.describeInstance(id))?.status).toBe('deleting');
  });

  test.each(['InvalidDBInstanceStateFault', 'AccessDenied'])('fails to clean up when RDS refuses with %s', async (name) => {
    const { service } = serviceWith({ DescribeDBInstancesCommand: found(READY), DeleteDBInstanceCommand: refuse(name) });
    await expect(service.deleteInstance(id)).rejects.toBeInstanceOf(CleanupFailedError);
  });

  test('takes an instance that vanished meanwhile for deleted', async () => {
    const answers = { DescribeDBInstancesCommand: found(READY), DeleteDBInstanceCommand: refuse('DBInstanceNotFoundFault') };
    await expect(serviceWith(answers).service.deleteInstance(id)).resolves.toBeUndefined();
  });

  test('asks again later when a password is refused for the moment', async () => {
    const bare = { ...READY, MasterUserSecret: undefined };
    const answers = { DescribeDBInstancesCommand: found(bare), ModifyDBInstanceCommand: refuse('InvalidDBInstanceStateFault') };
    expect(await serviceWith(answers).service.describeInstance(id)).toMatchObject({ status: 'creating' });
    const denied = serviceWith({ ...answers, ModifyDBInstanceCommand: refuse('AccessDenied') }).service.describeInstance(id);
    await expect(denied).rejects.toBeInstanceOf(InstanceFailedError);
  });

  test.each(['InsufficientDBInstanceCapacityFault', 'InstanceQuotaExceededFault', 'KMSKeyNotAccessibleFault', 'InvalidParameterCombination'])(
    'explains %s',
    async (name) => {
      const { service } = serviceWith({ CreateDBInstanceCommand: refuse(name) });
      const tags = { 'pgproof:throwaway': 'true' };
      const creating = service.createInstance({ instanceId: id, major: 17, superuser: 'postgres', parameters: {}, tags });
      await expect(creating).rejects.toBeInstanceOf(InstanceRefusedError);
      await expect(creating).rejects.toMatchObject({ hint: expect.stringMatching(/\w/) as string, retriable: true });
    },
  );

  test('never shows what it read of a password that it could not use', async () => {
    const answers = { DescribeDBInstancesCommand: found(READY), GetSecretValueCommand: () => ({ SecretString: 'hunter2 is no JSON' }) };
    const error = await serviceWith(answers).service.connection(id).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InstanceFailedError);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('hunter2');
  });
});
