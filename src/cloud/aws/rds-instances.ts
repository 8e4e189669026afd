import {
  CreateDBInstanceCommand,
  DeleteDBInstanceCommand,
  DescribeDBInstancesCommand,
  ModifyDBInstanceCommand,
  RestoreDBInstanceFromDBSnapshotCommand,
  RestoreDBInstanceToPointInTimeCommand,
  type DBInstance,
  type RDSClient,
} from '@aws-sdk/client-rds';
import { CleanupFailedError, InstanceRefusedError } from '../../errors.ts';
import type { CreateInstance, RestoreSnapshot, RestoreToPointInTime } from '../database-service.ts';
import { cleanupFailure, observationFailure, refusal } from './rds-errors.ts';
import { createRequest, fromTags, recoveryRequest, restoreRequest, type InstanceSettings, type ThrowawayRequest } from './rds-requests.ts';
import { isThrowaway, THROWAWAY_TAG } from './rds-throwaway.ts';
import { nameOf } from './service-errors.ts';

/** Throwaway instances of RDS that are no part of a cluster, and the instances in clusters once they are there. */
export class RdsInstances {
  readonly #rds: RDSClient;
  readonly #settings: InstanceSettings;

  constructor(rds: RDSClient, settings: InstanceSettings) {
    this.#rds = rds;
    this.#settings = settings;
  }

  async create(request: CreateInstance): Promise<void> {
    const command = new CreateDBInstanceCommand(createRequest(request, this.#settings));
    await this.#make(request, () => this.#rds.send(command));
  }

  async restoreSnapshot(request: RestoreSnapshot, of: 'instance' | 'cluster'): Promise<void> {
    const command = new RestoreDBInstanceFromDBSnapshotCommand(restoreRequest(request, this.#settings, of));
    await this.#make(request, () => this.#rds.send(command));
  }

  async restoreToPointInTime(request: RestoreToPointInTime, sourceId: string): Promise<void> {
    const command = new RestoreDBInstanceToPointInTimeCommand(recoveryRequest(request, sourceId, this.#settings));
    await this.#make(request, () => this.#rds.send(command));
  }

  async find(instanceId: string): Promise<DBInstance | undefined> {
    try {
      const { DBInstances } = await this.#rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: instanceId }));
      return DBInstances?.[0];
    } catch (error) {
      if (nameOf(error) === 'DBInstanceNotFound') return undefined;
      throw observationFailure(instanceId, 'describing', error);
    }
  }

  /** RDS makes and keeps the password. Asked too early or twice it does nothing; the next look decides. */
  async givePassword(instanceId: string): Promise<void> {
    const command = new ModifyDBInstanceCommand({ DBInstanceIdentifier: instanceId, ManageMasterUserPassword: true, ApplyImmediately: true });
    try {
      await this.#rds.send(command);
    } catch (error) {
      if (nameOf(error) !== 'InvalidDBInstanceState') throw observationFailure(instanceId, 'setting the password', error);
    }
  }

  /** @throws CleanupFailedError when RDS refuses, or when it is not a throwaway instance by its tag */
  async remove(found: DBInstance): Promise<void> {
    const instanceId = found.DBInstanceIdentifier ?? '';
    if (found.DBInstanceStatus === 'deleting') return;
    if (!isThrowaway(found)) throw notOurs(instanceId, found.DBInstanceArn);
    // Backups of an instance in a cluster are the cluster's, and RDS refuses to be asked about them.
    const backups = found.DBClusterIdentifier === undefined ? { DeleteAutomatedBackups: true } : {};
    try {
      await this.#rds.send(new DeleteDBInstanceCommand({ DBInstanceIdentifier: instanceId, SkipFinalSnapshot: true, ...backups }));
    } catch (error) {
      if (nameOf(error) === 'DBInstanceNotFound') return;
      // Somebody else's deletion, or a state in which RDS deletes nothing yet: only the first is a success.
      if (nameOf(error) === 'InvalidDBInstanceState' && (await this.find(instanceId))?.DBInstanceStatus === 'deleting') return;
      throw cleanupFailure(instanceId, error);
    }
  }

  async #make({ instanceId, tags }: ThrowawayRequest, send: () => Promise<unknown>): Promise<void> {
    try {
      await send();
    } catch (error) {
      if (nameOf(error) !== 'DBInstanceAlreadyExists') throw refusal(instanceId, error);
      const existing = await this.find(instanceId);
      if (existing && isOfDrill(existing, tags)) return;
      throw taken(instanceId, error);
    }
  }
}

/** Whether what exists was made by the same drill: a retried state meets its own instance. */
export function isOfDrill(existing: Pick<DBInstance, 'TagList'>, tags: Readonly<Record<string, string>>): boolean {
  return isThrowaway(existing) && fromTags(existing.TagList)['pgproof:drill'] === tags['pgproof:drill'];
}

export function taken(instanceId: string, cause?: unknown): InstanceRefusedError {
  return new InstanceRefusedError(`instance ${instanceId} exists already and belongs to another drill`, {
    cause,
    hint: `aws rds describe-db-instances --db-instance-identifier ${instanceId}`,
  });
}

export function notOurs(instanceId: string, arn: string | undefined): CleanupFailedError {
  return new CleanupFailedError(instanceId, `${instanceId} has no tag ${THROWAWAY_TAG}: it is not pgproof's to delete`, {
    hint: `aws rds list-tags-for-resource --resource-name ${arn ?? instanceId}`,
  });
}
