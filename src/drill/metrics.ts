import type { About, Metric } from '../cloud/metric.ts';
import { DrillInput, type DrillKind, type DrillState } from './contract.ts';
import type { EvidenceBody } from './evidence.ts';

/** How a drill ended, as far as it is measured; small enough to travel as a function's result. */
export interface DrillOutcome {
  readonly drillId: string;
  readonly database: string;
  readonly kind: DrillKind;
  /** UNSEALED when there is no evidence: it counts as not proven. */
  readonly verdict: EvidenceBody['verdict'] | 'UNSEALED';
  /** A drill with a planted fault says nothing about the backup. */
  readonly planted: boolean;
  readonly restoreSeconds: number | null;
  readonly rpoSeconds: number | null;
  readonly cleanup: EvidenceBody['cleanup']['status'] | 'unknown';
}

export function outcomeOfDrill(state: DrillState, body: EvidenceBody | undefined): DrillOutcome {
  const input = DrillInput.safeParse(state.input).data;
  const { plan } = state;
  return {
    drillId: state.drillId,
    database: body?.database ?? plan?.database ?? input?.database ?? 'unknown',
    kind: body?.kind ?? plan?.kind ?? input?.kind ?? 'dump',
    verdict: body?.verdict ?? 'UNSEALED',
    planted: (body?.fault ?? plan?.fault ?? input?.break ?? null) !== null,
    restoreSeconds: body?.rto.seconds ?? null,
    rpoSeconds: body?.rpo.seconds ?? null,
    cleanup: body?.cleanup.status ?? 'unknown',
  };
}

/** Zeros too, so that the absence of a metric means that no drill ended. */
export function drillMetrics(outcome: DrillOutcome): Metric[] {
  const { database, kind, verdict, planted, restoreSeconds, rpoSeconds, cleanup } = outcome;
  const dimensions = { Database: database, Kind: kind };
  const count = (name: Metric['name'], is: boolean): Metric => ({ name, value: is ? 1 : 0, unit: 'Count', dimensions });
  const seconds = (name: Metric['name'], value: number | null): Metric[] =>
    value === null ? [] : [{ name, value, unit: 'Seconds', dimensions }];
  const cleaned = count('CleanupFailed', cleanup === 'failed');
  if (planted) return [cleaned];
  return [
    count('DrillProven', verdict === 'PROVEN'),
    count('DrillFailed', verdict === 'FAILED'),
    count('DrillNotProven', verdict === 'NOT PROVEN' || verdict === 'UNSEALED'),
    ...seconds('RestoreSeconds', restoreSeconds),
    ...seconds('RpoSeconds', rpoSeconds),
    cleaned,
  ];
}

/** What any state's function of the drill was about: the drill, once there is a plan also what it drills. */
export function aboutDrill({ plan, drillId }: { readonly plan?: DrillState['plan'] | undefined; readonly drillId?: string }): About {
  if (!plan) return drillId === undefined ? {} : { drill: drillId };
  return { drill: plan.drillId, database: plan.database, kind: plan.kind, backup: plan.backupId, instance: plan.instanceId };
}
