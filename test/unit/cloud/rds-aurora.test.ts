import type { DBCluster, DBInstance } from '@aws-sdk/client-rds';
import { beforeEach, describe, expect, test } from 'vitest';
import { clusterStateOf } from '../../../src/cloud/aws/rds-cluster-state.ts';
import { isThrowawayId, memberIdOf } from '../../../src/cloud/aws/rds-throwaway.ts';
import { CleanupFailedError, InstanceFailedError, InstanceRefusedError } from '../../../src/errors.ts';
import { refuse, scriptRds, type Answers } from '../../helpers/scripted-rds.ts';

// The states between, which an emulator never shows.

const ID = 'pgproof-drill-shop-1';
const MEMBER = 'pgproof-drill-shop-1-6febe28e'; // by sha256sum
const TAGS = { 'pgproof:throwaway': 'true', 'pgproof:drill': 'd1' };
const TAG_LIST = Object.entries(TAGS).map(([Key, Value]) => ({ Key, Value }));

/** What there is in RDS at this moment; the answers are made of it. */
let cluster: DBCluster | undefined;
let member: DBInstance | undefined;
beforeEach(() => {
  cluster = undefined;
  member = undefined;
});

const ANSWERS: Answers = {
  DescribeDBSnapshots: refuse('DBSnapshotNotFoundFault'),
  DescribeDBClusterSnapshots: () => ({
    DBClusterSnapshots: [{ DBClusterSnapshotIdentifier: 's', Engine: 'aurora-postgresql', EngineVersion: '16.4', Status: 'available' }],
  }),
  DescribeDBClusters: () => (cluster ? { DBClusters: [cluster] } : refuse('DBClusterNotFoundFault')()),
  DescribeDBInstances: ({ DBInstanceIdentifier: id }) => (member && id === MEMBER ? { DBInstances: [member] } : refuse('DBInstanceNotFoundFault')()),
  RestoreDBClusterFromSnapshot: () => ({}),
  CreateDBInstance: () => ({}),
  ModifyDBCluster: () => ({}),
  DeleteDBInstance: () => ({}),
  DeleteDBCluster: () => ({}),
  GetSecretValue: () => ({ SecretString: '{"username":"owner","password":"secret"}' }),
};

const changes = (asked: { name: string }[]): string[] => asked.map(({ name }) => name).filter((name) => !name.startsWith('Describe'));
const request = { instanceId: ID, snapshotId: 's', tags: TAGS };
const AVAILABLE: DBCluster = {
  DBClusterIdentifier: ID, Status: 'available', Engine: 'aurora-postgresql', Endpoint: 'writer', Port: 5432,
  TagList: [...TAG_LIST, { Key: 'pgproof:class', Value: 'db.r7g.large' }],
};
const IN_CLUSTER: DBInstance = { DBInstanceIdentifier: MEMBER, DBClusterIdentifier: ID, DBInstanceStatus: 'available', TagList: TAG_LIST };
const SECRET = { SecretArn: 'arn:secret', SecretStatus: 'active' };

test('a cluster comes up in steps, each asked for when the one before is ready', async () => {
  const { service, asked } = scriptRds(ANSWERS);
  const look = async (): Promise<[string | undefined, string | undefined, string[]]> => {
    const instance = await service.describeInstance(ID);
    return [instance?.status, instance?.detail, changes(asked())];
  };
  await service.restoreSnapshot({ ...request, differences: { class: 'db.r7g.large', parameterGroup: 'shop-cluster' } });
  expect(asked().at(-1)).toEqual({
    name: 'RestoreDBClusterFromSnapshot',
    input: {
      DBClusterIdentifier: ID, SnapshotIdentifier: 's', Engine: 'aurora-postgresql', EngineVersion: '16.4',
      DBSubnetGroupName: 'drills', VpcSecurityGroupIds: ['sg-1'], DBClusterParameterGroupName: 'shop-cluster',
      DeletionProtection: false, BackupRetentionPeriod: 1, CopyTagsToSnapshot: false,
      EngineLifecycleSupport: 'open-source-rds-extended-support-disabled',
      Tags: [...TAG_LIST, { Key: 'pgproof:class', Value: 'db.r7g.large' }],
    },
  });
  cluster = { ...AVAILABLE, Status: 'creating' };
  expect(await look()).toEqual(['creating', 'its cluster is creating', []]);
  cluster = AVAILABLE;
  await service.describeInstance(ID);
  expect(asked().at(-1)).toEqual({
    name: 'CreateDBInstance',
    input: {
      DBInstanceIdentifier: MEMBER, DBClusterIdentifier: ID, DBInstanceClass: 'db.r7g.large', Engine: 'aurora-postgresql',
      DBSubnetGroupName: 'drills', PubliclyAccessible: false, AutoMinorVersionUpgrade: false, Tags: TAG_LIST,
    },
  });
  member = { ...IN_CLUSTER, DBInstanceStatus: 'creating' };
  expect(await look()).toEqual(['creating', 'its instance is creating', []]);
  member = IN_CLUSTER;
  await service.describeInstance(ID);
  expect(asked().at(-1)).toEqual({ name: 'ModifyDBCluster', input: { DBClusterIdentifier: ID, ManageMasterUserPassword: true, ApplyImmediately: true } });
  cluster = { ...AVAILABLE, MasterUserSecret: { ...SECRET, SecretStatus: 'creating' } };
  expect(await look()).toEqual(['creating', 'its password is creating', []]);
  await expect(service.connection(ID)).rejects.toBeInstanceOf(InstanceFailedError);
  cluster = { ...AVAILABLE, MasterUserSecret: SECRET };
  expect(await service.describeInstance(ID)).toMatchObject({ instanceId: ID, status: 'available', tags: TAGS, loadingPercent: 100 });
  expect(await service.connection(ID)).toEqual({ host: 'writer', port: 5432, user: 'owner', password: 'secret', sslMode: 'verify-full' });
});

