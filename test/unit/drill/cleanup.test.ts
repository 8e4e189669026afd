import { describe, expect, it } from 'vitest';
import type { DrillPlan, DrillState } from '../../../src/drill/contract.ts';
import type { Proof } from '../../../src/drill/evidence.ts';
import { cleanupOf, timingsOf } from '../../../src/drill/outcome.ts';

const AT = '2026-11-20T03:00:00.000Z';

function ended(target: DrillPlan['target'], cleanup: DrillState['cleanup'] = { status: 'verified', at: '2026-11-20T03:05:00.000Z' }): DrillState {
  const plan = { instanceId: 'pgproof-drill-shop', decidedAt: AT, target } as DrillPlan;
  const state = { input: {}, drillId: 'd', startedAt: AT, plan, destroyed: { at: '2026-11-20T03:04:00.000Z' } };
  return cleanup ? { ...state, cleanup } : state;
}

const PROOF: Proof = {
  format: 1,
  drillId: 'd',
  findings: [],
  tables: [],
  subjects: [],
  tools: {},
  scope: { examined: [], notExamined: [] },
  timings: [{ stage: 'read facts', beganAt: '2026-11-20T03:01:00.000Z', endedAt: '2026-11-20T03:02:00.000Z', seconds: 60 }],
  errors: [],
};
const LEFT = { state: 'Prove', name: 'CleanupFailedError', origin: 'environment', message: 'processes of /tmp/servers/x do not end: 7' } as const;

describe('what a drill leaves', () => {
  it('is an instance that is gone, where there was one', () => {
    expect(cleanupOf(ended('service'), PROOF)).toEqual({ status: 'verified', detail: 'pgproof-drill-shop is gone' });
  });

  it('is nothing, where the copy ran inside the task', () => {
    expect(cleanupOf(ended('task'), PROOF)).toEqual({ status: 'nothing to clean', detail: 'no instance was made: the copy ran inside the task' });
  });

  it('is a failure, where the server inside the task was not removed or nobody looked', () => {
    expect(cleanupOf(ended('task'), { ...PROOF, errors: [LEFT] })).toEqual({ status: 'failed', detail: LEFT.message });
    expect(cleanupOf(ended('task', { status: 'failed', at: AT, detail: 'still there' }), undefined)).toEqual({
      status: 'failed',
      detail: 'pgproof-drill-shop: still there',
    });
  });
});

describe('the stages of a drill', () => {
  it('are those of an instance only where there was one', () => {
    const stages = (target: DrillPlan['target']) => timingsOf(ended(target), PROOF).map(({ stage, seconds }) => [stage, seconds]);
    expect(stages('service')).toEqual([['create instance', 60], ['read facts', 60], ['destroy instance', 60]]);
    expect(stages('task')).toEqual([['start the task', 60], ['read facts', 60]]);
  });
});
