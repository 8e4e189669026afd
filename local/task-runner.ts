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

const WORKER = fileURLToPath(new URL('worker-main.ts', import.meta.url));

/** Runs each task in a child process of its own, as Fargate runs it in a container of its own. */
export class LocalTaskRunner implements TaskRunner {
  readonly #options: LocalTaskRunnerOptions;

  constructor(options: LocalTaskRunnerOptions) {
    this.#options = options;
  }

  async run(task: WorkerTask, signal?: AbortSignal): Promise<void> {
    const child = execa(process.execPath, [WORKER], {
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
    const failure = await this.#listen(child.iterable(), task);
    const error = await ended;
    if (error === undefined) return;
    if (signal?.aborted) throw new InterruptedError(`the ${task.verb} task was stopped`, { cause: signal.reason });
    throw asFailure(task, failure, error);
  }

  async #listen(lines: AsyncIterable<unknown>, task: WorkerTask): Promise<WorkerReport['error']> {
    let failure: WorkerReport['error'];
    try {
      for await (const line of lines) {
        const { progress, error } = JSON.parse(String(line)) as WorkerReport;
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

function asFailure(task: WorkerTask, failure: WorkerReport['error'], error: unknown): Error {
  if (failure) return new TaskFailedError(failure.stack ?? failure.message, failure.origin, { cause: error });
  const how = error instanceof ExecaError ? (error.signal ?? `exit code ${error.exitCode}`) : String(error);
  const last = error instanceof ExecaError ? String(error.stderr ?? '').trim().split('\n').at(-1) : '';
  return new TaskFailedError(`the ${task.verb} task ended with ${how}${last ? `: ${last}` : ''}`, 'environment', {
    cause: error,
  });
}
