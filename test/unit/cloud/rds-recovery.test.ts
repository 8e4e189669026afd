import { describe, expect, test } from 'vitest';
import { ConfigurationError, InstanceRefusedError } from '../../../src/errors.ts';
import { refuse, scriptRds, type Answers } from '../../helpers/scripted-rds.ts';

const SHOP = { database: 'shop', rds: 'orders' };
const LEDGER = { database: 'ledger', aurora: 'ledger' };
const date = (text: string) => new Date(text);

const ORDERS = { DBInstanceIdentifier: 'orders', DbiResourceId: 'db-NEW', BackupRetentionPeriod: 7, LatestRestorableTime: date('2026-11-20T01:55:03.900Z') };
const BACKUPS = [
  { DbiResourceId: 'db-OLD', Status: 'retained', RestoreWindow: { EarliestTime: date('2026-01-01T00:00:00Z'), LatestTime: date('2026-02-01T00:00:00Z') } },
  { DbiResourceId: 'db-NEW', Status: 'active', RestoreWindow: { EarliestTime: date('2026-11-13T02:10:00Z'), LatestTime: date('2026-11-20T01:55:03Z') } },
];
const CLUSTER = { Engine: 'aurora-postgresql', EarliestRestorableTime: date('2026-11-19T02:00:00Z'), LatestRestorableTime: date('2026-11-20T01:58:00Z') };

const ANSWERS: Answers = {
  DescribeDBInstances: () => ({ DBInstances: [ORDERS] }),
  DescribeDBInstanceAutomatedBackups: () => ({ DBInstanceAutomatedBackups: BACKUPS }),
  DescribeDBClusters: () => ({ DBClusters: [CLUSTER] }),
};

describe('the recovery window', () => {
  test('of an instance goes from its own oldest backup to its last log, to the whole second', async () => {
    const { service, asked } = scriptRds(ANSWERS);
    expect(await service.recoveryWindow(SHOP)).toEqual({ earliest: date('2026-11-13T02:10:00Z'), latest: date('2026-11-20T01:55:03Z') });
    expect(asked().map(({ input }) => input)).toEqual([{ DBInstanceIdentifier: 'orders' }, { DBInstanceIdentifier: 'orders' }]);
  });

  test('of a cluster is what the cluster says', async () => {
    const { service, asked } = scriptRds(ANSWERS);
    expect(await service.recoveryWindow(LEDGER)).toEqual({ earliest: date('2026-11-19T02:00:00Z'), latest: date('2026-11-20T01:58:00Z') });
    expect(asked()).toEqual([{ name: 'DescribeDBClusters', input: { DBClusterIdentifier: 'ledger' } }]);
  });

  test.each<[string, Answers]>([
    ['backups are off', { DescribeDBInstances: () => ({ DBInstances: [{ ...ORDERS, BackupRetentionPeriod: 0 }] }) }],
    ['no log has been shipped yet', { DescribeDBInstances: () => ({ DBInstances: [{ ...ORDERS, LatestRestorableTime: undefined }] }) }],
    ['only backups of an earlier instance of that name are left', { DescribeDBInstanceAutomatedBackups: () => ({ DBInstanceAutomatedBackups: BACKUPS.slice(0, 1) }) }],
    ['the first backup is still being taken', { DescribeDBInstanceAutomatedBackups: () => ({ DBInstanceAutomatedBackups: [{ DbiResourceId: 'db-NEW', Status: 'creating' }] }) }],
  ])('is none when %s', async (_, change) => {
    expect(await scriptRds({ ...ANSWERS, ...change }).service.recoveryWindow(SHOP)).toBeUndefined();
  });

  test('is none of a cluster that has no backup yet', async () => {
    const young = scriptRds({ DescribeDBClusters: () => ({ DBClusters: [{ ...CLUSTER, EarliestRestorableTime: undefined }] }) }).service;
    expect(await young.recoveryWindow(LEDGER)).toBeUndefined();
  });

  test.each([
    ['an instance that RDS does not know', SHOP, { DescribeDBInstances: refuse('DBInstanceNotFoundFault') }, 'databases.shop.source.rds: RDS has no orders'],
    ['a cluster that RDS does not know', LEDGER, { DescribeDBClusters: refuse('DBClusterNotFoundFault') }, 'databases.ledger.source.aurora: RDS has no ledger'],
    ['a Multi-AZ cluster', LEDGER, { DescribeDBClusters: () => ({ DBClusters: [{ ...CLUSTER, Engine: 'postgres' }] }) }, 'ledger is a Multi-AZ cluster'],
    ['a database that is not in RDS', { database: 'elsewhere' }, {}, 'databases.elsewhere.source: only of rds and aurora'],
  ])('is asked in vain of %s', async (_, source, change, message) => {
    const asking = scriptRds({ ...ANSWERS, ...change }).service.recoveryWindow(source);
    await expect(asking).rejects.toBeInstanceOf(ConfigurationError);
    await expect(asking).rejects.toThrow(message);
  });

  test('may be asked again when RDS does not answer', async () => {
    for (const name of ['DescribeDBInstances', 'DescribeDBInstanceAutomatedBackups']) {
      const { service } = scriptRds({ ...ANSWERS, [name]: refuse('AccessDenied') });
      await expect(service.recoveryWindow(SHOP)).rejects.toBeInstanceOf(InstanceRefusedError);
    }
  });
});

