import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { matchesPattern, parseEventPattern } from '../../src/cloud/event-pattern.ts';
import { runProgram } from '../../src/postgres/subprocess.ts';
import { isAllowed, type Policy } from '../aws/policy-simulation.ts';
import { copyService, packageService, type Packaged } from './packaging.ts';
import { resolve } from './resolve.ts';
import { readZip } from './zip.ts';

const SECRET = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:slack-AbCdEf';
const RDS = 'arn:aws:rds:eu-central-1:123456789012';
const THROWAWAY = { 'aws:ResourceTag/pgproof:throwaway': 'true' };

describe('the functions that watch, packaged with a webhook', () => {
  let packaged: Packaged;
  beforeAll(async () => {
    packaged = await packageService((text) => text.replace(/^aws:$/m, `aws:\n  webhookSecret: ${SECRET}`));
  });
  afterAll(() => packaged.remove());

  const properties = (name: string): Record<string, unknown> => packaged.template.Resources[name]?.Properties ?? {};
  const policies = (role: string): Policy[] => {
    const inline = resolve(packaged.template, properties(role)['Policies']) as { PolicyDocument: Policy }[];
    return inline.map(({ PolicyDocument }) => PolicyDocument);
  };

  test('are called every hour, and what cannot be delivered or fails is kept', () => {
    expect(properties('SweepRule')).toMatchObject({ ScheduleExpression: 'rate(1 hour)', Targets: [{ Arn: { 'Fn::GetAtt': ['SweeperLambdaFunction', 'Arn'] } }] });
    expect(properties('MeasureRule')).toMatchObject({ ScheduleExpression: 'rate(1 hour)', Targets: [{ Arn: { 'Fn::GetAtt': ['MeasureLambdaFunction', 'Arn'] } }] });
    const queue = { 'Fn::GetAtt': ['UndeliveredQueue', 'Arn'] };
    const { Statement } = properties('UndeliveredQueuePolicy')['PolicyDocument'] as { Statement: { Condition: { ArnEquals: { 'aws:SourceArn': unknown[] } } }[] };
    for (const rule of ['SweepRule', 'CutOffRule', 'MeasureRule']) {
      expect(properties(rule)['Targets']).toMatchObject([{ DeadLetterConfig: { Arn: queue } }]);
      expect(Statement[0]?.Condition.ArnEquals['aws:SourceArn']).toContainEqual({ 'Fn::GetAtt': [rule, 'Arn'] });
      expect(properties(`${rule}Permission`)).toMatchObject({ Principal: 'events.amazonaws.com', SourceArn: { 'Fn::GetAtt': [rule, 'Arn'] } });
    }
    for (const invocation of ['SweeperInvocation', 'MeasureInvocation', 'WebhookInvocation']) {
      expect(properties(invocation)).toMatchObject({ MaximumRetryAttempts: 2, DestinationConfig: { OnFailure: { Destination: queue } } });
    }
  });

  test('hear of a drill of ours that was stopped or timed out, and of nothing else', () => {
    const pattern = parseEventPattern(resolve(packaged.template, properties('CutOffRule')['EventPattern']));
    const machine = resolve(packaged.template, { Ref: 'RestoreDrill' });
    const event = (status: string, stateMachineArn: unknown = machine) => ({
      source: 'aws.states',
      'detail-type': 'Step Functions Execution Status Change',
      detail: { status, stateMachineArn, name: 'drill-1', executionArn: 'arn' },
    });
    const statuses = ['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED', 'PENDING_REDRIVE'];
    expect(statuses.filter((status) => matchesPattern(pattern, event(status)))).toEqual(['TIMED_OUT', 'ABORTED']);
    expect(matchesPattern(pattern, event('ABORTED', 'arn:aws:states:eu-central-1:123456789012:stateMachine:billing'))).toBe(false);
  });

  test.each([
    ['rds:DeleteDBInstance', `${RDS}:db:pgproof-drill-x`, THROWAWAY, true],
    ['rds:DeleteDBCluster', `${RDS}:cluster:pgproof-drill-x`, THROWAWAY, true],
    ['rds:DeleteDBInstance', `${RDS}:db:pgproof-drill-x`, {}, false],
    ['rds:DeleteDBCluster', `${RDS}:cluster:pgproof-drill-x`, {}, false],
    ['rds:DeleteDBInstance', `${RDS}:db:orders`, THROWAWAY, false],
    ['rds:DeleteDBCluster', `${RDS}:cluster:orders`, THROWAWAY, false],
    ['rds:AddTagsToResource', `${RDS}:db:orders`, {}, false],
    ['rds:AddTagsToResource', `${RDS}:db:pgproof-drill-x`, {}, false],
    ['rds:ModifyDBInstance', `${RDS}:db:pgproof-drill-x`, THROWAWAY, false],
    ['rds:DeleteDBSnapshot', `${RDS}:snapshot:pgproof-shop-1`, THROWAWAY, false],
    ['rds:DescribeDBInstances', `${RDS}:db:*`, {}, true],
    ['s3:GetObject', 'arn:aws:s3:::backupbucket/v1/shop/dumps/1/manifest.json', {}, false],
  ])('let the sweeper do %s on %s with %j: %j', (action, resource, context, allowed) => {
    expect(isAllowed(policies('SweeperRole'), { action, resource, context })).toBe(allowed);
  });

  test.each([
    ['s3:GetObject', 'v1/shop/dumps/1/manifest.json', true],
    // A read asks for the very version that it looked at first.
    ['s3:GetObjectVersion', 'v1/shop/dumps/1/manifest.json', true],
    ['s3:GetObjectVersion', 'v1/shop/dumps/1/archive.dump', false],
    ['s3:GetObject', 'v1/shop/dumps/1/validation.json', true],
    ['s3:GetObject', 'v1/shop/drills/1/evidence.json', true],
    ['s3:GetObject', 'v1/shop/dumps/1/archive.dump', false],
    ['s3:GetObject', 'v1/shop/dumps/1/globals.sql', false],
    ['s3:PutObject', 'v1/shop/dumps/1/manifest.json', false],
    ['s3:DeleteObject', 'v1/shop/dumps/1/manifest.json', false],
  ])('let measure do %s on %s: %j', (action, key, allowed) => {
    expect(isAllowed(policies('MeasureRole'), { action, resource: `arn:aws:s3:::backupbucket/${key}` })).toBe(allowed);
  });

  test('let the webhook read its own secret, and no other, and nothing besides', () => {
    const may = (action: string, resource: string) => isAllowed(policies('WebhookRole'), { action, resource });
    expect(may('secretsmanager:GetSecretValue', SECRET)).toBe(true);
    expect(may('secretsmanager:GetSecretValue', `${SECRET}2`)).toBe(false);
    expect(may('secretsmanager:GetSecretValue', 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-orders-abc')).toBe(false);
    expect(may('sns:Publish', String(resolve(packaged.template, { Ref: 'ChatTopic' })))).toBe(false);
    expect(may('kms:Decrypt', 'arn:aws:kms:eu-central-1:123456789012:key/1')).toBe(false);
  });

  test('post what the chat topic is told, and have no address in any variable', () => {
    expect(properties('WebhookSubscription')).toEqual({ TopicArn: { Ref: 'ChatTopic' }, Protocol: 'lambda', Endpoint: { 'Fn::GetAtt': ['WebhookLambdaFunction', 'Arn'] } });
    expect(properties('WebhookPermission')).toMatchObject({ Principal: 'sns.amazonaws.com', SourceArn: { Ref: 'ChatTopic' } });
    const { Variables } = properties('WebhookLambdaFunction')['Environment'] as { Variables: Record<string, unknown> };
    expect(Variables['PGPROOF_WEBHOOK_SECRET_ARN']).toBe(SECRET);
    expect(JSON.stringify(Variables)).not.toContain('hooks.slack.com');
    expect((properties('SweeperLambdaFunction')['Environment'] as { Variables: object }).Variables).not.toHaveProperty('PGPROOF_WEBHOOK_SECRET_ARN');
  });

  test('the webhook loads from its zip, reads its secret over the wire and says what is wrong with it, but not what is in it', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(String(request.headers['x-amz-target']));
      request.resume();
      response.setHeader('content-type', 'application/x-amz-json-1.1');
      response.end(JSON.stringify({ ARN: SECRET, Name: 'slack', SecretString: 'somebody-elses-password' }));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const at = server.address();
    if (at === null || typeof at === 'string') throw new Error('no port');
    const { stdout, stderr } = await callWebhook(packaged, `http://127.0.0.1:${at.port}`);
    server.closeAllConnections();
    server.close();
    expect(asked).toEqual(['secretsmanager.GetSecretValue']);
    expect(JSON.parse(stdout)).toEqual({ errorType: 'NotificationError', errorMessage: `secret ${SECRET} holds no https:// address of a webhook` });
    expect(JSON.parse(stderr)).toMatchObject({ message: 'run', outcome: 'failed', about: { message: 'message-1' } });
    expect(stdout + stderr).not.toContain('somebody-elses-password');
  });
});

test('without a webhook in pgproof.yml there is no function for it, and nothing that belongs to it', async () => {
  const copy = await copyService((text) => text.replaceAll(/^ *webhookSecret:.*$/gm, ''));
  const print = 'console.log(JSON.stringify(require("./deploy/webhook.cjs")()))';
  const { stdout } = await runProgram({ path: process.execPath, args: ['--eval', print], cwd: copy.directory });
  await copy.remove();
  expect(JSON.parse(stdout)).toEqual({ functions: {}, resources: { Resources: {} } });
});

const CALLER = `
const { handler } = await import(process.argv[1]);
const event = { Records: [{ Sns: { MessageId: 'message-1', Message: 'hello' } }] };
try {
  console.log(JSON.stringify({ result: await handler(event, { functionName: 'webhook', awsRequestId: 'request-1' }) }));
} catch (error) {
  console.log(JSON.stringify({ errorType: error.name, errorMessage: error.message }));
}
`;

async function callWebhook({ directory }: Packaged, endpoint: string): Promise<{ stdout: string; stderr: string }> {
  const place = join(directory, 'webhook');
  for (const [file, bytes] of readZip(join(directory, 'webhook.zip'))) {
    await mkdir(dirname(join(place, file)), { recursive: true });
    await writeFile(join(place, file), bytes);
  }
  return await runProgram({
    path: process.execPath,
    args: ['--input-type=module', '--eval', CALLER, join(place, 'functions/webhook/handler.mjs')],
    cwd: place,
    env: {
      AWS_LAMBDA_FUNCTION_NAME: 'webhook',
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_ENDPOINT_URL: endpoint,
      PGPROOF_WEBHOOK_SECRET_ARN: SECRET,
      PGPROOF_BUCKET: 'pgproof-bucket',
      PGPROOF_PEOPLE_TOPIC_ARN: 'arn:aws:sns:eu-central-1:123456789012:people',
      PGPROOF_SIGNING_KEY_ARN: 'arn:aws:kms:eu-central-1:123456789012:key/1',
      PGPROOF_INSTANCE_CLASS: 'db.t4g.medium',
      PGPROOF_INSTANCE_SUBNET_GROUP: 'drills',
      PGPROOF_INSTANCE_SECURITY_GROUP_IDS: 'sg-1',
    },
  });
}
