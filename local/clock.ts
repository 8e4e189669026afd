import { setTimeout } from 'node:timers/promises';
import type { Clock } from '../src/cloud/clock.ts';

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => new Date(),
  sleep: async (milliseconds, signal) => {
    try {
      await setTimeout(milliseconds, undefined, signal && { signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
};
