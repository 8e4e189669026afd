import * as z from 'zod';
import type { Clock } from '../cloud/clock.ts';
import type { ObjectStore } from '../cloud/object-store.ts';
import type { LaunchedTask } from '../cloud/task-launcher.ts';
import type { WorkerTask } from '../drill/contract.ts';
import { describeError, ObjectNotFoundError, originOf } from '../errors.ts';
import { parseJson } from '../json.ts';
import { backupKey, placeOfKey } from './manifest.ts';

/** The worker's own words about why a task failed, left where whoever is told of its end finds them. */
const TaskFailure = z.object({
  format: z.literal(1),
  verb: z.string(),
  at: z.iso.datetime(),
  error: z.object({ name: z.string(), origin: z.string(), message: z.string() }),
});
export type TaskFailure = z.infer<typeof TaskFailure>;

/** Enough for every fault of a configuration, and small enough to be read by a function. */
const MAX_CHARACTERS = 8000;

/**
 * Keeps why a task failed as `failure.json` beside what it was to make. A later failure of the same task replaces it: it is
 * no part of a backup. Of a drill nothing is kept: its state machine hears of the end itself.
 * @throws StoreWriteError: the caller reports it beside the task's own error, never instead
 */
export async function recordFailure(
  task: WorkerTask,
  error: unknown,
  { store, clock }: { readonly store: ObjectStore; readonly clock: Pick<Clock, 'now'> },
): Promise<void> {
  if (task.verb === 'prove') return;
  const failure: TaskFailure = {
    format: 1,
    verb: task.verb,
    at: clock.now().toISOString(),
    error: {
      name: error instanceof Error ? error.name : 'Error',
      origin: originOf(error),
      message: describeError(error).slice(0, MAX_CHARACTERS),
    },
  };
  await store.put(keyBeside(task, 'failure.json'), `${JSON.stringify(failure, null, 2)}\n`);
}

/** What the worker said between two moments; undefined when it said nothing then, as when it was killed. */
export async function readFailure(
  task: LaunchedTask,
  store: ObjectStore,
  { since, until }: { readonly since: Date; readonly until: Date },
): Promise<TaskFailure | undefined> {
  let text: string;
  try {
    text = Buffer.concat(await Array.fromAsync(await store.read(keyBeside(task, 'failure.json')))).toString('utf8');
  } catch (error) {
    if (error instanceof ObjectNotFoundError) return undefined;
    throw error;
  }
  const failure = TaskFailure.safeParse(parseJson(text)).data;
  if (!failure) return undefined;
  // Two attempts at one task leave their words in one place.
  const at = Date.parse(failure.at);
  return failure.verb === task.verb && at >= since.getTime() && at <= until.getTime() ? failure : undefined;
}

/** Key of a file beside what the task makes or looks at. */
export function keyBeside(task: LaunchedTask, file: string): string {
  const { database } = task;
  switch (task.verb) {
    case 'dump':
      return backupKey({ kind: 'dump', database, backupId: task.backupId }, file);
    case 'snapshot-facts':
      return backupKey({ kind: 'snapshot', database, backupId: task.snapshotId }, file);
    case 'reading':
      return `v1/${database}/readings/${task.readingId}/${file}`;
    case 'validate': {
      const place = placeOfKey(task.manifestKey);
      return place ? backupKey(place, file) : `v1/${database}/validations/${file}`;
    }
  }
}
