import type { Clock } from '../src/cloud/clock.ts';
import type { Connection, DatabaseService, Instance, RecoverySource, RecoveryWindow } from '../src/cloud/database-service.ts';
import type { RestoreSnapshot, RestoreToPointInTime, Snapshot, SnapshotVerification } from '../src/cloud/database-service.ts';
import { InstanceRefusedError, PostgresNotFoundError } from '../src/errors.ts';
import { choosePrograms, type PostgresPrograms } from '../src/postgres/programs.ts';
import { createArchiving, keepLog, type CreateSource, type KeepLog } from './database-service/archiving.ts';
import { Background } from './database-service/background.ts';
import { checkSpace, createCluster, type Born } from '../src/postgres/cluster/creation.ts';
import { destroyInstance } from './database-service/deletion.ts';
import { claimInstance, readRecord, type InstanceRecord } from './database-service/instance-record.ts';
import { connectionOf, describe, list } from './database-service/instance-state.ts';
import { instanceDirectory, openPlaces, makeInstancesDirectory, socketDirectory } from './database-service/places.ts';
import { findRecoverable, prepareRecovery, recoverCluster } from './database-service/recovery.ts';
import { restoreCluster } from './database-service/restoration.ts';
import { createSnapshot, type CreateSnapshot } from './database-service/snapshot-creation.ts';
import { publicSnapshot, readSnapshot, requireSnapshot } from './database-service/snapshot-record.ts';
import { verifySnapshot } from './database-service/snapshot-verification.ts';
import { sweep, type Swept } from './database-service/sweep.ts';
import type { Places } from './database-service/places.ts';
import type { Cluster } from '../src/postgres/cluster/cluster.ts';
import { ownerName } from '../src/owner.ts';

export interface LocalDatabaseServiceOptions {
  /** Clusters and snapshots are kept in it, or, where the server's user cannot reach it, in a directory of /var/tmp. */
  readonly home: string;
  /** What is installed, or how to get the server programs of a major. */
  readonly programs: readonly PostgresPrograms[] | ((major: number) => Promise<PostgresPrograms>);
  readonly clock: Clock;
  /** Free space without which nothing is created. Default 256 MiB. */
  readonly spareBytes?: number;
}

const SPARE_BYTES = 256 * 1_048_576;
const POLL_MILLISECONDS = 200;

/** The laptop's database service: throwaway instances and snapshots are real clusters on 127.0.0.1. */
export class LocalDatabaseService implements DatabaseService {
  readonly #options: LocalDatabaseServiceOptions;
  readonly #spareBytes: number;
  readonly #background = new Background();
  #located: Promise<Places> | undefined;

  constructor(options: LocalDatabaseServiceOptions) {
    this.#options = options;
    this.#spareBytes = options.spareBytes ?? SPARE_BYTES;
  }

  async createInstance(request: CreateSource): Promise<void> {
    const places = await this.#places();
    const { superuser, major } = request;
    const create = request.archive ? createArchiving : createCluster;
    await this.#begin(places, request, { superuser, major }, 0, (cluster, signal) => create(cluster, request, signal));
  }

  async restoreSnapshot(request: RestoreSnapshot): Promise<void> {
    const places = await this.#places();
    const snapshot = await requireSnapshot(places, request.snapshotId);
    await this.#begin(places, request, snapshot, snapshot.bytes, (cluster, signal) => restoreCluster(places, cluster, snapshot, signal));
  }

  async restoreToPointInTime(request: RestoreToPointInTime): Promise<void> {
    const places = await this.#places();
    const programs = (major: number) => this.#programs(major);
    const recovery = await prepareRecovery({ places, programs }, request.source.database, request.to);
    const { base, archive, segments } = recovery;
    const bytes = base.bytes + 2 * segments.length * archive.segmentBytes;
    await this.#begin(places, request, base, bytes, (cluster, signal) => recoverCluster(places, cluster, recovery, signal));
  }

