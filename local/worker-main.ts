import { createInterface } from 'node:readline';
import { describeError, InterruptedError, originOf, PgproofError } from '../src/errors.ts';
import { parseAddress } from '../src/postgres/address.ts';
import { parseTask, runTask } from '../worker/run-task.ts';
import { openLaptop } from './laptop.ts';
import type { WorkerReport } from './task-runner.ts';

/**
 * The worker as a child process: the task and the places come in the environment, progress goes out as JSON lines. The
 * parent holds this process's stdin open; when it ends the parent is gone, and so must this be.
 */
async function main(): Promise<void> {
  const controller = new AbortController();
  const stop = (why: string) => controller.abort(new InterruptedError(`the worker was stopped: ${why}`));
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => stop(signal));
  createInterface({ input: process.stdin }).on('close', () => stop('its parent process ended'));
  process.stdout.on('error', () => stop('its parent process listens no more'));

  const { PGPROOF_HOME = '.pgproof', PGPROOF_CONFIG, PGPROOF_TASK } = process.env;
  const laptop = openLaptop({ home: PGPROOF_HOME, ...(PGPROOF_CONFIG ? { configFile: PGPROOF_CONFIG } : {}) });
  await runTask(parseTask(PGPROOF_TASK), {
    cloud: laptop,
    source: async () => parseAddress(process.env.PGPROOF_SOURCE_URL ?? '', 'PGPROOF_SOURCE_URL'),
    signal: controller.signal,
    onProgress: (progress) => report({ progress }),
  });
}

function report(line: WorkerReport): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** Where pipes are written in the background, leaving would lose the last word. */
function leave(exitCode: number): void {
  process.stdout.write('', () => process.exit(exitCode));
}

try {
  await main();
  leave(0);
} catch (error) {
  const name = error instanceof Error ? error.name : 'Error';
  // The stack is for faults of pgproof's own; what it throws on purpose explains itself.
  const stack = error instanceof Error && !(error instanceof PgproofError) ? error.stack : undefined;
  report({ error: { name, origin: originOf(error), message: describeError(error), ...(stack ? { stack } : {}) } });
  leave(error instanceof InterruptedError ? 143 : 1);
}
