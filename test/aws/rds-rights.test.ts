import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { RdsDatabaseService } from '../../src/cloud/aws/rds-database-service.ts';
import { systemClock } from '../../src/cloud/system-clock.ts';
import { packageService, type Packaged } from '../package/packaging.ts';
import { resolve } from '../package/resolve.ts';
import { emulator, uniqueName } from './clients.ts';
import { appliesTo, isAllowed, toList, type Act, type Policy } from './policy-simulation.ts';
import { clientOfRds, makeAccount, type RdsAccount } from './rds-account.ts';
import { startRecorder, type Recorder } from './recorder.ts';

const TAGS = { 'pgproof:throwaway': 'true', 'pgproof:drill': 'd1' };
const ROLES = ['PlanRole', 'RestoreRole', 'DescribeInstanceRole', 'ProveTaskRole', 'DestroyRole', 'ConfirmGoneRole'] as const;
type Role = (typeof ROLES)[number];
const RDS = 'arn:aws:rds:eu-central-1:123456789012';
const SECRETS = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret';

/** Everything that the drill's functions ask of RDS, each under its own role, judged by the packaged template. */
describe('the rights of a drill on RDS and Aurora', () => {
  let account: RdsAccount;
  let packaged: Packaged;
  let recorder: Recorder;
  let service: RdsDatabaseService;
  beforeAll(async () => {
    account = await makeAccount();
    packaged = await packageService(() => configurationOf(account));
    recorder = await startRecorder(inject('moto'));
    const through = emulator(recorder.url);
    const instances = { instanceClass: 'db.t4g.medium', storageGib: 20, subnetGroup: account.subnetGroup, securityGroupIds: ['sg-0123'] };
    const secrets = new SecretsManagerClient(through);
    service = new RdsDatabaseService({ rds: clientOfRds(through), secrets, clock: systemClock, instances });
    await drillEverything();
  });
  afterAll(async () => {
    await recorder?.close();
    await packaged?.remove();
  });

  const as = (role: Role): RdsDatabaseService => {
    recorder.actor = role;
    return service;
  };

  async function drillEverything(): Promise<void> {
    const sources = [{ database: 'orders', rds: account.instance }, { database: 'ledger', aurora: account.cluster }];
    await drill((instanceId) => as('RestoreRole').createInstance({ instanceId, major: 17, superuser: 'owner', parameters: {}, tags: TAGS }));
    for (const snapshotId of [account.snapshot, account.clusterSnapshot]) {
      await drill((instanceId) => as('RestoreRole').restoreSnapshot({ instanceId, snapshotId, tags: TAGS }));
      await as('DescribeInstanceRole').verifySnapshot(snapshotId); // of an instance that did not come up
      await as('ProveTaskRole').verifySnapshot(snapshotId);
    }
    for (const source of sources) {
      const { latest: to } = (await as('PlanRole').recoveryWindow(source)) ?? {};
      if (!to) throw new Error('no recovery window');
      await drill((instanceId) => as('RestoreRole').restoreToPointInTime({ instanceId, source, to, tags: TAGS }));
    }
  }

  /** A whole life: asked for twice, brought up, used, destroyed by the one function; and once more, by the other. */
  async function drill(restore: (instanceId: string) => Promise<void>): Promise<void> {
    for (const end of ['DestroyRole', 'ConfirmGoneRole'] as const) {
      const instanceId = uniqueName('pgproof-drill');
      await restore(instanceId);
      await restore(instanceId);
      for (let look = 0; (await as('DescribeInstanceRole').describeInstance(instanceId))?.status !== 'available'; look += 1) {
        if (look > 10) throw new Error(`${instanceId} never became available`);
      }
      await as('ProveTaskRole').connection(instanceId);
      await as('ProveTaskRole').describeInstance(instanceId, { advance: false });
      await as(end).deleteInstance(instanceId);
      expect(await as('ConfirmGoneRole').describeInstance(instanceId, { advance: false })).toBeUndefined();
    }
  }

  const policies = (role: string): Policy[] => {
    const { Properties } = packaged.template.Resources[role] ?? {};
    const inline = resolve(packaged.template, Properties?.['Policies']) as { PolicyDocument: Policy }[];
    return inline.map(({ PolicyDocument }) => PolicyDocument);
  };
  /** The template's subnet group does not exist in the emulator, and a secret's tags are known to AWS alone. */
  const acts = (): (Act & { actor: string })[] =>
    recorder.calls.flatMap(({ actor, action, resources, context }) =>
      resources.map((each) => {
        const resource = each.replace(account.subnetGroup, 'pgproof-drill-prod');
        return { actor, action, resource, context: { ...context, ...(action === 'secretsmanager:GetSecretValue' ? tagsOf(resource) : {}) } };
      }),
    );

  test('are enough for everything that is asked', () => {
    expect(new Set(acts().map(({ actor }) => actor))).toEqual(new Set(ROLES));
    const refused = acts().filter((act) => !isAllowed(policies(act.actor), act));
    expect([...new Set(refused.map(({ actor, action, resource }) => `${actor} ${action} ${resource}`))]).toEqual([]);
  });

  test.each(ROLES)('of %s hold nothing that is never asked', (role) => {
    const own = acts().filter(({ actor }) => actor === role);
    const allowed = policies(role).flatMap(({ Statement }) => Statement).filter(({ Effect }) => Effect === 'Allow');
    const unused = allowed.flatMap((statement) =>
      toList(statement.Action)
        .filter((action) => /^(rds|secretsmanager):/.test(action))
        .filter((action) => !own.some((act) => appliesTo({ ...statement, Action: action }, act)))
        .map((action) => `${statement.Sid} ${action}`),
    );
    expect(unused).toEqual([]);
  });

  test.each(ROLES)('of %s are each missed when they are taken away', (role) => {
    const statements = policies(role).flatMap(({ Statement }) => Statement);
    const own = acts().filter(({ actor }) => actor === role);
    const about = statements.filter(({ Effect, Action }) => Effect === 'Allow' && toList(Action).some((action) => /^(rds|secretsmanager):/.test(action)));
    const notMissed = about.filter((taken) => {
      const fewer = [{ Statement: statements.filter((each) => each !== taken) }];
      return own.every((act) => !appliesTo(taken, act) || isAllowed(fewer, act));
    });
    expect(about.length).toBeGreaterThan(1);
    expect(notMissed.map(({ Sid }) => Sid)).toEqual([]);
  });

  test.each<[string, Act]>([
    ['delete a production cluster', { action: 'rds:DeleteDBCluster', resource: `${RDS}:cluster:ledger`, context: { 'aws:ResourceTag/pgproof:throwaway': 'true' } }],
    ['change a production cluster', { action: 'rds:ModifyDBCluster', resource: `${RDS}:cluster:ledger`, context: { 'aws:ResourceTag/pgproof:throwaway': 'true' } }],
    ['tag a production cluster', { action: 'rds:AddTagsToResource', resource: `${RDS}:cluster:ledger`, context: { 'aws:RequestTag/pgproof:throwaway': 'true' } }],
    ['add an instance to a production cluster', { action: 'rds:CreateDBInstance', resource: `${RDS}:cluster:ledger` }],
    ['delete a cluster that is only named like a throwaway', { action: 'rds:DeleteDBCluster', resource: `${RDS}:cluster:pgproof-drill-x` }],
    ['change a cluster that is only named like a throwaway', { action: 'rds:ModifyDBCluster', resource: `${RDS}:cluster:pgproof-drill-x` }],
    ['take the tag off a cluster', { action: 'rds:RemoveTagsFromResource', resource: `${RDS}:cluster:pgproof-drill-x`, context: { 'aws:ResourceTag/pgproof:throwaway': 'true' } }],
    ['restore a snapshot over a production cluster', { action: 'rds:RestoreDBClusterFromSnapshot', resource: `${RDS}:cluster:ledger` }],
    ['recover an instance that is no source', { action: 'rds:RestoreDBInstanceToPointInTime', resource: `${RDS}:db:payroll` }],
    ['recover a cluster that is no source', { action: 'rds:RestoreDBClusterToPointInTime', resource: `${RDS}:cluster:payroll` }],
    ['look at an instance that is no source', { action: 'rds:DescribeDBInstances', resource: `${RDS}:db:payroll` }],
    ['make an instance in a cluster open to the world', { action: 'rds:CreateDBInstance', resource: `${RDS}:db:pgproof-drill-x`, context: { 'rds:PubliclyAccessible': 'true' } }],
    ['recover an instance open to the world', { action: 'rds:RestoreDBInstanceToPointInTime', resource: `${RDS}:db:pgproof-drill-x`, context: { 'rds:PubliclyAccessible': 'true' } }],
    ["read a production cluster's password", { action: 'secretsmanager:GetSecretValue', resource: `${SECRETS}:rds!cluster-1`, context: { [CLUSTER_TAG()]: `${RDS}:cluster:ledger` } }],
    ['fail a cluster over', { action: 'rds:FailoverDBCluster', resource: `${RDS}:cluster:pgproof-drill-x` }],
    ['delete a cluster snapshot', { action: 'rds:DeleteDBClusterSnapshot', resource: `${RDS}:cluster-snapshot:ledger-1` }],
    ['give a cluster snapshot away', { action: 'rds:ModifyDBClusterSnapshotAttribute', resource: `${RDS}:cluster-snapshot:ledger-1` }],
  ])('let no role %s', (_, act) => {
    for (const role of ROLES) expect([role, isAllowed(policies(role), act)]).toEqual([role, false]);
  });

  test('let RestoreRole alone recover a source, and let nobody change it', () => {
    const recovering = { action: 'rds:RestoreDBInstanceToPointInTime', resource: `${RDS}:db:${account.instance}` };
    expect(ROLES.filter((role) => isAllowed(policies(role), recovering))).toEqual(['RestoreRole']);
    const tagged = { 'aws:ResourceTag/pgproof:throwaway': 'true', 'aws:RequestTag/pgproof:throwaway': 'true' };
    for (const action of ['rds:ModifyDBInstance', 'rds:DeleteDBInstance', 'rds:AddTagsToResource', 'rds:RebootDBInstance', 'rds:RestoreDBInstanceFromDBSnapshot', 'rds:CreateDBInstance']) {
      expect(ROLES.filter((role) => isAllowed(policies(role), { ...recovering, action, context: tagged }))).toEqual([]);
    }
  });
});

function CLUSTER_TAG(): string {
  return 'secretsmanager:ResourceTag/aws:rds:primaryDBClusterArn';
}

function tagsOf(secret: string): Record<string, string> {
  return secret.includes('rds!cluster-')
    ? { [CLUSTER_TAG()]: `${RDS}:cluster:pgproof-drill-x` }
    : { 'secretsmanager:ResourceTag/aws:rds:primaryDBInstanceArn': `${RDS}:db:pgproof-drill-x` };
}

function configurationOf({ instance, cluster }: RdsAccount): string {
  const secret = 'secret: arn:aws:secretsmanager:eu-central-1:123456789012:secret:backup-AbCdEf, securityGroup: sg-0123456789abcdef0';
  return `
databases:
  orders:
    source: { rds: ${instance}, database: orders, ${secret} }
  ledger:
    source: { aurora: ${cluster}, database: ledger, ${secret} }
aws:
  region: eu-central-1
  network: { vpc: vpc-0123456789abcdef0, subnets: [subnet-0123456789abcdef0, subnet-0123456789abcdef1] }
`;
}
