import type { Config } from '../config/config.ts';
import type { PostgresPrograms } from '../postgres/programs.ts';
import type { Clock } from './clock.ts';
import type { DatabaseService } from './database-service.ts';
import type { Notifier } from './notifier.ts';
import type { ObjectStore } from './object-store.ts';
import type { Signer } from './signer.ts';
import type { SnapshotService } from './snapshot-service.ts';
import type { TaskLauncher } from './task-launcher.ts';
import type { TaskServers } from './task-servers.ts';

/** Everything a handler or a worker verb needs from outside, in one object. */
export interface Cloud {
  readonly store: ObjectStore;
  readonly databases: DatabaseService;
  readonly notifier: Notifier;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly config: Config;
  /**
   * PostgreSQL's client programs that can read archives of a server of this major, and write them.
   * @throws PostgresNotFoundError
   */
  programsFor(major: number): Promise<PostgresPrograms>;
  /** Where a worker can run a server by itself; a function cannot. */
  readonly taskServers?: TaskServers;
}

/** What the functions of a deployment have besides: the laptop's command line does these things itself. */
export interface DeployedCloud extends Cloud {
  readonly snapshots: SnapshotService;
  readonly launcher: TaskLauncher;
}
