import {
  CreateDBInstanceCommand,
  DeleteDBInstanceCommand,
  DescribeDBInstancesCommand,
  DescribeDBSnapshotsCommand,
  ModifyDBInstanceCommand,
  paginateDescribeDBInstances,
  RestoreDBInstanceFromDBSnapshotCommand,
  type DBInstance,
  type DBSnapshot,
  type RDSClient,
} from '@aws-sdk/client-rds';
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { z } from 'zod';
import { CleanupFailedError, ConfigurationError, InstanceFailedError, InstanceRefusedError, NoBackupError } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import type { Connection, CreateInstance, DatabaseService, Instance, RestoreSnapshot, Snapshot, SnapshotVerification } from '../database-service.ts';
import { cleanupFailure, observationFailure, refusal } from './rds-errors.ts';
import { createRequest, fromTags, restoreRequest, type InstanceSettings } from './rds-requests.ts';
import { lacksPassword, toInstance, toSnapshot } from './rds-state.ts';
import { nameOf } from './service-errors.ts';

export interface RdsDatabaseServiceOptions {
  readonly rds: RDSClient;
  readonly secrets: SecretsManagerClient;
  readonly clock: Pick<Clock, 'now'>;
  readonly instances: InstanceSettings;
  /** File with RDS's certificate authorities; without one only those that the system trusts count. */
  readonly certificates?: string | undefined;
}

/** Both are asked for before anything is changed, and again by the policies of the roles. */
const THROWAWAY_ID = /^pgproof-drill-(?!-)(?!.*--)[a-z0-9-]{1,49}(?<!-)$/;
const THROWAWAY_TAG = 'pgproof:throwaway';

/** Throwaway instances on RDS for PostgreSQL. */
export class RdsDatabaseService implements DatabaseService {
  readonly #options: RdsDatabaseServiceOptions;

  constructor(options: RdsDatabaseServiceOptions) {
    this.#options = options;
  }

