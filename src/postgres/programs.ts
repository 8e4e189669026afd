import { existsSync, realpathSync } from 'node:fs';
import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigurationError, PostgresNotFoundError } from '../errors.ts';
import { installHint } from './install-hint.ts';
import { binaryDirectories } from './program-places.ts';
import { runProgram } from './subprocess.ts';

export type PostgresProgram =
  | 'pg_dump'
  | 'pg_restore'
  | 'pg_dumpall'
  | 'psql'
  | 'pg_basebackup'
  | 'pg_verifybackup'
  | 'initdb'
  | 'postgres'
  | 'pg_ctl'
  | 'pg_controldata'
  | 'pg_waldump'
  | 'pg_amcheck'
  | 'pg_config'
  | 'pg_isready'
  | 'pgbench'
  | 'vacuumdb'
  | 'createdb';

/** One installation of PostgreSQL: the programs of one directory, all of one version. */
export interface PostgresPrograms {
  readonly major: number;
  /** As the programs print it, e.g. `15.13` or `18beta1`. */
  readonly version: string;
  /** The directory they are in, symbolic links resolved. */
  readonly directory: string;
  /** Can dump and restore: pg_dump, pg_dumpall, pg_restore and psql are there. */
  readonly hasClient: boolean;
  /** Can run a cluster: initdb, postgres and pg_ctl are there. */
  readonly hasServer: boolean;
  /** @throws PostgresNotFoundError when this installation lacks the program */
  path(program: PostgresProgram): string;
}

export interface FindOptions {
  /** Directories of programs to look into besides the usual places; each must hold a working PostgreSQL. */
  readonly search?: readonly string[];
  /** PATH and PGPROOF_POSTGRES are read from here; default: this process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Replaces the usual places of this platform; `*` may stand for part of one folder's name. */
  readonly places?: readonly string[];
}

export interface ProgramChoice {
  /** Of the server to be dumped, or of the throwaway server that must run. */
  readonly serverMajor?: number;
  /** A cluster must be run, by exactly the server's major; otherwise clients of that major or a newer one will do. */
  readonly needServer?: boolean;
  /**
   * What the user named: a major such as `17`, or a directory of programs. Nothing else is taken, except for a throwaway
   * server, whose major the backup decides: there it only breaks a tie.
   */
  readonly wanted?: string | undefined;
}

const CLIENT: readonly string[] = ['pg_dump', 'pg_dumpall', 'pg_restore', 'psql'];
const SERVER: readonly string[] = ['initdb', 'postgres', 'pg_ctl'];

/**
 * Every installation on this machine that has the client programs, the server programs or both, newest first.
 * @throws PostgresNotFoundError when a directory that the user named (`search`, PGPROOF_POSTGRES) holds no working one
 */
export async function findPrograms(options: FindOptions = {}): Promise<PostgresPrograms[]> {
  const env = options.env ?? process.env;
  const wanted = env.PGPROOF_POSTGRES;
  const named = [...(options.search ?? []), ...(wanted?.includes('/') ? [wanted] : [])];
  const found = new Map<string, PostgresPrograms>();
  for (const directory of named) {
    const programs = await inspectDirectory(directory).catch((cause: unknown) => {
      throw new PostgresNotFoundError(`no working PostgreSQL programs in ${directory}`, {
        cause,
        hint: `ls ${directory}`,
      });
    });
    if (!programs) {
      throw new PostgresNotFoundError(`no PostgreSQL programs in ${directory}`, { hint: `ls ${directory}` });
    }
    found.set(programs.directory, programs);
  }
  for (const directory of await binaryDirectories(env.PATH ?? '', options.places)) {
    if (found.has(directory)) continue;
    // What nobody asked for and does not run (half removed, for another machine) is as good as not installed.
    const programs = await inspectDirectory(directory).catch(() => undefined);
    if (programs) found.set(programs.directory, programs);
  }
  return [...found.values()].sort(newestFirst);
}

