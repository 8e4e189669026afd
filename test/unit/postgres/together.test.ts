import { describe, expect, it } from 'vitest';
import { InterruptedError } from '../../../src/errors.ts';
import { together } from '../../../src/postgres/together.ts';

const never = new AbortController().signal;

/** Ends when its signal aborts, a little later than that, and leaves word. */
function patient(log: string[], name: string, outcome: 'fails' | 'succeeds' = 'fails') {
  return (signal: AbortSignal) =>
    new Promise<string>((resolve, reject) => {
      const end = () => {
        setTimeout(() => {
          log.push(`${name} ended`);
          if (outcome === 'succeeds') resolve(name);
          else reject(new Error(`${name} was aborted`));
        }, 20);
      };
      if (signal.aborted) end();
      else signal.addEventListener('abort', end);
    });
}

describe('work that stands or falls together', () => {
  it('returns the results in order', async () => {
    expect(await together(never, [], [async () => 1, async () => 'two'])).toEqual([1, 'two']);
  });

  it('throws the first failure, after the others have ended', async () => {
    const log: string[] = [];
    const failure = new Error('the disk is full');
    await expect(together(never, [], [patient(log, 'reader'), () => Promise.reject(failure)])).rejects.toBe(failure);
    expect(log).toEqual(['reader ended']);
  });

  it('throws the failure of one that fails before it has begun to wait', async () => {
    const log: string[] = [];
    const failure = new TypeError('no such program');
    const broken = (): Promise<never> => {
      throw failure;
    };
    await expect(together(never, [], [patient(log, 'reader'), broken])).rejects.toBe(failure);
    expect(log).toEqual(['reader ended']);
  });

  it('throws what a watched promise rejects with', async () => {
    const log: string[] = [];
    const lost = new Error('the connection was lost');
    await expect(together(never, [Promise.reject(lost)], [patient(log, 'dump')])).rejects.toBe(lost);
    expect(log).toEqual(['dump ended']);
  });

  it('throws the reason of the signal, whatever the aborted works end with', async () => {
    const controller = new AbortController();
    const reason = new InterruptedError('stopped by SIGTERM');
    const log: string[] = [];
    setTimeout(() => controller.abort(reason), 10);
    await expect(together(controller.signal, [], [patient(log, 'dump'), patient(log, 'facts')])).rejects.toBe(reason);
    expect(log).toEqual(['dump ended', 'facts ended']);
  });

  it('has not succeeded when it was aborted, even if every work did its own part', async () => {
    const controller = new AbortController();
    const reason = new InterruptedError('stopped by SIGTERM');
    controller.abort(reason);
    await expect(together(controller.signal, [], [patient([], 'dump', 'succeeds')])).rejects.toBe(reason);
  });
});
