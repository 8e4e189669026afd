import type pg from 'pg';
import { GlobalsChangedError } from '../errors.ts';
import { addressEnvironment, withFreshLogin, type Address } from '../postgres/address.ts';
import { runProgram } from '../postgres/subprocess.ts';

/**
 * Roles, memberships and their settings, as SQL, without passwords. Per-database settings travel inside the archive:
 * pg_dump keeps them with the database's own entry and `pg_restore --create` brings them back.
 */
export async function readGlobals(address: Address, pgDumpall: string, signal?: AbortSignal): Promise<string> {
  const { stdout } = await runProgram({
    path: pgDumpall,
    // The name is taken for a connection string where it holds a =, so it is always given as one.
    args: ['--roles-only', '--no-role-passwords', '--no-password', `--database=dbname=${quote(address.database)}`],
    env: addressEnvironment(await withFreshLogin(address)),
    ...(signal ? { signal } : {}),
  });
  return stdout;
}

function quote(value: string): string {
  return `'${value.replaceAll(/[\\']/g, '\\$&')}'`;
}

const GLOBALS_DIGEST = `
  select md5(concat(
    (select string_agg(r::text, ',' order by r.rolname) from pg_catalog.pg_roles r),
    (select string_agg(m::text, ',' order by m::text) from pg_catalog.pg_auth_members m),
    (select string_agg(s::text, ',' order by s::text) from pg_catalog.pg_db_role_setting s))) as digest`;

/** pg_dumpall cannot read in the exported snapshot; this digest tells whether it read the same roles all the same. */
export async function digestGlobals(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ digest: string }>(GLOBALS_DIGEST);
  return rows[0]?.digest ?? '';
}

/** @throws GlobalsChangedError when roles or settings changed between the snapshot and the reading of the globals */
export function requireSameGlobals(inSnapshot: string, afterwards: string): void {
  if (inSnapshot === afterwards) return;
  throw new GlobalsChangedError('roles or their settings changed while the dump ran, so no backup was kept', {
    hint: 'run the backup again',
  });
}
