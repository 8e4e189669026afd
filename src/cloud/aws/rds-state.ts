import type { DBInstance, DBSnapshot } from '@aws-sdk/client-rds';
import type { Instance, Snapshot } from '../database-service.ts';
import { fromTags } from './rds-requests.ts';

/** States that an instance does not leave by itself. Everything unknown counts as on its way: the deadline ends it. */
const FAILED = /^(failed|incompatible-.+|inaccessible-encryption-credentials.*|restore-error|insufficient-capacity|storage-full|stopped)$/;

/** In these the database answers; the rest of the work goes on beside it. */
const ANSWERING = ['available', 'storage-optimization', 'storage-initialization'];

/** An instance as a drill sees it: available only when one can log in. `now` stands in for a birth not yet recorded. */
export function toInstance(found: DBInstance, now: Date): Instance {
  const [status, detail] = stateOf(found);
  return {
    instanceId: found.DBInstanceIdentifier ?? '',
    status,
    ...(detail === undefined ? {} : { detail }),
    createdAt: found.InstanceCreateTime ?? now,
    tags: fromTags(found.TagList),
  };
}

/** The instance answers but nobody has its password yet: as after every restore. */
export function lacksPassword(found: DBInstance): boolean {
  return ANSWERING.includes(found.DBInstanceStatus ?? '') && found.MasterUserSecret === undefined;
}

function stateOf(found: DBInstance): [Instance['status'], string | undefined] {
  const status = found.DBInstanceStatus ?? 'unknown';
  if (status === 'deleting') return ['deleting', undefined];
  if (FAILED.test(status)) return ['failed', status];
  if (!ANSWERING.includes(status)) return ['creating', status];
  // For some seconds after a change RDS still says available: only these two tell that the password works.
  const secret = found.MasterUserSecret?.SecretStatus;
  if (secret !== 'active') return ['creating', `its password is ${secret ?? 'not set'}`];
  const pending = Object.values(found.PendingModifiedValues ?? {}).some((value) => value !== undefined);
  if (pending) return ['creating', 'its changes are being applied'];
  return ['available', loadingOf(found)];
}

/** A restored instance answers before its storage has been copied from S3: first reads are slow until then. */
function loadingOf({ StorageOperationStatus: status, StorageOperationPercentProgress: percent }: DBInstance): string | undefined {
  return status?.toLowerCase() === 'initializing' ? `its storage is being initialised, ${percent ?? 0} % done` : undefined;
}

const GIB = 1024 ** 3;

export function toSnapshot(found: DBSnapshot): Snapshot {
  const status = found.Status ?? 'unknown';
  return {
    snapshotId: found.DBSnapshotIdentifier ?? '',
    status: status === 'available' ? 'available' : /^(creating|copying|pending)$/.test(status) ? 'creating' : 'failed',
    database: fromTags(found.TagList)['pgproof:database'] ?? found.DBInstanceIdentifier ?? '',
    takenAt: found.SnapshotDatabaseTime ?? found.OriginalSnapshotCreateTime ?? found.SnapshotCreateTime ?? new Date(0),
    // RDS does not say how much data there is, only how large the volume was.
    bytes: (found.AllocatedStorage ?? 0) * GIB,
  };
}
