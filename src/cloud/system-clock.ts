import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from './clock.ts';

/** The time of this machine. */
export const systemClock: Clock = {
  now: () => new Date(),
  sleep: async (milliseconds, signal) => {
    signal?.throwIfAborted();
    try {
      await wait(milliseconds, undefined, signal ? { signal } : {});
    } catch (error) {
      // node's own AbortError hides the reason that the caller gave.
      signal?.throwIfAborted();
      throw error;
    }
  },
};