test('a cluster goes down in steps, and looking at it never brings anything back', async () => {
  [cluster, member] = [{ ...AVAILABLE, MasterUserSecret: SECRET }, IN_CLUSTER];
  const answers = { ...ANSWERS };
  const { service, asked } = scriptRds(answers);
  const look = async () => (await service.describeInstance(ID, { advance: false }))?.status;
  answers['DeleteDBCluster'] = refuse('InvalidDBClusterStateFault'); // it has an instance
  await service.deleteInstance(ID);
  expect(asked().filter(({ name }) => name.startsWith('Delete'))).toEqual([
    { name: 'DeleteDBInstance', input: { DBInstanceIdentifier: MEMBER, SkipFinalSnapshot: true } },
    { name: 'DeleteDBCluster', input: { DBClusterIdentifier: ID, SkipFinalSnapshot: true, DeleteAutomatedBackups: true } },
  ]);
  member = { ...IN_CLUSTER, DBInstanceStatus: 'deleting' };
  expect(await look()).not.toBe('deleting'); // so that it is asked again
  await service.deleteInstance(ID);
  expect(changes(asked())).toEqual(['DeleteDBCluster']);
  member = undefined;
  expect(await look()).toBe('creating');
  answers['DeleteDBCluster'] = () => ({});
  await service.deleteInstance(ID);
  expect(changes(asked())).toEqual(['DeleteDBCluster']);
  cluster = { ...AVAILABLE, Status: 'deleting' };
  expect(await look()).toBe('deleting');
  await service.deleteInstance(ID);
  expect(changes(asked())).toEqual([]);
  cluster = undefined;
  expect(await look()).toBeUndefined();
  await service.deleteInstance(ID);
  expect(changes(asked())).toEqual([]);
});

test('an instance that outlives its cluster is not gone, and is deleted', async () => {
  member = IN_CLUSTER;
  const { service, asked } = scriptRds(ANSWERS);
  expect(await service.describeInstance(ID)).toMatchObject({ instanceId: ID, status: 'failed', detail: 'its cluster is gone' });
  await service.deleteInstance(ID);
  expect(changes(asked())).toEqual(['DeleteDBInstance']);
  member = { ...IN_CLUSTER, DBInstanceStatus: 'deleting' };
  expect(await service.describeInstance(ID)).toMatchObject({ instanceId: ID, status: 'deleting' });
});

test('a cluster that RDS will not delete though it is empty is a failed cleanup', async () => {
  cluster = AVAILABLE;
  const stuck = scriptRds({ ...ANSWERS, DeleteDBCluster: refuse('InvalidDBClusterStateFault') }).service;
  await expect(stuck.deleteInstance(ID)).rejects.toBeInstanceOf(CleanupFailedError);
  const denied = scriptRds({ ...ANSWERS, DeleteDBCluster: refuse('AccessDenied') }).service;
  await expect(denied.deleteInstance(ID)).rejects.toMatchObject({
    message: 'RDS refused to delete pgproof-drill-shop-1: AccessDenied: refused',
    hint: 'aws rds delete-db-cluster --skip-final-snapshot --db-cluster-identifier pgproof-drill-shop-1',
  });
});

test('a cluster without our tag is neither given an instance nor deleted', async () => {
  cluster = { ...AVAILABLE, TagList: [{ Key: 'environment', Value: 'production' }] };
  const { service, asked } = scriptRds(ANSWERS);
  expect((await service.describeInstance(ID))?.status).toBe('creating');
  await expect(service.deleteInstance(ID)).rejects.toBeInstanceOf(CleanupFailedError);
  expect(changes(asked())).toEqual([]);
});

