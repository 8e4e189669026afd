import {
  DescribeDBClusterSnapshotsCommand,
  DescribeDBSnapshotsCommand,
  type DBClusterSnapshot,
  type DBSnapshot,
  type RDSClient,
} from '@aws-sdk/client-rds';
import { InstanceRefusedError, NoBackupError } from '../../errors.ts';
import type { Snapshot, SnapshotVerification } from '../database-service.ts';
import { fromTags } from './rds-requests.ts';
import { nameOf } from './service-errors.ts';

/** A snapshot of an instance or of a cluster: their names are apart, and RDS answers for each kind alone. */
export type FoundSnapshot =
  | { readonly of: 'instance'; readonly snapshot: DBSnapshot }
  | { readonly of: 'cluster'; readonly snapshot: DBClusterSnapshot };

const GIB = 1024 ** 3;

/** @returns the snapshot of that name; one of an instance before one of a cluster */
export async function findSnapshot(rds: RDSClient, snapshotId: string): Promise<FoundSnapshot | undefined> {
  try {
    const { DBSnapshots } = await rds.send(new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: snapshotId }));
    const [snapshot] = DBSnapshots ?? [];
    if (snapshot) return { of: 'instance', snapshot };
  } catch (error) {
    if (nameOf(error) !== 'DBSnapshotNotFound') throw notDescribed(snapshotId, error);
  }
  try {
    const { DBClusterSnapshots } = await rds.send(new DescribeDBClusterSnapshotsCommand({ DBClusterSnapshotIdentifier: snapshotId }));
    const [snapshot] = DBClusterSnapshots ?? [];
    return snapshot && { of: 'cluster', snapshot };
  } catch (error) {
    if (nameOf(error) === 'DBClusterSnapshotNotFound') return undefined;
    throw notDescribed(snapshotId, error);
  }
}

/** @throws NoBackupError */
export async function requireSnapshot(rds: RDSClient, snapshotId: string): Promise<FoundSnapshot> {
  const found = await findSnapshot(rds, snapshotId);
  if (found) return found;
  throw new NoBackupError(`there is no snapshot ${snapshotId}`, {
    hint: 'aws rds describe-db-snapshots --snapshot-type manual; of Aurora: aws rds describe-db-cluster-snapshots --snapshot-type manual',
  });
}

export function toSnapshot({ of, snapshot }: FoundSnapshot): Snapshot {
  const { Status = 'unknown', TagList, AllocatedStorage = 0, SnapshotCreateTime = new Date(0) } = snapshot;
  const shared = {
    status: Status === 'available' ? ('available' as const) : /^(creating|copying|pending)$/.test(Status) ? ('creating' as const) : ('failed' as const),
    // RDS does not say how much data there is, only how large the volume was.
    bytes: AllocatedStorage * GIB,
  };
  const named = fromTags(TagList)['pgproof:database'];
  if (of === 'cluster') {
    const { DBClusterSnapshotIdentifier: snapshotId = '', DBClusterIdentifier: source = '' } = snapshot;
    return { ...shared, snapshotId, database: named ?? source, takenAt: SnapshotCreateTime };
  }
  const { DBSnapshotIdentifier: snapshotId = '', DBInstanceIdentifier: source = '' } = snapshot;
  // A copy has a new time of creation and the data of the old one.
  const takenAt = snapshot.SnapshotDatabaseTime ?? snapshot.OriginalSnapshotCreateTime ?? SnapshotCreateTime;
  return { ...shared, snapshotId, database: named ?? source, takenAt };
}

/** RDS shows nothing of a snapshot's content: all there is to check is that it says to be whole. */
export function verify(found: FoundSnapshot): SnapshotVerification {
  const { status, bytes } = toSnapshot(found);
  const { Status, PercentProgress = 0 } = found.snapshot;
  const problems = status === 'available' ? [] : [`the snapshot is ${Status}, ${PercentProgress} % done`];
  const method = found.of === 'cluster' ? 'rds DescribeDBClusterSnapshots' : 'rds DescribeDBSnapshots';
  return { method, examined: 1, problems, bytes };
}

function notDescribed(snapshotId: string, cause: unknown): InstanceRefusedError {
  return new InstanceRefusedError(`RDS did not describe snapshot ${snapshotId}: ${nameOf(cause)}`, { cause });
}
