import type { DefectFacts } from './facts.ts';
import type { Reader } from './session.ts';
import { userSchema } from './sets/fragments.ts';

/**
 * Indexes that a failed CREATE INDEX CONCURRENTLY left behind: PostgreSQL does not use them and pg_dump leaves them out
 * without a word. On a partitioned table an invalid index only waits for its partitions, and is dumped.
 */
export async function readDefects(reader: Reader): Promise<DefectFacts> {
  const rows = await reader.query<{ index: string }>(`
    select format('%I.%I on %I.%I', xn.nspname, x.relname, n.nspname, c.relname) as index
      from pg_index i join pg_class x on x.oid = i.indexrelid join pg_namespace xn on xn.oid = x.relnamespace
      join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
     where not (i.indisvalid and i.indisready and i.indislive) and c.relkind <> 'p' and c.relpersistence <> 't'
       and ${userSchema('n')}
     order by 1`);
  return { invalidIndexes: rows.map(({ index }) => index) };
}
