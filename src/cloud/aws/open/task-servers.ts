import { choosePrograms, findPrograms, type PostgresPrograms } from '../../../postgres/programs.ts';
import type { TaskServers } from '../../task-servers.ts';
import type { Environment } from '../environment.ts';

/** Servers of the majors that the worker's image has, in the task's ephemeral storage. */
export function openTaskServers({ PGPROOF_SCRATCH }: Environment, env: Readonly<Record<string, string | undefined>>): TaskServers {
  let programs: Promise<PostgresPrograms[]> | undefined;
  return {
    home: PGPROOF_SCRATCH,
    programsFor: async (serverMajor) => choosePrograms(await (programs ??= findPrograms({ env })), { serverMajor, needServer: true }),
  };
}
