import { CreateClusterCommand, DescribeTasksCommand, ECSClient, ListTasksCommand, RegisterTaskDefinitionCommand, type Task } from '@aws-sdk/client-ecs';
import { beforeAll, describe, expect, test } from 'vitest';
import { tokenOf } from '../../src/backup/launch.ts';
import { EcsTaskLauncher } from '../../src/cloud/aws/ecs-task-launcher.ts';
import type { LaunchedTask } from '../../src/cloud/task-launcher.ts';
import { TaskRefusedError } from '../../src/errors.ts';
import { parseTask } from '../../worker/run-task.ts';
import { emulator, subnetIds, uniqueName } from './clients.ts';

describe('tasks on ECS', () => {
  const client = new ECSClient(emulator());
  const prefix = uniqueName('pgproof');
  let clusterArn: string;
  let launcher: EcsTaskLauncher;

  beforeAll(async () => {
    const { cluster } = await client.send(new CreateClusterCommand({ clusterName: prefix, capacityProviders: ['FARGATE'] }));
    clusterArn = cluster?.clusterArn ?? '';
    for (const family of ['source-shop', 'validate']) await register(`${prefix}-${family}`);
    const placement = { clusterArn, prefix, subnetIds: (await subnetIds()).slice(0, 2), publicIp: 'DISABLED' } as const;
    launcher = new EcsTaskLauncher({ client, placement: { ...placement, sourceSecurityGroupIds: ['sg-source'], proveSecurityGroupIds: ['sg-prove'] } });
  });

  function register(family: string) {
    return client.send(
      new RegisterTaskDefinitionCommand({
        family,
        requiresCompatibilities: ['FARGATE'],
        networkMode: 'awsvpc',
        cpu: '1024',
        memory: '2048',
        containerDefinitions: [{ name: 'worker', image: 'pgproof:0.1.0', essential: true, memory: 2048 }],
      }),
    );
  }

  async function find(startedBy: string): Promise<Task[]> {
    const { taskArns = [] } = await client.send(new ListTasksCommand({ cluster: clusterArn }));
    const { tasks = [] } = await client.send(new DescribeTasksCommand({ cluster: clusterArn, tasks: taskArns }));
    return tasks.filter((task) => task.startedBy === startedBy);
  }

  test.each<[LaunchedTask, string, string]>([
    [{ verb: 'dump', database: 'shop', backupId: '20261120T020000Z-sched' }, 'pgproof/dump/shop', 'source-shop'],
    [{ verb: 'snapshot-facts', database: 'shop', snapshotId: 'pgproof-shop-20261120t020000z', moment: 'begin' }, 'pgproof/snapshot-facts-begin/shop', 'source-shop'],
    [{ verb: 'validate', database: 'shop', manifestKey: 'v1/shop/dumps/1/manifest.json' }, 'pgproof/validate/shop', 'validate'],
  ])('are begun with what the worker is to do: %o', async (task, startedBy, family) => {
    await launcher.launch(task, tokenOf(task));
    const [found] = await find(startedBy);
    expect(found).toMatchObject({ group: `family:${prefix}-${family}`, launchType: 'FARGATE' });
    expect(found?.taskDefinitionArn).toMatch(new RegExp(`task-definition/${prefix}-${family}:1$`));
    const [container] = found?.overrides?.containerOverrides ?? [];
    expect(container?.name).toBe('worker');
    expect(parseTask(container?.environment?.find(({ name }) => name === 'PGPROOF_TASK')?.value)).toEqual(task);
  });

  test('of a database without a task definition are refused for good, with what to do', async () => {
    const refused: unknown = await launcher.launch({ verb: 'dump', database: 'added', backupId: '1' }, 'token').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(TaskRefusedError);
    expect(refused).toMatchObject({ retriable: false, hint: 'a database that was added needs its own task definition: npm run deploy' });
  });

  test('in a cluster that is gone are refused for good', async () => {
    const placement = { clusterArn: `${clusterArn}-gone`, prefix, subnetIds: ['subnet-1'], sourceSecurityGroupIds: ['sg-1'], proveSecurityGroupIds: ['sg-1'], publicIp: 'ENABLED' } as const;
    const lost = new EcsTaskLauncher({ client, placement });
    await expect(lost.launch({ verb: 'dump', database: 'shop', backupId: '1' }, 'token')).rejects.toMatchObject({ name: 'TaskRefusedError', retriable: false });
  });
});
