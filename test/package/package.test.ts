import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SubprocessError } from '../../src/errors.ts';
import { testAlarms } from './alarm-tests.ts';
import { testBundles } from './bundle-tests.ts';
import { testDatabases } from './database-tests.ts';
import { testDataFlow } from './flow-tests.ts';
import { testStateMachine } from './machine-tests.ts';
import { packageService, type Packaged } from './packaging.ts';
import { testSpecification } from './specification-tests.ts';
import { specificationFaults } from './specification.ts';
import { testTemplate } from './template-tests.ts';

describe('serverless package, offline and without credentials', () => {
  let packaged: Packaged | undefined;
  beforeAll(async () => {
    packaged = await packageService();
  });
  afterAll(() => packaged?.remove());

  describe('the template', () => {
    testTemplate(() => existing(packaged));
    testSpecification(() => existing(packaged));
  });
  describe('the alarms', () => {
    testAlarms(() => existing(packaged));
  });
  describe('the state machine', () => {
    testStateMachine(() => existing(packaged));
  });
  describe('what a state of the machine reads', () => {
    testDataFlow();
  });
});

describe('serverless package of everything that pgproof.yml can say', () => {
  let packaged: Packaged | undefined;
  beforeAll(async () => {
    packaged = await packageService(() => readFileSync(join(import.meta.dirname, 'two-databases.yml'), 'utf8'));
  });
  afterAll(() => packaged?.remove());

  describe('the databases', () => {
    testDatabases(() => existing(packaged));
  });
  describe('the bundles', () => {
    testBundles(() => existing(packaged));
  });
  test('takes what it says of lock, mail, network, logs and traces', () => {
    const { Resources } = existing(packaged).template;
    expect(Resources['BackupBucket']?.Properties).toMatchObject({
      ObjectLockConfiguration: { Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 30 } } },
    });
    expect(Resources['PeopleTopic']?.Properties['Subscription']).toEqual([{ Protocol: 'email', Endpoint: 'ops@example.com' }]);
    expect(Resources['RestoreDrill']?.Properties).toMatchObject({
      DefinitionSubstitutions: { WorkerPublicIp: 'ENABLED' },
      TracingConfiguration: { Enabled: true },
    });
    expect(Resources['PlanLogGroup']?.Properties['RetentionInDays']).toBe(30);
  });
  test('lets every function and the machine send traces when traces are wanted', () => {
    const resources = Object.entries(existing(packaged).template.Resources);
    const functions = resources.filter(([, { Type }]) => Type === 'AWS::Lambda::Function');
    const roles = functions.map(([, { Properties }]) => (Properties['Role'] as { 'Fn::Sub': string })['Fn::Sub'].slice(2, -5));
    for (const [, { Properties }] of functions) expect(Properties['TracingConfig']).toEqual({ Mode: 'Active' });
    const [, policy] = resources.find(([name]) => name === 'TracingPolicy') ?? [];
    expect(policy?.Properties['Roles']).toHaveLength(roles.length + 1);
    expect(policy?.Properties['Roles']).toEqual(expect.arrayContaining([...roles, 'RestoreDrillRole'].map((Ref) => ({ Ref }))));
  });
  test('has only properties that AWS knows there too', async () => {
    expect(await specificationFaults(existing(packaged).template)).toEqual([]);
  });
});

describe('serverless package', () => {
  test('ends with every fault of pgproof.yml, each naming its path', async () => {
    const packaging = packageService((text) =>
      text.replace('region: eu-central-1', 'region: Frankfurt').replace(/vpc: \S+/, 'vpc: mine').concat('  bukket: {}\n'),
    );
    const error: unknown = await packaging.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SubprocessError);
    const { stderr } = (error as SubprocessError).failure;
    expect(stderr).toContain(
      '3 faults:\n' +
        '  pgproof.yml: aws.region: expected a region such as eu-central-1\n' +
        '  pgproof.yml: aws.network.vpc: expected an id such as vpc-0123456789abcdef0\n' +
        '  pgproof.yml: aws.bukket: unknown key',
    );
    expect(stderr.split('\n').length).toBeLessThan(8);
  });

  test('ends when there are more databases than a stack or a role can hold', { timeout: 300_000 }, async () => {
    const error: unknown = await packageService((text) => {
      const [head, shop = '', rest] = text.split(/(?=^ {2}shop:)|(?=^aws:)/m);
      const databases = Array.from({ length: 40 }, (_, index) => shop.replace('  shop:', `  shop${index}:`));
      return [head, ...databases, rest].join('');
    }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SubprocessError);
    const { stderr } = (error as SubprocessError).failure;
    expect(stderr).toMatch(/pgproof\.yml: databases: they make 400 of 5\d\d resources, and a stack takes 500/);
    expect(stderr).toMatch(/pgproof\.yml: databases: the policies of \w+Role would have about 1\d{4} characters, and a role takes 10240/);
    expect(stderr).toContain('HINT: divide them over accounts');
  });

  test('ends with every database that no deployment could take', async () => {
    const error: unknown = await packageService((text) =>
      text.replace(/ {6}rds: .*/, '      env: SHOP_URL').replace(/ {6}secret: .*\n/, '').concat('  worker: { cpu: 256, memoryMib: 1536 }\n'),
    ).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SubprocessError);
    expect((error as SubprocessError).failure.stderr).toContain(
      '2 faults:\n' +
        '  pgproof.yml: databases.shop.source.env: is read on the laptop only: expected rds, aurora, or url with secret\n' +
        '  pgproof.yml: aws.worker.memoryMib: Fargate has no 1536 MiB with cpu 256: expected 512, 1024 or 2048',
    );
  });
});

function existing(packaged: Packaged | undefined): Packaged {
  if (!packaged) throw new Error('packaging failed');
  return packaged;
}
