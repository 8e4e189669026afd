import { expect, test } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';
import { DrillInput } from '../../src/drill/contract.ts';
import type { Packaged, Resource } from './packaging.ts';
import { resolve } from './resolve.ts';

type Properties = Record<string, unknown>;

/** What two-databases.yml makes of the template, database by database. */
export function testDatabases(packaged: () => Packaged): void {
  const template = () => packaged().template;
  const ofType = (type: string): Record<string, Properties> =>
    Object.fromEntries(
      Object.entries(template().Resources)
        .filter(([, { Type }]) => Type === type)
        .map(([name, { Properties }]: [string, Resource]) => [name, resolve(template(), Properties) as Properties]),
    );

  test('are told apart although their names differ by a hyphen only', () => {
    const own = Object.keys(template().Resources).filter((name) => name.startsWith('Database'));
    expect(own.filter((name) => name.startsWith('DatabaseShopXeu')).length).toBe(12);
    expect(own.filter((name) => name.startsWith('DatabaseShopeu')).length).toBe(4);
    expect(own).toHaveLength(16);
  });

  test('have a schedule for each kind of backup and each kind of drill', () => {
    const schedules = Object.values(ofType('AWS::Scheduler::Schedule'));
    const said = schedules.map(({ Name, ScheduleExpression, ScheduleExpressionTimezone, FlexibleTimeWindow }) => [
      Name,
      ScheduleExpression,
      ScheduleExpressionTimezone,
      (FlexibleTimeWindow as { MaximumWindowInMinutes?: number }).MaximumWindowInMinutes ?? FlexibleTimeWindow,
    ]);
    expect(said).toEqual([
      ['shop-eu-snapshot', 'cron(17 1 * * ? *)', 'Etc/UTC', 15],
      ['shop-eu-dump', 'cron(17 3 * * ? *)', 'Europe/Berlin', { Mode: 'OFF' }],
      ['shop-eu-drill-dump', 'cron(17 5 ? * MON *)', 'Etc/UTC', 60],
      ['shop-eu-drill-snapshot', 'cron(17 5 ? * MON *)', 'Etc/UTC', 60],
      ['shop-eu-drill-pitr', 'cron(17 5 ? * MON *)', 'Etc/UTC', 60],
      ['shopeu-dump', 'rate(12 hours)', 'Etc/UTC', 15],
    ]);
  });

  test('begin their backups with the scheduled time, are tried for an hour and kept when that was in vain', () => {
    const { DatabaseShopXeuDumpSchedule: dump, DatabaseShopXeuSnapshotSchedule: snapshot } = ofType('AWS::Scheduler::Schedule');
    expect(dump?.['Target']).toEqual({
      Arn: 'arn:aws:lambda:eu-central-1:123456789012:DumpLambdaFunction',
      RoleArn: 'arn:aws:iam:eu-central-1:123456789012:SchedulerRole',
      Input: '{"database":"shop-eu","scheduledAt":"<aws.scheduler.scheduled-time>"}',
      RetryPolicy: { MaximumEventAgeInSeconds: 3600, MaximumRetryAttempts: 10 },
      DeadLetterConfig: { Arn: 'arn:aws:sqs:eu-central-1:123456789012:UndeliveredScheduleQueue' },
    });
    expect(snapshot?.['Target']).toMatchObject({ Arn: 'arn:aws:lambda:eu-central-1:123456789012:SnapshotLambdaFunction' });
  });

  test('begin a drill under a name that an execution may have, with an input that it understands', () => {
    const { Target } = ofType('AWS::Scheduler::Schedule')['DatabaseShopXeuSnapshotDrillSchedule'] as { Target: { Arn: string; Input: string } };
    expect(Target.Arn).toBe('arn:aws:scheduler:::aws-sdk:sfn:startExecution');
    const filled = Target.Input.replaceAll('<aws.scheduler.execution-id>', '5068e532-bca5-4efc-be63-c93601fe6344').replaceAll(
      '<aws.scheduler.scheduled-time>',
      '2026-11-23T05:17:00Z',
    );
    const { StateMachineArn, Name, Input } = JSON.parse(filled) as Record<string, string>;
    expect(StateMachineArn).toBe('arn:aws:states:eu-central-1:123456789012:RestoreDrill');
    // What Step Functions refuses in a name; a colon is among it, and so the scheduled time would be.
    const refused = /[\s<>{}[\]?*"#%\\^|~`$&,;:/]|^.{81}/;
    expect(Name).toBe('shop-eu-snapshot-5068e532-bca5-4efc-be63-c93601fe6344');
    expect(Name).not.toMatch(refused);
    expect('shop-eu-snapshot-2026-11-23T05:17:00Z').toMatch(refused);
    expect(DrillInput.parse(JSON.parse(Input ?? ''))).toEqual({ database: 'shop-eu', kind: 'snapshot' });
  });

  test('are scheduled by a role that can begin these things, and can be taken by Scheduler for this account alone', () => {
    const { AssumeRolePolicyDocument, Policies } = ofType('AWS::IAM::Role')['SchedulerRole'] ?? {};
    expect(AssumeRolePolicyDocument).toMatchObject({
      Statement: [{ Principal: { Service: 'scheduler.amazonaws.com' }, Condition: { StringEquals: { 'aws:SourceAccount': '123456789012' } } }],
    });
    expect(statementsOf(Policies)).toEqual([
      ['sqs:SendMessage', 'arn:aws:sqs:eu-central-1:123456789012:UndeliveredScheduleQueue'],
      ['lambda:InvokeFunction', ['arn:aws:lambda:eu-central-1:123456789012:SnapshotLambdaFunction', 'arn:aws:lambda:eu-central-1:123456789012:DumpLambdaFunction']],
      ['states:StartExecution', 'arn:aws:states:eu-central-1:123456789012:RestoreDrill'],
    ]);
  });

  test('are read by tasks of their own, that know of one database alone', () => {
    const definitions = ofType('AWS::ECS::TaskDefinition');
    const known = Object.values(definitions).map((definition) => [definition['Family'], Object.keys(configOf(definition).databases)]);
    expect(known).toEqual([
      ['pgproof-prod-prove', ['shop-eu', 'shopeu']],
      ['pgproof-prod-validate', ['shop-eu', 'shopeu']],
      ['pgproof-prod-source-shop-eu', ['shop-eu']],
      ['pgproof-prod-source-shopeu', ['shopeu']],
    ]);
    expect(configOf(definitions['ProveTaskDefinition'] ?? {}).databases['shop-eu']?.alerts.provenAge).toBe(864_000);
    for (const definition of Object.values(definitions)) {
      expect(definition).toMatchObject({
        Cpu: '2048',
        Memory: '8192',
        EphemeralStorage: { SizeInGiB: 100 },
        ContainerDefinitions: [{ Name: 'worker', Image: 'registry.example.com/pgproof-worker@sha256:0123' }],
      });
    }
    expect(new Set(Object.values(definitions).map((definition) => definition['TaskRoleArn'])).size).toBe(4);
  });

  test("are read with a role that opens no other's secret and writes no other's backups", () => {
    const roles = ofType('AWS::IAM::Role');
    const places = (database: string) => ['dumps', 'snapshots', 'readings'].map((place) => `arn:aws:s3:::backupbucket/v1/${database}/${place}/*`);
    const store = (database: string) => [
      ['s3:ListBucket', 'arn:aws:s3:::backupbucket'],
      ['s3:GetObject', places(database)],
      [['s3:PutObject', 's3:AbortMultipartUpload'], places(database)],
      [['kms:GenerateDataKey', 'kms:Decrypt'], 'arn:aws:kms:eu-central-1:123456789012:key/BackupKey'],
    ];
    expect(statementsOf(roles['DatabaseShopXeuSourceRole']?.['Policies'])).toEqual([
      ...store('shop-eu'),
      ['rds:DescribeDBInstances', 'arn:aws:rds:eu-central-1:123456789012:db:shop-production'],
      ['secretsmanager:GetSecretValue', 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop-backup-AbCdEf'],
      ['kms:Decrypt', 'arn:aws:kms:eu-central-1:123456789012:key/*'],
    ]);
    expect(roles['DatabaseShopXeuSourceRole']).toHaveProperty('Policies.0.PolicyDocument.Statement.6.Condition.StringEquals', {
      'kms:ViaService': 'secretsmanager.eu-central-1.amazonaws.com',
      'kms:EncryptionContext:SecretARN': 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop-backup-AbCdEf',
    });
    expect(statementsOf(roles['DatabaseShopeuSourceRole']?.['Policies'])).toEqual([
      ...store('shopeu'),
      ['rds:DescribeDBClusters', 'arn:aws:rds:eu-central-1:123456789012:cluster:shop-cluster'],
      ['rds-db:connect', 'arn:aws:rds-db:eu-central-1:123456789012:dbuser:cluster-ABCDEFGHIJKL01234/pgproof'],
    ]);
  });

  test('can be read for a drill: the machine may run and hand over exactly the tasks and roles that it uses', () => {
    const statements = statementsOf(ofType('AWS::IAM::Role')['RestoreDrillRole']?.['Policies']);
    const definition = (name: string) => `arn:aws:ecs:eu-central-1:123456789012:task-definition/pgproof-prod-${name}:*`;
    const role = (name: string) => `arn:aws:iam:eu-central-1:123456789012:${name}`;
    expect(statements).toContainEqual(['ecs:RunTask', [definition('prove'), definition('source-shop-eu'), definition('source-shopeu')]]);
    expect(statements).toContainEqual([
      'iam:PassRole',
      ['WorkerExecutionRole', 'ProveTaskRole', 'DatabaseShopXeuSourceRole', 'DatabaseShopeuSourceRole'].map(role),
    ]);
  });

  test('raise an alarm by age for every kind that is scheduled, also when nothing is measured', () => {
    const alarms = Object.values(ofType('AWS::CloudWatch::Alarm')).filter(({ MetricName }) => String(MetricName).endsWith('AgeSeconds'));
    const said = alarms.map(({ MetricName, Dimensions, Threshold }) => [MetricName, ...(Dimensions as { Value: string }[]).map(({ Value }) => Value), Threshold]);
    expect(said).toEqual([
      ['BackupAgeSeconds', 'shop-eu', 'dump', 108_000],
      ['BackupAgeSeconds', 'shop-eu', 'snapshot', 108_000],
      ['ProvenAgeSeconds', 'shop-eu', 'dump', 864_000],
      ['ProvenAgeSeconds', 'shop-eu', 'snapshot', 864_000],
      ['ProvenAgeSeconds', 'shop-eu', 'pitr', 864_000],
      ['BackupAgeSeconds', 'shopeu', 'dump', 93_600],
    ]);
    for (const alarm of alarms) {
      expect((alarm['Dimensions'] as { Name: string }[]).map(({ Name }) => Name)).toEqual(['Database', 'Kind']);
      expect(alarm).toMatchObject({ TreatMissingData: 'breaching', ComparisonOperator: 'GreaterThanThreshold', Statistic: 'Maximum' });
    }
    expect(alarms[0]?.['AlarmDescription']).toBe('shop-eu has had no valid dump for 30 hours, or nothing says whether it has');
  });

  test('are opened to the tasks that read them, by one rule on either side, and to nothing that proves', () => {
    const rules = { ...ofType('AWS::EC2::SecurityGroupEgress'), ...ofType('AWS::EC2::SecurityGroupIngress') };
    const said = Object.values(template().Resources)
      .filter(({ Type }) => /SecurityGroup(Egress|Ingress)$/.test(Type))
      .map(({ Type, Properties: { GroupId, SourceSecurityGroupId: from, DestinationSecurityGroupId: to, FromPort, ToPort } }) => [Type.slice(23), GroupId, from ?? to, FromPort, ToPort]);
    expect(Object.keys(rules)).toHaveLength(4);
    expect(said).toEqual([
      ['Egress', { Ref: 'ProveSecurityGroup' }, { Ref: 'ThrowawaySecurityGroup' }, 5432, 5432],
      ['Ingress', { Ref: 'ThrowawaySecurityGroup' }, { Ref: 'ProveSecurityGroup' }, 5432, 5432],
      ['Egress', { Ref: 'SourceSecurityGroup' }, 'sg-0123456789abcdef0', 5432, 5432],
      ['Ingress', 'sg-0123456789abcdef0', { Ref: 'SourceSecurityGroup' }, 5432, 5432],
    ]);
  });
}

/** Action and resource of each statement, which is all that most say. */
function statementsOf(policies: unknown): unknown[] {
  const documents = policies as { PolicyDocument: { Statement: { Effect: string; Action: unknown; Resource: unknown }[] } }[];
  const statements = documents.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
  expect(new Set(statements.map(({ Effect }) => Effect))).toEqual(new Set(['Allow']));
  return statements.map(({ Action, Resource }) => [Action, Resource]);
}

/** The configuration that a task finds in its environment, read as the worker reads it. */
function configOf(definition: Properties) {
  const [container] = definition['ContainerDefinitions'] as { Environment: { Name: string; Value: string }[] }[];
  const value = container?.Environment.find(({ Name }) => Name === 'PGPROOF_CONFIG_BASE64')?.Value ?? '';
  return parseConfig(Buffer.from(value, 'base64').toString(), 'PGPROOF_CONFIG_BASE64');
}
