import { describe, expect, test } from 'vitest';
import { withDeadline } from '../../../src/backup/deadline.ts';
import type { Clock } from '../../../src/cloud/clock.ts';
import { InterruptedError } from '../../../src/errors.ts';
import { runTask } from '../../../worker/run-task.ts';

const HALF_AN_HOUR = 1_800_000;

/** Time runs out when the test says so. */
function handClock() {
  const asked: number[] = [];
  const { promise: ran, resolve: runOut } = Promise.withResolvers<void>();
  const clock: Clock = {
    now: () => new Date('2026-11-20T02:00:00.000Z'),
    sleep: async (milliseconds, signal) => {
      asked.push(milliseconds);
      const stopped = new Promise<never>((_, reject) => signal?.addEventListener('abort', () => reject(new Error('stopped'))));
      await Promise.race([ran, stopped]);
    },
  };
  return { clock, asked, runOut };
}

describe('work with a deadline', () => {
  const setting = (clock: Clock, signal = new AbortController().signal) => ({ milliseconds: HALF_AN_HOUR, clock, signal, what: 'the reading of shop' });

  test('gives its own result and its own error while there is time', async () => {
    const { clock } = handClock();
    expect(await withDeadline(setting(clock), async () => 7)).toBe(7);
    await expect(withDeadline(setting(clock), () => Promise.reject(new RangeError('own')))).rejects.toThrow(RangeError);
  });

  test('is told to stop when time runs out, and given up even when it does not', async () => {
    const { clock, runOut } = handClock();
    let heard: unknown;
    const working = withDeadline(setting(clock), (signal) => {
      signal.addEventListener('abort', () => {
        heard = signal.reason;
      });
      return new Promise<never>(() => undefined);
    });
    runOut();
    await expect(working).rejects.toThrow(new InterruptedError('the reading of shop took longer than 30 minutes'));
    expect(heard).toBeInstanceOf(InterruptedError);
  });

  test('still hears of the signal from outside', async () => {
    const controller = new AbortController();
    const stopped = new InterruptedError('the worker was stopped: SIGTERM');
    const working = withDeadline(setting(handClock().clock, controller.signal), (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))));
    controller.abort(stopped);
    await expect(working).rejects.toBe(stopped);
  });

  test('of the reading for a snapshot is half an hour, for a source that never answers', async () => {
    const { clock, asked, runOut } = handClock();
    const cloud = { clock, config: { databases: {} } } as never;
    const source = () => new Promise<never>(() => undefined);
    const task = { verb: 'snapshot-facts', database: 'shop', snapshotId: 's', moment: 'begin' } as const;
    const reading = runTask(task, { cloud, source, signal: new AbortController().signal });
    runOut();
    await expect(reading).rejects.toThrow('the reading of shop took longer than 30 minutes');
    expect(asked).toEqual([HALF_AN_HOUR]);
  });
});
