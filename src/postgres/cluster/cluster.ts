import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { InstanceRefusedError, SubprocessError } from '../../errors.ts';
import type { PostgresPrograms } from '../programs.ts';
import { runProgram } from '../subprocess.ts';
import { CONFIG, DATA, dataDirectory, LOG, makeOwned, writeConfiguration, writeOwned } from './cluster-files.ts';
import type { Identity } from './identity.ts';
import { freePort } from './port.ts';
import { logProblem } from './server-log.ts';
import type { Settings } from './settings.ts';

/** Where a cluster is and what runs it. The directory exists; everything in it but the caller's own files is ours. */
export interface Cluster {
  readonly directory: string;
  readonly socketDirectory: string;
  readonly programs: PostgresPrograms;
  readonly identity?: Identity | undefined;
}

export interface InitOptions {
  readonly superuser: string;
  readonly password: string;
  /** Default: C.UTF-8, or C where the platform has no such locale; the encoding is UTF8. */
  readonly locale?: string;
  readonly signal?: AbortSignal | undefined;
}

export interface StartOptions {
  /** Server settings; those that keep the cluster to itself win over them. */
  readonly settings: Settings;
  /** Databases may be copied with pg_basebackup over TCP. */
  readonly replication?: boolean;
  /** Begin with what initdb found good for this machine; not for a copy of somebody else's cluster. */
  readonly keepInitdbSettings?: boolean;
  readonly timeoutSeconds?: number;
  /** Default: any that the system has free. */
  readonly findPort?: () => Promise<number>;
  readonly signal?: AbortSignal | undefined;
}

const PASSWORD_FILE = 'initdb-password';
const PORT_ATTEMPTS = 5;
const START_SECONDS = 120;

/** Makes a new cluster with checksums and one superuser who logs in over TCP with the password. Does not start it. */
export async function initCluster(cluster: Cluster, options: InitOptions): Promise<void> {
  const passwordFile = join(cluster.directory, PASSWORD_FILE);
  await makeOwned(dataDirectory(cluster.directory), cluster.identity);
  await writeOwned(passwordFile, `${options.password}\n`, cluster.identity);
  try {
    await runServerProgram(cluster, 'initdb', options.signal, [
      ...['--pgdata', DATA, '--username', options.superuser, '--pwfile', PASSWORD_FILE],
      ...['--auth-local=trust', '--auth-host=scram-sha-256', '--data-checksums', '--no-sync'],
      ...['--encoding=UTF8', `--locale=${options.locale ?? (process.platform === 'darwin' ? 'C' : 'C.UTF-8')}`],
    ]);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

/**
 * Starts the cluster on a free port and returns that. The server is detached: neither the end of this process nor
 * Ctrl-C in its terminal reaches it.
 * @throws SubprocessError whose message is the server's own reason
 * @throws InstanceRefusedError when no port can be had
 */
export async function startCluster(cluster: Cluster, options: StartOptions): Promise<number> {
  await rm(cluster.socketDirectory, { recursive: true, force: true });
  await makeOwned(cluster.socketDirectory, cluster.identity);
  for (let attempt = 1; ; attempt++) {
    const port = await (options.findPort ?? freePort)();
    await writeConfiguration(cluster, port, options);
    const log = join(cluster.directory, LOG);
    await writeOwned(log, '', cluster.identity);
    try {
      await launch(cluster, options);
      return port;
    } catch (error) {
      if (!(error instanceof SubprocessError)) throw error;
      const problem = await logProblem(log);
      // Somebody else took the port since it was found free.
      const isPortTaken = /could not (bind|create any TCP)/.test(await readFile(log, 'utf8'));
      if (!isPortTaken) throw new SubprocessError(problem ?? error.message, error.failure, { cause: error });
      if (attempt < PORT_ATTEMPTS) continue;
      throw new InstanceRefusedError(`no free port for a server on 127.0.0.1: ${problem ?? ''}`, { cause: error });
    }
  }
}

/** pg_ctl passes all this through a shell, and badly quoted: no path that a user chose may be in it. */
async function launch(cluster: Cluster, options: StartOptions): Promise<void> {
  await runServerProgram(cluster, 'pg_ctl', options.signal, [
    ...['start', '--silent', '--wait', '--timeout', String(options.timeoutSeconds ?? START_SECONDS)],
    ...['--pgdata', DATA, '--log', LOG, '--options', `-c config_file=${CONFIG}`],
  ]);
}

/** Runs a server program as the cluster's identity, in the cluster's directory so that its process can be found. */
async function runServerProgram(
  { directory, programs, identity }: Cluster,
  program: 'initdb' | 'pg_ctl',
  signal: AbortSignal | undefined,
  args: readonly string[],
): Promise<void> {
  await runProgram({
    path: programs.path(program),
    args,
    cwd: directory,
    env: { HOME: directory },
    ...(identity ? { identity } : {}),
    ...(signal ? { signal } : {}),
  });
}
