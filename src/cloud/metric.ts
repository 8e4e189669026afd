/** One measurement of a function's run; deploy/ has alarms on some of them, by these very names. */
export interface Metric {
  readonly name: MetricName;
  readonly value: number;
  readonly unit: 'Count' | 'Seconds' | 'Bytes';
  /** What it is about; without any it is about the whole installation. */
  readonly dimensions?: Readonly<Record<string, string>>;
}

export type MetricName =
  | 'BackupValid'
  | 'BackupBytes'
  | 'BackupAgeSeconds'
  | 'ProvenAgeSeconds'
  | 'DrillProven'
  | 'DrillFailed'
  | 'DrillNotProven'
  | 'RestoreSeconds'
  | 'RpoSeconds'
  | 'CleanupFailed'
  | 'OrphansDestroyed'
  | 'OrphansLeft';

/** What one run of a function was about, for its run record: names and counts, never an event, a row or a secret. */
export type About = Readonly<Record<string, string | number | boolean>>;
