import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SubprocessError } from '../../src/errors.ts';
import { testBundles } from './bundle-tests.ts';
import { testStateMachine } from './machine-tests.ts';
import { packageService, type Packaged } from './packaging.ts';
import { testTemplate } from './template-tests.ts';

describe('serverless package, offline and without credentials', () => {
  let packaged: Packaged | undefined;
  beforeAll(async () => {
    packaged = await packageService();
  });
  afterAll(() => packaged?.remove());

  describe('the template', () => {
    testTemplate(() => existing(packaged));
  });
  describe('the state machine', () => {
    testStateMachine(() => existing(packaged));
  });
  describe('the bundles', () => {
    testBundles(() => existing(packaged));
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

  test('takes what pgproof.yml says of lock, mail and network', { timeout: 300_000 }, async () => {
    const packaged = await packageService((text) =>
      text
        .replace('    vpc:', '    publicIp: true\n    vpc:')
        .concat('  bucket: { lock: { mode: compliance, days: 30 } }\n  email: [ops@example.com]\n  logDays: 30\n'),
    );
    const { Resources } = packaged.template;
    await packaged.remove();
    expect(Resources['BackupBucket']?.Properties).toMatchObject({
      ObjectLockConfiguration: { Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 30 } } },
    });
    expect(Resources['PeopleTopic']?.Properties['Subscription']).toEqual([{ Protocol: 'email', Endpoint: 'ops@example.com' }]);
    expect(Resources['RestoreDrill']?.Properties['DefinitionSubstitutions']).toMatchObject({ WorkerPublicIp: 'ENABLED' });
    expect(Resources['PlanLogGroup']?.Properties['RetentionInDays']).toBe(30);
  });
});

function existing(packaged: Packaged | undefined): Packaged {
  if (!packaged) throw new Error('packaging failed');
  return packaged;
}
