import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CleanupFailedError, describeError } from '../../src/errors.ts';
import { destroyCluster } from '../../src/postgres/cluster/cluster-end.ts';
import { RECORD, readRecord, writeRecord } from './instance-record.ts';
import { instanceDirectory, removeEmptyPlaces, socketDirectory, type Places } from './places.ts';

/**
 * Destroys a throwaway instance: its processes, its socket, its files. The record goes last, so that an interrupted
 * deletion is found and finished later. Succeeds when it is gone already.
 * @throws CleanupFailedError when it is still there, and when the directory is no instance of ours, which is left alone
 */
export async function destroyInstance(places: Places, instanceId: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await destroyOnce(places, instanceId);
      return;
    } catch (cause) {
      if (cause instanceof CleanupFailedError) throw cause;
      // Something vanished under our hands: another process destroys the same instance.
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT' && attempt < 5) continue;
      throw new CleanupFailedError(instanceId, `instance ${instanceId} is not destroyed: ${describeError(cause)}`, { cause });
    }
  }
}

async function destroyOnce(places: Places, instanceId: string): Promise<void> {
  const directory = instanceDirectory(places, instanceId);
  const record = await readRecord(directory, instanceId);
  // A creation under way in another process sees this and gives up.
  if (record) await writeRecord(directory, { ...record, status: 'deleting', detail: undefined });
  await destroyCluster({ directory, socketDirectory: socketDirectory(places, instanceId) });
  if (record) await removeRest(directory);
  else await removeIfEmpty(directory);
  await removeEmptyPlaces(places);
}

async function removeRest(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name !== RECORD) await rm(join(directory, name), { recursive: true, force: true });
  }
  await rm(join(directory, RECORD), { force: true });
  await removeIfEmpty(directory);
}

async function removeIfEmpty(directory: string): Promise<void> {
  try {
    await rmdir(directory);
  } catch (error) {
    // Gone: another process destroyed it too.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
