import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readEnvironment } from '../../src/cloud/aws/environment.ts';
import { matchesPattern, parseEventPattern } from '../../src/cloud/event-pattern.ts';
import type { Packaged, Resource } from './packaging.ts';
import { resolve } from './resolve.ts';

/** The resources as they are deployed. */
export function testTemplate(packaged: () => Packaged): void {
  const template = () => packaged().template;
  const ofType = (type: string): [string, Resource][] => Object.entries(template().Resources).filter(([, { Type }]) => Type === type);
  const properties = (name: string) => resolve(template(), template().Resources[name]?.Properties) as Record<string, unknown>;

  test('refers to nothing that is not in it', () => {
    expect(() => resolve(template(), { ...template().Resources, outputs: template().Outputs })).not.toThrow();
    expect(() => resolve(template(), { Ref: 'NoSuchThing' })).toThrow('refers to NoSuchThing');
  });

  test('gives every function a role of its own that only Lambda can take', () => {
    const functions = ofType('AWS::Lambda::Function');
    const roles = functions.map(([, { Properties }]) => /^\$\{(\w+)\.Arn\}$/.exec((Properties['Role'] as { 'Fn::Sub': string })['Fn::Sub'])?.[1] ?? '');
    expect(functions.length).toBeGreaterThanOrEqual(8);
    expect(new Set(roles).size).toBe(functions.length);
    for (const role of roles) {
      expect(properties(role)['AssumeRolePolicyDocument']).toMatchObject({
        Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
      });
    }
  });

  test('runs every function on the newest Node and on arm64, without provisioned copies of old code', () => {
    for (const [, { Properties }] of ofType('AWS::Lambda::Function')) {
      expect(Properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'] });
    }
    expect(ofType('AWS::Lambda::Version')).toEqual([]);
  });

  test('tells functions and worker everything that their code asks of the environment', () => {
    const container = (properties('WorkerTaskDefinition')['ContainerDefinitions'] as { Environment: { Name: string; Value: string }[] }[])[0];
    const environments = [
      ...ofType('AWS::Lambda::Function').map(([name]) => (properties(name)['Environment'] as { Variables: Record<string, string> }).Variables),
      Object.fromEntries(container?.Environment.map(({ Name, Value }) => [Name, Value]) ?? []),
    ];
    expect(environments.length).toBeGreaterThanOrEqual(9);
    for (const environment of environments) {
      const read = readEnvironment({ AWS_REGION: 'eu-central-1', ...environment });
      expect(read).toMatchObject({ PGPROOF_BUCKET: 'backupbucket', PGPROOF_INSTANCE_SUBNET_GROUP: 'pgproof-drill-prod' });
    }
  });

  test('keeps backups versioned, locked, encrypted and out of the public', () => {
    expect(template().Resources['BackupBucket']).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    expect(properties('BackupBucket')).toMatchObject({
      VersioningConfiguration: { Status: 'Enabled' },
      ObjectLockEnabled: true,
      ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 14 } } },
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
      BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' }, BucketKeyEnabled: true }] },
      NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
      LifecycleConfiguration: { Rules: [{ Status: 'Enabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 } }] },
    });
    expect(properties('BackupBucketPolicy')['PolicyDocument']).toMatchObject({
      Statement: [{ Effect: 'Deny', Principal: '*', Action: 's3:*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }, {}, {}],
    });
  });

  test('never expires a backup by a rule of the bucket', () => {
    const { Rules } = properties('BackupBucket')['LifecycleConfiguration'] as { Rules: object[] };
    expect(Rules.flatMap((rule) => Object.keys(rule)).filter((key) => /Expiration|Transition/.test(key))).toEqual([]);
  });

  test('sends the landing of a manifest in its own bucket to validate, by the very pattern of the laptop', () => {
    const pattern = parseEventPattern(properties('ManifestRule')['EventPattern']);
    const shared = JSON.parse(readFileSync(join(import.meta.dirname, '../../functions/validate/rule.json'), 'utf8')) as object;
    expect(pattern).toEqual({ ...shared, detail: { ...(shared as { detail: object }).detail, bucket: { name: ['backupbucket'] } } });
    const event = (bucket: string, key: string) => ({ source: 'aws.s3', 'detail-type': 'Object Created', detail: { bucket: { name: bucket }, object: { key } } });
    const landed = ['v1/shop/dumps/1/manifest.json', 'v1/shop/snapshots/1/manifest.json', 'v1/shop/dumps/1/archive.dump', 'v1/shop/dumps/1/validation.json', 'v1/shop/drills/1/evidence.json'];
    expect(landed.filter((key) => matchesPattern(pattern, event('backupbucket', key)))).toEqual(landed.slice(0, 2));
    expect(matchesPattern(pattern, event('another', landed[0] ?? ''))).toBe(false);
    expect(properties('ManifestRule')['Targets']).toMatchObject([{ Arn: expect.stringContaining('ValidateLambdaFunction') as string, DeadLetterConfig: {} }]);
  });

  test('opens one door to throwaway instances, for the worker alone', () => {
    const doors = ofType('AWS::EC2::SecurityGroupIngress').map(([, { Properties }]) => Properties);
    expect(doors).toEqual([
      expect.objectContaining({ GroupId: { Ref: 'ThrowawaySecurityGroup' }, SourceSecurityGroupId: { Ref: 'WorkerSecurityGroup' }, FromPort: 5432, ToPort: 5432 }),
    ]);
    for (const [, { Properties }] of ofType('AWS::EC2::SecurityGroup')) expect(Properties).not.toHaveProperty('SecurityGroupIngress');
  });

  test('runs the worker without root, without a writable disk of its own, and loses none of its last words', () => {
    const [container] = properties('WorkerTaskDefinition')['ContainerDefinitions'] as Record<string, unknown>[];
    expect(container).toMatchObject({
      User: '10001:10001',
      ReadonlyRootFilesystem: true,
      LinuxParameters: { Capabilities: { Drop: ['ALL'] } },
      LogConfiguration: { LogDriver: 'awslogs', Options: { mode: 'blocking' } },
      StopTimeout: 120,
    });
  });

  test('keeps no log for ever', () => {
    const groups = ofType('AWS::Logs::LogGroup');
    expect(groups.length).toBeGreaterThanOrEqual(10);
    for (const [name, { Properties }] of groups) expect(Properties['RetentionInDays'], name).toBe(90);
  });
}
