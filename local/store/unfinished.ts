import { randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from './faults.ts';
import { isOwnerAlive, ownerName } from '../../src/owner.ts';

/** Inside the bucket, because only within one file system can a file be linked to its place. */
export const UNFINISHED = '.unfinished';

export function isUnfinished(key: string): boolean {
  return key === UNFINISHED || key.startsWith(`${UNFINISHED}/`);
}

/** `<owner>.<random>`: who writes it can be read from the name. */
export function unfinishedName(): string {
  return `${ownerName()}.${randomUUID()}`;
}

/** Removes the files whose owners are dead and returns how many they were. */
export async function sweepUnfinishedFiles(directory: string): Promise<number> {
  const orphans = (await namesIn(directory)).filter((name) => !isOwnerAlive(name.split('.')[0] ?? ''));
  for (const name of orphans) await rm(join(directory, name), { force: true });
  return orphans.length;
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
