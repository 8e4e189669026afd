import type pg from 'pg';
import { ConfigurationError } from '../errors.ts';
import type { Fault } from './contract.ts';

/**
 * Faults planted on purpose, to show that a drill can fail. They touch the throwaway copy, or the bytes on their way to
 * it; never the source, never a stored object.
 */

type Tamper = (archive: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

/** What happens to the archive between the store and the restore, for the faults that strike there. */
export function tamperFor(fault: Fault | undefined, archiveBytes: number): Tamper | undefined {
  // Two thirds of the way is well inside the data and far from the table of contents.
  if (fault === 'flip-byte') return (archive) => flipByte(archive, Math.floor((archiveBytes * 2) / 3));
  if (fault === 'truncate-archive') return (archive) => truncate(archive, Math.floor(archiveBytes * 0.7));
  return undefined;
}

async function* flipByte(archive: AsyncIterable<Uint8Array>, position: number): AsyncGenerator<Uint8Array, void> {
  let offset = 0;
  for await (const chunk of archive) {
    const index = position - offset;
    offset += chunk.byteLength;
    if (index < 0 || index >= chunk.byteLength) {
      yield chunk;
      continue;
    }
    const damaged = Uint8Array.from(chunk);
    damaged[index] = (damaged[index] ?? 0) ^ 0x10;
    yield damaged;
  }
}

async function* truncate(archive: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array, void> {
  let left = bytes;
  for await (const chunk of archive) {
    if (left <= 0) return;
    yield chunk.subarray(0, left);
    left -= chunk.byteLength;
  }
}

/**
 * Plants a fault in the restored copy. Returns what was done, for the evidence.
 * @throws ConfigurationError when the copy has nothing that this fault could strike
 */
export async function plantFault(copy: pg.Client, fault: Fault | undefined): Promise<string | undefined> {
  switch (fault) {
    case undefined:
    case 'flip-byte':
    case 'truncate-archive':
      return undefined;
    case 'lose-rows':
      return await loseRows(copy);
    case 'change-value':
      return await changeValue(copy);
    case 'drop-grant':
      return await runFirst(copy, fault, DROP_GRANT);
    case 'drop-index':
      return await runFirst(copy, fault, DROP_INDEX);
    case 'lose-setting':
      return await runFirst(copy, fault, LOSE_SETTING);
  }
}

// Triggers that always fire would leave traces of the fault in other tables.
const TABLES = `
  select format('%I.%I', n.nspname, c.relname) as name, c.oid
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and c.reltuples > 0
     and not exists (select from pg_trigger t where t.tgrelid = c.oid and t.tgenabled = 'A')
   order by c.reltuples desc, 1`;

// A superuser revokes as the owner: what somebody else granted would stay. What hangs on the grant goes with it.
const DROP_GRANT = `
  select format('revoke %s on %I.%I from %I cascade', a.privilege_type, n.nspname, c.relname, a.grantee::regrole) as sql
    from pg_class c join pg_namespace n on n.oid = c.relnamespace, aclexplode(c.relacl) a
   where c.relkind in ('r', 'p', 'v') and a.grantee <> 0 and a.grantee <> c.relowner and a.grantor = c.relowner
     and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
   order by n.nspname, c.relname, a.privilege_type, a.grantee::regrole::text`;

// The indexes of partitions go with that of their table.
const DROP_INDEX = `
  select format('drop index %I.%I', n.nspname, c.relname) as sql
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
   where n.nspname !~ '^pg_' and not c.relispartition
     and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('i', 'e'))
     and not exists (select from pg_depend d where d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid and d.deptype not in ('P', 'S'))
   order by n.nspname, c.relname`;

const LOSE_SETTING = `
  select format('alter database %I reset %s', d.datname, split_part(s.setconfig[1], '=', 1)) as sql
    from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase
   where s.setrole = 0 and d.datname = current_database()`;

async function runFirst(copy: pg.Client, fault: Fault, query: string): Promise<string> {
  const { rows } = await copy.query<{ sql: string }>(query);
  const sql = rows[0]?.sql;
  if (sql === undefined) throw nothingToBreak(fault);
  await copy.query(sql);
  return sql;
}

/** Bypasses triggers and foreign keys: the point is a copy that is wrong in a way nothing else complains about. */
async function unguarded<T>(copy: pg.Client, work: () => Promise<T>): Promise<T> {
  await copy.query('begin');
  try {
    await bypassTriggers(copy);
    const result = await work();
    await copy.query('commit');
    return result;
  } catch (error) {
    await copy.query('rollback');
    throw error;
  }
}

/** Only a superuser may; what triggers and keys make of the fault without it is then part of the fault. */
async function bypassTriggers(copy: pg.Client): Promise<void> {
  const { rows } = await copy.query<{ may: boolean }>("select rolsuper as may from pg_roles where rolname = current_user");
  if (rows[0]?.may) await copy.query("set local session_replication_role = 'replica'");
}

async function loseRows(copy: pg.Client): Promise<string> {
  const { rows } = await copy.query<{ name: string }>(TABLES);
  const table = rows[0]?.name;
  if (table === undefined) throw nothingToBreak('lose-rows');
  const deleted = await unguarded(copy, () =>
    copy.query(`delete from only ${table} where ctid = any (array(select ctid from only ${table} limit 3))`),
  );
  return `deleted ${deleted.rowCount} rows of ${table}`;
}

const NUMBERS = `
  select format('%I', attname) as name from pg_attribute a
   where attrelid = $1 and attnum > 0 and not attisdropped and attgenerated = '' and attidentity = ''
     and atttypid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype)
     and not exists (select from pg_index i where i.indrelid = a.attrelid and a.attnum = any (i.indkey))
   order by attname`;

async function changeValue(copy: pg.Client): Promise<string> {
  const { rows: tables } = await copy.query<{ name: string; oid: number }>(TABLES);
  for (const { name: table, oid } of tables) {
    const { rows: columns } = await copy.query<{ name: string }>(NUMBERS, [oid]);
    for (const { name: column } of columns) {
      // A check constraint may refuse the new value; then the next column is tried.
      const done = await unguarded(copy, () => addOne(copy, table, column)).catch(() => 0);
      if (done === 1) return `added 1 to ${column} in one row of ${table}`;
    }
  }
  throw nothingToBreak('change-value');
}

async function addOne(copy: pg.Client, table: string, column: string): Promise<number> {
  const where = `ctid = (select ctid from only ${table} where ${column} is not null limit 1)`;
  return (await copy.query(`update only ${table} set ${column} = ${column} + 1 where ${where}`)).rowCount ?? 0;
}

export function nothingToBreak(fault: Fault): ConfigurationError {
  return new ConfigurationError([`--break ${fault}: this database has nothing that this fault could strike`]);
}
