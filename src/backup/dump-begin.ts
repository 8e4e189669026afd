import type { DeployedCloud } from '../cloud/cloud.ts';
import { TaskRefusedError } from '../errors.ts';
import { announceRefusal } from './announce-backup.ts';
import { announceOnce } from './announce-once.ts';
import { launchPatiently } from './launch.ts';
import { dumpKey } from './manifest.ts';
import { scheduledDumpId, type Scheduled } from './scheduled.ts';

export type DumpCloud = Pick<DeployedCloud, 'store' | 'notifier' | 'clock' | 'config' | 'launcher'>;

/**
 * Begins the dump that is due; its manifest, or its task's end, is an event of its own.
 * @throws TaskRefusedError when its task could not be begun; people have been told then
 */
export async function beginDump(scheduled: Scheduled, cloud: DumpCloud): Promise<'begun' | 'committed already'> {
  const { database } = scheduled;
  const backupId = scheduledDumpId(scheduled);
  const place = { database, backupId };
  if (await cloud.store.head(dumpKey(place, 'manifest.json'))) return 'committed already';
  try {
    await launchPatiently({ verb: 'dump', ...place }, cloud);
  } catch (error) {
    if (error instanceof TaskRefusedError) {
      await announceOnce(dumpKey(place, 'told/refused.json'), announceRefusal('dump', database, backupId, error), cloud);
    }
    throw error;
  }
  return 'begun';
}
