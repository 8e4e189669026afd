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

  const taskDefinitions = () =>
    ofType('AWS::ECS::TaskDefinition').map(([name]) => {
      const definition = properties(name);
      const [container] = definition['ContainerDefinitions'] as { Environment: { Name: string; Value: string }[] }[];
      if (!container) throw new Error(`${name} has no container`);
      return { definition, container };
    });
  const statements = (role: string) =>
    (properties(role)['Policies'] as { PolicyDocument: { Statement: { Action: string | string[]; Resource: string | string[] }[] } }[]).flatMap(
      ({ PolicyDocument }) => PolicyDocument.Statement,
    );

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
    const functions = ofType('AWS::Lambda::Function').map(([name]) => (properties(name)['Environment'] as { Variables: Record<string, string> }).Variables);
    const containers = taskDefinitions().map(({ container }) => Object.fromEntries(container.Environment.map(({ Name, Value }) => [Name, Value])));
    expect(functions.length).toBeGreaterThanOrEqual(14);
    expect(containers).toHaveLength(3);
    for (const environment of [...functions, ...containers]) {
      const read = readEnvironment({ AWS_REGION: 'eu-central-1', ...environment });
      expect(read).toMatchObject({
        PGPROOF_BUCKET: 'backupbucket',
        PGPROOF_INSTANCE_SUBNET_GROUP: 'pgproof-drill-prod',
        PGPROOF_INSTANCE_SECURITY_GROUP_IDS: ['ThrowawaySecurityGroup'],
        PGPROOF_CLUSTER_ARN: 'arn:aws:ecs:eu-central-1:123456789012:WorkerCluster',
        PGPROOF_TASK_PREFIX: 'pgproof-prod',
        PGPROOF_SUBNET_IDS: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
        PGPROOF_SOURCE_SECURITY_GROUP_IDS: ['SourceSecurityGroup'],
        PGPROOF_PROVE_SECURITY_GROUP_IDS: ['ProveSecurityGroup'],
        PGPROOF_PUBLIC_IP: 'DISABLED',
        PGPROOF_DRILL_STATE_MACHINE_ARN: 'arn:aws:states:eu-central-1:123456789012:stateMachine:pgproof-prod-restore-drill',
      });
    }
    expect(properties('RestoreDrill')['StateMachineName']).toBe('pgproof-prod-restore-drill');
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

  test('opens throwaway instances to the tasks that prove alone, and the database to those that back up alone', () => {
    const doors = ofType('AWS::EC2::SecurityGroupIngress').map(([, { Properties }]) => Properties);
    expect(doors).toEqual([
      expect.objectContaining({ GroupId: { Ref: 'ThrowawaySecurityGroup' }, SourceSecurityGroupId: { Ref: 'ProveSecurityGroup' }, FromPort: 5432, ToPort: 5432 }),
      expect.objectContaining({ GroupId: 'sg-0123456789abcdef0', SourceSecurityGroupId: { Ref: 'SourceSecurityGroup' }, FromPort: 5432, ToPort: 5432 }),
    ]);
    for (const [, { Properties }] of ofType('AWS::EC2::SecurityGroup')) expect(Properties).not.toHaveProperty('SecurityGroupIngress');
    for (const name of ['SourceSecurityGroup', 'ProveSecurityGroup']) {
      expect(properties(name)['SecurityGroupEgress']).toMatchObject([{ FromPort: 443, ToPort: 443 }]);
    }
  });

  test('runs every task without root, without a writable disk of its own, and loses none of its last words', () => {
    for (const { container, definition } of taskDefinitions()) {
      expect(definition).toMatchObject({ NetworkMode: 'awsvpc', Volumes: [{ Name: 'scratch' }] });
      expect(container).toMatchObject({
        Name: 'worker',
        Image: 'workerrepository.repositoryuri:0.1.0',
        User: '10001:10001',
        ReadonlyRootFilesystem: true,
        LinuxParameters: { Capabilities: { Drop: ['ALL'] } },
        MountPoints: [{ SourceVolume: 'scratch', ContainerPath: '/tmp' }],
        LogConfiguration: { LogDriver: 'awslogs', Options: { mode: 'blocking' } },
        StopTimeout: 120,
      });
    }
  });

  test("lets no role but a database's own open its secret, and none of them write another's backups", () => {
    const roles = ofType('AWS::IAM::Role').map(([name]) => [name, JSON.stringify(properties(name)['Policies'])] as const);
    expect(roles.filter(([, text]) => text.includes('secret:shop-backup')).map(([name]) => name)).toEqual(['DatabaseShopSourceRole']);
    const prove = statements('ProveTaskRole').filter(({ Action }) => [Action].flat().includes('s3:PutObject'));
    expect(prove).toMatchObject([{ Resource: 'arn:aws:s3:::backupbucket/v1/*/drills/*/proof.json' }]);
    const validate = statements('ValidateTaskRole').filter(({ Action }) => [Action].flat().includes('s3:PutObject'));
    expect(validate.flatMap(({ Resource }) => [Resource].flat().filter((name) => !/\/(validation|failure)\.json$/.test(name)))).toEqual([]);
  });

  test('encrypts what people are told with a key that alarms and events may use', () => {
    for (const topic of ['PeopleTopic', 'ChatTopic']) {
      expect(properties(topic)['KmsMasterKeyId']).toBe('arn:aws:kms:eu-central-1:123456789012:key/TopicKey');
      expect(properties(`${topic}Policy`)['PolicyDocument']).toMatchObject({
        Statement: [{ Effect: 'Allow', Principal: { Service: 'cloudwatch.amazonaws.com' }, Action: 'sns:Publish', Condition: { StringEquals: { 'aws:SourceAccount': '123456789012' } } }],
      });
    }
    const { Statement } = properties('TopicKey')['KeyPolicy'] as { Statement: { Sid: string; Principal: unknown; Condition?: unknown }[] };
    const { Principal, Condition } = Statement.find(({ Sid }) => Sid === 'AlarmsAndEvents') ?? {};
    expect([Principal, Condition]).toEqual([{ Service: ['cloudwatch.amazonaws.com', 'events.amazonaws.com'] }, undefined]);
    // The only one that names everybody says: of this account, and only through SNS.
    expect(Statement.filter((each) => JSON.stringify(each.Principal) === '{"AWS":"*"}').map((each) => each.Condition)).toEqual([
      { StringEquals: { 'kms:CallerAccount': '123456789012', 'kms:ViaService': 'sns.eu-central-1.amazonaws.com' } },
    ]);
  });

  test('prints how to look, how to start and how to subscribe', () => {
    const outputs = Object.fromEntries(Object.entries(template().Outputs).map(([name, { Value }]) => [name, resolve(template(), Value)]));
    expect(outputs).toMatchObject({
      RestoreDrillConsole: 'https://eu-central-1.console.aws.amazon.com/states/home?region=eu-central-1#/statemachines/view/arn:aws:states:eu-central-1:123456789012:RestoreDrill',
      SubscribePeople:
        'aws sns subscribe --region eu-central-1 --topic-arn arn:aws:sns:eu-central-1:123456789012:PeopleTopic --protocol email --notification-endpoint YOU@EXAMPLE.COM',
      ChatTopicArn: 'arn:aws:sns:eu-central-1:123456789012:ChatTopic',
    });
  });

  test('keeps no log for ever', () => {
    const groups = ofType('AWS::Logs::LogGroup');
    expect(groups.length).toBeGreaterThanOrEqual(10);
    for (const [name, { Properties }] of groups) expect(Properties['RetentionInDays'], name).toBe(90);
  });
}
