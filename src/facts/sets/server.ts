import { collationName, digest, settledLocale } from './fragments.ts';

/** Checks 23, 28, 40 and 41: what surrounds the data and changes its meaning. */

/** The database's name is not among them: a copy may live under another. */
export function database(major: number): string {
  const locale = major >= 17 ? 'd.datlocale' : major >= 15 ? 'd.daticulocale' : 'null';
  const rows = [
    ['encoding', 'pg_encoding_to_char(d.encoding)'],
    ['collate', 'd.datcollate'],
    ['ctype', 'd.datctype'],
    ['provider', major >= 15 ? 'd.datlocprovider::text' : `'c'`],
    ['locale', settledLocale(locale)],
    ['locale rules', major >= 16 ? 'd.daticurules' : 'null'],
    ['connection limit', 'd.datconnlimit::text'],
    ['template', 'd.datistemplate::text'],
  ].map(([name, value]) => `('${name}', ${value})`);
  return `
  select p.name, p.value from pg_database d cross join lateral (values ${rows.join(', ')}) p(name, value)
   where d.datname = current_database() and p.value is not null`;
}

/** Settings of the server that change what a query returns, or whether an application can work at all. */
const MEANINGFUL = [
  'array_nulls', 'backslash_quote', 'bytea_output', 'DateStyle', 'default_table_access_method', 'default_text_search_config',
  'default_toast_compression', 'default_transaction_isolation', 'default_transaction_read_only', 'escape_string_warning',
  'extra_float_digits', 'IntervalStyle', 'lc_monetary', 'lc_numeric', 'lc_time', 'lo_compat_privileges', 'max_connections',
  'max_prepared_transactions', 'password_encryption', 'row_security', 'search_path', 'session_preload_libraries',
  'shared_preload_libraries', 'standard_conforming_strings', 'TimeZone', 'transform_null_equals', 'wal_level', 'xmlbinary', 'xmloption',
] as const;

/**
 * Read before anything is pinned. What comes from the role, the database or the connection is not the server's and is
 * left out: it is compared as a role setting, and the drill logs in as somebody else.
 */
export function settings(): string {
  return `
  select s.name, s.setting from pg_catalog.pg_settings s
   where s.name in (${MEANINGFUL.map((name) => `'${name}'`).join(', ')})
     and s.source not in ('client', 'session', 'user', 'database', 'database user', 'interactive', 'test')`;
}

const WORDS = ['a', 'A', 'b', 'B', 'Z', 'z', '_c', '1-1', '11', '1 1', '-x', 'x', 'a b', 'ab', 'a-b', '(x)', '~', 'co-op', 'coop', 'CO-OP'];
const WORDS_BEYOND_ASCII = ['é', 'e', 'É', 'ß', 'ss', 'Ä', 'ä', 'ae', 'ı', 'i', 'I', 'İ', 'ø', 'ñ', 'n', 'ľ', 'č', 'ц', '中', '日', 'ﬁ', '😀'];

/** Zones whose rules changed in the last years, under names that never did. */
const ZONES = ['Africa/Cairo', 'Africa/Casablanca', 'America/Asuncion', 'America/Mexico_City', 'America/Sao_Paulo', 'Asia/Almaty', 'Asia/Amman', 'Asia/Tehran', 'Pacific/Fiji'];
const INSTANTS = ['1969-07-20 20:17', '2000-02-29 12:00', '2026-01-01 12:00', '2026-07-01 12:00', '2037-10-25 00:30', '2090-07-01 12:00'];

const list = (items: readonly string[]) => `array[${items.map((item) => `'${item}'`).join(', ')}]`;

/** One probe: what is asked, and the query that answers it with a hash. */
export interface Probe {
  readonly identity: string;
  readonly sql: string;
}

/** Offsets from UTC that this server knows: future timestamps move when they differ. */
export const ZONE_PROBES: readonly Probe[] = ZONES.map((zone) => ({
  identity: `time zone ${zone}`,
  sql: `select ${digest(`string_agg(concat_ws(' ', t, t at time zone '${zone}'), ',' order by t)`)} as definition
          from unnest(${list(INSTANTS)}::timestamp[]) t`,
}));

/** Collations in use besides the database's own; each needs a query of its own, because COLLATE takes only a constant. */
export const COLLATIONS_IN_USE = `
  select distinct ${collationName('k.oid')} as name
    from (select attcollation from pg_attribute where attrelid >= 16384
          union select unnest(indcollation) from pg_index where indexrelid >= 16384) used(oid)
    join pg_collation k on k.oid = used.oid
   where k.oid <> 100 and k.collencoding in (-1, (select encoding from pg_database where datname = current_database()))`;

/** How this server sorts a fixed list of words under a collation, given by its quoted name. */
export function sortProbe(collation: string): Probe {
  return {
    identity: `sort order of ${collation === '"default"' ? 'the database' : collation}`,
    sql: `select ${digest(`string_agg(w, ',' order by w collate ${collation}, w collate "C")`)} as definition
            from unnest(${list(WORDS)} || case when getdatabaseencoding() = 'UTF8' then ${list(WORDS_BEYOND_ASCII)} end) w`,
  };
}
