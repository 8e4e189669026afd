import { expect, test } from 'vitest';
import { systemClock } from '../../../src/cloud/system-clock.ts';

test('the clock sleeps until it is told to stop, and then says why', async () => {
  const reason = new Error('stopped by hand');
  const controller = new AbortController();
  const sleeping = systemClock.sleep(3_600_000, controller.signal);
  controller.abort(reason);
  await expect(sleeping).rejects.toBe(reason);
  await expect(systemClock.sleep(3_600_000, controller.signal)).rejects.toBe(reason);
});

test('the clock wakes by itself', async () => {
  const before = systemClock.now();
  await systemClock.sleep(5);
  expect(systemClock.now().getTime()).toBeGreaterThan(before.getTime());
});
