import type { WorkerTask } from '../drill/contract.ts';

/** Begins a worker task and does not wait for it: what it leaves in the bucket, or its end, is an event of its own. */
export interface TaskLauncher {
  /**
   * @param token names this very run: asked again with it, the task that began is not begun a second time. At most 64
   * of A-Z, a-z, 0-9, _ and -
   * @throws TaskRefusedError when it did not begin; retriable for want of capacity, else not
   */
  launch(task: LaunchedTask, token: string): Promise<void>;
}

/** Everything but `prove`, which the state machine runs itself. */
export type LaunchedTask = Exclude<WorkerTask, { verb: 'prove' }>;
