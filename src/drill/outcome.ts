import type { DatabaseConfig } from '../config/config.ts';
import type { DrillState } from './contract.ts';
import type { AxisStatus, EvidenceBody, Proof, StageTiming } from './evidence.ts';

/** Every stage from the decision to the proof that nothing is left, in the order of time. */
export function timingsOf(state: DrillState, proof: Proof | undefined): StageTiming[] {
  const stages: StageTiming[] = [];
  const first = proof?.timings[0];
  const inTask = state.plan?.target === 'task';
  if (state.plan && first) stages.push(timing(inTask ? 'start the task' : 'create instance', state.plan.decidedAt, first.beganAt));
  stages.push(...(proof?.timings ?? []));
  if (!inTask && state.destroyed && state.cleanup) stages.push(timing('destroy instance', state.destroyed.at, state.cleanup.at));
  return stages;
}

function timing(stage: string, beganAt: string, endedAt: string): StageTiming {
  return { stage, beganAt, endedAt, seconds: secondsBetween(beganAt, endedAt) };
}

function secondsBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / 1000;
}

/**
 * RTO: from the decision to restore until the restored database, analyzed, answered its first query.
 * RPO: how old the restored data was when that decision was made; unknown when it seems to be from the future, for then
 * the clocks of the source and of the drill disagree.
 */
export function axes(
  { plan }: DrillState,
  proof: Proof | undefined,
  { rtoTarget, rpoTarget }: DatabaseConfig['drill'],
): Pick<EvidenceBody, 'rto' | 'rpo'> {
  const answered = proof?.firstAnswerAt;
  const rto = plan && answered !== undefined ? secondsBetween(plan.decidedAt, answered) : null;
  // A point in time may lie anywhere; what would have been lost is what came after the last one to be had.
  const age = plan ? secondsBetween(plan.recoverableUntil ?? plan.takenAt, plan.decidedAt) : null;
  return { rto: axis(rto, rtoTarget), rpo: axis(age !== null && age >= 0 ? age : null, rpoTarget) };
}

function axis(seconds: number | null, target: number | undefined): EvidenceBody['rto'] {
  const targetSeconds = target ?? null;
  return { seconds, targetSeconds, status: statusOf(seconds, targetSeconds) };
}

function statusOf(seconds: number | null, target: number | null): AxisStatus {
  if (seconds === null) return 'unknown';
  if (target === null) return 'no target';
  return seconds <= target ? 'met' : 'missed';
}

/** Gone is only what was looked for and not found. */
export function cleanupOf(state: DrillState, proof: Proof | undefined): EvidenceBody['cleanup'] {
  if (!state.plan) return { status: 'nothing to clean', detail: 'no instance was planned' };
  const { instanceId, target } = state.plan;
  const left = proof?.errors.find(({ name }) => name === 'CleanupFailedError');
  if (left) return { status: 'failed', detail: left.message };
  if (target === 'task' && state.cleanup?.status === 'verified') {
    return { status: 'nothing to clean', detail: 'no instance was made: the copy ran inside the task' };
  }
  if (state.cleanup?.status === 'verified') return { status: 'verified', detail: `${instanceId} is gone` };
  const why = state.cleanup?.detail ?? state.cleanupError?.Cause ?? 'its end was not confirmed';
  return { status: 'failed', detail: `${instanceId}: ${why}` };
}
