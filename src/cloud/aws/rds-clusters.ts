import {
  CreateDBInstanceCommand,
  DeleteDBClusterCommand,
  DescribeDBClustersCommand,
  ModifyDBClusterCommand,
  RestoreDBClusterFromSnapshotCommand,
  RestoreDBClusterToPointInTimeCommand,
  type DBCluster,
  type DBClusterSnapshot,
  type DBInstance,
  type RDSClient,
} from '@aws-sdk/client-rds';
import type { Instance, RestoreSnapshot, RestoreToPointInTime } from '../database-service.ts';
import { memberRequest, recoverClusterRequest, restoreClusterRequest } from './rds-cluster-requests.ts';
import { clusterStateOf, toClusterInstance } from './rds-cluster-state.ts';
import { cleanupFailure, observationFailure, refusal } from './rds-errors.ts';
import { isOfDrill, notOurs, taken, type RdsInstances } from './rds-instances.ts';
import type { InstanceSettings } from './rds-requests.ts';
import { isThrowaway, memberIdOf } from './rds-throwaway.ts';
import { nameOf } from './service-errors.ts';

/** A throwaway cluster and the one instance in it. Either may be missing: on their way up the one, on their way down the other. */
export interface FoundCluster {
  readonly cluster: DBCluster | undefined;
  readonly member: DBInstance | undefined;
}

/**
 * Throwaway clusters of Aurora. Restoring makes a cluster without an instance; the instance, then the password, are asked
 * for by whoever looks and finds the one before ready. They are destroyed the other way round.
 */
export class RdsClusters {
  readonly #rds: RDSClient;
  readonly #settings: InstanceSettings;
  readonly #instances: RdsInstances;

  constructor(rds: RDSClient, settings: InstanceSettings, instances: RdsInstances) {
    this.#rds = rds;
    this.#settings = settings;
    this.#instances = instances;
  }

  async restoreSnapshot(request: RestoreSnapshot, snapshot: DBClusterSnapshot): Promise<void> {
    const command = new RestoreDBClusterFromSnapshotCommand(restoreClusterRequest(request, snapshot, this.#settings));
    await this.#make(request, () => this.#rds.send(command));
  }

  async restoreToPointInTime(request: RestoreToPointInTime, sourceId: string): Promise<void> {
    const command = new RestoreDBClusterToPointInTimeCommand(recoverClusterRequest(request, sourceId, this.#settings));
    await this.#make(request, () => this.#rds.send(command));
  }

  /** Undefined when neither the cluster nor the instance that belongs in it is there. */
  async find(clusterId: string): Promise<FoundCluster | undefined> {
    const cluster = await this.#findCluster(clusterId);
    const member = await this.#instances.find(memberIdOf(clusterId));
    return cluster || member ? { cluster, member } : undefined;
  }

  /** Asks for what the cluster lacks next. Asked too early or twice it does nothing; the next look decides. */
  async advance({ cluster, member }: FoundCluster): Promise<void> {
    if (!cluster || !isThrowaway(cluster)) return;
    const clusterId = cluster.DBClusterIdentifier ?? '';
    const { lacks } = clusterStateOf(cluster, member);
    try {
      if (lacks === 'instance') await this.#rds.send(new CreateDBInstanceCommand(memberRequest(cluster, this.#settings)));
      if (lacks === 'password') {
        const password = { ManageMasterUserPassword: true, ApplyImmediately: true };
        await this.#rds.send(new ModifyDBClusterCommand({ DBClusterIdentifier: clusterId, ...password }));
      }
    } catch (error) {
      if (['InvalidDBClusterState', 'DBInstanceAlreadyExists'].includes(nameOf(error))) return;
      throw lacks === 'instance' ? refusal(clusterId, error) : observationFailure(clusterId, 'setting the password', error, 'cluster');
    }
  }

  /** @throws CleanupFailedError when RDS refuses, unless it does so because the instance is not gone yet: then ask again */
  async remove(clusterId: string, { cluster, member }: FoundCluster): Promise<void> {
    if (cluster && !isThrowaway(cluster)) throw notOurs(clusterId, cluster.DBClusterArn);
    if (member) await this.#instances.remove(member);
    if (!cluster || cluster.Status === 'deleting') return;
    const command = new DeleteDBClusterCommand({ DBClusterIdentifier: clusterId, SkipFinalSnapshot: true, DeleteAutomatedBackups: true });
    try {
      await this.#rds.send(command);
    } catch (error) {
      if (nameOf(error) === 'DBClusterNotFound') return;
      if (nameOf(error) !== 'InvalidDBClusterState') throw cleanupFailure(clusterId, error, 'cluster');
      const status = (await this.#findCluster(clusterId))?.Status ?? 'deleting';
      if (status !== 'deleting' && !member) throw cleanupFailure(clusterId, error, 'cluster');
    }
  }

  /** As one instance that goes by the cluster's name. An instance whose cluster is gone can only be on its way out. */
  toInstance(clusterId: string, { cluster, member }: FoundCluster, now: Date): Instance {
    if (cluster) return toClusterInstance(cluster, member, now);
    const isDeleting = member?.DBInstanceStatus === 'deleting';
    const end = isDeleting ? ({ status: 'deleting' } as const) : ({ status: 'failed', detail: 'its cluster is gone' } as const);
    return { instanceId: clusterId, ...end, createdAt: member?.InstanceCreateTime ?? now, tags: {} };
  }

  async #findCluster(clusterId: string): Promise<DBCluster | undefined> {
    try {
      const { DBClusters } = await this.#rds.send(new DescribeDBClustersCommand({ DBClusterIdentifier: clusterId }));
      return DBClusters?.[0];
    } catch (error) {
      if (nameOf(error) === 'DBClusterNotFound') return undefined;
      throw observationFailure(clusterId, 'describing', error, 'cluster');
    }
  }

  /** Looks first: that costs little, and a restore over what exists would cost a cluster. */
  async #make({ instanceId, tags }: RestoreSnapshot | RestoreToPointInTime, send: () => Promise<unknown>): Promise<void> {
    const existing = await this.#findCluster(instanceId);
    if (existing && isOfDrill(existing, tags)) return;
    if (existing) throw taken(instanceId);
    try {
      await send();
    } catch (error) {
      if (nameOf(error) !== 'DBClusterAlreadyExists') throw refusal(instanceId, error);
      const other = await this.#findCluster(instanceId);
      if (!other || !isOfDrill(other, tags)) throw taken(instanceId, error);
    }
  }
}
