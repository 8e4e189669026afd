import { DescribeRuleCommand, EventBridgeClient, ListRulesCommand, ListTargetsByRuleCommand } from '@aws-sdk/client-eventbridge';
import { CreateDBInstanceCommand, CreateDBSnapshotCommand, DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds';
import { GetBucketEncryptionCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadDefinition } from '../../local/state-machine/definition.ts';
import { execute, type ExecutionEnd, type ResourceHandler } from '../../local/state-machine/execution.ts';
import { DRILL_DEFINITION } from '../../local/drill-machine.ts';
import { S3Store } from '../../src/cloud/aws/s3-store.ts';
import { matchesPattern, parseEventPattern } from '../../src/cloud/event-pattern.ts';
import { systemClock } from '../../src/cloud/system-clock.ts';
import { readEvidence } from '../../src/drill/chain.ts';
import type { DrillPlan } from '../../src/drill/contract.ts';
import { drillKey } from '../../src/drill/prove.ts';
import { objectCreated } from '../helpers/aws-events.ts';
import { goodProof, putValidatedDump } from '../helpers/scripted-cloud.ts';
import { emulator, uniqueName, useEmulator } from './clients.ts';
import { testDeployedResources } from './deployed-resource-tests.ts';
import { deploy, type Deployed } from './deployed.ts';
import { functionPlan } from './function-plans.ts';
import { startEmulator } from './environment.ts';
import { testFunctions } from './function-tests.ts';
import { testPolicies } from './policy-tests.ts';
import { testWorker } from './worker-tests.ts';

const FUNCTIONS = ['plan', 'restore', 'describeInstance', 'destroy', 'confirmGone', 'seal', 'report'] as const;

// The sweep below looks at every instance of the account: it must be alone with what this file makes.
const account = await startEmulator();
useEmulator(account.url);

const LEDGER = `  ledger:
    source: { aurora: ledger-production, database: ledger, iam: { user: pgproof, resourceId: cluster-ABCDEFGHIJKL01234 }, securityGroup: sg-0 }
    schedules: { snapshot: cron(17 2 * * ? *) }`;

describe('the service after serverless deploy', () => {
  let deployed: Deployed;
  let secretArn: string;
  let webhookSecret: string;
  let bucket: string;
  let store: S3Store;
  const s3 = new S3Client(emulator());
  const rds = new RDSClient(emulator());
  beforeAll(async () => {
    deployed = await deploy(await configure());
    bucket = (await deployed.environment('validate'))['PGPROOF_BUCKET'] ?? '';
    store = new S3Store({ client: s3, bucket, clock: systemClock });
    // As the template says; the emulator's CloudFormation leaves it out.
    await s3.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  });
  afterAll(async () => {
    await deployed?.remove();
    await account.end();
  });

  /** As the example that is checked in, with a secret that exists and a heartbeat. */
  async function configure(): Promise<(text: string) => string> {
    const { ARN = '' } = await new SecretsManagerClient(emulator()).send(new CreateSecretCommand({ Name: uniqueName('shop'), SecretString: '{}' }));
    const webhook = await new SecretsManagerClient(emulator()).send(new CreateSecretCommand({ Name: uniqueName('slack'), SecretString: '{}' }));
    [secretArn, webhookSecret] = [ARN, webhook.ARN ?? ''];
    return (text) =>
      text
        .replace(/secret: arn:\S+/, `secret: ${ARN}`)
        .replace(/^( +)schedules:/m, '$1heartbeat: pgproof.heartbeat\n$1schedules:')
        .replace(/^databases:$/m, `databases:\n${LEDGER}`)
        .replace(/^aws:$/m, `aws:\n  webhookSecret: ${webhookSecret}`);
  }

  /** The deployed functions behind the deployed file, run by the laptop's interpreter; the worker only leaves a proof. */
  async function drill(input: object): Promise<ExecutionEnd> {
    const names = FUNCTIONS.map((name) => [`${name.slice(0, 1).toUpperCase()}${name.slice(1)}FunctionArn`, name] as const);
    const placement = Object.fromEntries(
      ['WorkerClusterArn', 'ProveTaskDefinitionArn', 'SourceTaskDefinitionPrefix', 'WorkerSubnetIds', 'ProveSecurityGroupIds', 'SourceSecurityGroupIds'].map(
        (name) => [name, 'emulated'],
      ),
    );
    const arnOf = (name: string) => `arn:aws:lambda:eu-central-1:123456789012:function:pgproof-prod-${name}`;
    const arns = Object.fromEntries(names.map(([placeholder, name]) => [placeholder, arnOf(name)]));
    const resources = new Map<string, ResourceHandler>(names.map(([, name]) => [arnOf(name), (event) => deployed.invoke(name, event)]));
    resources.set('arn:aws:states:::ecs:runTask.sync', async (parameters) => {
      const text = /"PGPROOF_TASK","Value":("(?:[^"\\]|\\.)*")/.exec(JSON.stringify(parameters))?.[1] ?? 'null';
      const { plan } = JSON.parse(JSON.parse(text) as string) as { plan: DrillPlan };
      await store.put(drillKey(plan, 'proof.json'), JSON.stringify(goodProof(plan)));
    });
    const machine = loadDefinition(DRILL_DEFINITION, { ...arns, ...placement, WorkerPublicIp: 'DISABLED' });
    return execute({ machine, resources, name: uniqueName('drill'), startedAt: new Date(), input, pauseMilliseconds: 1 });
  }

  test('encrypts what is put into the bucket with its own key', async () => {
    // Of the bucket's other properties the emulator's CloudFormation makes nothing; the template's own tests hold them.
    expect(await s3.send(new GetBucketEncryptionCommand({ Bucket: bucket }))).toMatchObject({
      ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' } }] },
    });
  });

  test('has the rule that sends manifests to validate', async () => {
    const client = new EventBridgeClient(emulator());
    const { Rules = [] } = await client.send(new ListRulesCommand({}));
    const Name = Rules.find((rule) => rule.Name?.includes('ManifestRule'))?.Name;
    const { EventPattern = '{}', State } = await client.send(new DescribeRuleCommand({ Name }));
    const { Targets = [] } = await client.send(new ListTargetsByRuleCommand({ Rule: Name }));
    expect(State).toBe('ENABLED');
    expect(Targets).toMatchObject([{ Arn: expect.stringContaining('function:pgproof-prod-validate') as string }]);
    const pattern = parseEventPattern(JSON.parse(EventPattern));
    const event = { source: 'aws.s3', 'detail-type': 'Object Created', detail: { bucket: { name: bucket }, object: { key: 'v1/shop/dumps/1/manifest.json' } } };
    expect(matchesPattern(pattern, event)).toBe(true);
  });

  test('validates what the event of a landing names, and an invalid backup is announced', async () => {
    const key = 'v1/shop/dumps/20261119T000000Z-bad/manifest.json';
    await store.put(key, '{"format":1}', { ifAbsent: true });
    expect(await deployed.invoke('validate', objectCreated(key, bucket))).toMatchObject({ status: 'invalid' });
    expect(await store.head(key.replace('manifest', 'validation'))).toBeDefined();
    expect(deployed.recorder.calls.filter(({ action }) => action === 'sns:Publish')).toHaveLength(2);
    expect(await deployed.invoke('validate', objectCreated(key, bucket))).toMatchObject({ status: 'invalid' });
    expect(deployed.recorder.calls.filter(({ action }) => action === 'sns:Publish')).toHaveLength(2);
  });

  test('has nothing to drill before a backup is valid, and says so', async () => {
    await expect(deployed.invoke('plan', { input: { database: 'shop' }, drillId: 'drill-0', startedAt: '2026-11-20T02:00:00Z' })).rejects.toMatchObject({
      name: 'BackupNotValidError',
    });
  });

  test('asks which database is meant where there are two', async () => {
    await expect(deployed.invoke('plan', { input: {}, drillId: 'drill-0', startedAt: '2026-11-20T02:00:00Z' })).rejects.toMatchObject({
      name: 'ConfigurationError',
      message: 'database: expected one of ledger, shop',
    });
  });

  test('goes from the name of a database through every function to a sealed verdict, and leaves no instance', async () => {
    await putValidatedDump({ store } as never);
    const end = await drill({ database: 'shop' });
    expect(end, JSON.stringify(end)).toMatchObject({ status: 'SUCCEEDED', output: { verdict: 'PROVEN', cleanup: 'verified' } });
    const { evidenceKey } = (end as { output: { evidenceKey: string } }).output;
    const evidence = await readEvidence(store, evidenceKey);
    expect(evidence.body).toMatchObject({ verdict: 'PROVEN', database: 'shop' });
    const { DBInstances = [] } = await rds.send(new DescribeDBInstancesCommand({}));
    expect(DBInstances.filter(({ DBInstanceIdentifier: id }) => id?.startsWith('pgproof-drill-shop-drill-'))).toEqual([]);
  });

  test('makes a throwaway instance of a snapshot, gives it a password, destroys it', async () => {
    const [production, snapshotId] = [uniqueName('production'), uniqueName('snapshot')];
    const own = { DBInstanceIdentifier: production, Engine: 'postgres', DBInstanceClass: 'db.m7g.large', AllocatedStorage: 20 };
    await rds.send(new CreateDBInstanceCommand({ ...own, MasterUsername: 'owner', MasterUserPassword: 'production-password' }));
    await rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier: production, DBSnapshotIdentifier: snapshotId }));
    const plan = await functionPlan(store, { kind: 'snapshot', snapshotId });
    await deployed.invoke('restore', { plan });
    await deployed.invoke('restore', { plan }); // a state that is retried meets its own instance
    const states: unknown[] = [];
    for (let look = 0; look < 3; look += 1) states.push(await deployed.invoke('describeInstance', { plan }));
    expect(states).toMatchObject([{ status: 'creating' }, { status: 'available' }, { status: 'available' }]);
    const destroyed = await deployed.invoke('destroy', { plan });
    expect(await deployed.invoke('confirmGone', { plan, destroyed })).toMatchObject({ status: 'verified' });
  });

  describe('its resources', () => {
    testDeployedResources(() => deployed);
  });

  describe('its worker', () => {
    testWorker(() => deployed, () => secretArn);
  });

  describe('its other functions', () => {
    testFunctions(() => deployed, () => webhookSecret);
  });

  describe('its policies', () => {
    testPolicies(() => deployed);
  });
});
