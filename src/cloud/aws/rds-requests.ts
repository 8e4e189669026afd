import type {
  CreateDBInstanceMessage,
  RestoreDBInstanceFromDBSnapshotMessage,
  RestoreDBInstanceToPointInTimeMessage,
  Tag,
} from '@aws-sdk/client-rds';
import type { CreateInstance, InstanceDifferences, RestoreSnapshot, RestoreToPointInTime } from '../database-service.ts';
import { DRILL_ADMINISTRATOR } from '../../postgres/service-roles.ts';

/** What every throwaway instance of this installation has in common. */
export interface InstanceSettings {
  /** Explicit, because the default of a restore is the class of the source. */
  readonly instanceClass: string;
  /** For an instance that is created empty; a restored one is as large as its snapshot. */
  readonly storageGib: number;
  readonly subnetGroup: string;
  readonly securityGroupIds: readonly string[];
  /** That of the source, so that its settings and preloaded libraries are there; else RDS's default. Not for clusters. */
  readonly parameterGroup?: string | undefined;
}

export type ThrowawayRequest = CreateInstance | RestoreSnapshot | RestoreToPointInTime;

/** The default would buy Extended Support for an old major without asking. */
export const LIFE_CYCLE = 'open-source-rds-extended-support-disabled';

/** RDS has no way to set single parameters at birth: `request.parameters` are those of the parameter group or of nobody. */
export function createRequest(request: CreateInstance, common: InstanceSettings): CreateDBInstanceMessage {
  return {
    ...throwaway(request, common),
    DBInstanceIdentifier: request.instanceId,
    Engine: 'postgres',
    EngineVersion: String(request.major),
    AllocatedStorage: settingsFor(common, request.differences).storageGib,
    StorageType: 'gp3',
    StorageEncrypted: true,
    // Nobody's name on the source: what is restored brings its own roles, its master user among them.
    MasterUsername: DRILL_ADMINISTRATOR,
    // RDS makes the password, keeps it as a secret and deletes it with the instance.
    ManageMasterUserPassword: true,
  };
}

/**
 * Storage type and size are left to the snapshot: changing them slows the restore down, and storage cannot shrink.
 * The password is set once the instance is available: at a restore RDS can manage it for Oracle only.
 *
 * @param of a snapshot of a Multi-AZ cluster restores to one instance too
 */
export function restoreRequest(
  request: RestoreSnapshot,
  common: InstanceSettings,
  of: 'instance' | 'cluster',
): RestoreDBInstanceFromDBSnapshotMessage {
  const { instanceId, snapshotId } = request;
  const snapshot = of === 'cluster' ? { DBClusterSnapshotIdentifier: snapshotId } : { DBSnapshotIdentifier: snapshotId };
  return { ...throwaway(request, common), ...snapshot, DBInstanceIdentifier: instanceId, Engine: 'postgres' };
}

/** The moment is always named: the plan fixed it, and "latest" would be another one by the time RDS reads it. */
export function recoveryRequest(
  request: RestoreToPointInTime,
  sourceId: string,
  common: InstanceSettings,
): RestoreDBInstanceToPointInTimeMessage {
  return {
    ...throwaway(request, common),
    SourceDBInstanceIdentifier: sourceId,
    TargetDBInstanceIdentifier: request.instanceId,
    RestoreTime: request.to,
  };
}

/** Everything is said, because the defaults are those of production: public, backed up, patched, tagged like its source. */
function throwaway({ tags, differences }: ThrowawayRequest, common: InstanceSettings) {
  const { instanceClass, subnetGroup, securityGroupIds, parameterGroup } = settingsFor(common, differences);
  return {
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
    EngineLifecycleSupport: LIFE_CYCLE,
    Tags: toTags(tags),
  };
}

/** The installation's settings, and over them what this database's instances have of their own. */
export function settingsFor(common: InstanceSettings, differences: InstanceDifferences = {}): InstanceSettings {
  return {
    ...common,
    instanceClass: differences.class ?? common.instanceClass,
    storageGib: differences.storageGib ?? common.storageGib,
    parameterGroup: differences.parameterGroup ?? common.parameterGroup,
  };
}

export function toTags(tags: Readonly<Record<string, string>>): Tag[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

export function fromTags(tags: readonly Tag[] | undefined): Record<string, string> {
  return Object.fromEntries((tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));
}
