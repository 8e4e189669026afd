import type pg from 'pg';
import { connect, type Address } from '../../src/postgres/address.ts';
import { SnapshotUnsupportedError } from '../../src/errors.ts';
import type { Settings } from '../../src/postgres/cluster/settings.ts';

/** What a snapshot must know of the cluster it is taken of, read just before. */
export interface SourceCluster {
  readonly major: number;
  readonly serverVersion: string;
  /** The role that initdb made. */
  readonly superuser: string;
  /** By the source's clock. */
  readonly readAt: Date;
  /** Sum of its databases. */
  readonly bytes: number;
  readonly settings: Settings;
  /** Absent where the role may not ask. */
  readonly systemIdentifier?: string;
  readonly segmentBytes: number;
}

/**
 * Settings of the server that give meaning to what is stored or to what a client reads of it, or without which its
 * write-ahead log cannot be replayed. Everything else (memory, addresses, archiving, logging) belongs to the machine.
 */
const MEANINGFUL = [
  ...['allow_in_place_tablespaces', 'array_nulls', 'backslash_quote', 'bytea_output', 'check_function_bodies'],
  ...['client_encoding', 'createrole_self_grant', 'datestyle', 'default_table_access_method', 'default_tablespace'],
  ...['default_text_search_config', 'default_toast_compression', 'default_transaction_deferrable'],
  ...['default_transaction_isolation', 'default_transaction_read_only', 'escape_string_warning'],
  ...['extra_float_digits', 'gin_fuzzy_search_limit', 'icu_validation_level', 'intervalstyle', 'lc_monetary'],
  ...['lc_numeric', 'lc_time', 'lo_compat_privileges', 'local_preload_libraries', 'max_connections'],
  ...['max_locks_per_transaction', 'max_pred_locks_per_transaction', 'max_prepared_transactions'],
  ...['quote_all_identifiers', 'row_security', 'search_path', 'session_preload_libraries'],
  ...['shared_preload_libraries', 'standard_conforming_strings', 'synchronize_seqscans', 'timezone'],
  ...['track_commit_timestamp', 'transform_null_equals', 'wal_level', 'wal_log_hints', 'xmlbinary', 'xmloption'],
];

/**
 * @throws SnapshotUnsupportedError when a copy could not live by itself
 * @throws SourceUnreachableError
 */
export async function readSource(source: Address): Promise<SourceCluster> {
  const client = await connect(source);
  try {
    await refuseOutsideFiles(client);
    const { rows } = await client.query<Row>(`
      SELECT current_setting('server_version_num')::int / 10000 AS major,
             current_setting('server_version') AS version,
             (SELECT rolname FROM pg_catalog.pg_roles WHERE oid = 10) AS superuser,
             clock_timestamp() AS now,
             (SELECT setting::int FROM pg_catalog.pg_settings WHERE name = 'wal_segment_size') AS "segmentBytes",
             CASE WHEN pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')
                  THEN (SELECT system_identifier::text FROM pg_catalog.pg_control_system()) END AS "systemIdentifier",
             (SELECT sum(pg_catalog.pg_database_size(oid)) FROM pg_catalog.pg_database)::text AS bytes`);
    const [row] = rows;
    if (!row) throw new SnapshotUnsupportedError('the source answered nothing about itself');
    const settings = await readSettings(client);
    const { version, now, bytes, systemIdentifier, ...rest } = row;
    const known = systemIdentifier === null ? {} : { systemIdentifier };
    return { ...rest, ...known, serverVersion: version, readAt: now, bytes: Number(bytes), settings };
  } finally {
    await client.end();
  }
}

interface Row {
  readonly major: number;
  readonly version: string;
  readonly superuser: string;
  readonly now: Date;
  readonly bytes: string;
  readonly segmentBytes: number;
  readonly systemIdentifier: string | null;
}

async function refuseOutsideFiles(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string; place: string }>(`
    SELECT spcname AS name, pg_catalog.pg_tablespace_location(oid) AS place FROM pg_catalog.pg_tablespace
    WHERE pg_catalog.pg_tablespace_location(oid) LIKE '/%' ORDER BY spcname`);
  if (rows.length === 0) return;
  const places = rows.map(({ name, place }) => `${name} (${place})`).join(', ');
  throw new SnapshotUnsupportedError(`a snapshot cannot hold tablespaces outside the data directory: ${places}`, {
    hint: 'drill dumps of this database: pgproof drill --kind dump',
  });
}

/**
 * The server's own values, not those that a role's or this session's settings put over them: where such a one hides the
 * server's, the configuration files are asked if the role may read them.
 */
async function readSettings(client: pg.Client): Promise<Settings> {
  const { rows: rights } = await client.query<{ mayRead: boolean }>(
    `SELECT pg_catalog.has_function_privilege('pg_catalog.pg_show_all_file_settings()', 'EXECUTE') AS "mayRead"`,
  );
  const files = rights[0]?.mayRead
    ? `SELECT DISTINCT ON (lower(name)) lower(name) AS name, setting FROM pg_catalog.pg_file_settings
       WHERE applied ORDER BY lower(name), seqno DESC`
    : `SELECT NULL::text AS name, NULL::text AS setting`;
  // A setting of no loaded library (`app.tenant = …`) is in no view but that of the files.
  const { rows } = await client.query<{ name: string; setting: string | null }>(
    `SELECT name,
            CASE WHEN s.source IN ('configuration file', 'command line', 'environment variable')
                 THEN s.setting ELSE f.setting END AS setting
     FROM (SELECT lower(name) AS name, source, setting FROM pg_catalog.pg_settings) s
          FULL JOIN (${files}) f USING (name)
     WHERE name = ANY($1) OR name LIKE '%.%' ORDER BY 1`,
    [MEANINGFUL],
  );
  return Object.fromEntries(rows.flatMap(({ name, setting }) => (setting === null ? [] : [[name, setting]])));
}
