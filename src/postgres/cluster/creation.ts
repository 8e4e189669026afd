import { randomBytes } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CreateInstance } from '../../cloud/database-service.ts';
import { InstanceRefusedError } from '../../errors.ts';
import { connect } from '../address.ts';
import { initCluster, startCluster, type Cluster, type StartOptions } from './cluster.ts';
import { stopCluster } from './cluster-end.ts';
import { writeOwned } from './cluster-files.ts';
import { THROWAWAY_SETTINGS, type Settings } from './settings.ts';

/** An instance on the laptop may be more than a drill's throwaway: the sample shop is one too. */
export interface CreateLocalInstance extends CreateInstance {
  /** Databases may be copied with pg_basebackup over TCP. */
  readonly replication?: boolean;
  /** Default C.UTF-8, or C where the platform has no such locale. */
  readonly locale?: string;
}

/** What a creation came to. */
export interface Born {
  readonly port: number;
  /** What is not as it was asked for. */
  readonly detail?: string;
}

export const PASSWORD_FILE = 'password';

/** Makes an empty cluster, starts it and logs in once as its superuser. */
export async function createCluster(
  cluster: Cluster,
  request: Pick<CreateLocalInstance, 'superuser' | 'parameters' | 'locale' | 'replication'>,
  signal: AbortSignal,
): Promise<Born> {
  const password = await makePassword(cluster);
  const { superuser, locale, replication = false } = request;
  await initCluster(cluster, { superuser, password, signal, ...(locale === undefined ? {} : { locale }) });
  // A copy of a running cluster is put right by whole pages in the log; without them a standby could not be copied.
  const wholePages = replication ? { full_page_writes: 'on' } : {};
  const settings = { ...THROWAWAY_SETTINGS, ...wholePages, ...request.parameters };
  const options = { settings, replication, keepInitdbSettings: true, signal };
  return startLoadable(cluster, options, (port) => logIn(port, superuser, password));
}

/** Makes the superuser's password; only this process's user can read the file. */
export async function makePassword(cluster: Cluster): Promise<string> {
  const password = randomBytes(24).toString('base64url');
  await writeOwned(join(cluster.directory, PASSWORD_FILE), password, undefined);
  return password;
}

/** Nothing is available before it has answered a query. */
export async function logIn(port: number, user: string, password: string, database = 'postgres'): Promise<void> {
  const client = await connect({ host: '127.0.0.1', port, user, password, database, sslMode: 'disable' });
  try {
    await client.query('SELECT 1');
  } finally {
    await client.end();
  }
}

/**
 * Starts a cluster and enters it, without those preloaded libraries that this machine does not have (a managed service
 * preloads its own), and says which.
 */
export async function startLoadable(
  cluster: Cluster,
  options: StartOptions,
  enter: (port: number) => Promise<void>,
): Promise<Born> {
  const missing: string[] = [];
  let settings = options.settings;
  for (;;) {
    try {
      const port = await startCluster(cluster, { ...options, settings });
      await enter(port);
      const detail = missing.length > 0 ? `without the preloaded libraries ${missing.join(', ')}` : undefined;
      return { port, ...(detail === undefined ? {} : { detail }) };
    } catch (error) {
      const library = MISSING_LIBRARY.exec(error instanceof Error ? error.message : '')?.[1];
      const fewer = library === undefined ? undefined : withoutLibrary(settings, library);
      if (library === undefined || fewer === undefined) throw error;
      await stopCluster(cluster.directory);
      missing.push(library);
      settings = fewer;
    }
  }
}

const MISSING_LIBRARY = /could not access file "([^"]+)": No such file/;
const PRELOADED = ['shared_preload_libraries', 'session_preload_libraries', 'local_preload_libraries'];

/** Undefined when the library is not preloaded: then its absence means something else. */
function withoutLibrary(settings: Settings, library: string): Settings | undefined {
  const fewer: Record<string, string> = { ...settings };
  let isFound = false;
  for (const name of PRELOADED) {
    const [preloaded, kept] = [librariesOf(settings[name]), librariesOf(settings[name]).filter((one) => one !== library)];
    if (kept.length === preloaded.length) continue;
    fewer[name] = kept.map((one) => `"${one}"`).join(', ');
    isFound = true;
  }
  return isFound ? fewer : undefined;
}

/** The names in a list such as `pg_stat_statements, "auto_explain"`. */
export function librariesOf(value = ''): string[] {
  const names = value.split(',').map((name) => name.trim().replace(/^"(.*)"$/, '$1'));
  return names.filter((name) => name !== '');
}

/** @throws InstanceRefusedError when the file system has less than `bytes` to give */
export async function checkSpace(directory: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory).catch((error: unknown) => {
    // Removed by another process when its last instance was gone; it will be made again in the same place.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return statfs(dirname(directory));
    throw error;
  });
  const free = bavail * bsize;
  if (free >= bytes) return;
  const [has, needs] = [free, bytes].map((amount) => `${Math.ceil(amount / 1_048_576)} MiB`);
  throw new InstanceRefusedError(`${directory} has ${has} free and ${needs} are needed`, { hint: `df -h ${directory}` });
}

