import { recordFailure } from '../src/backup/task-failure.ts';
import { openCloud } from '../src/cloud/aws/cloud.ts';
import { readEnvironment } from '../src/cloud/aws/environment.ts';
import { openSource } from '../src/cloud/aws/open/source.ts';
import { describeError, InterruptedError, originOf, PgproofError } from '../src/errors.ts';
import { parseTask, runTask, type WorkerProgress } from './run-task.ts';

/**
 * The worker as a Fargate task: what to do is in PGPROOF_TASK, everything else in the variables that the task definition
 * sets. Each line of the log is one JSON document. Fargate sends SIGTERM and kills two minutes later: time enough to
 * abort an upload.
 */
async function main(): Promise<void> {
  const controller = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      controller.abort(new InterruptedError(`the worker was stopped: ${signal}`));
    });
  }
  const task = parseTask(process.env['PGPROOF_TASK']);
  const cloud = openCloud(process.env);
  const findSource = openSource(readEnvironment(process.env), cloud.config);
  log('INFO', { message: 'began', verb: task.verb });
  try {
    const source = () => findSource(task.verb === 'prove' ? task.plan.database : task.database);
    await runTask(task, { cloud, source, signal: controller.signal, onProgress });
  } catch (error) {
    // For whoever is told that the task has ended. When even that fails there are two errors, and the first is the task's.
    await recordFailure(task, error, cloud).catch((second: unknown) => {
      log('ERROR', { message: 'could not leave word of the failure', error: wordsOf(second) });
    });
    throw error;
  }
  log('INFO', { message: 'succeeded', verb: task.verb });
}

/** A dump reports many times a second; a line now and then is enough to see that it moves. */
const PROGRESS_MILLISECONDS = 30_000;
let reported = 0;
let stage = '';

function onProgress(progress: WorkerProgress): void {
  const now = performance.now();
  if (progress.stage === stage && now - reported < PROGRESS_MILLISECONDS) return;
  [stage, reported] = [progress.stage, now];
  log('INFO', { message: 'working', ...progress });
}

function log(level: 'INFO' | 'ERROR', fields: object): void {
  process.stdout.write(`${JSON.stringify({ level, timestamp: new Date().toISOString(), ...fields })}\n`);
}

/** The stack only of what pgproof does not throw on purpose: that explains itself. */
function wordsOf(error: unknown): object {
  const name = error instanceof Error ? error.name : 'Error';
  const stack = error instanceof Error && !(error instanceof PgproofError) ? error.stack : undefined;
  return { name, origin: originOf(error), message: describeError(error), stack };
}

/** Whatever is still open, a connection or a timer, must not keep a finished task running and paid for. */
function leave(exitCode: number): void {
  process.stdout.write('', () => process.exit(exitCode));
}

try {
  await main();
  leave(0);
} catch (error) {
  log('ERROR', { message: 'failed', error: wordsOf(error) });
  leave(error instanceof InterruptedError ? 143 : 1);
}
