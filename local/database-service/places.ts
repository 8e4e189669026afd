import { lstat, mkdir, realpath, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ConfigurationError } from '../../src/errors.ts';
import { dataRoot, makeOutsideDirectory, serverIdentity, type Identity } from '../../src/postgres/cluster/identity.ts';
import { makeOpenDirectory } from '../../src/postgres/cluster/open-directory.ts';
import { socketDirectoryOf } from '../../src/postgres/cluster/socket-directory.ts';
import { checkId } from './instance-record.ts';

/** Where the clusters of one home are, and whom they run as. */
export interface Places {
  /** In the home, or where the server's identity can reach it; made when first needed. */
  readonly instances: string;
  /** Always in the home: only we read snapshots. Made when first needed. */
  readonly snapshots: string;
  /** The logs of sources; like the snapshots always in the home. Made when first needed. */
  readonly archives: string;
  readonly identity: Identity | undefined;
  readonly isOutside: boolean;
}

/** Finds the places of a home, and makes only the home itself. */
export async function openPlaces(home: string): Promise<Places> {
  const identity = await serverIdentity();
  const root = await dataRoot(home, identity);
  const real = await realpath(home);
  const [instances, snapshots, archives] = [join(root, 'instances'), join(real, 'snapshots'), join(real, 'archives')];
  for (const directory of [instances, snapshots, archives]) {
    const found = await lstat(directory).catch(() => undefined);
    // A link would let a deletion reach what is not ours.
    if (!found || found.isDirectory()) continue;
    throw new ConfigurationError([`${directory} is not a directory`], { hint: `ls -ld ${directory}` });
  }
  return { instances, snapshots, archives, identity, isOutside: root !== real };
}

/** @throws InstanceRefusedError when somebody else has taken the place */
export async function makeInstancesDirectory({ instances, identity, isOutside }: Places): Promise<void> {
  if (isOutside) await makeOutsideDirectory(dirname(instances), identity);
  await makeOpenDirectory(instances);
}

export async function makeSnapshotsDirectory({ snapshots }: Places): Promise<void> {
  await mkdir(snapshots, { recursive: true, mode: 0o700 });
}

/** Leaves nothing outside of the home when the last instance is gone. */
export async function removeEmptyPlaces({ instances, isOutside }: Places): Promise<void> {
  if (!isOutside) return;
  try {
    await rmdir(instances);
    await rmdir(dirname(instances));
  } catch (error) {
    // Another instance is there, or another process was faster.
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

export function instanceDirectory(places: Places, instanceId: string): string {
  return join(places.instances, checkId(instanceId, 'instance'));
}

export function socketDirectory(places: Places, instanceId: string): string {
  return socketDirectoryOf(instanceDirectory(places, instanceId));
}
