import type { Cloud } from '../cloud.ts';
import { systemClock } from '../system-clock.ts';
import { readEnvironment } from './environment.ts';
import { openConfig } from './open/config.ts';
import { openDatabases } from './open/databases.ts';
import { openNotifier } from './open/notifier.ts';
import { openPrograms } from './open/programs.ts';
import { openSigner } from './open/signer.ts';
import { openStore } from './open/store.ts';
import { openTaskServers } from './open/task-servers.ts';

/**
 * The cloud of a deployed worker, from its environment variables; a function opens only the parts that it needs. A worker
 * takes no snapshots and begins no tasks.
 * Asks AWS nothing yet.
 * @throws ConfigurationError with every faulty variable, or with every fault of pgproof.yml
 */
export function openCloud(env: Readonly<Record<string, string | undefined>>): Cloud {
  const settings = readEnvironment(env);
  return {
    store: openStore(settings),
    databases: openDatabases(settings),
    notifier: openNotifier(settings),
    signer: openSigner(settings),
    clock: systemClock,
    config: openConfig(settings),
    programsFor: openPrograms(env),
    taskServers: openTaskServers(settings, env),
  };
}
