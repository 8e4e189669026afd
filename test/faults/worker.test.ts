import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WorkerTask } from '../../src/drill/contract.ts';
import { ExecaError } from 'execa';
import { describeError, TaskFailedError } from '../../src/errors.ts';
import { Random } from '../../local/sample/random.ts';
import { makeTestHome, type TestHome } from '../helpers/home.ts';
import { waiting, whileLocked } from '../helpers/locks.ts';
import { childOf, isGroupGone, isRunning, listProcesses } from '../helpers/process-list.ts';
import { SMALL_SHOP, startSource, type Source } from '../helpers/source.ts';

/** Worker processes that are killed, stopped or lose their pg_dump while a real dump is under way. */
let source: Source;
let home: TestHome;
let onStart: ((pid: number) => void) | undefined;

beforeAll(async () => {
  source = await startSource();
  await source.createDatabase(
    'shop',
    ...SMALL_SHOP,
    `create table shop.bulk as select i, repeat(md5(i::text), 12) as text, md5((i * 7)::text) as more from generate_series(1, 50000) i`,
  );
  home = await makeTestHome({ onStart: (pid) => onStart?.(pid) });
  home.source('shop', source.url('shop'));
});
afterAll(async () => {
  await home.remove();
  await source.end();
});

let count = 0;
function nextTask() {
  count += 1;
  return { verb: 'dump', database: 'shop', backupId: `20261120T02${String(count).padStart(4, '0')}Z-k` } as const;
}

interface Started {
  readonly worker: number;
  readonly task: WorkerTask & { readonly backupId: string };
  /** How the task ended, as the caller hears of it. */
  readonly error: Promise<unknown>;
}

async function start(): Promise<Started> {
  const task = nextTask();
  const begun = Promise.withResolvers<number>();
  onStart = begun.resolve;
  const error = home.tasks.run(task).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { worker: await begun.promise, task, error };
}

async function expectNothingOf({ task }: Started): Promise<void> {
  expect(await home.keys(`v1/shop/dumps/${task.backupId}/`)).toEqual([]);
}

function killed(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}

/** Kills pg_dump in the middle of its stream; resolves with how the task ended, undefined when it had ended before. */
async function killPgDumpOf({ worker, error }: Started): Promise<unknown> {
  const dump = await childOf(worker, 'pg_dump');
  // Stopped, the worker cannot read on to the end: pg_dump fills the pipe and stands still, far from done.
  process.kill(worker, 'SIGSTOP');
  await setTimeout(300);
  killed(dump.pid);
  process.kill(worker, 'SIGCONT');
  return await error;
}

async function nextIsProven(): Promise<boolean> {
  await home.laptop.store.sweepUnfinished();
  expect(await home.unfinished()).toEqual([]);
  expect(await home.laptop.databases.listInstances()).toEqual([]);
  const { backupId } = nextTask();
  expect(await home.backUp('shop', backupId)).toBe('valid');
  const { body, exitCode } = await home.drill({});
  expect([body.verdict, body.assurance, body.backup?.id, exitCode]).toEqual(['PROVEN', 'L5', backupId, 0]);
  return true;
}

describe('a worker', () => {
  it('that is killed at ten moments of a dump leaves no backup and no process', async () => {
    const begin = performance.now();
    await home.tasks.run(nextTask());
    const undisturbed = performance.now() - begin;
    const random = new Random(20261120);
    const moments: string[] = [];
    for (let attempt = 1; moments.length < 10 && attempt <= 30; attempt += 1) {
      // From before the first connection until shortly before the end.
      const milliseconds = Math.floor((undisturbed * random.below(850)) / 1000);
      const started = await start();
      await setTimeout(milliseconds);
      const programs = listProcesses().filter(({ group }) => group === started.worker);
      // A machine that has become faster meanwhile may be done already.
      if (!killed(started.worker)) continue;
      const error = await started.error;
      if (error === undefined) continue;
      const known = ['worker-main', 'pg_dump', 'pg_dumpall'].filter((name) => programs.some((each) => isRunning(each, name)));
      moments.push(`${milliseconds} ms: ${known.join(' ')}`);
      expect(error, moments.join('\n')).toBeInstanceOf(TaskFailedError);
      expect(describeError(error)).toBe('the dump task ended with SIGKILL');
      expect(await isGroupGone(started.worker, 5), moments.join('\n')).toBe(true);
      // Between the end of the archive and the manifest there may be files; a backup is what has a manifest.
      expect(await home.keys(`v1/shop/dumps/${started.task.backupId}/manifest.json`)).toEqual([]);
    }
    process.stdout.write(`killed, of ${Math.floor(undisturbed)} ms, at\n  ${moments.join('\n  ')}\n`);
    expect(moments).toHaveLength(10);
    expect(moments.some((line) => line.includes('pg_dump'))).toBe(true);
    expect(await nextIsProven()).toBe(true);
  });

  it('that is killed while its pg_dump waits for a lock leaves no process waiting', async () => {
    await whileLocked(source, async () => {
      const started = await start();
      await waiting(source, 'pg_dump');
      process.kill(started.worker, 'SIGKILL');
      expect(describeError(await started.error)).toBe('the dump task ended with SIGKILL');
      expect(await isGroupGone(started.worker, 10)).toBe(true);
      await expectNothingOf(started);
    });
    expect(await home.laptop.store.sweepUnfinished()).toBe(1);
  });

  it('that is told to stop ends with 143 and leaves nothing, not even to be swept', async () => {
    const started = await start();
    await childOf(started.worker, 'pg_dump');
    process.kill(started.worker, 'SIGTERM');
    const error = await started.error;
    expect(describeError(error)).toBe('the worker was stopped: SIGTERM');
    expect((error as TaskFailedError).cause).toBeInstanceOf(ExecaError);
    expect(((error as TaskFailedError).cause as ExecaError).exitCode).toBe(143);
    expect(await isGroupGone(started.worker, 10)).toBe(true);
    await expectNothingOf(started);
    expect(await home.unfinished()).toEqual([]);
  });

  it('whose pg_dump is killed in the middle of the stream leaves nothing and names the signal', async () => {
    let started = await start();
    let error = await killPgDumpOf(started);
    // A machine that was busy with us may see pg_dump only when its work is done.
    for (let attempt = 1; error === undefined && attempt <= 10; attempt += 1) {
      started = await start();
      error = await killPgDumpOf(started);
    }
    expect(describeError(error)).toBe('pg_dump was killed by SIGKILL');
    await expectNothingOf(started);
    expect(await home.unfinished()).toEqual([]);
    expect(await isGroupGone(started.worker, 10)).toBe(true);
  });

  it('does its work after all that', async () => {
    expect(await nextIsProven()).toBe(true);
  });
});
