import type pg from 'pg';
import type { Facts } from '../facts/facts.ts';
import type { Finding } from './finding.ts';
import { judgeDefects } from './of-source.ts';
import { count, makeFinding, PAGE_CHECKSUMS, POPULATED_VIEWS, STATISTICS } from './registry.ts';

const USER_TABLES = `c.relpersistence <> 't' and left(n.nspname, 3) <> 'pg_' and n.nspname <> 'information_schema'`;

/** Check 38: the copy's server checks its pages, and none failed while everything was read. Reported only. */
export async function checkChecksums(client: pg.Client): Promise<Finding[]> {
  const { rows } = await client.query<{ enabled: string; databases: number; failures: string }>(`
    select current_setting('data_checksums') as enabled, count(*)::int as databases,
           coalesce(sum(checksum_failures), 0)::text as failures
      from pg_stat_database where datid <> 0`);
  const { enabled, databases = 0, failures } = rows[0] ?? {};
  if (enabled !== 'on') {
    const detail = `the copy's server has page checksums off: damage on disk would go unnoticed there`;
    return [makeFinding(PAGE_CHECKSUMS, { status: 'could_not_verify', cause: 'configuration', required: false, examined: 0, detail })];
  }
  if (failures !== '0') {
    const detail = `${failures} pages of the copy failed their checksum`;
    return [makeFinding(PAGE_CHECKSUMS, { status: 'failed', cause: 'backup', examined: databases, detail })];
  }
  const detail = `checksums are on, no page failed in ${count(databases, 'database')}`;
  return [makeFinding(PAGE_CHECKSUMS, { status: 'passed', required: false, examined: databases, detail })];
}

/** Check 43: every materialised view can be read. One without data in the source has none in the copy either. */
export async function checkPopulated(client: pg.Client, expected: Facts): Promise<Finding[]> {
  const { rows } = await client.query<{ name: string; populated: boolean }>(`
    select format('%I.%I', n.nspname, c.relname) as name, c.relispopulated as populated
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'm' and ${USER_TABLES} order by 1`);
  const defects = rows
    .filter(({ populated }) => !populated)
    .map(({ name }) => ({
      item: `materialized view ${name}: holds no data, reading it fails`,
      inSource: /not populated/.test(expected.sets.relations[name] ?? ''),
    }));
  return judgeDefects({
    check: POPULATED_VIEWS,
    examined: rows.length,
    defects,
    what: 'materialized views',
    fine: `${count(rows.length, 'materialized view')} can be read`,
    none: 'the copy has no materialized views',
  });
}

/**
 * Check 49: the planner knows the tables; without statistics the copy answers, and too slowly to be of use. Tables of
 * which no column is to be analysed have none by wish. Where nothing was analysed here, as in a copy of the server's
 * files, the statistics are the source's own, and so is their absence: then it is reported only.
 */
export async function checkStatistics(client: pg.Client): Promise<Finding[]> {
  const rows = await readStatistics(client);
  const hidden = rows.find(({ visible }) => !visible);
  if (hidden) {
    const detail = `the administrator of the copy may not see the statistics of table ${hidden.name}`;
    return [makeFinding(STATISTICS, { status: 'could_not_verify', cause: 'environment', examined: 0, detail })];
  }
  const items = rows.filter(({ known }) => !known).map(({ name }) => `table ${name}: no statistics, run ANALYZE`);
  if (items.length > 0) {
    const required = await wasAnalyzed(client);
    const cause = required ? 'tool' : 'source';
    const detail = `${items.length} of ${rows.length} tables: ${items[0]}`;
    return [makeFinding(STATISTICS, { status: 'failed', cause, required, examined: rows.length, detail, items })];
  }
  if (rows.length === 0) return [makeFinding(STATISTICS, { status: 'not_applicable', examined: 0, detail: 'every table is empty' })];
  return [makeFinding(STATISTICS, { status: 'passed', examined: rows.length, detail: `${count(rows.length, 'table')} have statistics` })];
}

/** The catalogue's table is a superuser's; its view shows only tables of which the role may read every row. */
async function readStatistics(client: pg.Client): Promise<{ name: string; known: boolean; visible: boolean }[]> {
  const { rows: right } = await client.query<{ all: boolean }>(`select has_table_privilege('pg_statistic', 'select') as "all"`);
  const [known, visible] = right[0]?.all
    ? ['select from pg_statistic s where s.starelid = c.oid', 'true']
    : [
        'select from pg_stats s where (s.schemaname, s.tablename) = (n.nspname, c.relname)',
        `has_table_privilege(c.oid, 'select') and not row_security_active(c.oid)`,
      ];
  const { rows } = await client.query<{ name: string; known: boolean; visible: boolean }>(`
    select format('%I.%I', n.nspname, c.relname) as name, exists (${known}) as known, ${visible} as visible
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'm') and ${USER_TABLES} and c.reltuples <> 0
       and exists (select from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                      and coalesce(a.attstattarget, -1) <> 0)
     order by 1`);
  return rows;
}

async function wasAnalyzed(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ analyzed: boolean }>(
    'select exists (select from pg_stat_user_tables where last_analyze is not null) as analyzed',
  );
  return rows[0]?.analyzed ?? false;
}
