import { join, resolve } from 'node:path';
import type { Cloud } from '../src/cloud/cloud.ts';
import type { Notifier } from '../src/cloud/notifier.ts';
import { loadConfig, parseConfig, type Config } from '../src/config/config.ts';
import { systemClock } from '../src/cloud/system-clock.ts';
import { LocalDatabaseService } from './database-service.ts';
import { EventQueue } from './events.ts';
import { createFileInbox } from './notifier.ts';
import { createProgramResolver, type ProgramResolver } from './postgres/resolve.ts';
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
  /** PostgreSQL's programs for any need; fetched when this machine lacks them. */
  readonly programs: ProgramResolver;
}

export interface LaptopOptions {
  readonly home: string;
  readonly configFile?: string | undefined;
  /** Told besides the inbox. */
  readonly notifier?: Notifier;
  /** Told in one line each of what takes long, such as fetching PostgreSQL. */
  readonly progress?: (message: string) => void;
}

/** @throws ConfigurationError for a faulty configuration file */
export function openLaptop(options: LaptopOptions): Laptop {
  const home = resolve(options.home);
  const clock = systemClock;
  const config: Config =
    options.configFile === undefined ? parseConfig('', 'pgproof.yml') : loadConfig(options.configFile);
  const events = new EventQueue({ directory: join(home, 'events'), bucket: 'pgproof-local', clock });
  const programs = createProgramResolver({ progress: options.progress ?? (() => undefined) });
  return {
    home,
    configFile: options.configFile,
    config,
    clock,
    events,
    store: new DirectoryStore({ root: join(home, 'bucket'), events }),
    databases: new LocalDatabaseService({ home, programs: (serverMajor) => programs({ serverMajor, needServer: true }), clock }),
    signer: createLocalSigner(home),
    notifier: options.notifier ?? createFileInbox(home, clock),
    programs,
    programsFor: (serverMajor) => programs({ serverMajor }),
    taskServers: { home, programsFor: (serverMajor) => programs({ serverMajor, needServer: true }) },
  };
}
