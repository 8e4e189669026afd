import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { stopCluster } from '../../src/postgres/cluster/cluster-end.ts';
import { isOwnerAlive } from '../../src/owner.ts';
import { sweepArchives } from './archive-sweep.ts';
import { destroyInstance } from './deletion.ts';
import { entriesIn, readRecord, UNBORN } from './instance-record.ts';
import { instanceDirectory, removeEmptyPlaces, type Places } from './places.ts';

/** What a sweep removed, by name. */
export interface Swept {
  readonly instances: readonly string[];
  /** Unfinished directories of snapshots and instances, logs without a base backup. */
  readonly unfinished: readonly string[];
}

/**
 * Destroys what dead processes left: their throwaway instances, and snapshots and instances that they had not finished;
 * and logs that no base backup leads into.
 * What belongs to a living process, this one included, is left alone.
 * @throws CleanupFailedError, ConfigurationError when something is left that cannot be destroyed; the rest is swept first
 */
export async function sweep(places: Places): Promise<Swept> {
  const swept = { instances: [] as string[], unfinished: [] as string[] };
  const faults: unknown[] = [];
  for (const [parent, name] of await entriesOf(places)) {
    try {
      if (name.startsWith(UNBORN)) {
        if (await sweepUnfinished(join(parent, name))) swept.unfinished.push(name);
      } else if (parent === places.instances && (await sweepInstance(places, name))) swept.instances.push(name);
    } catch (error) {
      faults.push(error);
    }
  }
  await sweepArchives(places)
    .then((names) => swept.unfinished.push(...names))
    .catch((error: unknown) => faults.push(error));
  await removeEmptyPlaces(places);
  if (faults.length > 0) throw faults[0];
  return swept;
}

async function entriesOf({ instances, snapshots }: Places): Promise<[parent: string, name: string][]> {
  const names = async (parent: string) => (await entriesIn(parent)).map((name): [string, string] => [parent, name]);
  return [...(await names(instances)), ...(await names(snapshots))];
}

async function sweepInstance(places: Places, instanceId: string): Promise<boolean> {
  const directory = instanceDirectory(places, instanceId);
  const record = await readRecord(directory, instanceId);
  if (record && isOwnerAlive(record.owner)) return false;
  await destroyInstance(places, instanceId);
  return true;
}

/** The owner is part of the name, so that there is no moment at which the directory has none. */
async function sweepUnfinished(directory: string): Promise<boolean> {
  const owner = /\.new-(\S+)-[0-9a-f]{12}$/.exec(directory)?.[1];
  if (owner === undefined || isOwnerAlive(owner) || !(await lstat(directory)).isDirectory()) return false;
  await stopCluster(directory);
  await rm(directory, { recursive: true, force: true });
  return true;
}
