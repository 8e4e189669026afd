import { SourceUnreadableError } from '../errors.ts';
import type { FactsScope, TableFacts } from './facts.ts';
import { hashRow, quote, readColumns, type Column } from './row-hash.ts';
import type { Reader } from './session.ts';
import { userSchema } from './sets/fragments.ts';

/** A table as listed, before its rows are counted. */
export interface ListedTable {
  readonly oid: string;
  readonly facts: TableFacts;
  /** Which rows pg_dump keeps of an extension's table: empty for all, or a WHERE clause of the extension's own. */
  readonly condition: string;
  /** Those that are hashed, in name order; empty unless the scope is `content`. */
  readonly columns: readonly Column[];
}

interface Row {
  oid: string;
  schema: string;
  name: string;
  kind: TableFacts['kind'];
  bytes: string;
  parent_schema: string | null;
  parent_name: string | null;
  strategy: 'hash' | 'list' | 'range' | null;
  extension: string | null;
  kept: boolean;
  condition: string | null;
}

const LIST = `
  select c.oid::text as oid, n.nspname as schema, c.relname as name,
         case when c.relkind = 'p' then 'partitioned' when c.relkind = 'f' then 'foreign'
              when c.relispartition then 'partition' else 'table' end as kind,
         case when c.relkind = 'r' then pg_table_size(c.oid) else 0 end as bytes,
         pn.nspname as parent_schema, pc.relname as parent_name,
         case p.partstrat when 'h' then 'hash' when 'l' then 'list' when 'r' then 'range' end as strategy,
         e.extname as extension, coalesce(c.oid = any (e.extconfig), false) as kept,
         e.extcondition[array_position(e.extconfig, c.oid)] as condition
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    left join pg_inherits i on i.inhrelid = c.oid and c.relispartition
    left join pg_class pc on pc.oid = i.inhparent left join pg_namespace pn on pn.oid = pc.relnamespace
    left join pg_partitioned_table p on p.partrelid = c.oid
    left join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
                         and d.refclassid = 'pg_extension'::regclass
    left join pg_extension e on e.oid = d.refobjid
   where c.relkind in ('r', 'p', 'f') and c.relpersistence <> 't' and ${userSchema('n')}
   order by n.nspname collate "C", c.relname collate "C"`;

/** All tables of the user's, sorted by name. */
export async function listTables(reader: Reader, scope: FactsScope): Promise<ListedTable[]> {
  const rows = await reader.query<Row>(LIST);
  const columns = scope === 'content' ? await readColumns(reader) : new Map<string, Column[]>();
  return rows.map((row) => ({
    oid: row.oid,
    condition: row.condition ?? '',
    columns: columns.get(row.oid) ?? [],
    facts: describe(row),
  }));
}

function describe(row: Row): TableFacts {
  const { schema, name, kind, extension } = row;
  // What an extension made without registering it, the restore makes anew from the extension's script.
  const unread = kind === 'foreign' ? 'foreign' : extension !== null && !row.kept ? 'made-by-extension' : undefined;
  return {
    schema,
    name,
    kind,
    bytes: Number(row.bytes),
    ...(row.parent_schema !== null && row.parent_name !== null
      ? { parent: { schema: row.parent_schema, name: row.parent_name } }
      : {}),
    ...(row.strategy === null ? {} : { strategy: row.strategy }),
    ...(extension === null ? {} : { extension }),
    ...(unread === undefined ? {} : { unread }),
  };
}

/** Tables per statement, so that a statement stays readable in the server's log. */
const LOCKED_AT_ONCE = 200;

/**
 * Keeps tables from being emptied or rewritten before they are read: TRUNCATE and some forms of ALTER TABLE take effect
 * even in older snapshots. pg_dump holds the same locks, but it may end earlier than we do.
 * @throws SourceUnreadableError when the role may not read one
 */
export async function lockTables(reader: Reader, tables: readonly ListedTable[]): Promise<void> {
  const names = tables.filter(isScanned).map(({ facts }) => nameOf(facts));
  for (let begin = 0; begin < names.length; begin += LOCKED_AT_ONCE) {
    const batch = names.slice(begin, begin + LOCKED_AT_ONCE);
    try {
      await reader.query(`lock table ${batch.map((name) => `only ${name}`).join(', ')} in access share mode`);
    } catch (error) {
      throw asUnreadable(error, /for table (\S+)/.exec(String(error))?.[1] ?? batch[0] ?? '');
    }
  }
}

function nameOf({ schema, name }: TableFacts): string {
  return `${quote(schema)}.${quote(name)}`;
}

/** True when counting the table means scanning it. A partitioned table is the sum of its partitions. */
export function isScanned({ facts }: ListedTable): boolean {
  return facts.kind !== 'partitioned' && facts.unread === undefined;
}

/**
 * Counts, and for scope `content` hashes, one table's own rows.
 * @throws SourceUnreadableError when the role may not read it or a policy would hide rows
 */
export async function readRows(reader: Reader, table: ListedTable, scope: FactsScope): Promise<TableFacts> {
  const from = nameOf(table.facts);
  const hash = scope === 'content' ? `coalesce(sum(${hashRow(table.columns)}), 0)::text` : 'null';
  try {
    const rows = await reader.queryUnlocking<{ rows: string; hash: string | null }>(
      `select count(*)::text as rows, ${hash} as hash from only ${from} t ${table.condition}`,
    );
    const found = rows[0] ?? { rows: '0', hash: '0' };
    return { ...table.facts, rows: found.rows, ...(scope === 'content' ? { hash: found.hash ?? '0' } : {}) };
  } catch (error) {
    throw asUnreadable(error, from);
  }
}

function asUnreadable(error: unknown, table: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== '42501' || !(error instanceof Error)) return error;
  return new SourceUnreadableError(table, `cannot read table ${table}: ${error.message}`, {
    cause: error,
    hint: `grant select on ${table} to the role, and bypassrls where row security applies`,
  });
}

/** Gives each partitioned table the sum of its partitions; those that are not read here count for nothing. */
export function sumPartitions(tables: readonly TableFacts[], scope: FactsScope): TableFacts[] {
  if (scope === 'structure') return [...tables];
  const key = ({ schema, name }: { schema: string; name: string }) => JSON.stringify([schema, name]);
  const byName = new Map(tables.map((table) => [key(table), table]));
  const sums = new Map<string, { rows: bigint; hash: bigint }>();
  for (const leaf of tables) {
    if (leaf.rows === undefined) continue;
    for (let up = leaf.parent; up !== undefined; up = byName.get(key(up))?.parent) {
      const sum = sums.get(key(up)) ?? { rows: 0n, hash: 0n };
      sums.set(key(up), { rows: sum.rows + BigInt(leaf.rows), hash: sum.hash + BigInt(leaf.hash ?? 0) });
    }
  }
  return tables.map((table) => {
    if (table.kind !== 'partitioned') return table;
    const { rows, hash } = sums.get(key(table)) ?? { rows: 0n, hash: 0n };
    return { ...table, rows: String(rows), ...(scope === 'content' ? { hash: String(hash) } : {}) };
  });
}
