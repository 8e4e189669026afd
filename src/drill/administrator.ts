import pg from 'pg';
import type { Finding } from '../checks/finding.ts';
import type { ServiceCopy } from '../checks/service-own.ts';
import { SourceUnreadableError } from '../errors.ts';
import { readSet } from '../facts/catalogue.ts';
import type { Facts, FactSet, FactSetName } from '../facts/facts.ts';
import { openReader } from '../facts/session.ts';
import { connect, type Address } from '../postgres/address.ts';
import { requireReadable } from '../postgres/readability.ts';
import { isServiceRole } from '../postgres/service-roles.ts';
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

/** A copied server as its login finds it. */
export interface Opened {
  /** What is changed for him, read before. */
  readonly sets: Partial<Facts['sets']>;
  /** Undefined where the login is a superuser. */
  readonly copy: ServiceCopy | undefined;
  /** Set when there is something that the login cannot read all the same. */
  readonly unreadable?: Finding | undefined;
}

/** Gives the administrator of a copied server what he needs to read all of it; a superuser has it. */
export async function openToAdministrator(client: pg.Client, address: Address): Promise<Opened> {
  const administrator = await findAdministrator(client);
  if (!administrator) return { sets: {}, copy: undefined };
  const sets = await readChanging(address);
  await joinRoles(client, administrator);
  await freeFromPolicies(client);
  return { sets, copy: { major: administrator.major }, unreadable: await unreadableFinding(client) };
}

const CHANGING = ['memberships', 'privilege-matrix', 'policies'] as const;

async function readChanging(address: Address): Promise<Partial<Facts['sets']>> {
  const reader = await openReader({ connect: () => connect(address), scope: 'structure', parallel: 1 }, undefined);
  try {
    const sets: Partial<Record<FactSetName, FactSet>> = {};
    for (const name of CHANGING) sets[name] = await readSet(reader, name);
    return sets;
  } finally {
    await reader.end();
  }
}

const ROLES = `
  select rolname as name from pg_catalog.pg_roles
   where not rolsuper and not pg_catalog.pg_has_role(oid, 'usage') and (left(rolname, 3) <> 'pg_' or rolname = 'pg_read_all_data')
   order by 1`;

/** Row-level security that holds for the owner too. Altering a table fires event triggers, which may do anything. */
const FORCED = `
  select pg_catalog.format('alter table %I.%I no force row level security', n.nspname, c.relname) as sql
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where c.relforcerowsecurity and pg_catalog.row_security_active(c.oid)
     and not exists (select from pg_catalog.pg_event_trigger where evtenabled <> 'D')`;

/**
 * Makes the administrator of a copy a member of every role that he may be, so that he can read what they own. The copy is
 * thrown away. What the server refuses here is looked for afterwards, object by object.
 */
export async function joinRoles(client: pg.Client, { major }: Administrator): Promise<void> {
  const { rows } = await client.query<{ name: string }>(ROLES);
  for (const { name } of rows.filter((row) => !isServiceRole(row.name))) {
    const options = major >= 16 ? ' with inherit true, set true' : '';
    await attempt(client, `grant ${pg.escapeIdentifier(name)} to current_user${options}`);
  }
}

async function freeFromPolicies(client: pg.Client): Promise<void> {
  const { rows: forced } = await client.query<{ sql: string }>(FORCED);
  for (const { sql } of forced) await attempt(client, sql);
}

/** What is denied, or circular because the other role is a member of this one, is told by what cannot be read then. */
async function attempt(client: pg.Client, sql: string): Promise<void> {
  try {
    await client.query(sql);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || !['42501', '0LP01'].includes(error.code ?? '')) throw error;
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
