import type pg from 'pg';
import { ConfigurationError } from '../errors.ts';

/** A row of the heartbeat table, and between which moments of the server's clock it was committed. Times have microseconds. */
export interface Heartbeat {
  /** `schema.table`. */
  readonly table: string;
  readonly id: string;
  readonly at: string;
  readonly begunAt: string;
  readonly committedAt: string;
}

/** An instant as text that sorts by time, to the microsecond. */
export function instantOf(expression: string): string {
  return `to_char(${expression} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}

/** What the server's clock says now. */
export async function readClock(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ now: string }>(`select ${instantOf('clock_timestamp()')} as now`);
  return rows[0]?.now ?? '';
}

/** `schema.table` as SQL. The configuration allows nothing that would need more care. */
export function heartbeatTable(table: string): string {
  return table.split('.').map((part) => `"${part}"`).join('.');
}

/**
 * Leaves one row in the heartbeat table and waits until it is committed.
 * @throws ConfigurationError with the SQL to run when the table is not there or the role may not insert into it
 */
export async function leaveHeartbeat(client: pg.Client, database: string, table: string): Promise<Heartbeat> {
  const begunAt = await readClock(client);
  try {
    await client.query('begin read write');
    await client.query('set local synchronous_commit = on');
    const { rows } = await client.query<{ id: string; at: string }>(
      `insert into ${heartbeatTable(table)} (at) values (clock_timestamp()) returning id::text as id, ${instantOf('at')} as at`,
    );
    await client.query('commit');
    const [row] = rows;
    if (!row) throw new ConfigurationError([`databases.${database}.heartbeat: ${table} swallowed the row: a trigger or rule stands in the way`]);
    return { table, ...row, begunAt, committedAt: await readClock(client) };
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw await explain(client, database, table, error);
  }
}

/** What the server refuses: no such schema, table, column or default, no privilege, no write. */
const REFUSED = new Set(['3F000', '42P01', '42703', '42804', '23502', '42501', '25006', '42809', '55000']);

async function explain(client: pg.Client, database: string, table: string, error: unknown): Promise<unknown> {
  const { code = '', message } = error as pg.DatabaseError;
  if (!REFUSED.has(code)) return error;
  const { rows } = await client.query<{ role: string }>('select quote_ident(current_user) as role');
  const name = heartbeatTable(table).replaceAll('"', '');
  const [schema = ''] = name.split('.');
  return new ConfigurationError([`databases.${database}.heartbeat: cannot leave a row in ${table}: ${message}`], {
    cause: error,
    hint:
      `run on the primary: create schema if not exists ${schema}; ` +
      `create table if not exists ${name} (id bigint generated always as identity primary key, at timestamptz not null); ` +
      `grant usage on schema ${schema} to ${rows[0]?.role}; grant select, insert on ${name} to ${rows[0]?.role}`,
  });
}
