import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { ECSClient } from '@aws-sdk/client-ecs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EcsTaskLauncher } from '../../../src/cloud/aws/ecs-task-launcher.ts';
import { openLauncher } from '../../../src/cloud/aws/open/launcher.ts';
import { tokenOf } from '../../../src/backup/launch.ts';
import type { Environment } from '../../../src/cloud/aws/environment.ts';
import { ConfigurationError, TaskRefusedError } from '../../../src/errors.ts';

const DUMP = { verb: 'dump', database: 'shop', backupId: '20261120T020000Z-sched' } as const;

/** ECS at its edge: what it is asked over the wire, and what it answers. */
describe('the launcher of tasks', () => {
  let server: Server;
  let asked: Record<string, unknown>[];
  let answer: (response: ServerResponse) => void;
  let launcher: EcsTaskLauncher;

  beforeEach(async () => {
    asked = [];
    answer = says(200, { tasks: [{ taskArn: 'arn:task' }], failures: [] });
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        asked.push(JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>);
        answer(response);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    launcher = new EcsTaskLauncher({
      client: new ECSClient({
        region: 'eu-central-1',
        endpoint: `http://127.0.0.1:${address.port}`,
        credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
        maxAttempts: 1,
      }),
      placement: {
        clusterArn: 'arn:aws:ecs:eu-central-1:123456789012:cluster/pgproof-prod',
        prefix: 'pgproof-prod',
        subnetIds: ['subnet-1', 'subnet-2'],
        sourceSecurityGroupIds: ['sg-source'],
        proveSecurityGroupIds: ['sg-prove'],
        publicIp: 'DISABLED',
      },
    });
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  test('asks for one task of the database, in its network, under its token', async () => {
    await launcher.launch(DUMP, 'token-1');
    expect(asked).toEqual([
      {
        cluster: 'arn:aws:ecs:eu-central-1:123456789012:cluster/pgproof-prod',
        taskDefinition: 'pgproof-prod-source-shop',
        launchType: 'FARGATE',
        count: 1,
        clientToken: 'token-1',
        startedBy: 'pgproof/dump/shop',
        networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1', 'subnet-2'], securityGroups: ['sg-source'], assignPublicIp: 'DISABLED' } },
        overrides: {
          containerOverrides: [
            { name: 'worker', environment: [{ name: 'PGPROOF_TASK', value: '{"verb":"dump","database":"shop","backupId":"20261120T020000Z-sched"}' }] },
          ],
        },
      },
    ]);
  });

  test.each([
    [{ verb: 'snapshot-facts', database: 'shop', snapshotId: 's', moment: 'begin' } as const, 'pgproof-prod-source-shop', 'sg-source', 'pgproof/snapshot-facts-begin/shop'],
    [{ verb: 'snapshot-facts', database: 'shop', snapshotId: 's', moment: 'end' } as const, 'pgproof-prod-source-shop', 'sg-source', 'pgproof/snapshot-facts-end/shop'],
    [{ verb: 'reading', database: 'shop', readingId: 'r' } as const, 'pgproof-prod-source-shop', 'sg-source', 'pgproof/reading/shop'],
    [{ verb: 'validate', database: 'shop', manifestKey: 'k' } as const, 'pgproof-prod-validate', 'sg-prove', 'pgproof/validate/shop'],
  ])('places %o where it may be', async (task, taskDefinition, group, startedBy) => {
    await launcher.launch(task, 't');
    expect(asked).toMatchObject([{ taskDefinition, startedBy, networkConfiguration: { awsvpcConfiguration: { securityGroups: [group] } } }]);
  });

  test.each<[string, boolean, (response: ServerResponse) => void]>([
    ['RESOURCE:MEMORY', true, says(200, { tasks: [], failures: [{ arn: 'arn:x', reason: 'RESOURCE:MEMORY' }] })],
    ['RESOURCE:ENI', true, says(200, { tasks: [], failures: [{ reason: 'RESOURCE:ENI' }] })],
    ['Capacity is unavailable', true, says(200, { tasks: [], failures: [{ reason: 'Capacity is unavailable at this time. Please try again later or in a different availability zone' }] })],
    ['MISSING', false, says(200, { tasks: [], failures: [{ arn: 'arn:x', reason: 'MISSING' }] })],
    ['ATTRIBUTE', false, says(200, { tasks: [], failures: [{ reason: 'ATTRIBUTE', detail: 'no such attribute' }] })],
    ['neither a task nor a reason', true, says(200, { tasks: [], failures: [] })],
    ['Throttling: Rate exceeded', true, says(400, { __type: 'ThrottlingException', message: 'Rate exceeded' })],
    ['Server: try later', true, says(500, { __type: 'ServerException', message: 'try later' })],
    ['Capacity is unavailable at this time', true, says(400, { __type: 'ClientException', message: 'Capacity is unavailable at this time' })],
    ['reached the limit on the number of vCPUs', true, says(400, { __type: 'ClientException', message: "You've reached the limit on the number of vCPUs you can run concurrently" })],
    ['AccessDenied', false, says(400, { __type: 'AccessDeniedException', message: 'not authorized to perform: ecs:RunTask' })],
    ['ClusterNotFound', false, says(400, { __type: 'ClusterNotFoundException', message: 'Cluster not found.' })],
    ['InvalidParameter', false, says(400, { __type: 'InvalidParameterException', message: 'TaskDefinition not found.' })],
    ['', true, (response) => response.destroy()],
  ])('tells %j apart: may pass by itself %s', async (reason, retriable, respond) => {
    answer = respond;
    const refused: unknown = await launcher.launch(DUMP, 't').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(TaskRefusedError);
    expect(refused).toMatchObject({ retriable, hint: expect.any(String) as string });
    expect((refused as Error).message).toContain('ECS did not begin the task dump of shop: ');
    expect((refused as Error).message).toContain(reason);
  });
});

describe('the token of a task', () => {
  test('is one for one task, in whatever order its fields stand, and as long as ECS takes', () => {
    const token = tokenOf(DUMP);
    expect(token).toMatch(/^[0-9a-f]{64}$/);
    expect(tokenOf({ backupId: DUMP.backupId, verb: 'dump', database: 'shop' })).toBe(token);
    expect(tokenOf({ ...DUMP, backupId: '20261121T020000Z-sched' })).not.toBe(token);
    expect(tokenOf({ ...DUMP, database: 'ledger' })).not.toBe(token);
  });
});

describe('a function that is not told where tasks run', () => {
  test('opens, and says at the first task what is missing', async () => {
    const launcher = openLauncher({ AWS_REGION: 'eu-central-1', PGPROOF_TASK_PREFIX: 'pgproof-prod', PGPROOF_SUBNET_IDS: ['subnet-1'] } as Environment);
    const launched = launcher.launch(DUMP, 't');
    await expect(launched).rejects.toBeInstanceOf(ConfigurationError);
    await expect(launched).rejects.toMatchObject({
      faults: ['PGPROOF_CLUSTER_ARN', 'PGPROOF_SOURCE_SECURITY_GROUP_IDS', 'PGPROOF_PROVE_SECURITY_GROUP_IDS', 'PGPROOF_PUBLIC_IP'].map(
        (name) => `environment variable ${name}: is not set: no task can be begun without it`,
      ),
    });
  });
});

function says(status: number, body: object): (response: ServerResponse) => void {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
  };
}
