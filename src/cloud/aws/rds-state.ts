import type { DBInstance } from '@aws-sdk/client-rds';
import type { Instance } from '../database-service.ts';
import { fromTags } from './rds-requests.ts';

/** States that an instance does not leave by itself. Everything unknown counts as on its way: the deadline ends it. */
const FAILED = /^(failed|.+-failed|incompatible-.+|inaccessible-encryption-credentials.*|restore-error|insufficient-capacity|storage-full|stopped)$/;

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
    ...(status === 'available' ? { loadingPercent: loadedPercent(found) } : {}),
  };
}

/** The instance answers but nobody has its password yet: as after every restore. */
export function lacksPassword(found: DBInstance): boolean {
  return isAnswering(found) && found.MasterUserSecret === undefined;
}

export function isAnswering({ DBInstanceStatus = '' }: DBInstance): boolean {
  return ANSWERING.includes(DBInstanceStatus);
}

export function isFailed(status: string): boolean {
  return FAILED.test(status);
}

/** For some seconds after a change RDS still says available: only these two tell that the password works. */
export function whyNoLogin(secretStatus: string | undefined, pending: object | undefined): string | undefined {
  if (secretStatus !== 'active') return `its password is ${secretStatus ?? 'not set'}`;
  return Object.values(pending ?? {}).some((value) => value !== undefined) ? 'its changes are being applied' : undefined;
}

function stateOf(found: DBInstance): [Instance['status'], string | undefined] {
  const status = found.DBInstanceStatus ?? 'unknown';
  if (status === 'deleting') return ['deleting', undefined];
  if (isFailed(status)) return ['failed', status];
  if (!isAnswering(found)) return ['creating', status];
  const missing = whyNoLogin(found.MasterUserSecret?.SecretStatus, found.PendingModifiedValues);
  return missing === undefined ? ['available', settingsOf(found)] : ['creating', missing];
}

/** The recorded settings of the source are not applied, so it is said whose settings these are. */
function settingsOf({ DBParameterGroups: [group] = [] }: DBInstance): string | undefined {
  return group?.DBParameterGroupName === undefined ? undefined : `its settings are those of parameter group ${group.DBParameterGroupName}`;
}

/** A restored instance answers before its storage has been copied from S3. RDS says so only as long as that goes on. */
function loadedPercent({ StorageOperationStatus: status, StorageOperationPercentProgress: percent }: DBInstance): number {
  return status?.toLowerCase() === 'initializing' ? (percent ?? 0) : 100;
}
