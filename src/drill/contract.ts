/**
 * What travels from state to state of restore-drill.asl.json, one documented interface per hop,
 * and what a worker task is told. Everything here is plain JSON and holds no secret.
 */

import * as z from 'zod';

/** What lies in the bucket under a manifest. */
export type BackupKind = 'dump' | 'snapshot';

/** What a drill can restore: a backup, or a point in time from the database service's own log. */
export type DrillKind = BackupKind | 'pitr';

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
  kind: z.enum(['dump', 'snapshot', 'pitr']).optional(),
  /** With kind pitr: the point in time, ISO 8601 with zone, or `latest`; without it `latest`. */
  to: z.union([z.literal('latest'), z.iso.datetime({ offset: true })]).optional(),
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

/** Output of Plan; every later state reads it from `$.plan`. Times are ISO 8601. */
export const DrillPlan = z.object({
  drillId: z.string(),
  database: z.string(),
  kind: z.enum(['dump', 'snapshot', 'pitr']),
  /** Of the backup; of a point in time a name made of it. */
  backupId: z.string(),
  /** Of the backup, or of the recovery record that Plan wrote for a point in time. */
  manifestKey: z.string(),
  /** SHA-256 of the manifest as it was validated; the drill refuses any other manifest. */
  manifestSha256: z.string(),
  /** How the backup was chosen: how many there are, and which newer ones were passed over and why. */
  selection: z.object({ listed: z.number(), passedOver: z.array(z.string()) }),
  /** Known before anything is created, so that Destroy always knows what to destroy. */
  instanceId: z.string(),
  /** The moment whose data the backup holds. */
  takenAt: z.string(),
  /** With kind pitr: the last moment that the source could be recovered to when the drill was planned. */
  recoverableUntil: z.string().exactOptional(),
  /** The decision to restore: where the RTO clock begins. */
  decidedAt: z.string(),
  /** After this moment the drill gives up waiting for the instance. */
  deadlineAt: z.string(),
  instance: z.object({ major: z.number(), superuser: z.string(), parameters: z.record(z.string(), z.string()) }),
  /** `service`: a throwaway instance of the database service. `task`: a server inside the worker's own task; dumps only. */
  target: z.enum(['service', 'task']),
  /** Whether the source is read once more before the restore, because nothing has been read of it after the point in time. */
  readsSource: z.boolean(),
  /** Where the instance of this database differs from the installation's throwaway instances. */
  differences: z.object({
    class: z.string().exactOptional(),
    storageGib: z.number().exactOptional(),
    parameterGroup: z.string().exactOptional(),
  }),
  fault: z.enum(FAULTS).exactOptional(),
});
export type DrillPlan = Readonly<z.infer<typeof DrillPlan>>;

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
  /** How much of its storage is loaded, where the service says so. */
  readonly loadingPercent?: number;
}

/** Output of ConfirmGone, at `$.cleanup`. */
export interface CleanupState {
  readonly status: 'verified' | 'waiting' | 'failed';
  readonly at: string;
  readonly detail?: string;
}

const DumpTask = z.object({ verb: z.literal('dump'), database: z.string(), backupId: z.string() });
export type DumpTask = Readonly<z.infer<typeof DumpTask>>;

/** Reads the structural facts of the source around a snapshot: `begin` before it is taken, `end` after. */
const SnapshotFactsTask = z.object({
  verb: z.literal('snapshot-facts'),
  database: z.string(),
  snapshotId: z.string(),
  moment: z.enum(['begin', 'end']),
});
export type SnapshotFactsTask = Readonly<z.infer<typeof SnapshotFactsTask>>;

/**
 * Reads the structure of the source and, where there is a heartbeat table, leaves a mark in it: what a later drill to a
 * point in time is held against.
 */
const ReadingTask = z.object({ verb: z.literal('reading'), database: z.string(), readingId: z.string() });
export type ReadingTask = Readonly<z.infer<typeof ReadingTask>>;

/** Validates a backup that is too large for a function. */
const ValidateTask = z.object({ verb: z.literal('validate'), database: z.string(), manifestKey: z.string() });
export type ValidateTask = Readonly<z.infer<typeof ValidateTask>>;

const ProveTask = z.object({ verb: z.literal('prove'), plan: DrillPlan });

/** What the worker is told; one of these as JSON in the environment variable PGPROOF_TASK. */
export const WorkerTask = z.discriminatedUnion('verb', [DumpTask, SnapshotFactsTask, ReadingTask, ValidateTask, ProveTask]);
export type WorkerTask = Readonly<z.infer<typeof WorkerTask>>;
