import pg from 'pg';
import { SourceUnreadableError } from '../errors.ts';
import { connect, type Address } from '../postgres/address.ts';
import { requireReadable } from '../postgres/readability.ts';
import { isServiceRole } from '../postgres/service-roles.ts';
import type { Finding } from '../checks/finding.ts';
import { ownFinding } from './proof-builder.ts';

/** The login of a copy on a service that gives nobody a superuser. */
export interface Administrator {
  readonly name: string;
  /** Of the copy's server. */
  readonly major: number;
}

/** Undefined where the login is a superuser, who needs nothing of all this. */
export async function findAdministrator(client: pg.Client): Promise<Administrator | undefined> {
  const { rows } = await client.query<{ name: string; superuser: boolean; number: string }>(
    `select rolname as name, rolsuper as superuser, pg_catalog.current_setting('server_version_num') as number
       from pg_catalog.pg_roles where rolname = current_user`,
  );
  const row = rows[0];
  return !row || row.superuser ? undefined : { name: row.name, major: Math.floor(Number(row.number) / 10_000) };
}

/** As `findAdministrator`, on a connection of its own. */
export async function administratorOf(address: Address): Promise<Administrator | undefined> {
  const client = await connect(address);
  try {
    return await findAdministrator(client);
  } finally {
    await client.end();
  }
}

const ROLES = `
  select rolname as name from pg_catalog.pg_roles
   where not rolsuper and not pg_catalog.pg_has_role(oid, 'usage') and (left(rolname, 3) <> 'pg_' or rolname = 'pg_read_all_data')
   order by 1`;

/**
 * Makes the administrator of a copied server a member of every role that he may be, so that he can read what they own. The
 * copy is thrown away. What the server refuses here is looked for afterwards, object by object.
 */
export async function widenAdministrator(client: pg.Client, { major }: Administrator): Promise<void> {
  const { rows } = await client.query<{ name: string }>(ROLES);
  await client.query('set default_transaction_read_only = off');
  for (const { name } of rows.filter((row) => !isServiceRole(row.name))) {
    const options = major >= 16 ? ' with inherit true, set true' : '';
    await client.query(`grant ${pg.escapeIdentifier(name)} to current_user${options}`).catch((error: unknown) => {
      // Denied, or circular because the other role is a member of this one.
      if (!(error instanceof pg.DatabaseError) || !['42501', '0LP01'].includes(error.code ?? '')) throw error;
    });
  }
}

/** Undefined when the login can read everything; else the finding that says what it cannot. */
export async function unreadableFinding(client: pg.Client): Promise<Finding | undefined> {
  try {
    await client.query('begin');
    await client.query('set local search_path = pg_catalog');
    await requireReadable(client);
    return undefined;
  } catch (error) {
    if (!(error instanceof SourceUnreadableError)) throw error;
    const detail = `the administrator of the copy: ${error.message}`;
    return ownFinding(
      { id: 'readable', name: 'Every row can be read', number: 37, level: 2 },
      { status: 'could_not_verify', cause: 'environment', examined: 0, detail },
    );
  } finally {
    await client.query('rollback');
  }
}
