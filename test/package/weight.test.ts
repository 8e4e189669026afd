import { globSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { weigh } from '../../bench/weigh.ts';

const ROOT = join(import.meta.dirname, '../..');
const BUDGET = 300_000;
/** It alone runs programs, pg_restore's; what runs them is a third of it. */
const OVER_BUDGET: Readonly<Record<string, number>> = { 'functions/validate/handler.ts': 360_000 };

describe('the bundle of a function, without the SDK', () => {
  const handlers = globSync('functions/**/handler.ts', { cwd: ROOT });

  test('is measured of every function', () => {
    expect(handlers.length).toBeGreaterThanOrEqual(15);
  });

  test.each(handlers)('%s keeps within its budget', async (handler) => {
    const { bytes, ownBytes } = await weigh(join(ROOT, handler));
    expect(ownBytes).toBeGreaterThan(50_000);
    expect(bytes).toBeGreaterThan(ownBytes);
    expect(ownBytes).toBeLessThanOrEqual(OVER_BUDGET[handler] ?? BUDGET);
  });

  test('would be over it with the whole cloud, as functions once were', async () => {
    expect((await weigh(join(ROOT, 'src/cloud/aws/cloud.ts'))).ownBytes).toBeGreaterThan(BUDGET);
  });
});
