import { compactTime } from './manifest.ts';
import { databaseOfSnapshot, snapshotPrefix } from './scheduled.ts';
import { snapshotCreated, type EndCloud, type EndResult } from './snapshot-end.ts';

/**
 * RDS tells of its snapshots at best effort, and one that it forgets to tell of would never become a backup. So the
 * unfinished ones of the last half day are looked at every hour: what is done is found done, and the rest goes on as if
 * the event had come.
 */

/** Shorter than ECS remembers tokens: a reading that died is not begun again by the hour. */
const LOOK_BACK = 12 * 3600_000;

/** A reading and a snapshot need some time, and the event should come first. */
const PATIENCE = 30 * 60_000;

export async function followUp(cloud: EndCloud): Promise<Readonly<Record<string, EndResult>>> {
  const results: Record<string, EndResult> = {};
  for (const [database, { source }] of Object.entries(cloud.config.databases)) {
    if ((source?.rds ?? source?.aurora) === undefined) continue;
    for (const snapshotId of await unfinished(database, cloud)) {
      const snapshot = await cloud.databases.describeSnapshot(snapshotId);
      if (snapshot?.status === 'available') results[snapshotId] = await snapshotCreated(snapshotId, cloud);
    }
  }
  return results;
}

/** Ids of snapshots that have something in the store and no manifest, of the time that is looked at. */
async function unfinished(database: string, { store, clock, config }: EndCloud): Promise<string[]> {
  const now = clock.now().getTime();
  const [from, to] = [now - LOOK_BACK, now - PATIENCE].map((time) => compactTime(new Date(time)).toLowerCase());
  const prefix = snapshotPrefix(database);
  const files = new Map<string, Set<string>>();
  for (const day of new Set([from, to].map((time = '') => time.slice(0, 8)))) {
    for await (const { key } of store.list(`v1/${database}/snapshots/${prefix}${day}`)) {
      const [, , , id = '', ...file] = key.split('/');
      files.set(id, (files.get(id) ?? new Set()).add(file.join('/')));
    }
  }
  return [...files.keys()].filter((id) => {
    const time = id.slice(prefix.length);
    const isDue = time >= (from ?? '') && time <= (to ?? '');
    return isDue && databaseOfSnapshot(config, id) === database && !files.get(id)?.has('manifest.json');
  });
}
