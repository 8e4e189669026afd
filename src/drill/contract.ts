/**
 * What travels from state to state of restore-drill.asl.json, one documented interface per hop,
 * and what a worker task is told. Everything here is plain JSON and holds no secret.
 */

import { z } from 'zod';

export type BackupKind = 'dump' | 'snapshot';

/** Faults that a drill can be told to plant in its own copy or input, to show that it would notice. */
export const FAULTS = [
  'lose-rows',
  'change-value',
  'drop-grant',
  'flip-byte',
  'truncate-archive',
  'drop-index',
  'lose-setting',
] as const;
export type Fault = (typeof FAULTS)[number];

/** Input of the state machine: `{}` is enough. Unknown keys are ignored, the console adds some of its own. */
export const DrillInput = z.object({
  /** May be left out when there is only one. */
  database: z.string().optional(),
  kind: z.enum(['dump', 'snapshot']).optional(),
  /** A backup id; without it the newest validated one. */
  backup: z.string().optional(),
  /** Plants a fault in the drill's own copy to show that the drill notices. */
  break: z.enum(FAULTS).optional(),
});
export type DrillInput = z.infer<typeof DrillInput>;

/** What Plan is given: the execution's input, its name and when it began. */
export interface PlanRequest {
  readonly input: unknown;
  readonly drillId: string;
  readonly startedAt: string;
}

/** Output of Plan; every later state reads it from `$.plan`. */
export interface DrillPlan {
  readonly drillId: string;
  readonly database: string;
  readonly kind: BackupKind;
  readonly backupId: string;
  readonly manifestKey: string;
  /** SHA-256 of the manifest as it was validated; the drill refuses any other manifest. */
  readonly manifestSha256: string;
  /** How the backup was chosen: how many there are, and which newer ones were passed over and why. */
  readonly selection: { readonly listed: number; readonly passedOver: readonly string[] };
  /** Known before anything is created, so that Destroy always knows what to destroy. */
  readonly instanceId: string;
  /** The moment whose data the backup holds. ISO 8601. */
  readonly takenAt: string;
  /** The decision to restore: where the RTO clock begins. ISO 8601. */
  readonly decidedAt: string;
  /** After this moment the drill gives up waiting for the instance. ISO 8601. */
  readonly deadlineAt: string;
  readonly instance: {
    readonly major: number;
    readonly superuser: string;
    readonly parameters: Readonly<Record<string, string>>;
  };
  readonly fault?: Fault;
}

/** Output of Destroy, at `$.destroyed`: when the destruction began. */
export interface DestroyState {
  readonly at: string;
}

/** Output of Seal, at `$.result`: what Report says and the machine's last choice reads. */
export interface SealResult {
  readonly drillId: string;
  readonly database: string;
  readonly verdict: 'PROVEN' | 'FAILED' | 'NOT PROVEN';
  readonly assurance: string;
  readonly reason: string;
  readonly cleanup: 'verified' | 'failed' | 'nothing to clean';
  readonly evidenceKey: string;
  readonly reportKey: string;
}

/** What Catch leaves at `$.error`. */
export interface CaughtError {
  readonly Error: string;
  readonly Cause?: string;
}

/** Everything the later states find under `$`. */
export interface DrillState {
  readonly input: unknown;
  readonly drillId: string;
  readonly startedAt: string;
  readonly plan?: DrillPlan;
  readonly error?: CaughtError;
  readonly cleanupError?: CaughtError;
  readonly destroyed?: DestroyState;
  readonly cleanup?: CleanupState;
  readonly result?: SealResult;
}

/** Output of DescribeInstance, at `$.instance`. */
export interface InstanceState {
  readonly status: 'creating' | 'available';
  readonly at: string;
}

/** Output of ConfirmGone, at `$.cleanup`. */
export interface CleanupState {
  readonly status: 'verified' | 'waiting' | 'failed';
  readonly at: string;
  readonly detail?: string;
}

/** What the worker is told; one of these as JSON in the environment variable PGPROOF_TASK. */
export type WorkerTask = DumpTask | SnapshotFactsTask | ProveTask;

export interface DumpTask {
  readonly verb: 'dump';
  readonly database: string;
  readonly backupId: string;
}

/** Reads the structural facts of the source around a snapshot: `begin` before it is taken, `end` after. */
export interface SnapshotFactsTask {
  readonly verb: 'snapshot-facts';
  readonly database: string;
  readonly snapshotId: string;
  readonly moment: 'begin' | 'end';
}

export interface ProveTask {
  readonly verb: 'prove';
  readonly plan: DrillPlan;
}