test('asking again meets the cluster of the same drill and refuses that of another', async () => {
  cluster = AVAILABLE;
  const { service, asked } = scriptRds(ANSWERS);
  await service.restoreSnapshot(request);
  expect(changes(asked())).toEqual([]);
  await expect(service.restoreSnapshot({ ...request, tags: { ...TAGS, 'pgproof:drill': 'd2' } })).rejects.toBeInstanceOf(InstanceRefusedError);
});

test('an instance that is refused ends the drill with its reason; one that is too early or there already does not', async () => {
  cluster = AVAILABLE;
  for (const name of ['InvalidDBClusterStateFault', 'DBInstanceAlreadyExistsFault']) {
    const { service } = scriptRds({ ...ANSWERS, CreateDBInstance: refuse(name) });
    expect((await service.describeInstance(ID))?.status).toBe('creating');
  }
  const full = scriptRds({ ...ANSWERS, CreateDBInstance: refuse('InsufficientDBInstanceCapacityFault') }).service;
  await expect(full.describeInstance(ID)).rejects.toBeInstanceOf(InstanceRefusedError);
});

test('a snapshot of a Multi-AZ cluster becomes one instance', async () => {
  const DBClusterSnapshots = [{ DBClusterSnapshotIdentifier: 's', Engine: 'postgres', Status: 'available' }];
  const { service, asked } = scriptRds({ ...ANSWERS, DescribeDBClusterSnapshots: () => ({ DBClusterSnapshots }), RestoreDBInstanceFromDBSnapshot: () => ({}) });
  await service.restoreSnapshot(request);
  const { name, input } = asked().at(-1) ?? {};
  expect(name).toBe('RestoreDBInstanceFromDBSnapshot');
  expect(input).toMatchObject({ DBInstanceIdentifier: ID, DBClusterSnapshotIdentifier: 's', BackupRetentionPeriod: 0, MultiAZ: false, PubliclyAccessible: false });
  expect(input).not.toHaveProperty('DBSnapshotIdentifier');
});

test('lists a cluster once, with or without its instance, an instance that lost its cluster, and nothing of production', async () => {
  const second = 'pgproof-drill-shop-2';
  const orphan = { ...IN_CLUSTER, DBInstanceIdentifier: 'pgproof-drill-shop-3-abc', DBClusterIdentifier: 'pgproof-drill-shop-3' };
  const production = [{ Key: 'environment', Value: 'production' }];
  const { service } = scriptRds({
    DescribeDBClusters: () => ({
      DBClusters: [
        { ...AVAILABLE, MasterUserSecret: SECRET },
        { ...AVAILABLE, DBClusterIdentifier: second, Status: 'creating' },
        { ...AVAILABLE, DBClusterIdentifier: 'ledger' },
        { ...AVAILABLE, DBClusterIdentifier: 'pgproof-drill-named-only', TagList: production },
      ],
    }),
    DescribeDBInstances: () => ({ DBInstances: [IN_CLUSTER, orphan, { ...IN_CLUSTER, DBInstanceIdentifier: 'ledger-1', DBClusterIdentifier: 'ledger' }] }),
  });
  expect((await service.listInstances()).map(({ instanceId, status }) => [instanceId, status])).toEqual([
    ['pgproof-drill-shop-3-abc', 'creating'],
    [ID, 'available'],
    [second, 'creating'],
  ]);
});

describe('the state of a cluster', () => {
  test.each<[string, Partial<DBCluster>, Partial<DBInstance> | undefined, string]>([
    ['a cluster that failed', { Status: 'failed' }, {}, 'failed'],
    ['a clone that failed', { Status: 'cloning-failed' }, undefined, 'failed'],
    ['an instance that failed', {}, { DBInstanceStatus: 'incompatible-network' }, 'failed'],
    ['a cluster in a state of next year', { Status: 'some-state' }, {}, 'creating'],
    ['changes not yet applied', { PendingModifiedValues: { MasterUserPassword: '****' } }, {}, 'creating'],
    ['a password that failed', { MasterUserSecret: { SecretStatus: 'impaired' } }, {}, 'creating'],
    ['a first backup', { Status: 'backing-up' }, {}, 'available'],
  ])('with %s', (_, change, instance, status) => {
    const found = { ...AVAILABLE, MasterUserSecret: SECRET, ...change };
    expect(clusterStateOf(found, instance && { ...IN_CLUSTER, ...instance }).status).toBe(status);
  });
});

test('the name of the instance follows from that of its cluster and is a name that RDS allows', () => {
  expect(memberIdOf(ID)).toBe(MEMBER);
  const longest = `pgproof-drill-${'a'.repeat(49)}`;
  for (const id of [ID, longest, `pgproof-drill-${'b'.repeat(39)}-${'c'.repeat(9)}`]) {
    expect(isThrowawayId(id)).toBe(true);
    expect(isThrowawayId(memberIdOf(id))).toBe(true);
  }
  expect(memberIdOf(longest)).not.toBe(memberIdOf(longest.slice(0, -1)));
});
