import { join, resolve } from 'node:path';
import type { Cloud } from '../src/cloud/cloud.ts';
import type { Notifier } from '../src/cloud/notifier.ts';
import { loadConfig, parseConfig, type Config } from '../src/config/config.ts';
import { choosePrograms, findPrograms, type PostgresPrograms } from '../src/postgres/programs.ts';
import { systemClock } from './clock.ts';
import { LocalDatabaseService } from './database-service.ts';
import { EventQueue } from './events.ts';
import { createFileInbox } from './notifier.ts';
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
}

/** @throws ConfigurationError for a faulty configuration file */
export function openLaptop(options: LaptopOptions): Laptop {
  const home = resolve(options.home);
  const clock = systemClock;
  const config: Config =
    options.configFile === undefined ? parseConfig('', 'pgproof.yml') : loadConfig(options.configFile);
  const events = new EventQueue({ directory: join(home, 'events'), bucket: 'pgproof-local', clock });
  const serverPrograms = once((major: number) => findServer(major));
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
    programsFor: once(async (major: number) => choosePrograms(await findPrograms(), { serverMajor: major })),
  };
}

async function findServer(major: number): Promise<PostgresPrograms> {
  return choosePrograms(await findPrograms(), { serverMajor: major, needServer: true });
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
