import type { Cloud } from '../cloud/cloud.ts';
import type { TaskStoppedEvent } from '../cloud/service-events.ts';
import type { LaunchedTask } from '../cloud/task-launcher.ts';
import { WorkerTask } from '../drill/contract.ts';
import { ConfigurationError } from '../errors.ts';
import { parseJson } from '../json.ts';
import { announceTaskEnd, type TaskEnd } from './announce-backup.ts';
import { announceOnce } from './announce-once.ts';
import { keyBeside, readFailure } from './task-failure.ts';

export type EndCloud = Pick<Cloud, 'store' | 'notifier' | 'clock'>;

/** The end of a worker task as an event tells it. Undefined for one that is not ours to look at: a drill's own. */
export function taskOf(event: TaskStoppedEvent): LaunchedTask | undefined {
  const { overrides, taskArn } = event.detail;
  const variables = overrides.containerOverrides.find(({ name }) => name === 'worker')?.environment;
  const text = variables?.find(({ name }) => name === 'PGPROOF_TASK')?.value;
  const task = WorkerTask.safeParse(parseJson(text ?? ''));
  if (!task.success) {
    throw new ConfigurationError([`task ${taskArn} stopped and nobody knows what it was: it had no PGPROOF_TASK that can be read`], {
      hint: `aws ecs describe-tasks --cluster ${event.detail.clusterArn} --tasks ${taskArn}`,
    });
  }
  return task.data.verb === 'prove' ? undefined : task.data;
}

export function endOf({ detail }: TaskStoppedEvent): TaskEnd {
  const worker = detail.containers.find(({ name }) => name === 'worker');
  return {
    taskId: detail.taskArn.split('/').at(-1) ?? '',
    exitCode: worker?.exitCode,
    stopCode: detail.stopCode,
    reasons: [detail.stoppedReason, worker?.reason].filter((reason) => reason !== undefined),
  };
}

/**
 * Tells people of a task that did not succeed. The task's own id is in the mark that is left, so a duplicate of the event
 * tells nobody twice and a second attempt that dies too is told of again.
 */
export async function tellOfEnd(
  event: TaskStoppedEvent,
  cloud: Pick<EndCloud, 'store' | 'notifier'>,
): Promise<'succeeded' | 'told' | 'known' | 'not ours'> {
  const task = taskOf(event);
  if (!task) return 'not ours';
  const end = endOf(event);
  if (end.exitCode === 0) return 'succeeded';
  const { createdAt, stoppedAt } = event.detail;
  const until = new Date(stoppedAt ?? event.time);
  const failure = await readFailure(task, cloud.store, { since: new Date(createdAt ?? 0), until });
  return await announceOnce(keyBeside(task, `told/${end.taskId}.json`), announceTaskEnd(task, end, failure), cloud);
}
