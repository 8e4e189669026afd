import type { CreateDBInstanceMessage, RestoreDBInstanceFromDBSnapshotMessage, Tag } from '@aws-sdk/client-rds';
import type { CreateInstance, RestoreSnapshot } from '../database-service.ts';

/** What every throwaway instance of this installation has in common. */
export interface InstanceSettings {
  /** Explicit, because the default of a restore is the class of the source. */
  readonly instanceClass: string;
  /** For an instance that is created empty; a restored one is as large as its snapshot. */
  readonly storageGib: number;
  readonly subnetGroup: string;
  readonly securityGroupIds: readonly string[];
  /** That of the source, so that its settings and preloaded libraries are there; else RDS's default. */
  readonly parameterGroup?: string | undefined;
}

/** RDS's own superuser: on an instance of RDS it is there already, and nobody can be given its name. */
const RDS_SUPERUSER = 'rdsadmin';
const MASTER_USER = 'pgproof';

export function createRequest(request: CreateInstance, settings: InstanceSettings): CreateDBInstanceMessage {
  return {
    ...throwaway(request, settings),
    Engine: 'postgres',
    EngineVersion: String(request.major),
    AllocatedStorage: settings.storageGib,
    StorageType: 'gp3',
    StorageEncrypted: true,
    MasterUsername: request.superuser === RDS_SUPERUSER ? MASTER_USER : request.superuser,
    // RDS makes the password, keeps it as a secret and deletes it with the instance.
    ManageMasterUserPassword: true,
  };
}

/**
 * Storage type and size are left to the snapshot: changing them slows the restore down, and storage cannot shrink.
 * The password is set once the instance is available: at a restore RDS can manage it for Oracle only.
 */
export function restoreRequest(request: RestoreSnapshot, settings: InstanceSettings): RestoreDBInstanceFromDBSnapshotMessage {
  return { ...throwaway(request, settings), Engine: 'postgres', DBSnapshotIdentifier: request.snapshotId };
}

/** Everything is said, because the defaults are those of production: public, backed up, patched, tagged like its source. */
function throwaway({ instanceId, tags }: CreateInstance | RestoreSnapshot, settings: InstanceSettings) {
  const { instanceClass, subnetGroup, securityGroupIds, parameterGroup } = settings;
  return {
    DBInstanceIdentifier: instanceId,
    DBInstanceClass: instanceClass,
    DBSubnetGroupName: subnetGroup,
    VpcSecurityGroupIds: [...securityGroupIds],
    ...(parameterGroup === undefined ? {} : { DBParameterGroupName: parameterGroup }),
    PubliclyAccessible: false,
    MultiAZ: false,
    DeletionProtection: false,
    BackupRetentionPeriod: 0,
    CopyTagsToSnapshot: false,
    AutoMinorVersionUpgrade: false,
    // The default buys Extended Support for an old major without asking.
    EngineLifecycleSupport: 'open-source-rds-extended-support-disabled',
    Tags: toTags(tags),
  };
}

function toTags(tags: Readonly<Record<string, string>>): Tag[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

export function fromTags(tags: readonly Tag[] | undefined): Record<string, string> {
  return Object.fromEntries((tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));
}
