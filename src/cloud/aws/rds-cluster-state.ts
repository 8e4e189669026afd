import type { DBCluster, DBInstance } from '@aws-sdk/client-rds';
import type { Instance } from '../database-service.ts';
import { splitTags } from './rds-cluster-requests.ts';
import { isAnswering, isFailed, whyNoLogin } from './rds-state.ts';

/** How far a cluster with one instance in it has come. */
export interface ClusterState {
  readonly status: Instance['status'];
  readonly detail?: string;
  /** What has to be asked for next. */
  readonly lacks?: 'instance' | 'password';
}

/** Available only when cluster, instance and password are. */
export function clusterStateOf(cluster: DBCluster, member: DBInstance | undefined): ClusterState {
  const status = cluster.Status ?? 'unknown';
  const memberStatus = member?.DBInstanceStatus ?? 'unknown';
  if (status === 'deleting') return { status: 'deleting' };
  if (isFailed(status)) return { status: 'failed', detail: `its cluster is ${status}` };
  if (member && isFailed(memberStatus)) return { status: 'failed', detail: memberStatus };
  // Nobody else deletes it before the cluster: such a one will never be available, and is not deleting as a whole.
  if (memberStatus === 'deleting') return { status: 'failed', detail: 'its instance is being deleted, its cluster is not' };
  if (!member) return { status: 'creating', detail: `its cluster is ${status}`, ...(status === 'available' ? { lacks: 'instance' } : {}) };
  if (!isAnswering(member)) return { status: 'creating', detail: `its instance is ${memberStatus}` };
  if (!['available', 'backing-up'].includes(status)) return { status: 'creating', detail: `its cluster is ${status}` };
  const secret = cluster.MasterUserSecret;
  const missing = whyNoLogin(secret?.SecretStatus, cluster.PendingModifiedValues);
  if (missing !== undefined) return { status: 'creating', detail: missing, ...(secret ? {} : { lacks: 'password' }) };
  const group = cluster.DBClusterParameterGroup;
  return { status: 'available', ...(group === undefined ? {} : { detail: `its settings are those of cluster parameter group ${group}` }) };
}

/** A cluster as a drill sees it: one instance that goes by the cluster's name. Aurora has no storage to load. */
export function toClusterInstance(cluster: DBCluster, member: DBInstance | undefined, now: Date): Instance {
  const { status, detail } = clusterStateOf(cluster, member);
  return {
    instanceId: cluster.DBClusterIdentifier ?? '',
    status,
    ...(detail === undefined ? {} : { detail }),
    createdAt: cluster.ClusterCreateTime ?? now,
    tags: splitTags(cluster).tags,
    ...(status === 'available' ? { loadingPercent: 100 } : {}),
  };
}
