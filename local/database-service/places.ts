import { createHash } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigurationError } from '../../src/errors.ts';
import { dataRoot, serverIdentity, type Identity } from '../postgres/identity.ts';
import { makeOpenDirectory } from '../postgres/open-directory.ts';
import { checkId } from './instance-record.ts';

/** Where the clusters of one home are, and whom they run as. */
export interface Places {
  readonly instances: string;
  readonly snapshots: string;
  readonly identity: Identity | undefined;
}

/** Finds the places of a home and makes them where they are missing. */
export async function openPlaces(home: string): Promise<Places> {
  const identity = await serverIdentity();
  const root = await dataRoot(home, identity);
  const [instances, snapshots] = [join(root, 'instances'), join(root, 'snapshots')];
  for (const directory of [instances, snapshots]) {
    await makeOpenDirectory(directory);
    // A link would let a deletion reach what is not ours.
    if ((await lstat(directory)).isDirectory()) continue;
    throw new ConfigurationError([`${directory} is not a directory`], { hint: `ls -ld ${directory}` });
  }
  return { instances, snapshots, identity };
}

export function instanceDirectory(places: Places, instanceId: string): string {
  return join(places.instances, checkId(instanceId, 'instance'));
}

/**
 * The directory of an instance's socket. Its name follows from the instance's, so that it is found without any record;
 * it is in /tmp whatever TMPDIR says, because the path of a socket may have no more than 107 bytes.
 */
export function socketDirectory(places: Places, instanceId: string): string {
  const name = createHash('sha256').update(instanceDirectory(places, instanceId)).digest('hex');
  return `/tmp/pgproof-${name.slice(0, 16)}`;
}
