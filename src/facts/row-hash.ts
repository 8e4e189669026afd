import type { Reader } from './session.ts';
import { userSchema } from './sets/fragments.ts';

/** A column that has a value on disk. */
export interface Column {
  readonly name: string;
  /**
   * True where a cast to text is the type's own output and nothing else: not char(n), whose cast strips blanks, and no
   * type for which somebody made another cast.
   */
  readonly plain: boolean;
}

const COLUMNS = `
  select a.attrelid::text as oid, a.attname as name,
         a.atttypid < 16384 and a.atttypid <> 'bpchar'::regtype
           and not exists (select from pg_cast k where k.castsource = a.atttypid and k.casttarget = 'text'::regtype and k.oid >= 16384) as plain
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
   where c.relkind = 'r' and c.relpersistence <> 't' and ${userSchema('n')}
     and a.attnum > 0 and not a.attisdropped and a.attgenerated <> 'v'
   order by a.attrelid, a.attname collate "C"`;

/** The columns of every table, by the table's number and in the order of their names. */
export async function readColumns(reader: Reader): Promise<Map<string, Column[]>> {
  const columns = new Map<string, Column[]>();
  for (const { oid, name, plain } of await reader.query<Column & { oid: string }>(COLUMNS)) {
    const list = columns.get(oid) ?? [];
    list.push({ name, plain });
    columns.set(oid, list);
  }
  return columns;
}

/** Deeper nesting than this would reach the server's stack limit on a table of 1,600 columns. */
const COLUMNS_PER_CHAIN = 64;

/** Stands for NULL, which must differ from every text. */
const NULL_MARK = `'null:6ad38db2-5f0c-4c0e-9f1e-0b8a3cf5e9d1'`;

/**
 * SQL for the hash of one row of the table `t`: each column's text is hashed with the hash of the columns before it as
 * seed. No text of the whole row is built, so no row is too long for it whose values are not.
 */
export function hashRow(columns: readonly Column[]): string {
  const chains: string[] = [];
  for (let begin = 0; begin < columns.length; begin += COLUMNS_PER_CHAIN) {
    const chain = columns.slice(begin, begin + COLUMNS_PER_CHAIN);
    chains.push(chain.reduce((seed, column) => `hashtextextended(${textOf(column)} collate "C", ${seed})`, '0'));
  }
  if (chains.length <= 1) return chains[0] ?? '0::bigint';
  return `hashtextextended(concat_ws(',', ${chains.join(', ')}), 0)`;
}

function textOf({ name, plain }: Column): string {
  const column = `t.${quote(name)}`;
  // Writing a one-column row uses the type's output function whatever casts exist, and keeps NULL apart from ''.
  return plain ? `coalesce(${column}::text, ${NULL_MARK})` : `row(${column})::text`;
}

export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
