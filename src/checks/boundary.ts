import type pg from 'pg';
import { heartbeatTable, instantOf, type Heartbeat } from '../backup/heartbeat.ts';
import type { Finding } from './finding.ts';
import { BOUNDARY, count, makeFinding } from './registry.ts';

export interface BoundarySetting {
  /** ISO 8601 with microseconds. */
  readonly target: string;
  /** Whether pgproof.yml names a heartbeat table, or the marks do. */
  readonly hasHeartbeat: boolean;
  readonly database: string;
}

/**
 * Check 53: every row that was committed before the target must be there as it was, and none that was begun after it. A
 * row whose commit was under way at the target may be either. Both sides must have been looked at: a copy that was
 * replayed too far has all the rows from before, and an empty one none from after.
 */
export async function checkBoundary(copy: pg.Client, rows: readonly Heartbeat[], setting: BoundarySetting): Promise<Finding> {
  const { target } = setting;
  const found = await readRows(copy, rows);
  if (typeof found === 'string') return makeFinding(BOUNDARY, { status: 'could_not_verify', cause: 'configuration', examined: 0, detail: found });
  const before = rows.filter(({ committedAt }) => committedAt <= target);
  const after = rows.filter(({ begunAt }) => begunAt > target);
  const between = rows.length - before.length - after.length;
  const wrong = [
    ...before.filter((row) => found.get(keyOf(row)) === undefined).map((row) => `${nameOf(row)}, committed at ${row.committedAt}: missing`),
    ...before.filter((row) => ![undefined, row.at].includes(found.get(keyOf(row)))).map((row) => `${nameOf(row)}: not as it was written`),
    ...after.filter((row) => found.has(keyOf(row))).map((row) => `${nameOf(row)}, begun at ${row.begunAt}: there, although it is younger`),
  ];
  const examined = before.length + after.length;
  const open = between > 0 ? `; ${count(between, 'row')} under way at that moment not judged` : '';
  const replayed = await lastReplayed(copy);
  const said = replayed === undefined ? '' : `; the server replayed to ${replayed}`;
  if (wrong.length > 0) {
    const detail = `recovered to ${target}: ${wrong[0]}${said}`;
    return makeFinding(BOUNDARY, { status: 'failed', cause: 'backup', examined, detail, items: wrong });
  }
  if (before.length === 0 || after.length === 0) {
    return makeFinding(BOUNDARY, { status: 'could_not_verify', cause: 'configuration', examined, detail: whyOpen(before, after, setting) });
  }
  const detail = `${count(before.length, 'row')} from before ${target} there, ${count(after.length, 'row')} from after it not${open}${said}`;
  return makeFinding(BOUNDARY, { status: 'passed', examined, detail });
}

function whyOpen(before: readonly Heartbeat[], after: readonly Heartbeat[], { hasHeartbeat, database, target }: BoundarySetting): string {
  if (!hasHeartbeat) {
    return `no heartbeat table to tell the moment by: name one under databases.${database}.heartbeat in pgproof.yml`;
  }
  const missing = before.length + after.length === 0 ? 'before or after' : before.length === 0 ? 'before' : 'after';
  return `no reading left a row in the heartbeat table ${missing} ${target}`;
}

/** What is there, or why that cannot be read: in RDS the master user is no superuser. */
async function readRows(copy: pg.Client, rows: readonly Heartbeat[]): Promise<ReadonlyMap<string, string> | string> {
  const found = new Map<string, string>();
  for (const table of new Set(rows.map((row) => row.table))) {
    const { rows: there } = await copy.query<{ readable: boolean; role: string }>(
      `select has_table_privilege(c.oid, 'select') and has_schema_privilege(n.oid, 'usage') as readable, quote_ident(current_user) as role
         from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = $2`,
      table.split('.'),
    );
    if (!there[0]) continue;
    if (!there[0].readable) return `${there[0].role} may not read ${table}: grant it usage on the schema and select on the table, in the source`;
    const ids = rows.filter((row) => row.table === table).map(({ id }) => id);
    const { rows: read } = await copy.query<{ id: string; at: string }>(
      `select id::text as id, ${instantOf('at')} as at from ${heartbeatTable(table)} where id = any ($1::bigint[])`,
      [ids],
    );
    for (const { id, at } of read) found.set(keyOf({ table, id }), at);
  }
  return found;
}

/** Where the server itself says that it stopped; a server that was restarted since does not say. */
async function lastReplayed(copy: pg.Client): Promise<string | undefined> {
  const { rows } = await copy.query<{ at: string | null }>(`select ${instantOf('pg_last_xact_replay_timestamp()')} as at`);
  return rows[0]?.at ?? undefined;
}

function keyOf({ table, id }: Pick<Heartbeat, 'table' | 'id'>): string {
  return `${table} ${id}`;
}

function nameOf({ table, id }: Heartbeat): string {
  return `row ${id} of ${table}`;
}
