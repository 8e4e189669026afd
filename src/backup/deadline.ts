import type { Clock } from '../cloud/clock.ts';
import { InterruptedError } from '../errors.ts';

/**
 * Does something that others wait for, and gives up after `milliseconds`: its signal is aborted, and the caller hears of it
 * even when the work does not obey the signal.
 * @throws InterruptedError when time ran out
 */
export async function withDeadline<T>(
  { milliseconds, clock, signal, what }: { readonly milliseconds: number; readonly clock: Clock; readonly signal: AbortSignal; readonly what: string },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const done = new AbortController();
  const alarm = clock.sleep(milliseconds, done.signal).then(
    () => {
      const error = new InterruptedError(`${what} took longer than ${Math.round(milliseconds / 60_000)} minutes`);
      late.abort(error);
      throw error;
    },
    // The work ended first: its outcome is the one that counts.
    () => new Promise<never>(() => undefined),
  );
  try {
    return await Promise.race([work(AbortSignal.any([signal, late.signal])), alarm]);
  } finally {
    done.abort();
  }
}
