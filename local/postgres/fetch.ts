import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describeError, InterruptedError, PostgresInstallError, PostgresNotFoundError } from '../../src/errors.ts';
import { installHint, readOsRelease } from '../../src/postgres/install-hint.ts';
import { inspectDirectory, type PostgresPrograms } from '../../src/postgres/programs.ts';
import { runProgram } from '../../src/postgres/subprocess.ts';
import { isOwnerAlive, ownerName } from '../../src/owner.ts';
import { PrivateApt } from './fetch/apt.ts';
import { isDebianLike, suitesFor, type Suite } from './fetch/suites.ts';
import { makeOpenDirectory } from '../../src/postgres/cluster/open-directory.ts';
import { binaries, makeRunnable, unpack } from './fetch/tree.ts';

export interface FetchOptions {
  /** Default: the newest that the machine's own release has. */
  readonly major?: number;
  /** A newer major will do, the nearest that can be had: for clients. */
  readonly orNewer?: boolean;
  /** Told in one line each what is being done, before it is done. */
  readonly progress: (message: string) => void;
  /** Default: `cacheDirectory()`. */
  readonly cache?: string;
  /** Default: those of this machine. For tests. */
  readonly suites?: readonly Suite[];
  readonly signal?: AbortSignal;
}

const UNFINISHED = '.unfinished-';

/** Where fetched programs are kept: of all users for root, whose home PostgreSQL's own user cannot enter. */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  if (process.getuid?.() === 0) return '/var/cache/pgproof';
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'pgproof');
}

/** What was fetched before, newest first. */
export async function fetchedPrograms(cache = cacheDirectory()): Promise<PostgresPrograms[]> {
  const names = await readdir(join(cache, 'postgresql')).catch(() => []);
  const found: PostgresPrograms[] = [];
  for (const name of names) {
    const major = Number(/^[a-z]+-[a-z0-9]+-(\d+)$/.exec(name)?.[1] ?? 0);
    if (major === 0) continue;
    const root = join(cache, 'postgresql', name);
    const programs = await inspectDirectory(binaries({ root, major })).catch((cause: unknown) => {
      throw new PostgresInstallError(`PostgreSQL in ${root} does not run any more`, { cause, hint: `rm -r ${root}` });
    });
    if (programs) found.push(programs);
  }
  return found.sort((one, other) => other.major - one.major);
}

/**
 * Fetches the distribution's PostgreSQL, server and client, into a directory of our own, without root and without
 * installing anything. A directory appears in the cache only when it is complete and runs.
 * @throws PostgresNotFoundError when this machine's distribution has no such major, or there is nothing to fetch from
 * @throws PostgresInstallError when fetching failed
 */
export async function fetchPostgres(options: FetchOptions): Promise<PostgresPrograms> {
  const suites = options.suites ?? (await machineSuites(options.signal));
  const store = join(options.cache ?? cacheDirectory(), 'postgresql');
  // The loader takes its directories as one list with colons between them, and pg_ctl runs postgres through a shell.
  if (/[:"$`\\]/.test(store)) throw new PostgresInstallError(`${store}: programs do not run in a path with : " $ \` or \\`);
  await makeOpenDirectory(store, 0o755);
  await removeAbandoned(store);
  const offered: string[] = [];
  for (const suite of suites) {
    const work = join(store, `${UNFINISHED}${ownerName()}-${randomBytes(6).toString('hex')}`);
    try {
      const fetched = await fetchFrom(suite, store, work, options);
      if ('directory' in fetched) return fetched;
      offered.push(`${suite.name} has ${fetched.majors.join(', ') || 'none'}`);
    } catch (cause) {
      if (cause instanceof InterruptedError) throw cause;
      throw new PostgresInstallError(`PostgreSQL could not be fetched from ${suite.name}: ${describeError(cause)}`, {
        cause,
        hint: installHint({ needServer: true, ...(options.major === undefined ? {} : { major: options.major }) }),
      });
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
  throw missing(options.major, offered);
}

async function fetchFrom(
  suite: Suite,
  store: string,
  work: string,
  { major: wanted, orNewer, progress, signal }: FetchOptions,
): Promise<PostgresPrograms | { majors: number[] }> {
  await mkdir(join(work, 'apt'), { recursive: true });
  const apt = new PrivateApt(join(work, 'apt'), signal);
  progress(`looking for PostgreSQL${wanted === undefined ? '' : ` ${wanted}`} in ${suite.name}`);
  await apt.open(suite);
  const majors = await apt.majors();
  const major = pickMajor(majors, wanted, orNewer ?? false);
  if (major === undefined) return { majors };
  const packages = await apt.closure([`postgresql-${major}`, `postgresql-client-${major}`]);
  const megabytes = Math.ceil((await apt.sizeOf(packages)) / 1_000_000);
  progress(`fetching PostgreSQL ${major} of ${suite.name} (${packages.length} packages, ${megabytes} MB) into ${store}`);
  const files = await apt.download(packages);
  const tree = { root: join(work, 'tree'), major };
  await mkdir(tree.root, { mode: 0o755 });
  await unpack(tree.root, files, signal);
  await makeRunnable(tree);
  await writeFile(join(tree.root, 'packages.txt'), `${files.map((file) => file.split('/').at(-1)).join('\n')}\n`);
  if (!(await inspectDirectory(binaries(tree)))?.hasServer) throw new Error('its packages lack server programs');
  return publish(tree.root, join(store, `${suite.name}-${process.arch}-${major}`), major);
}

/** From majors sorted newest first. */
function pickMajor(offered: readonly number[], wanted: number | undefined, orNewer: boolean): number | undefined {
  if (wanted === undefined) return offered[0];
  return orNewer ? offered.findLast((major) => major >= wanted) : offered.find((major) => major === wanted);
}

/** Of two who fetch the same at once the first wins, and both use the winner's. */
async function publish(from: string, to: string, major: number): Promise<PostgresPrograms> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
  const programs = await inspectDirectory(binaries({ root: to, major }));
  if (programs) return programs;
  throw new Error(`${to} is incomplete; remove it and try again`);
}

/** The releases that may be fetched from here, from the archives that this machine is set up to use; often none. */
export async function machineSuites(signal?: AbortSignal): Promise<Suite[]> {
  const osRelease = readOsRelease();
  if (process.platform !== 'linux' || !isDebianLike(osRelease)) return [];
  const { stdout } = await runProgram({
    path: 'apt-get',
    args: ['update', '--print-uris'],
    env: { LC_ALL: 'C' },
    ...(signal ? { signal } : {}),
  });
  return suitesFor({ osRelease, uris: stdout, hasFile: existsSync });
}

async function removeAbandoned(store: string): Promise<void> {
  for (const name of await readdir(store)) {
    const owner = name.startsWith(UNFINISHED) ? name.slice(UNFINISHED.length).replace(/-[0-9a-f]{12}$/, '') : undefined;
    if (owner !== undefined && !isOwnerAlive(owner)) await rm(join(store, name), { recursive: true, force: true });
  }
}

function missing(major: number | undefined, offered: readonly string[]): PostgresNotFoundError {
  const what = `PostgreSQL${major === undefined ? '' : ` ${major}`}`;
  const where = offered.length > 0 ? `: ${offered.join('; ')}` : ' on this system';
  return new PostgresNotFoundError(`${what} is not installed and cannot be fetched${where}`, {
    hint: installHint({ needServer: true, ...(major === undefined ? {} : { major }) }),
  });
}
