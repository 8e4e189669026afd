import type { Finding } from '../checks/finding.ts';
import type { Origin } from '../errors.ts';
import type { DrillKind, Fault } from './contract.ts';

/** One stage of a drill or backup with absolute times; `seconds` is derived once so that readers agree. */
export interface StageTiming {
  readonly stage: string;
  readonly beganAt: string;
  readonly endedAt: string;
  readonly seconds: number;
}

/** One row of the per-table comparison that the report draws. */
export interface TableResult {
  readonly schema: string;
  readonly name: string;
  readonly bytes: number;
  /** Exact counts as decimal strings; absent where one side has no such table or rows were not compared. */
  readonly expectedRows?: string;
  readonly foundRows?: string;
  readonly content: 'equal' | 'different' | 'not_compared';
  /** A partitioned table: its rows are those of its partitions, which have results of their own. */
  readonly partitioned?: true;
}

/** An object the drill relied on, bound by digest. */
export interface Subject {
  readonly role: 'manifest' | 'validation' | 'archive' | 'globals' | 'facts' | 'facts-before' | 'facts-after' | 'mark' | 'snapshot';
  /** Store key; for a snapshot the service's own id. */
  readonly key: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** What the worker's prove task leaves in the store as `proof.json` for Seal to read. */
export interface Proof {
  readonly format: 1;
  readonly drillId: string;
  readonly findings: readonly Finding[];
  readonly tables: readonly TableResult[];
  readonly timings: readonly StageTiming[];
  readonly subjects: readonly Subject[];
  readonly tools: Readonly<Record<string, string>>;
  /** What kept the task from finding everything out; its findings up to there are kept. */
  readonly errors: readonly DrillError[];
  /** When the restored database answered its first query, ANALYZE done: where the RTO clock ends. */
  readonly firstAnswerAt?: string;
  readonly storage?: StorageLoading;
  readonly scope: Scope;
}

/** How far a restored instance's storage had been loaded when the first query was asked: apart from the RTO. */
export interface StorageLoading {
  /** Null when the service could not be asked. */
  readonly loadedPercent: number | null;
  readonly at: string;
  readonly detail: string;
}

/** Said on the first screen of every report. */
export interface Scope {
  readonly examined: readonly string[];
  readonly notExamined: readonly string[];
}

/** An error of the drill itself: which state, which error, whose fault. */
export interface DrillError {
  readonly state: string;
  /** The literal name of the error's class. */
  readonly name: string;
  readonly origin: Origin;
  readonly message: string;
}

export type VerdictWord = 'PROVEN' | 'FAILED' | 'NOT PROVEN';
export type AxisStatus = 'met' | 'missed' | 'unknown' | 'no target';

export interface EvidenceBody {
  readonly format: 1;
  readonly drillId: string;
  readonly database: string;
  readonly kind: DrillKind;
  readonly backup: {
    readonly id: string;
    readonly takenAt: string;
    readonly bytes: number;
    readonly sha256: string;
  } | null;
  readonly verdict: VerdictWord;
  /** `L0` when not even the artefact was proved. */
  readonly assurance: string;
  /** One sentence: why this verdict. */
  readonly reason: string;
  readonly findings: readonly Finding[];
  readonly tables: readonly TableResult[];
  readonly timings: readonly StageTiming[];
  readonly rto: { readonly seconds: number | null; readonly targetSeconds: number | null; readonly status: AxisStatus };
  readonly rpo: { readonly seconds: number | null; readonly targetSeconds: number | null; readonly status: AxisStatus };
  /** Of what was restored from a snapshot or a log, where the service says how much of it is there. */
  readonly storage?: StorageLoading;
  readonly cleanup: { readonly status: 'verified' | 'failed' | 'nothing to clean'; readonly detail: string };
  readonly scope: Scope;
  readonly subjects: readonly Subject[];
  readonly tools: Readonly<Record<string, string>>;
  /** Ids of the required checks and the SHA-256 of that list: a policy that shrank since last time shows. */
  readonly policy: { readonly required: readonly string[]; readonly sha256: string; readonly dropped: readonly string[] };
  /** The fault planted on purpose, if any: such a drill says nothing about the backup. */
  readonly fault: Fault | null;
  /** Errors of the drill itself, by state. */
  readonly errors: readonly DrillError[];
  /** Digest of the evidence before this one of the same database. */
  readonly previous: { readonly key: string; readonly sha256: string } | null;
  readonly startedAt: string;
  readonly sealedAt: string;
}
