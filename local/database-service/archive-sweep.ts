import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isOwnerAlive } from '../../src/owner.ts';
import { entriesIn, UNBORN } from './instance-record.ts';
import type { Places } from './places.ts';
import { listSnapshots } from './snapshot-record.ts';
import { archiveDirectory } from './wal-archive.ts';

/**
 * Removes what no recovery can use: logs whose every base backup is gone, and segments that a process did not finish.
 * @returns their names
 */
export async function sweepArchives(places: Places): Promise<string[]> {
  const swept: string[] = [];
  for (const database of await entriesIn(places.archives)) {
    const bases = new Set((await listSnapshots(places, database)).map(({ log }) => log?.systemIdentifier));
    for (const systemIdentifier of await entriesIn(join(places.archives, database))) {
      const directory = archiveDirectory(places, { database, systemIdentifier });
      const unfinished = (await readdir(directory)).filter((name) => name.startsWith(UNBORN));
      const isInUse = unfinished.some((name) => isOwnerAlive(ownerIn(name)));
      if (!bases.has(systemIdentifier) && !isInUse) {
        await rm(directory, { recursive: true, force: true });
        swept.push(`log of ${database} ${systemIdentifier}`);
        continue;
      }
      for (const name of unfinished.filter((each) => !isOwnerAlive(ownerIn(each)))) {
        await rm(join(directory, name), { force: true });
        swept.push(name);
      }
    }
    await removeIfEmpty(join(places.archives, database));
  }
  return swept;
}

function ownerIn(name: string): string {
  return /^\.new-(\S+)-[0-9a-f]{12}$/.exec(name)?.[1] ?? '';
}

async function removeIfEmpty(directory: string): Promise<void> {
  try {
    await rmdir(directory);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
