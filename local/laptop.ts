import { join, resolve } from 'node:path';
import type { Cloud } from '../src/cloud/cloud.ts';
import type { Notifier } from '../src/cloud/notifier.ts';
import { loadConfig, parseConfig, type Config } from '../src/config/config.ts';
import { PostgresNotFoundError } from '../src/errors.ts';
import { choosePrograms, findPrograms, type PostgresPrograms, type ProgramChoice } from '../src/postgres/programs.ts';
import { systemClock } from './clock.ts';
import { LocalDatabaseService } from './database-service.ts';
import { EventQueue } from './events.ts';
import { createFileInbox } from './notifier.ts';
import { fetchedPrograms, fetchPostgres, type FetchOptions } from './postgres/fetch.ts';
import { createLocalSigner, type LocalSigner } from './signer.ts';
import { DirectoryStore } from './store/directory-store.ts';

/** Everything of src/cloud, on one machine and under one directory. */
export interface Laptop extends Cloud {
  readonly home: string;
  readonly configFile: string | undefined;
  readonly store: DirectoryStore;
  readonly databases: LocalDatabaseService;
  readonly signer: LocalSigner;
  readonly events: EventQueue;
  /** The server programs of a major, for clusters; fetched when this machine lacks them. */
  serverPrograms(major: number): Promise<PostgresPrograms>;
}

export interface LaptopOptions {
  readonly home: string;
  readonly configFile?: string | undefined;
  /** Told besides the inbox. */
  readonly notifier?: Notifier;
  /** Told in one line each of what takes long, such as fetching PostgreSQL. */
  readonly progress?: Progress;
}

/** @throws ConfigurationError for a faulty configuration file */
export function openLaptop(options: LaptopOptions): Laptop {
  const home = resolve(options.home);
  const clock = systemClock;
  const progress = options.progress ?? (() => undefined);
  const config: Config =
    options.configFile === undefined ? parseConfig('', 'pgproof.yml') : loadConfig(options.configFile);
  const events = new EventQueue({ directory: join(home, 'events'), bucket: 'pgproof-local', clock });
  const serverPrograms = once((major: number) => findServer(major, progress));
  return {
    home,
    configFile: options.configFile,
    config,
    clock,
    events,
    store: new DirectoryStore({ root: join(home, 'bucket'), events }),
    databases: new LocalDatabaseService({ home, programs: serverPrograms, clock }),
    signer: createLocalSigner(home),
    notifier: options.notifier ?? createFileInbox(home, clock),
    serverPrograms,
    programsFor: once((major: number) => findClient(major, progress)),
  };
}

async function findServer(major: number, progress: Progress): Promise<PostgresPrograms> {
  return await findOrFetch({ serverMajor: major, needServer: true }, { major, progress });
}

/** Any client that is not older than the server will do. */
async function findClient(major: number, progress: Progress): Promise<PostgresPrograms> {
  return await findOrFetch({ serverMajor: major }, { major, orNewer: true, progress });
}

/** The server programs for a cluster of our own: the major the user named, else the newest there is. */
export async function samplePrograms(progress: Progress): Promise<PostgresPrograms> {
  const wanted = process.env.PGPROOF_POSTGRES;
  const major = wanted && /^\d+$/.test(wanted) ? { major: Number(wanted) } : {};
  return await findOrFetch({ needServer: true, wanted }, { ...major, progress });
}

type Progress = (message: string) => void;

/** In this order: what is installed, what was fetched earlier, what can be fetched now. */
async function findOrFetch(choice: ProgramChoice, fetching: FetchOptions): Promise<PostgresPrograms> {
  for (const find of [findPrograms, fetchedPrograms]) {
    try {
      return choosePrograms(await find(), choice);
    } catch (error) {
      if (!(error instanceof PostgresNotFoundError)) throw error;
    }
  }
  return await fetchPostgres(fetching);
}

/** Looks once per major; what is installed does not change during a run. */
function once<T>(find: (major: number) => Promise<T>): (major: number) => Promise<T> {
  const found = new Map<number, Promise<T>>();
  return (major) => {
    const known = found.get(major) ?? find(major);
    found.set(major, known);
    return known;
  };
}
