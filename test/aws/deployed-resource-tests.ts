import { CreateScheduleCommand, CreateScheduleGroupCommand, GetScheduleCommand, ListSchedulesCommand, SchedulerClient, type CreateScheduleCommandInput } from '@aws-sdk/client-scheduler';
import { beforeAll, expect, test } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';
import { emulator } from './clients.ts';
import { environmentOfTask, physicalIds, readCallers, readRole, readRules, roleName, roleOfFunction, type Statement } from './deployed-resources.ts';
import type { Deployed } from './deployed.ts';

const ACCOUNT = '123456789012';

/** What `serverless deploy` made, asked of the services themselves. */
export function testDeployedResources(deployed: () => Deployed): void {
  let names: ReadonlyMap<string, string>;
  beforeAll(async () => {
    names = await physicalIds();
  });
  const resources = (type: string) => Object.entries(deployed().template.Resources).filter(([, { Type }]) => Type === type);
  const nameOf = (logicalId: string): string => {
    const name = names.get(logicalId);
    if (name === undefined) throw new Error(`the stack made no ${logicalId}`);
    return name;
  };
  const allowed = (statements: readonly Statement[], action: string) =>
    statements.filter(({ Action }) => [Action].flat().includes(action)).flatMap(({ Resource = [] }) => [Resource].flat());

  test('lets every rule call the function that it is for, and nobody else by it', async () => {
    const rules = await readRules();
    expect(rules.length).toBe(resources('AWS::Events::Rule').length);
    for (const { rule, targets } of rules) {
      expect([rule.Name, rule.State, targets.length]).toEqual([rule.Name, 'ENABLED', 1]);
      expect(await readCallers(targets[0] ?? '')).toContainEqual({ service: 'events.amazonaws.com', from: rule.Arn });
    }
    const manifests = rules.find(({ rule }) => rule.Name?.includes('ManifestRule'));
    expect(manifests?.targets).toEqual([expect.stringMatching(/:function:pgproof-prod-validate$/)]);
    expect(JSON.parse(manifests?.rule.EventPattern ?? '{}')).toMatchObject({ source: ['aws.s3'], detail: { bucket: { name: [nameOf('BackupBucket')] } } });
  });

  test('gives every function the role that is named for it, which Lambda alone can take', async () => {
    const taken: string[] = [];
    for (const [logicalId, { Properties }] of resources('AWS::Lambda::Function')) {
      const role = roleName(await roleOfFunction(nameOf(logicalId)));
      expect(role).toBe(nameOf((Properties['Role'] as { 'Fn::Sub': string })['Fn::Sub'].slice(2, -'.Arn}'.length)));
      expect((await readRole(role)).trust).toMatchObject([{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' } }]);
      taken.push(role);
    }
    expect(new Set(taken).size).toBe(taken.length);
  });

  test('has a task for everything that a worker does, which knows its bucket and its configuration', async () => {
    // The source's task knows of its own database alone.
    const known = { prove: ['ledger', 'shop'], validate: ['ledger', 'shop'], 'source-shop': ['shop'], 'source-ledger': ['ledger'] };
    for (const [name, databases] of Object.entries(known)) {
      const { PGPROOF_CONFIG_BASE64 = '', ...environment } = await environmentOfTask(`pgproof-prod-${name}`);
      expect(environment).toMatchObject({ PGPROOF_BUCKET: nameOf('BackupBucket'), PGPROOF_PEOPLE_TOPIC_ARN: nameOf('PeopleTopic') });
      expect(Object.keys(parseConfig(Buffer.from(PGPROOF_CONFIG_BASE64, 'base64').toString(), name).databases).toSorted()).toEqual(databases);
    }
  });

  test('has a role for every task that tasks of the account alone can take, and the source its own secret alone', async () => {
    for (const name of ['ProveTaskRole', 'ValidateTaskRole', 'DatabaseShopSourceRole', 'WorkerExecutionRole']) {
      expect((await readRole(nameOf(name))).trust).toMatchObject([
        { Principal: { Service: 'ecs-tasks.amazonaws.com' }, Condition: { StringEquals: { 'aws:SourceAccount': ACCOUNT } } },
      ]);
    }
    const { statements } = await readRole(nameOf('DatabaseShopSourceRole'));
    const bucket = `arn:aws:s3:::${nameOf('BackupBucket')}`;
    expect(allowed(statements, 's3:PutObject')).toEqual(['dumps', 'snapshots', 'readings'].map((place) => `${bucket}/v1/shop/${place}/*`));
    expect(allowed(statements, 'secretsmanager:GetSecretValue')).toHaveLength(1);
    expect(allowed((await readRole(nameOf('ProveTaskRole'))).statements, 's3:PutObject')).toEqual([`${bucket}/v1/*/drills/*/proof.json`]);
  });

  test('lets the machine hand over the very roles of the tasks that it runs', async () => {
    const { trust, statements } = await readRole(nameOf('RestoreDrillRole'));
    expect(trust).toMatchObject([{ Principal: { Service: 'states.amazonaws.com' } }]);
    expect(allowed(statements, 'iam:PassRole').sort()).toEqual(
      ['WorkerExecutionRole', 'ProveTaskRole', 'DatabaseShopSourceRole', 'DatabaseLedgerSourceRole'].map(arnOf).sort(),
    );
    expect(allowed(statements, 'ecs:RunTask').toSorted()).toEqual(
      ['prove', 'source-ledger', 'source-shop'].map((name) => `arn:aws:ecs:eu-central-1:${ACCOUNT}:task-definition/pgproof-prod-${name}:*`),
    );
  });

  test('leaves no placeholder in any policy', async () => {
    const roles = resources('AWS::IAM::Role').map(([logicalId]) => logicalId);
    expect(roles.length).toBeGreaterThanOrEqual(15);
    for (const logicalId of roles) expect(JSON.stringify(await readRole(nameOf(logicalId)))).not.toMatch(/\$\{|"Ref"|Fn::/);
  });

  test('has schedules that Scheduler takes and gives back, with targets and a role that were deployed', async () => {
    // The emulator's CloudFormation makes none, so each is made from the deployed template as CloudFormation would.
    const client = new SchedulerClient(emulator());
    await client.send(new CreateScheduleGroupCommand({ Name: 'pgproof-prod' }));
    for (const [, { Properties }] of resources('AWS::Scheduler::Schedule')) {
      await client.send(new CreateScheduleCommand(real(Properties) as CreateScheduleCommandInput));
    }
    const { Schedules = [] } = await client.send(new ListSchedulesCommand({ GroupName: 'pgproof-prod' }));
    expect(Schedules.map(({ Name }) => Name).sort()).toEqual(['ledger-snapshot', 'shop-drill-dump', 'shop-drill-snapshot', 'shop-dump', 'shop-snapshot']);
    const dump = await client.send(new GetScheduleCommand({ GroupName: 'pgproof-prod', Name: 'shop-dump' }));
    expect(dump).toMatchObject({
      State: 'ENABLED',
      ScheduleExpression: 'cron(17 3 * * ? *)',
      ScheduleExpressionTimezone: 'Europe/Berlin',
      FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 30 },
      Target: { RetryPolicy: { MaximumEventAgeInSeconds: 3600, MaximumRetryAttempts: 10 } },
    });
    const { trust, statements } = await readRole(roleName(dump.Target?.RoleArn ?? ''));
    expect(trust).toMatchObject([{ Principal: { Service: 'scheduler.amazonaws.com' }, Condition: { StringEquals: { 'aws:SourceAccount': ACCOUNT } } }]);
    expect(allowed(statements, 'lambda:InvokeFunction')).toContain(dump.Target?.Arn);
    expect(allowed(statements, 'sqs:SendMessage')).toEqual([dump.Target?.DeadLetterConfig?.Arn]);
    const drill = await client.send(new GetScheduleCommand({ GroupName: 'pgproof-prod', Name: 'shop-drill-dump' }));
    const { StateMachineArn } = JSON.parse(drill.Target?.Input ?? '{}') as { StateMachineArn: string };
    expect(allowed(statements, 'states:StartExecution')).toEqual([StateMachineArn]);
    expect(StateMachineArn).toBe(nameOf('RestoreDrill'));
  });

  /** A value of the template with the account's own names in it. */
  function real(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(real);
    if (typeof value !== 'object' || value === null) return value;
    if ('Ref' in value) return String(value.Ref) === 'ScheduleGroup' ? 'pgproof-prod' : nameOf(String(value.Ref));
    if ('Fn::GetAtt' in value) return arnOf((value['Fn::GetAtt'] as string[])[0] ?? '');
    if ('Fn::Sub' in value) {
      return String(value['Fn::Sub']).replaceAll(/\$\{([^}]+)\}/g, (_, name: string) => (name === 'AWS::Partition' ? 'aws' : nameOf(name)));
    }
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, real(item)]));
  }

  function arnOf(logicalId: string): string {
    const name = nameOf(logicalId);
    const arns: Readonly<Record<string, string>> = {
      'AWS::Lambda::Function': `arn:aws:lambda:eu-central-1:${ACCOUNT}:function:${name}`,
      'AWS::IAM::Role': `arn:aws:iam::${ACCOUNT}:role/${name}`,
      'AWS::SQS::Queue': `arn:aws:sqs:eu-central-1:${ACCOUNT}:${name.split('/').at(-1)}`,
    };
    const arn = arns[deployed().template.Resources[logicalId]?.Type ?? ''];
    if (arn === undefined) throw new Error(`${logicalId} has no ARN here`);
    return arn;
  }
}
