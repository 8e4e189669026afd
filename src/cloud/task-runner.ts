import type { WorkerTask } from '../drill/contract.ts';

/** Runs one worker task to its end: a Fargate task on AWS, a child process on the laptop. */
export interface TaskRunner {
  /**
   * @throws TaskFailedError when the task ended in any way other than success; its message carries the worker's own error
   * @throws InterruptedError when `signal` aborted it
   */
  run(task: WorkerTask, signal?: AbortSignal): Promise<void>;
}
