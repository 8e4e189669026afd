/** Takes snapshots of sources: RDS on AWS. It can begin one and count them; it can delete or change nothing. */
export interface SnapshotService {
  /**
   * Begins to take a snapshot. Asking again for an id that exists is success: a retried schedule meets its own name.
   * @throws SnapshotRefusedError when the source is in a state that allows none, the quota is used up or permission is missing
   */
  takeSnapshot(request: TakeSnapshot): Promise<void>;

  /** How many manual snapshots of this kind there are in the account's Region, and how many there may be. */
  snapshotQuota(kind: SnapshotSource['kind']): Promise<{ readonly used: number; readonly limit: number }>;
}

export interface TakeSnapshot {
  /** At most 255 of a-z, 0-9 and single hyphens, beginning with a letter. */
  readonly snapshotId: string;
  readonly source: SnapshotSource;
  readonly tags: Readonly<Record<string, string>>;
}

export interface SnapshotSource {
  /** An instance of RDS, or a cluster of Aurora. */
  readonly kind: 'rds' | 'aurora';
  readonly id: string;
}
