import { expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/config.ts';
import type { DrillPlan } from '../../../src/drill/contract.ts';
import { axes } from '../../../src/drill/outcome.ts';

const { drill } = parseConfig('databases: { shop: { drill: { rpoTarget: 5m } } }', 'pgproof.yml').databases['shop'] ?? {};
const PLAN = { takenAt: '2026-11-20T02:00:00.000Z', decidedAt: '2026-11-20T12:00:00.000Z' };

function rpoOf(plan: Partial<DrillPlan>) {
  const state = { input: {}, drillId: 'd1', startedAt: '2026-11-20T12:00:00.000Z', plan: { ...PLAN, ...plan } as DrillPlan };
  if (!drill) throw new Error('the configuration has no shop');
  return axes(state, undefined, drill).rpo;
}

it('a backup would lose what came after it', () => {
  expect(rpoOf({})).toEqual({ seconds: 36_000, targetSeconds: 300, status: 'missed' });
});

it('a point in time, however old, would lose only what came after the last one to be had', () => {
  expect(rpoOf({ recoverableUntil: '2026-11-20T11:56:00.000Z' })).toEqual({ seconds: 240, targetSeconds: 300, status: 'met' });
});

it('nothing is said of what seems to come from the future', () => {
  expect(rpoOf({ recoverableUntil: '2026-11-20T12:00:01.000Z' })).toMatchObject({ seconds: null, status: 'unknown' });
});
