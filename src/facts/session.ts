import type pg from 'pg';
import { InterruptedError, SourceUnreachableError } from '../errors.ts';
import type { FactsScope } from './facts.ts';

/** How to reach the database and how much to read of it. */
export interface FactsSession {
  /** A fresh, connected client; whoever reads facts ends it. */
  readonly connect: () => Promise<pg.Client>;
  /** Id from pg_export_snapshot. Without it the readers share a snapshot of their own. */
  readonly snapshot?: string;
  readonly scope: FactsScope;
  /** How many connections read at once. */
  readonly parallel: number;
  readonly signal?: AbortSignal;
  readonly onTable?: (done: number, total: number) => void;
}

/** One connection inside the snapshot, all settings pinned. */
export interface Reader {
  readonly client: pg.Client;
  readonly major: number;
  /** Rows of one query. */
  query<Row extends pg.QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /**
   * Rows of one query, whose locks are given back at once. Otherwise each table read would stay locked to the end, and a
   * server has room for a few thousand locks that it shares among all its users.
   */
  queryUnlocking<Row extends pg.QueryResultRow>(sql: string): Promise<Row[]>;
  end(): Promise<void>;
}

/**
 * Everything that changes how a value or a definition is written. Two equal databases would differ without these.
 * row_security is off so that a policy which hides rows is an error and never a smaller count.
 */
const PINNED: Readonly<Record<string, string>> = {
  search_path: 'pg_catalog',
  timezone: 'UTC',
  datestyle: 'ISO, YMD',
  intervalstyle: 'postgres',
  extra_float_digits: '3',
  bytea_output: 'hex',
  lc_monetary: 'C',
  lc_numeric: 'C',
  lc_time: 'C',
  xmloption: 'content',
  xmlbinary: 'base64',
  quote_all_identifiers: 'off',
  standard_conforming_strings: 'on',
  array_nulls: 'on',
  row_security: 'off',
  // A server's own limits must not end a long reading, and compiling a query costs more than these save.
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  transaction_timeout: '0',
  jit: 'off',
  // When we give up, so does the server, in the middle of a table if need be.
  client_connection_check_interval: '5s',
  // The load on the source is `parallel` and no more.
  max_parallel_workers_per_gather: '0',
};

/** What to ask before settings are pinned. */
type Beforehand = (query: Query) => Promise<void>;

/** Opens one reader in the given snapshot, or in a snapshot of its own. */
export async function openReader(
  session: FactsSession,
  snapshot: string | undefined,
  beforehand: Beforehand = async () => undefined,
): Promise<Reader> {
  const client = await session.connect();
  try {
    return await begin(client, session.signal, snapshot, beforehand);
  } catch (error) {
    await client.end();
    throw error;
  }
}

async function begin(
  client: pg.Client,
  signal: AbortSignal | undefined,
  snapshot: string | undefined,
  beforehand: Beforehand,
): Promise<Reader> {
  // Without a listener a connection lost between two queries would end the process; the next query rejects anyway.
  client.on('error', () => undefined);
  const stop = () => void client.end();
  signal?.addEventListener('abort', stop, { once: true });
  const end = async () => {
    signal?.removeEventListener('abort', stop);
    await client.end();
  };
  const query = <Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []) =>
    guard(signal, async () => (await client.query<Row>(sql, [...values])).rows);
  // The role's own limits go first: what follows before all settings are pinned must not run into them either.
  await query('begin isolation level repeatable read read only; set local statement_timeout = 0; set local lock_timeout = 0');
  if (snapshot !== undefined) await query(`set transaction snapshot ${client.escapeLiteral(snapshot)}`);
  const major = await readMajor(query);
  await beforehand(query);
  await pin(query);
  const queryUnlocking = async <Row extends pg.QueryResultRow>(sql: string) => {
    const all = `savepoint reading; ${sql}; rollback to savepoint reading; release savepoint reading`;
    const results = (await guard(signal, () => client.query(all))) as unknown as pg.QueryResult<Row>[];
    return results[1]?.rows ?? [];
  };
  return { client, major, query, queryUnlocking, end };
}

type Query = Reader['query'];

async function readMajor(query: Query): Promise<number> {
  const rows = await query<{ number: string }>(`select current_setting('server_version_num') as number`);
  return Math.floor(Number(rows[0]?.number) / 10_000);
}

/**
 * Pins what this server knows of the list: older ones lack the newest settings, and only Linux can tell in the middle of
 * a query that the client has gone.
 */
async function pin(query: Query): Promise<void> {
  await query(
    `select pg_catalog.set_config(s.name, p.value, true)
       from pg_catalog.json_each_text($1) p(name, value) join pg_catalog.pg_settings s on lower(s.name) = p.name
      where p.name <> 'client_connection_check_interval' or version() ~ 'linux'`,
    [JSON.stringify(PINNED)],
  );
}

/** Runs a query and tells an answer of the server from a broken connection and from our own giving up. */
async function guard<Result>(signal: AbortSignal | undefined, ask: () => Promise<Result>): Promise<Result> {
  if (signal?.aborted) throw interruption(signal);
  try {
    return await ask();
  } catch (error) {
    if (signal?.aborted) throw interruption(signal);
    throw isAnswer(error) ? error : lost(error);
  }
}

function interruption(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error && reason.name !== 'AbortError'
    ? reason
    : new InterruptedError('the reading of facts was stopped', { cause: reason });
}

/** True when the server answered with an error; false when the connection broke. */
function isAnswer(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('08') && !code.startsWith('57P');
}

function lost(cause: unknown): Error {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new SourceUnreachableError(`the connection was lost while facts were read: ${message}`, { cause });
}