  async createInstance(request: CreateInstance): Promise<void> {
    const command = new CreateDBInstanceCommand(createRequest(request, this.#options.instances));
    await this.#make(request, () => this.#options.rds.send(command));
  }

  async restoreSnapshot(request: RestoreSnapshot): Promise<void> {
    const command = new RestoreDBInstanceFromDBSnapshotCommand(restoreRequest(request, this.#options.instances));
    await this.#make(request, () => this.#options.rds.send(command));
  }

  /** Gives a restored instance its password as soon as it takes one; until that works it is still being created. */
  async describeInstance(instanceId: string): Promise<Instance | undefined> {
    checkThrowaway(instanceId);
    const found = await this.#find(instanceId);
    if (!found) return undefined;
    if (isThrowaway(found) && lacksPassword(found)) {
      await this.#options.rds
        .send(new ModifyDBInstanceCommand({ DBInstanceIdentifier: instanceId, ManageMasterUserPassword: true, ApplyImmediately: true }))
        .catch((error: unknown) => {
          // Asked too early or twice; the next look decides.
          if (nameOf(error) !== 'InvalidDBInstanceState') throw observationFailure(instanceId, 'setting the password', error);
        });
    }
    return toInstance(found, this.#options.clock.now());
  }

  async deleteInstance(instanceId: string): Promise<void> {
    checkThrowaway(instanceId);
    const found = await this.#find(instanceId);
    if (!found || found.DBInstanceStatus === 'deleting') return;
    if (!isThrowaway(found)) {
      throw new CleanupFailedError(instanceId, `${instanceId} has no tag ${THROWAWAY_TAG}: it is not pgproof's to delete`, {
        hint: `aws rds list-tags-for-resource --resource-name ${found.DBInstanceArn ?? instanceId}`,
      });
    }
    const command = new DeleteDBInstanceCommand({
      DBInstanceIdentifier: instanceId,
      SkipFinalSnapshot: true,
      DeleteAutomatedBackups: true,
    });
    try {
      await this.#options.rds.send(command);
    } catch (error) {
      if (nameOf(error) === 'DBInstanceNotFound') return;
      // Somebody else's deletion, or a state in which RDS deletes nothing yet: only the first is a success.
      if (nameOf(error) === 'InvalidDBInstanceState' && (await this.#find(instanceId))?.DBInstanceStatus === 'deleting') return;
      throw cleanupFailure(instanceId, error);
    }
  }

  async listInstances(): Promise<Instance[]> {
    const instances: Instance[] = [];
    const now = this.#options.clock.now();
    for await (const page of paginateDescribeDBInstances({ client: this.#options.rds }, {})) {
      for (const found of page.DBInstances ?? []) {
        if (THROWAWAY_ID.test(found.DBInstanceIdentifier ?? '') && isThrowaway(found)) instances.push(toInstance(found, now));
      }
    }
    return instances;
  }

  async connection(instanceId: string): Promise<Connection> {
    checkThrowaway(instanceId);
    const found = await this.#find(instanceId);
    const instance = found && toInstance(found, this.#options.clock.now());
    const { Address: host, Port: port } = found?.Endpoint ?? {};
    const secretArn = found?.MasterUserSecret?.SecretArn;
    if (instance?.status !== 'available' || host === undefined || port === undefined || secretArn === undefined) {
      const state = instance ? `${instance.status}${instance.detail ? `: ${instance.detail}` : ''}` : 'gone';
      throw new InstanceFailedError(instanceId, `instance ${instanceId} is not available but ${state}`);
    }
    const sslRootCert = this.#options.certificates;
    const security = { sslMode: 'verify-full' as const, ...(sslRootCert === undefined ? {} : { sslRootCert }) };
    return { host, port, ...security, ...(await this.#readPassword(instanceId, secretArn)) };
  }

  async describeSnapshot(snapshotId: string): Promise<Snapshot | undefined> {
    const found = await this.#findSnapshot(snapshotId);
    return found && toSnapshot(found);
  }

  /** RDS shows nothing of a snapshot's content: all there is to check is that it says to be whole. */
  async verifySnapshot(snapshotId: string): Promise<SnapshotVerification> {
    const found = await this.#findSnapshot(snapshotId);
    if (!found) {
      throw new NoBackupError(`there is no snapshot ${snapshotId}`, { hint: 'aws rds describe-db-snapshots --snapshot-type manual' });
    }
    const { status, bytes } = toSnapshot(found);
    const problems = status === 'available' ? [] : [`the snapshot is ${found.Status}, ${found.PercentProgress ?? 0} % done`];
    return { method: 'rds DescribeDBSnapshots', examined: 1, problems, bytes };
  }

  async #make({ instanceId, tags }: CreateInstance | RestoreSnapshot, send: () => Promise<unknown>): Promise<void> {
    checkThrowaway(instanceId);
    if (tags[THROWAWAY_TAG] !== 'true') throw new ConfigurationError([`instance ${instanceId}: expected the tag ${THROWAWAY_TAG}=true`]);
    try {
      await send();
    } catch (error) {
      if (nameOf(error) !== 'DBInstanceAlreadyExists') throw refusal(instanceId, error);
      const existing = await this.#find(instanceId);
      if (existing && fromTags(existing.TagList)['pgproof:drill'] === tags['pgproof:drill'] && isThrowaway(existing)) return;
      throw new InstanceRefusedError(`instance ${instanceId} exists already and belongs to another drill`, {
        cause: error,
        hint: `aws rds describe-db-instances --db-instance-identifier ${instanceId}`,
      });
    }
  }

  async #find(instanceId: string): Promise<DBInstance | undefined> {
    try {
      const { DBInstances } = await this.#options.rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: instanceId }));
      return DBInstances?.[0];
    } catch (error) {
      if (nameOf(error) === 'DBInstanceNotFound') return undefined;
      throw observationFailure(instanceId, 'describing', error);
    }
  }

  async #findSnapshot(snapshotId: string): Promise<DBSnapshot | undefined> {
    try {
      const { DBSnapshots } = await this.#options.rds.send(new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: snapshotId }));
      return DBSnapshots?.[0];
    } catch (error) {
      if (nameOf(error) === 'DBSnapshotNotFound') return undefined;
      throw new InstanceRefusedError(`RDS did not describe snapshot ${snapshotId}: ${nameOf(error)}`, { cause: error });
    }
  }

  async #readPassword(instanceId: string, secretArn: string): Promise<{ user: string; password: string }> {
    try {
      const { SecretString } = await this.#options.secrets.send(new GetSecretValueCommand({ SecretId: secretArn }));
      const { username, password } = MasterUser.parse(JSON.parse(SecretString ?? ''));
      return { user: username, password };
    } catch (error) {
      // Its text is not passed on: a parser's message may quote what it was given.
      throw new InstanceFailedError(instanceId, `the password of ${instanceId} cannot be read: ${nameOf(error)}`, {
        hint: `the worker's role needs secretsmanager:GetSecretValue: aws secretsmanager describe-secret --secret-id '${secretArn}'`,
      });
    }
  }
}

const MasterUser = z.object({ username: z.string().min(1), password: z.string().min(1) });

function checkThrowaway(instanceId: string): void {
  if (THROWAWAY_ID.test(instanceId)) return;
  throw new ConfigurationError([`instance id ${JSON.stringify(instanceId)}: expected pgproof-drill-…, at most 63 of a-z, 0-9 and single -`]);
}

function isThrowaway(found: DBInstance): boolean {
  return fromTags(found.TagList)[THROWAWAY_TAG] === 'true';
}
