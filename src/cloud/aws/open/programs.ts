import { choosePrograms, findPrograms, type PostgresPrograms } from '../../../postgres/programs.ts';
import type { Cloud } from '../../cloud.ts';

/** The programs that a machine has are looked for once. */
export function openPrograms(env: Readonly<Record<string, string | undefined>>): Cloud['programsFor'] {
  let programs: Promise<PostgresPrograms[]> | undefined;
  return async (major) => choosePrograms(await (programs ??= findPrograms({ env })), { serverMajor: major });
}