  async recoveryWindow({ database }: RecoverySource): Promise<RecoveryWindow | undefined> {
    return (await findRecoverable(await this.#places(), database))?.window;
  }

  async describeInstance(instanceId: string): Promise<Instance | undefined> {
    const instance = await describe(await this.#places(), instanceId);
    const lost = this.#background.lostReason(instanceId);
    return instance?.status === 'creating' && lost !== undefined
      ? { ...instance, status: 'failed', detail: lost }
      : instance;
  }

  /** Returns when the instance is gone. */
  async deleteInstance(instanceId: string): Promise<void> {
    const places = await this.#places();
    instanceDirectory(places, instanceId);
    await this.#background.abort(instanceId);
    await destroyInstance(places, instanceId);
  }

  async listInstances(): Promise<Instance[]> {
    return list(await this.#places());
  }

  async connection(instanceId: string): Promise<Connection> {
    return connectionOf(await this.#places(), instanceId);
  }

  /** Copies a running cluster; returns when the snapshot is whole and on disk. */
  async createSnapshot(request: CreateSnapshot): Promise<Snapshot> {
    const programs = (major: number) => this.#programs(major);
    const tools = { places: await this.#places(), clock: this.#options.clock, spareBytes: this.#spareBytes, programs };
    return publicSnapshot(await createSnapshot(tools, request));
  }

  /** Takes the log of an instance created with `archive` into this home; until then nothing of it can be recovered. */
  async keepLog(request: KeepLog): Promise<RecoveryWindow | undefined> {
    const programs = (major: number) => this.#programs(major);
    await keepLog({ places: await this.#places(), clock: this.#options.clock, programs }, request);
    return this.recoveryWindow({ database: request.database });
  }

  async describeSnapshot(snapshotId: string): Promise<Snapshot | undefined> {
    const record = await readSnapshot(await this.#places(), snapshotId);
    return record && publicSnapshot(record);
  }

  async verifySnapshot(snapshotId: string, signal?: AbortSignal): Promise<SnapshotVerification> {
    const places = await this.#places();
    const record = await requireSnapshot(places, snapshotId);
    return verifySnapshot(places, record, await this.#programs(record.major), signal);
  }

  /** Destroys what dead processes left in this home, and nothing of a living one's. */
  async sweep(): Promise<Swept> {
    return sweep(await this.#places());
  }

  /**
   * Waits for an instance to be made, by this process or another.
   * @throws InstanceFailedError when it did not become available
   */
  async untilAvailable(instanceId: string, signal?: AbortSignal): Promise<Connection> {
    await this.#background.settled(instanceId);
    while ((await this.describeInstance(instanceId))?.status === 'creating') {
      await this.#options.clock.sleep(POLL_MILLISECONDS, signal);
    }
    return this.connection(instanceId);
  }

  /** Destroys every instance that this process made; for the end of a run and for Ctrl-C. */
  async destroyOwn(): Promise<void> {
    const places = await this.#places();
    for (const { instanceId } of await list(places)) {
      const record = await readRecord(instanceDirectory(places, instanceId), instanceId).catch(() => undefined);
      if (record?.owner === ownerName()) await this.deleteInstance(instanceId);
    }
  }

  #places(): Promise<Places> {
    this.#located ??= openPlaces(this.#options.home);
    return this.#located;
  }

  async #cluster(places: Places, instanceId: string, major: number): Promise<Cluster> {
    const directory = instanceDirectory(places, instanceId);
    const programs = await this.#programs(major);
    return { directory, socketDirectory: socketDirectory(places, instanceId), programs, identity: places.identity };
  }

  async #programs(major: number): Promise<PostgresPrograms> {
    const { programs } = this.#options;
    try {
      if (typeof programs === 'function') return await programs(major);
      return choosePrograms(programs, { serverMajor: major, needServer: true });
    } catch (error) {
      if (!(error instanceof PostgresNotFoundError)) throw error;
      throw new InstanceRefusedError(error.message, { cause: error, ...(error.hint ? { hint: error.hint } : {}) });
    }
  }

  /** Claims the instance's name and makes it in the background; nothing happens when the name is taken. */
  async #begin(
    places: Places,
    { instanceId, tags }: Pick<CreateSource, 'instanceId' | 'tags'>,
    { superuser, major, snapshotId }: Pick<InstanceRecord, 'superuser' | 'major' | 'snapshotId'>,
    bytes: number,
    create: (cluster: Cluster, signal: AbortSignal) => Promise<Born>,
  ): Promise<void> {
    const cluster = await this.#cluster(places, instanceId, major);
    await makeInstancesDirectory(places);
    await checkSpace(places.instances, bytes + this.#spareBytes);
    const record: InstanceRecord = {
      kind: 'pgproof throwaway instance',
      instanceId,
      status: 'creating',
      createdAt: this.#options.clock.now().toISOString(),
      tags: { ...tags },
      owner: ownerName(),
      superuser,
      major,
      ...(snapshotId === undefined ? {} : { snapshotId }),
    };
    if (!(await claimInstance(places.instances, record))) return;
    this.#background.begin(cluster, record, (signal) => create(cluster, signal));
  }
}
