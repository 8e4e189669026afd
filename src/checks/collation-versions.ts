import type pg from 'pg';
import type { Facts } from '../facts/facts.ts';
import type { Finding } from './finding.ts';
import { COLLATION_VERSIONS, count, makeFinding } from './registry.ts';

/** The database's own collation has a recorded version since PostgreSQL 15; C and POSIX never have one. */
const DATABASE = `
  select 'the database' as name, datcollversion as recorded, pg_database_collation_actual_version(oid) as actual
    from pg_database where datname = current_database()`;

const COLLATIONS = `
  select format('%I.%I', n.nspname, k.collname) as name, k.collversion as recorded, pg_collation_actual_version(k.oid) as actual
    from pg_collation k join pg_namespace n on n.oid = k.collnamespace
   where k.collversion is not null
     and k.oid in (select attcollation from pg_attribute where attrelid >= 16384
                   union select unnest(indcollation) from pg_index where indexrelid >= 16384)
   order by 1`;

/**
 * Check 39: the library that sorts is the one that sorted when the indexes were built. An index built under another
 * version gives wrong answers without an error. A restored dump builds its indexes anew; a copy of files does not.
 */
export async function checkCollationVersions(client: pg.Client, expected: Facts): Promise<Finding[]> {
  const { rows: version } = await client.query<{ number: string }>(`select current_setting('server_version_num') as number`);
  const queries = Number(version[0]?.number) >= 150_000 ? [DATABASE, COLLATIONS] : [COLLATIONS];
  const examined: { name: string; recorded: string | null; actual: string | null }[] = [];
  for (const sql of queries) {
    const { rows } = await client.query<(typeof examined)[number]>(sql);
    examined.push(...rows.filter(({ recorded }) => recorded !== null));
  }
  const items = examined
    .filter(({ recorded, actual }) => recorded !== actual)
    .map(({ name, recorded, actual }) => `collation of ${name}: built with version ${recorded}, this server has ${actual ?? 'none'}`);
  if (items.length > 0) {
    const detail = items[0] ?? '';
    return [makeFinding(COLLATION_VERSIONS, { status: 'failed', cause: 'environment', examined: examined.length, detail, items })];
  }
  if (examined.length > 0) {
    const detail = `${count(examined.length, 'collation')} in use, all of this server's version`;
    return [makeFinding(COLLATION_VERSIONS, { status: 'passed', examined: examined.length, detail })];
  }
  const collate = expected.sets.database.collate ?? 'unknown';
  const detail = `no collation in use has a recorded version (the database sorts by ${collate})`;
  return [makeFinding(COLLATION_VERSIONS, { status: 'not_applicable', examined: 0, detail })];
}