describe('a restore to a point in time', () => {
  const request = { instanceId: 'pgproof-drill-shop-1', to: date('2026-11-20T01:30:00Z'), tags: { 'pgproof:throwaway': 'true', 'pgproof:drill': 'd1' } };
  const Tags = [{ Key: 'pgproof:throwaway', Value: 'true' }, { Key: 'pgproof:drill', Value: 'd1' }];

  test('of an instance says every parameter', async () => {
    const { service, asked } = scriptRds({ RestoreDBInstanceToPointInTime: () => ({}) });
    await service.restoreToPointInTime({ ...request, source: SHOP, differences: { class: 'db.m7g.large', storageGib: 500 } });
    expect(asked()).toEqual([
      {
        name: 'RestoreDBInstanceToPointInTime',
        input: {
          SourceDBInstanceIdentifier: 'orders', TargetDBInstanceIdentifier: 'pgproof-drill-shop-1', RestoreTime: date('2026-11-20T01:30:00Z'),
          DBInstanceClass: 'db.m7g.large', DBSubnetGroupName: 'drills', VpcSecurityGroupIds: ['sg-1'], DBParameterGroupName: 'own',
          PubliclyAccessible: false, MultiAZ: false, DeletionProtection: false, BackupRetentionPeriod: 0, CopyTagsToSnapshot: false,
          AutoMinorVersionUpgrade: false, EngineLifecycleSupport: 'open-source-rds-extended-support-disabled', Tags,
        },
      },
    ]);
  });

  test('of a cluster says every parameter and copies all of it', async () => {
    const { service, asked } = scriptRds({ DescribeDBClusters: refuse('DBClusterNotFoundFault'), RestoreDBClusterToPointInTime: () => ({}) });
    await service.restoreToPointInTime({ ...request, source: LEDGER });
    expect(asked().at(-1)).toEqual({
      name: 'RestoreDBClusterToPointInTime',
      input: {
        DBClusterIdentifier: 'pgproof-drill-shop-1', SourceDBClusterIdentifier: 'ledger', RestoreToTime: date('2026-11-20T01:30:00Z'), RestoreType: 'full-copy',
        DBSubnetGroupName: 'drills', VpcSecurityGroupIds: ['sg-1'],
        DeletionProtection: false, BackupRetentionPeriod: 1, CopyTagsToSnapshot: false,
        EngineLifecycleSupport: 'open-source-rds-extended-support-disabled', Tags: [...Tags, { Key: 'pgproof:class', Value: 'db.t4g.medium' }],
      },
    });
  });

  test.each(['PointInTimeRestoreNotEnabledFault', 'InvalidRestoreFault', 'DBInstanceNotFoundFault'])('explains %s', async (name) => {
    const restoring = scriptRds({ RestoreDBInstanceToPointInTime: refuse(name) }).service.restoreToPointInTime({ ...request, source: SHOP });
    await expect(restoring).rejects.toBeInstanceOf(InstanceRefusedError);
    await expect(restoring).rejects.toMatchObject({ hint: expect.not.stringContaining('describe-events') as string });
  });

  test('under a name that is not a throwaway instance’s, without its tag, or of no source is refused before RDS is asked', async () => {
    const { service, asked } = scriptRds({});
    for (const change of [{ instanceId: 'orders' }, { tags: {} }, { source: { database: 'elsewhere' } }]) {
      await expect(service.restoreToPointInTime({ ...request, source: SHOP, ...change })).rejects.toBeInstanceOf(ConfigurationError);
    }
    expect(asked()).toEqual([]);
  });
});

test('a database’s own class and storage win over the installation’s, and no others', async () => {
  const { service, asked } = scriptRds({ CreateDBInstance: () => ({}) });
  const request = { instanceId: 'pgproof-drill-a', major: 17, superuser: 'owner', parameters: {}, tags: { 'pgproof:throwaway': 'true' } };
  await service.createInstance({ ...request, differences: { class: 'db.m7g.large', storageGib: 500, parameterGroup: 'shop' } });
  await service.createInstance({ ...request, differences: {} });
  const [own, common] = asked();
  expect(own?.input).toMatchObject({ DBInstanceClass: 'db.m7g.large', AllocatedStorage: 500, DBParameterGroupName: 'shop' });
  expect(common?.input).toMatchObject({ DBInstanceClass: 'db.t4g.medium', AllocatedStorage: 20, DBParameterGroupName: 'own' });
});
