import {
  CreateDBInstanceCommand,
  CreateDBSnapshotCommand,
  CreateDBSubnetGroupCommand,
  DeleteDBInstanceCommand,
  DescribeDBInstancesCommand,
  RDSClient,
} from '@aws-sdk/client-rds';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { beforeAll, describe, expect, test } from 'vitest';
import { RdsDatabaseService } from '../../src/cloud/aws/rds-database-service.ts';
import { CleanupFailedError, ConfigurationError, InstanceFailedError, InstanceRefusedError, NoBackupError } from '../../src/errors.ts';
import { emulator, subnetIds, uniqueName } from './clients.ts';

const TAGS = { 'pgproof:throwaway': 'true', 'pgproof:drill': 'drill-1', 'pgproof:expires-at': '2026-11-20T03:00:00.000Z' };

describe('the RDS database service', () => {
  let rds: RDSClient;
  let secrets: SecretsManagerClient;
  let service: RdsDatabaseService;
  let subnetGroup: string;
  beforeAll(async () => {
    rds = new RDSClient(emulator());
    secrets = new SecretsManagerClient(emulator());
    subnetGroup = uniqueName('drills');
    const group = { DBSubnetGroupName: subnetGroup, DBSubnetGroupDescription: 'drills', SubnetIds: await subnetIds() };
    await rds.send(new CreateDBSubnetGroupCommand(group));
    service = makeService({});
  });

  function makeService(instances: { subnetGroup?: string; parameterGroup?: string }): RdsDatabaseService {
    return new RdsDatabaseService({
      rds,
      secrets,
      clock: { now: () => new Date('2026-11-20T02:00:00Z') },
      certificates: '/opt/rds.pem',
      instances: { instanceClass: 'db.t4g.medium', storageGib: 50, subnetGroup, securityGroupIds: ['sg-0123'], ...instances },
    });
  }
  const find = async (instanceId: string) =>
    (await rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: instanceId }))).DBInstances?.[0];
  const newId = (): string => uniqueName('pgproof-drill');
  const request = (instanceId: string) => ({ instanceId, major: 17, superuser: 'postgres', parameters: {}, tags: TAGS });
  /** A production database and a snapshot of it. */
  const makeSnapshot = async (): Promise<{ production: string; snapshotId: string }> => {
    const [production, snapshotId] = [uniqueName('production'), uniqueName('snapshot')];
    await rds.send(
      new CreateDBInstanceCommand({
        DBInstanceIdentifier: production, Engine: 'postgres', EngineVersion: '17.4', DBInstanceClass: 'db.m7g.large', AllocatedStorage: 20,
        MasterUsername: 'owner', MasterUserPassword: 'production-password', Tags: [{ Key: 'environment', Value: 'production' }],
      }),
    );
    const Tags = [{ Key: 'pgproof:database', Value: 'shop' }];
    await rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier: production, DBSnapshotIdentifier: snapshotId, Tags }));
    return { production, snapshotId };
  };
  const waitUntilAvailable = async (instanceId: string): Promise<void> => {
    for (let look = 0; look < 5; look += 1) if ((await service.describeInstance(instanceId))?.status === 'available') return;
    throw new Error(`${instanceId} never became available`);
  };

  test('creates an empty instance that is closed to the world, tagged and not backed up', async () => {
    const instanceId = newId();
    await service.createInstance(request(instanceId));
    expect(await find(instanceId)).toMatchObject({
      DBInstanceClass: 'db.t4g.medium',
      Engine: 'postgres',
      EngineVersion: '17',
      AllocatedStorage: 50,
      StorageEncrypted: true,
      MasterUsername: 'pgproof_drill',
      MultiAZ: false,
      DeletionProtection: false,
      BackupRetentionPeriod: 0,
      CopyTagsToSnapshot: false,
      AutoMinorVersionUpgrade: false,
      DBSubnetGroup: { DBSubnetGroupName: subnetGroup },
      TagList: expect.arrayContaining([{ Key: 'pgproof:throwaway', Value: 'true' }]) as unknown,
    });
  });

  test('takes a retry of the same drill for a success and another drill for an error', async () => {
    const instanceId = newId();
    await service.createInstance(request(instanceId));
    await service.createInstance(request(instanceId));
    const other = service.createInstance({ ...request(instanceId), tags: { ...TAGS, 'pgproof:drill': 'drill-2' } });
    await expect(other).rejects.toBeInstanceOf(InstanceRefusedError);
    await expect(other).rejects.toThrow('belongs to another drill');
  });

  test('restores a snapshot with a name, class and tags of its own, gives it a password and says how to log in', async () => {
    const { snapshotId } = await makeSnapshot();
    const instanceId = newId();
    await service.restoreSnapshot({ instanceId, snapshotId, tags: TAGS });
    const restored = await find(instanceId);
    expect(restored).toMatchObject({ DBInstanceClass: 'db.t4g.medium', MasterUsername: 'owner', MultiAZ: false, DeletionProtection: false });
    expect(restored?.TagList?.map(({ Key }) => Key).toSorted()).toEqual(['pgproof:drill', 'pgproof:expires-at', 'pgproof:throwaway']);
    const early = service.connection(instanceId);
    await expect(early).rejects.toBeInstanceOf(InstanceFailedError);
    await expect(early).rejects.toThrow('is not available but creating: its password is not set');
    expect(await service.describeInstance(instanceId)).toMatchObject({ instanceId, status: 'creating', tags: TAGS });
    await waitUntilAvailable(instanceId);
    const { host, port, user, password, ...security } = await service.connection(instanceId);
    expect({ host, port }).toEqual({ host: expect.stringContaining(instanceId) as string, port: 5432 });
    expect(security).toEqual({ sslMode: 'verify-full', sslRootCert: '/opt/rds.pem' });
    const SecretId = (await find(instanceId))?.MasterUserSecret?.SecretArn;
    const { SecretString = '{}' } = await secrets.send(new GetSecretValueCommand({ SecretId }));
    expect(JSON.parse(SecretString)).toMatchObject({ username: user, password });
    expect(password.length).toBeGreaterThan(7);
  });

  test('destroys an instance until it is gone, however often it is asked', async () => {
    const instanceId = newId();
    await service.createInstance(request(instanceId));
    await service.deleteInstance(instanceId);
    expect(await service.describeInstance(instanceId)).toBeUndefined();
    await service.deleteInstance(instanceId);
    expect((await service.listInstances()).map((instance) => instance.instanceId)).not.toContain(instanceId);
  });

  test('touches nothing that is not a throwaway instance by name', async () => {
    const { production, snapshotId } = await makeSnapshot();
    for (const instanceId of [production, 'pgproof-drill-', 'pgproof-drill-a--b', 'pgproof-drill-a-', 'PGPROOF-DRILL-A', `pgproof-drill-${'a'.repeat(50)}`]) {
      await expect(service.deleteInstance(instanceId)).rejects.toBeInstanceOf(ConfigurationError);
      await expect(service.describeInstance(instanceId)).rejects.toBeInstanceOf(ConfigurationError);
      await expect(service.connection(instanceId)).rejects.toBeInstanceOf(ConfigurationError);
      await expect(service.createInstance(request(instanceId))).rejects.toBeInstanceOf(ConfigurationError);
      await expect(service.restoreSnapshot({ instanceId, snapshotId, tags: TAGS })).rejects.toBeInstanceOf(ConfigurationError);
    }
    expect(await find(production)).toMatchObject({ DBInstanceStatus: 'available', MasterUsername: 'owner' });
  });

  test('touches nothing that is not a throwaway instance by tag, whatever its name', async () => {
    const instanceId = newId();
    const own = { DBInstanceIdentifier: instanceId, Engine: 'postgres', DBInstanceClass: 'db.t4g.micro', AllocatedStorage: 20 };
    await rds.send(new CreateDBInstanceCommand({ ...own, MasterUsername: 'me', MasterUserPassword: 'my-own-password' }));
    await expect(service.deleteInstance(instanceId)).rejects.toBeInstanceOf(CleanupFailedError);
    await service.describeInstance(instanceId);
    expect(await find(instanceId)).not.toHaveProperty('MasterUserSecret.SecretArn');
    expect((await service.listInstances()).map((instance) => instance.instanceId)).not.toContain(instanceId);
    await rds.send(new DeleteDBInstanceCommand({ DBInstanceIdentifier: instanceId, SkipFinalSnapshot: true }));
  });

  test('makes nothing without the tag by which it could destroy it', async () => {
    const instanceId = newId();
    await expect(service.createInstance({ ...request(instanceId), tags: {} })).rejects.toBeInstanceOf(ConfigurationError);
    expect(await service.describeInstance(instanceId)).toBeUndefined();
  });

  test('lists the throwaway instances of this installation', async () => {
    const ids = [newId(), newId()];
    for (const id of ids) await service.createInstance(request(id));
    const { production } = await makeSnapshot();
    const listed = await service.listInstances();
    expect(listed.map(({ instanceId }) => instanceId)).toEqual(expect.arrayContaining(ids));
    expect(listed.map(({ instanceId }) => instanceId)).not.toContain(production);
    expect(listed.find(({ instanceId }) => instanceId === ids[0])?.createdAt).toBeInstanceOf(Date);
  });

  test('says what is missing when RDS refuses', async () => {
    const restore = service.restoreSnapshot({ instanceId: newId(), snapshotId: 'none-such', tags: TAGS });
    await expect(restore).rejects.toBeInstanceOf(NoBackupError);
    const create = makeService({ subnetGroup: 'none-such' }).createInstance(request(newId()));
    await expect(create).rejects.toBeInstanceOf(InstanceRefusedError);
    await expect(create).rejects.toMatchObject({ retriable: true, hint: 'aws rds describe-db-subnet-groups' });
  });

  test('describes a snapshot and whether it is whole', async () => {
    const { snapshotId } = await makeSnapshot();
    expect(await service.describeSnapshot(snapshotId)).toEqual({
      snapshotId,
      status: 'available',
      database: 'shop',
      takenAt: expect.any(Date) as Date,
      bytes: 21_474_836_480,
    });
    expect(await service.verifySnapshot(snapshotId)).toMatchObject({ examined: 1, problems: [] });
    expect(await service.describeSnapshot('none-such')).toBeUndefined();
    await expect(service.verifySnapshot('none-such')).rejects.toBeInstanceOf(NoBackupError);
  });
});
