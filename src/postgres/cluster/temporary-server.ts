import { randomBytes } from 'node:crypto';
import { readdir, readFile, realpath, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isOwnerAlive, ownerName } from '../../owner.ts';
import type { PostgresPrograms } from '../programs.ts';
import { destroyCluster } from './cluster-end.ts';
import { checkSpace, createCluster, PASSWORD_FILE } from './creation.ts';
import { dataRoot, makeOutsideDirectory, serverIdentity, type Identity } from './identity.ts';
import { makeOpenDirectory } from './open-directory.ts';
import { socketDirectoryOf } from './socket-directory.ts';

/**
 * A server that lives no longer than the work of one process: started in it, removed by it, and known by its directory's
 * name to belong to it, so that a later process can remove what a killed one left.
 */
export interface TemporaryServer {
  readonly login: {
    readonly host: '127.0.0.1';
    readonly port: number;
    readonly user: string;
    readonly password: string;
    readonly sslMode: 'disable';
  };
  /** What is not as it was asked for. */
  readonly detail?: string;
  /** Stops the server and removes all its files. @throws CleanupFailedError */
  remove(): Promise<void>;
}

export interface TemporaryServerRequest {
  readonly programs: PostgresPrograms;
  readonly superuser: string;
  /** Server settings that give meaning to data. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Free space without which nothing is begun. */
  readonly bytes: number;
  readonly signal: AbortSignal;
}

/**
 * Makes an empty cluster in a directory of its own below `home`, or where the server's user cannot reach that in one of
 * /var/tmp, starts it on 127.0.0.1 and logs in once. On failure nothing is left.
 * @throws InstanceRefusedError for want of space, SubprocessError with the server's own reason
 */
export async function startTemporaryServer(home: string, request: TemporaryServerRequest): Promise<TemporaryServer> {
  const { programs, superuser, parameters, bytes, signal } = request;
  const { servers, identity } = await openServers(home);
  await checkSpace(dirname(servers), bytes);
  const directory = join(servers, `${ownerName()}-${randomBytes(6).toString('hex')}`);
  await makeOpenDirectory(directory);
  try {
    const cluster = { directory, socketDirectory: socketDirectoryOf(directory), programs, identity };
    const { port, detail } = await createCluster(cluster, { superuser, parameters }, signal);
    const password = await readFile(join(directory, PASSWORD_FILE), 'utf8');
    return {
      login: { host: '127.0.0.1', port, user: superuser, password, sslMode: 'disable' },
      ...(detail === undefined ? {} : { detail }),
      remove: () => remove(directory),
    };
  } catch (error) {
    await remove(directory);
    throw error;
  }
}

/** Removes the servers that dead processes left in this home; returns how many. */
export async function sweepTemporaryServers(home: string): Promise<number> {
  const servers = join(await dataRoot(home, await serverIdentity()), 'servers');
  let swept = 0;
  for (const name of await readdir(servers).catch(absent)) {
    const owner = /^(\S+)-[0-9a-f]{12}$/.exec(name)?.[1];
    if (owner === undefined || isOwnerAlive(owner)) continue;
    await remove(join(servers, name));
    swept += 1;
  }
  return swept;
}

async function openServers(home: string): Promise<{ servers: string; identity: Identity | undefined }> {
  const identity = await serverIdentity();
  const root = await dataRoot(home, identity);
  if (root !== (await realpath(home))) await makeOutsideDirectory(root, identity);
  return { servers: join(root, 'servers'), identity };
}

async function remove(directory: string): Promise<void> {
  await destroyCluster({ directory, socketDirectory: socketDirectoryOf(directory) });
  await rm(directory, { recursive: true, force: true });
  try {
    await rmdir(dirname(directory));
    // In /var/tmp nothing else is there any more either; a home has other things in it.
    if (dirname(dirname(directory)).startsWith('/var/tmp/pgproof-')) await rmdir(dirname(dirname(directory)));
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

function absent(error: unknown): string[] {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  return [];
}
