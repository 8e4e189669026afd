import { paginateDescribeDBClusters, paginateDescribeDBInstances, type DBCluster, type DBInstance, type RDSClient } from '@aws-sdk/client-rds';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ConfigurationError, InstanceFailedError } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import type {
  Connection,
  CreateInstance,
  DatabaseService,
  Instance,
  RecoverySource,
  RecoveryWindow,
  RestoreSnapshot,
  RestoreToPointInTime,
  Snapshot,
  SnapshotVerification,
} from '../database-service.ts';
import { isAurora } from './rds-cluster-requests.ts';
import { toClusterInstance } from './rds-cluster-state.ts';
import { RdsClusters } from './rds-clusters.ts';
import { RdsInstances } from './rds-instances.ts';
import { readPassword } from './rds-password.ts';
import { recoveryWindow } from './rds-recovery.ts';
import type { InstanceSettings } from './rds-requests.ts';
import { findSnapshot, requireSnapshot, toSnapshot, verify } from './rds-snapshots.ts';
import { lacksPassword, toInstance } from './rds-state.ts';
import { checkRequest, checkThrowaway, isThrowaway, isThrowawayId } from './rds-throwaway.ts';

export interface RdsDatabaseServiceOptions {
  readonly rds: RDSClient;
  readonly secrets: SecretsManagerClient;
  readonly clock: Pick<Clock, 'now'>;
  readonly instances: InstanceSettings;
  /** File with RDS's certificate authorities; without one only those that the system trusts count. */
  readonly certificates?: string | undefined;
}

/** Throwaway instances on RDS for PostgreSQL and, in clusters of their own that go by the same name, on Aurora. */
export class RdsDatabaseService implements DatabaseService {
  readonly #options: RdsDatabaseServiceOptions;
  readonly #instances: RdsInstances;
  readonly #clusters: RdsClusters;

  constructor(options: RdsDatabaseServiceOptions) {
    this.#options = options;
    this.#instances = new RdsInstances(options.rds, options.instances);
    this.#clusters = new RdsClusters(options.rds, options.instances, this.#instances);
  }

  async createInstance(request: CreateInstance): Promise<void> {
    checkRequest(request);
    await this.#instances.create(request);
  }

  async restoreSnapshot(request: RestoreSnapshot): Promise<void> {
    checkRequest(request);
    const { of, snapshot } = await requireSnapshot(this.#options.rds, request.snapshotId);
    if (of === 'cluster' && isAurora(snapshot.Engine)) await this.#clusters.restoreSnapshot(request, snapshot);
    else await this.#instances.restoreSnapshot(request, of);
  }

  async restoreToPointInTime(request: RestoreToPointInTime): Promise<void> {
    checkRequest(request);
    const { rds, aurora, database } = request.source;
    if (rds !== undefined) await this.#instances.restoreToPointInTime(request, rds);
    else if (aurora !== undefined) await this.#clusters.restoreToPointInTime(request, aurora);
    else throw new ConfigurationError([`databases.${database}.source: only of rds and aurora does RDS keep a log`]);
  }

  async recoveryWindow(source: RecoverySource): Promise<RecoveryWindow | undefined> {
    return await recoveryWindow(this.#options.rds, source);
  }

  /** Gives a restored instance its password, and a restored cluster its instance, as soon as they take one. */
  async describeInstance(instanceId: string, { advance = true } = {}): Promise<Instance | undefined> {
    checkThrowaway(instanceId);
    const now = this.#options.clock.now();
    const instance = await this.#instances.find(instanceId);
    if (instance) {
      if (advance && isThrowaway(instance) && lacksPassword(instance)) await this.#instances.givePassword(instanceId);
      return toInstance(instance, now);
    }
    const found = await this.#clusters.find(instanceId);
    if (found && advance) await this.#clusters.advance(found);
    return found && this.#clusters.toInstance(instanceId, found, now);
  }

  async deleteInstance(instanceId: string): Promise<void> {
    checkThrowaway(instanceId);
    const instance = await this.#instances.find(instanceId);
    if (instance) return await this.#instances.remove(instance);
    const found = await this.#clusters.find(instanceId);
    if (found) await this.#clusters.remove(instanceId, found);
  }

  /** A cluster counts as one instance, also before there is an instance in it; an instance that lost its cluster as itself. */
  async listInstances(): Promise<Instance[]> {
    const now = this.#options.clock.now();
    const clusters = new Map<string, DBCluster>();
    for await (const { DBClusters = [] } of paginateDescribeDBClusters({ client: this.#options.rds }, {})) {
      for (const cluster of DBClusters) if (isOurs(cluster, cluster.DBClusterIdentifier)) clusters.set(cluster.DBClusterIdentifier ?? '', cluster);
    }
    const members = new Map<string, DBInstance>();
    const instances: Instance[] = [];
    for await (const { DBInstances = [] } of paginateDescribeDBInstances({ client: this.#options.rds }, {})) {
      for (const found of DBInstances.filter((each) => isOurs(each, each.DBInstanceIdentifier))) {
        const { DBClusterIdentifier: clusterId = '' } = found;
        if (clusters.has(clusterId)) members.set(clusterId, found);
        else instances.push(toInstance(found, now));
      }
    }
    return [...instances, ...[...clusters].map(([id, cluster]) => toClusterInstance(cluster, members.get(id), now))];
  }

  async connection(instanceId: string): Promise<Connection> {
    checkThrowaway(instanceId);
    const found = await this.#instances.find(instanceId);
    const cluster = found ? undefined : await this.#clusters.find(instanceId);
    const now = this.#options.clock.now();
    const instance = found ? toInstance(found, now) : cluster && this.#clusters.toInstance(instanceId, cluster, now);
    const host = found?.Endpoint?.Address ?? cluster?.cluster?.Endpoint;
    const port = found?.Endpoint?.Port ?? cluster?.cluster?.Port;
    const secretArn = (found ?? cluster?.cluster)?.MasterUserSecret?.SecretArn;
    if (instance?.status !== 'available' || host === undefined || port === undefined || secretArn === undefined) {
      const state = instance ? `${instance.status}${instance.detail ? `: ${instance.detail}` : ''}` : 'gone';
      throw new InstanceFailedError(instanceId, `instance ${instanceId} is not available but ${state}`);
    }
    const sslRootCert = this.#options.certificates;
    const security = { sslMode: 'verify-full' as const, ...(sslRootCert === undefined ? {} : { sslRootCert }) };
    return { host, port, ...security, ...(await readPassword(this.#options.secrets, instanceId, secretArn)) };
  }

  async describeSnapshot(snapshotId: string): Promise<Snapshot | undefined> {
    const found = await findSnapshot(this.#options.rds, snapshotId);
    return found && toSnapshot(found);
  }

  async verifySnapshot(snapshotId: string): Promise<SnapshotVerification> {
    return verify(await requireSnapshot(this.#options.rds, snapshotId));
  }
}

function isOurs(found: DBCluster | DBInstance, id = ''): boolean {
  return isThrowawayId(id) && isThrowaway(found);
}
