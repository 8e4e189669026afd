import type {
  CreateDBInstanceMessage,
  DBCluster,
  DBClusterSnapshot,
  RestoreDBClusterFromSnapshotMessage,
  RestoreDBClusterToPointInTimeMessage,
} from '@aws-sdk/client-rds';
import type { RestoreSnapshot, RestoreToPointInTime } from '../database-service.ts';
import { fromTags, LIFE_CYCLE, settingsFor, toTags, type InstanceSettings } from './rds-requests.ts';
import { memberIdOf } from './rds-throwaway.ts';

/** The instance in a cluster is created later, by whoever sees the cluster available: until then a tag keeps its class. */
const CLASS_TAG = 'pgproof:class';

/** Only Aurora keeps its data in the cluster; a Multi-AZ cluster of RDS is three instances with a disk each. */
export function isAurora(engine: string | undefined): boolean {
  return engine === 'aurora-postgresql';
}

/** Engine and version are the snapshot's: without them RDS takes the Region's default version. */
export function restoreClusterRequest(
  request: RestoreSnapshot,
  { Engine, EngineVersion }: DBClusterSnapshot,
  common: InstanceSettings,
): RestoreDBClusterFromSnapshotMessage {
  return { ...throwawayCluster(request, common), SnapshotIdentifier: request.snapshotId, Engine, EngineVersion };
}

export function recoverClusterRequest(
  request: RestoreToPointInTime,
  sourceId: string,
  common: InstanceSettings,
): RestoreDBClusterToPointInTimeMessage {
  // A clone shares its pages with production and can go to no named moment: it would prove nothing.
  return { ...throwawayCluster(request, common), SourceDBClusterIdentifier: sourceId, RestoreToTime: request.to, RestoreType: 'full-copy' };
}

/**
 * Whether it is public, its patches and its class are the instance's; everything else is the cluster's. The installation's
 * parameter group is one of instances, which no cluster takes: a cluster's is named with its database.
 */
function throwawayCluster({ instanceId, tags, differences }: RestoreSnapshot | RestoreToPointInTime, common: InstanceSettings) {
  const { instanceClass, subnetGroup, securityGroupIds } = settingsFor(common, differences);
  const parameterGroup = differences?.parameterGroup;
  return {
    DBClusterIdentifier: instanceId,
    DBSubnetGroupName: subnetGroup,
    VpcSecurityGroupIds: [...securityGroupIds],
    ...(parameterGroup === undefined ? {} : { DBClusterParameterGroupName: parameterGroup }),
    DeletionProtection: false,
    // Aurora has no less.
    BackupRetentionPeriod: 1,
    CopyTagsToSnapshot: false,
    EngineLifecycleSupport: LIFE_CYCLE,
    Tags: toTags({ ...tags, [CLASS_TAG]: instanceClass }),
  };
}

/** Backups, protection and life cycle are the cluster's, and RDS refuses them here. */
export function memberRequest(cluster: DBCluster, common: InstanceSettings): CreateDBInstanceMessage {
  const { instanceClass = common.instanceClass, tags } = splitTags(cluster);
  const clusterId = cluster.DBClusterIdentifier ?? '';
  return {
    DBInstanceIdentifier: memberIdOf(clusterId),
    DBClusterIdentifier: clusterId,
    DBInstanceClass: instanceClass,
    Engine: cluster.Engine,
    DBSubnetGroupName: common.subnetGroup,
    PubliclyAccessible: false,
    AutoMinorVersionUpgrade: false,
    Tags: toTags(tags),
  };
}

/** The tags that were asked for, and what the restore noted among them. */
export function splitTags({ TagList }: DBCluster): { readonly instanceClass?: string; readonly tags: Record<string, string> } {
  const { [CLASS_TAG]: instanceClass, ...tags } = fromTags(TagList);
  return { ...(instanceClass === undefined ? {} : { instanceClass }), tags };
}
