import type pg from 'pg';
import type { Facts } from '../facts/facts.ts';
import type { Finding } from './finding.ts';
import { judgeDefects } from './of-source.ts';
import { count, makeFinding, USABLE_INDEXES } from './registry.ts';

const INDEXES = `
  select format('%I.%I', xn.nspname, x.relname) as index, format('%I.%I', n.nspname, c.relname) as "table",
         i.indisvalid and i.indisready and i.indislive as usable
    from pg_index i join pg_class x on x.oid = i.indexrelid join pg_namespace xn on xn.oid = x.relnamespace
    join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
   where left(n.nspname, 3) <> 'pg_' and n.nspname <> 'information_schema' and c.relpersistence <> 't'
   order by 1`;

/**
 * Check 30. An index that PostgreSQL does not use is left out of a dump without a word, so it is looked for in the
 * source's facts, not in the copy: the copy then lacks an index that the source's schema names.
 */
export async function checkIndexes(client: pg.Client, expected: Facts): Promise<Finding[]> {
  const { rows } = await client.query<{ index: string; table: string; usable: boolean }>(INDEXES);
  const nameOf = (row: { index: string; table: string }) => `${row.index} on ${row.table}`;
  const present = new Set(rows.map(nameOf));
  const leftOut = expected.defects.invalidIndexes.filter((name) => !present.has(name));
  const known = new Set(expected.defects.invalidIndexes);
  const defects = rows
    .filter(({ usable }) => !usable)
    .map((row) => ({
      item: `index ${row.index}: not valid on ${row.table}`,
      inSource: known.has(nameOf(row)) || / invalid( |$)/.test(expected.sets.indexes[row.index] ?? ''),
    }));
  const examined = rows.length + leftOut.length;
  const [copy, ...source] = judgeDefects({
    check: USABLE_INDEXES,
    examined,
    defects,
    what: 'indexes',
    fine: `${count(rows.length, 'index', 'indexes')} of the copy can be used`,
    none: 'neither the source nor the copy has indexes',
  });
  if (leftOut.length === 0 || copy?.status === 'failed') return copy ? [copy, ...source] : source;
  return [describeLeftOut(leftOut, examined), ...source];
}

function describeLeftOut(names: readonly string[], examined: number): Finding {
  const items = names.map((name) => {
    const [index = name] = name.split(' on ');
    return `index ${name}: invalid in the source, so the dump does not hold it; run there REINDEX INDEX CONCURRENTLY ${index} or DROP INDEX ${index}`;
  });
  const detail = `${count(names.length, 'index', 'indexes')} of the source not in the copy: ${items[0]}`;
  return makeFinding(USABLE_INDEXES, { status: 'failed', cause: 'source', examined, detail, items });
}