/**
 * The installation to use. For a dump the lowest client major that is not below the server's, because a newer pg_dump
 * may write what the server's own pg_restore cannot read; for a throwaway instance exactly the server's major.
 * @throws PostgresNotFoundError with the command that installs what is missing
 * @throws ConfigurationError when `wanted` is neither a major nor a directory
 */
export function choosePrograms(found: readonly PostgresPrograms[], choice: ProgramChoice = {}): PostgresPrograms {
  const { serverMajor, needServer = false } = choice;
  const able = found
    .filter((programs) => (needServer ? programs.hasServer : programs.hasClient))
    .filter(({ major }) => serverMajor === undefined || (needServer ? major === serverMajor : major >= serverMajor));
  const named = able.filter((programs) => isWanted(programs, choice.wanted));
  const fitting = named.length === 0 && needServer && serverMajor !== undefined ? able : named;
  const lowest = Math.min(...fitting.map(({ major }) => major));
  const newest = fitting.toSorted(newestFirst);
  const chosen = serverMajor === undefined ? newest[0] : newest.find(({ major }) => major === lowest);
  if (chosen) return chosen;
  const major = serverMajor ?? majorWanted(choice.wanted);
  throw new PostgresNotFoundError(`${describeNeed(choice)} not found on this machine${describeFound(found)}`, {
    hint: installHint({ needServer, ...(major === undefined ? {} : { major }) }),
  });
}

/** The programs of one directory, or undefined when it holds no complete set. Throws when they do not run. */
export async function inspectDirectory(directory: string): Promise<PostgresPrograms | undefined> {
  const entries = new Set<string>(await readdir(directory));
  const hasClient = CLIENT.every((name) => entries.has(name));
  const hasServer = SERVER.every((name) => entries.has(name));
  if (!hasClient && !hasServer) return undefined;
  const real = await realpath(directory);
  const version = await readVersion(join(real, hasServer ? 'postgres' : 'pg_dump'));
  const path = (program: PostgresProgram): string => {
    if (entries.has(program)) return join(real, program);
    throw new PostgresNotFoundError(`${program} is missing from ${real}`, {
      hint: installHint({ major: Number.parseInt(version, 10), needServer: true }),
    });
  };
  return { major: Number.parseInt(version, 10), version, directory: real, hasClient, hasServer, path };
}

async function readVersion(program: string): Promise<string> {
  const { stdout } = await runProgram({ path: program, args: ['--version'], timeoutMilliseconds: 20_000 });
  const version = /\(PostgreSQL\) (\d\S*)/.exec(stdout)?.[1];
  if (version === undefined) throw new PostgresNotFoundError(`${program} --version printed no version of PostgreSQL`);
  return version;
}

function newestFirst(one: PostgresPrograms, other: PostgresPrograms): number {
  const byVersion = other.version.localeCompare(one.version, 'en', { numeric: true });
  return other.major - one.major || byVersion || one.directory.localeCompare(other.directory, 'en');
}

function isWanted(programs: PostgresPrograms, wanted: string | undefined): boolean {
  if (wanted === undefined || wanted === '') return true;
  if (wanted.includes('/')) return existsSync(wanted) && programs.directory === realpathSync(wanted);
  return programs.major === majorWanted(wanted);
}

function majorWanted(wanted: string | undefined): number | undefined {
  if (wanted === undefined || wanted === '' || wanted.includes('/')) return undefined;
  if (/^\d{1,2}$/.test(wanted)) return Number(wanted);
  throw new ConfigurationError([`PGPROOF_POSTGRES: expected a major such as 17 or a directory of programs`]);
}

function describeNeed({ serverMajor, needServer, wanted }: ProgramChoice): string {
  const what = needServer ? 'PostgreSQL server programs' : 'PostgreSQL client programs';
  const version = serverMajor === undefined ? '' : ` ${serverMajor}${needServer ? '' : ' or newer'}`;
  return `${what}${version}${wanted ? ` (wanted: ${wanted})` : ''}`;
}

function describeFound(found: readonly PostgresPrograms[]): string {
  if (found.length === 0) return '';
  return `; found: ${found.map(({ version, directory }) => `${version} in ${directory}`).join(', ')}`;
}
