import type { DeployedCloud } from '../cloud/cloud.ts';
import { announceSnapshot, announceUnreadSnapshot } from './announce-backup.ts';
import { announceOnce } from './announce-once.ts';
import { launchPatiently } from './launch.ts';
import { backupKey, type BackupPlace } from './manifest.ts';
import { databaseOfSnapshot } from './scheduled.ts';
import { commitSnapshot } from './snapshot.ts';

/**
 * How a snapshot becomes a backup: RDS says that it is there, the source is read once more, and the manifest binds the
 * three. Each step finds out what is there already, so events may come twice and in any order.
 */

export type EndCloud = Pick<DeployedCloud, 'store' | 'notifier' | 'clock' | 'config' | 'databases' | 'launcher'>;

export type EndResult = 'not ours' | 'reading begun' | 'without a reading' | 'committed';

/** RDS has created a snapshot. @throws TaskRefusedError when the second reading cannot be begun */
export async function snapshotCreated(snapshotId: string, cloud: EndCloud): Promise<EndResult> {
  const database = databaseOfSnapshot(cloud.config, snapshotId);
  if (database === undefined) return 'not ours';
  const place: BackupPlace = { kind: 'snapshot', database, backupId: snapshotId };
  const isThere = async (file: string) => (await cloud.store.head(backupKey(place, file))) !== undefined;
  if (await isThere('facts-after.json')) return await bindSnapshot(place, cloud);
  if (!(await isThere('facts-before.json'))) {
    await announceOnce(backupKey(place, 'told/taken-unread.json'), announceUnreadSnapshot(database, snapshotId), cloud);
    return 'without a reading';
  }
  await launchPatiently({ verb: 'snapshot-facts', database, snapshotId, moment: 'end' }, cloud);
  return 'reading begun';
}

/**
 * The second reading has landed: writes the manifest, whose landing begins the validation, and tells people.
 * @throws NoBackupError when the snapshot is not available; ObjectNotFoundError when the first reading is gone
 */
export async function readingLanded({ database, backupId }: BackupPlace, cloud: EndCloud): Promise<EndResult> {
  if (databaseOfSnapshot(cloud.config, backupId) !== database) return 'not ours';
  return await bindSnapshot({ kind: 'snapshot', database, backupId }, cloud);
}

async function bindSnapshot(place: BackupPlace, cloud: EndCloud): Promise<EndResult> {
  const { database, backupId: snapshotId } = place;
  const manifest = await commitSnapshot({ database, snapshotId }, cloud);
  await announceOnce(backupKey(place, 'told/taken.json'), announceSnapshot(manifest), cloud);
  return 'committed';
}
