import {
  DescribeDBClustersCommand,
  DescribeDBInstanceAutomatedBackupsCommand,
  DescribeDBInstancesCommand,
  type RDSClient,
} from '@aws-sdk/client-rds';
import { ConfigurationError, InstanceRefusedError } from '../../errors.ts';
import type { RecoverySource, RecoveryWindow } from '../database-service.ts';
import { isAurora } from './rds-cluster-requests.ts';
import { nameOf } from './service-errors.ts';

/**
 * Between which moments RDS can restore a source. To the whole second: what RDS calls the latest moment is the last that
 * is safe to ask for.
 *
 * @throws ConfigurationError when RDS knows no such source, or cannot restore its kind to one instance
 * @throws InstanceRefusedError when RDS does not say
 */
export async function recoveryWindow(rds: RDSClient, source: RecoverySource): Promise<RecoveryWindow | undefined> {
  const path = `databases.${source.database}.source`;
  if (source.rds !== undefined) return await ofInstance(rds, source.rds, `${path}.rds`);
  if (source.aurora !== undefined) return await ofCluster(rds, source.aurora, `${path}.aurora`);
  throw new ConfigurationError([`${path}: only of rds and aurora does RDS keep a log`]);
}

async function ofInstance(rds: RDSClient, id: string, path: string): Promise<RecoveryWindow | undefined> {
  const instance = await ask(id, path, async () => {
    const { DBInstances } = await rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: id }));
    return DBInstances?.[0];
  });
  if (!instance.BackupRetentionPeriod || !instance.LatestRestorableTime) return undefined;
  const backups = await ask(id, path, async () => {
    const { DBInstanceAutomatedBackups } = await rds.send(new DescribeDBInstanceAutomatedBackupsCommand({ DBInstanceIdentifier: id }));
    return DBInstanceAutomatedBackups ?? [];
  });
  // Those of an earlier instance of this name may still be kept.
  const own = backups.find(({ DbiResourceId, Status }) => DbiResourceId === instance.DbiResourceId && Status === 'active');
  return windowOf(own?.RestoreWindow?.EarliestTime, instance.LatestRestorableTime);
}

async function ofCluster(rds: RDSClient, id: string, path: string): Promise<RecoveryWindow | undefined> {
  const cluster = await ask(id, path, async () => {
    const { DBClusters } = await rds.send(new DescribeDBClustersCommand({ DBClusterIdentifier: id }));
    return DBClusters?.[0];
  });
  if (isAurora(cluster.Engine)) return windowOf(cluster.EarliestRestorableTime, cluster.LatestRestorableTime);
  throw new ConfigurationError([`${path}: ${id} is a Multi-AZ cluster, which RDS restores to a point in time only as three instances: drill its snapshots`]);
}

async function ask<T>(id: string, path: string, send: () => Promise<T | undefined>): Promise<T> {
  let found: T | undefined;
  try {
    found = await send();
  } catch (cause) {
    const isUnknown = ['DBInstanceNotFound', 'DBClusterNotFound'].includes(nameOf(cause));
    if (!isUnknown) throw new InstanceRefusedError(`RDS did not say to which moments ${id} can be restored: ${nameOf(cause)}`, { cause });
  }
  if (found !== undefined) return found;
  throw new ConfigurationError([`${path}: RDS has no ${id} in this account and Region`], { hint: 'aws rds describe-db-instances; of Aurora: aws rds describe-db-clusters' });
}

function windowOf(earliest: Date | undefined, latest: Date | undefined): RecoveryWindow | undefined {
  if (!earliest || !latest) return undefined;
  return { earliest, latest: new Date(Math.floor(latest.getTime() / 1000) * 1000) };
}
