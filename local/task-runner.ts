import { fileURLToPath } from 'node:url';
import { execa, ExecaError } from 'execa';
import type { TaskRunner } from '../src/cloud/task-runner.ts';
import type { WorkerTask } from '../src/drill/contract.ts';
import { InterruptedError, TaskFailedError, type Origin } from '../src/errors.ts';
import type { WorkerProgress } from '../worker/run-task.ts';

/** One line of the worker's stdout. */
export interface WorkerReport {
  readonly progress?: WorkerProgress;
  readonly error?: { readonly name: string; readonly origin: Origin; readonly message: string; readonly stack?: string };
}

export interface LocalTaskRunnerOptions {
  readonly home: string;
  readonly configFile?: string | undefined;
  /** The source's URL, for tasks that read it; handed on in the environment. */
  readonly sourceUrl?: (database: string) => string;
  readonly onProgress?: (progress: WorkerProgress, task: WorkerTask) => void;
  readonly onStart?: (pid: number, task: WorkerTask) => void;
}

/**
 * How Node runs the worker. What streams through it is short-lived garbage; a small nursery is swept often and keeps the
 * process some 40 MB smaller at no cost that could be measured.
 */
export const WORKER_ARGUMENTS: readonly string[] = [
  '--max-semi-space-size=1',
  fileURLToPath(new URL('worker-main.ts', import.meta.url)),
];

/** Runs each task in a child process of its own, as Fargate runs it in a container of its own. */
export class LocalTaskRunner implements TaskRunner {
  readonly #options: LocalTaskRunnerOptions;

  constructor(options: LocalTaskRunnerOptions) {
    this.#options = options;
  }

  async run(task: WorkerTask, signal?: AbortSignal): Promise<void> {
    const child = execa(process.execPath, [...WORKER_ARGUMENTS], {
      env: this.#environment(task),
      // Kept open for as long as this process lives: its end tells the worker to stop.
      stdin: 'pipe',
      buffer: { stdout: false, stderr: true },
      // A session of its own, so that Ctrl-C in a terminal reaches the worker once and in order, through `signal`.
      detached: true,
      cleanup: false,
      forceKillAfterDelay: 30_000,
      ...(signal ? { cancelSignal: signal } : {}),
    });
    if (child.pid !== undefined) this.#options.onStart?.(child.pid, task);
    const ended = child.then(
      () => undefined,
      (error: unknown) => error,
    );
    let failure: WorkerReport['error'];
    try {
      failure = await this.#listen(child.iterable(), task);
    } catch (error) {
      child.kill();
      throw error;
    } finally {
      await ended;
      endGroup(child.pid);
    }
    const error = await ended;
    if (error === undefined) return;
    if (signal?.aborted) throw new InterruptedError(`the ${task.verb} task was stopped`, { cause: signal.reason });
    throw asFailure(task, failure, error);
  }

  async #listen(lines: AsyncIterable<unknown>, task: WorkerTask): Promise<WorkerReport['error']> {
    let failure: WorkerReport['error'];
    try {
      for await (const line of lines) {
        const { progress, error } = readReport(String(line), task);
        if (progress) this.#options.onProgress?.(progress, task);
        failure = error ?? failure;
      }
    } catch (error) {
      // The iteration also throws for the exit code, which the caller judges; anything else is a fault here.
      if (!(error instanceof ExecaError)) throw error;
    }
    return failure;
  }

  #environment(task: WorkerTask): Record<string, string> {
    const { home, configFile, sourceUrl } = this.#options;
    return {
      PGPROOF_HOME: home,
      PGPROOF_TASK: JSON.stringify(task),
      ...(configFile === undefined ? {} : { PGPROOF_CONFIG: configFile }),
      ...(task.verb !== 'prove' && sourceUrl ? { PGPROOF_SOURCE_URL: sourceUrl(task.database) } : {}),
    };
  }
}

function readReport(line: string, task: WorkerTask): WorkerReport {
  try {
    return JSON.parse(line) as WorkerReport;
  } catch (cause) {
    throw new TaskFailedError(`the ${task.verb} task printed something that is no report: ${line.slice(0, 200)}`, 'tool', { cause });
  }
}

/**
 * Ends what a worker leaves behind when it is killed: its pg_dump would notice only at its next write, and one that waits
 * for a lock would go on waiting. The worker leads a process group that nothing else belongs to.
 */
function endGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    // As it should be: nobody was left.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function asFailure(task: WorkerTask, failure: WorkerReport['error'], error: unknown): Error {
  if (failure) return new TaskFailedError(failure.stack ?? failure.message, failure.origin, { cause: error });
  const how = error instanceof ExecaError ? (error.signal ?? `exit code ${error.exitCode}`) : String(error);
  const last = error instanceof ExecaError ? String(error.stderr ?? '').trim().split('\n').at(-1) : '';
  return new TaskFailedError(`the ${task.verb} task ended with ${how}${last ? `: ${last}` : ''}`, 'environment', {
    cause: error,
  });
}
