/**
 * What travels from state to state of restore-drill.asl.json, one documented interface per hop,
 * and what a worker task is told. Everything here is plain JSON and holds no secret.
 */

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

/** Output of Plan; every later state reads it from `$.plan`. */
export interface DrillPlan {
  readonly drillId: string;
  readonly database: string;
  readonly kind: BackupKind;
  readonly backupId: string;
  readonly manifestKey: string;
  /** SHA-256 of the manifest as it was validated; the drill refuses any other manifest. */
  readonly manifestSha256: string;
  /** Known before anything is created, so that Destroy always knows what to destroy. */
  readonly instanceId: string;
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
