import type { Clock } from '../cloud/clock.ts';
import type { LaunchedTask, TaskLauncher } from '../cloud/task-launcher.ts';
import { PgproofError } from '../errors.ts';
import { sha256Of } from './digest.ts';

/** Fargate is short of capacity for moments rather than hours. */
const LAUNCH_PAUSES = [15_000, 30_000, 60_000];

/**
 * Begins a task, and again after a pause when capacity was wanting: 105 seconds in all. The token is made of the task, so
 * that the same task is not begun twice, whoever asks.
 * @throws TaskRefusedError when it did not begin
 */
export async function launchPatiently(
  task: LaunchedTask,
  { launcher, clock }: { readonly launcher: TaskLauncher; readonly clock: Clock },
): Promise<void> {
  await tryAgain(LAUNCH_PAUSES, clock, () => launcher.launch(task, tokenOf(task)));
}

/** 64 characters: as many as ECS takes. */
export function tokenOf(task: LaunchedTask): string {
  return sha256Of(JSON.stringify(Object.entries(task).toSorted(([one], [other]) => (one < other ? -1 : 1))));
}

/** Does it again after each pause (milliseconds) for as long as it fails with what may pass by itself; then throws that. */
export async function tryAgain<T>(pauses: readonly number[], clock: Clock, work: () => Promise<T>): Promise<T> {
  for (const pause of pauses) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof PgproofError && error.retriable)) throw error;
    }
    await clock.sleep(pause);
  }
  return await work();
}
