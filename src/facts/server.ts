import type { ServerFacts } from './facts.ts';
import type { Reader } from './session.ts';

export interface ServerReading extends ServerFacts {
  /** ISO 8601: when the reader's transaction began, by the server's clock. */
  readonly readAt: string;
}

interface Row {
  version: string;
  database: string;
  superuser: string | null;
  read_at: string;
  system_identifier: string | null;
  lsn: string | null;
}

const may = (signature: string, expression: string) =>
  `case when has_function_privilege('${signature}', 'execute') then ${expression} end`;

/** What kind of server this is. Identifier and WAL position are left out where the role may not ask. */
export async function readServer(reader: Reader): Promise<ServerReading> {
  const rows = await reader.query<Row>(`
    select current_setting('server_version') as version, current_database()::text as database,
           (select rolname from pg_roles where oid = 10)::text as superuser,
           to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as read_at,
           ${may('pg_control_system()', '(select system_identifier::text from pg_control_system())')} as system_identifier,
           case when pg_is_in_recovery() then ${may('pg_last_wal_replay_lsn()', 'pg_last_wal_replay_lsn()::text')}
                else ${may('pg_current_wal_lsn()', 'pg_current_wal_lsn()::text')} end as lsn`);
  const row = rows[0];
  if (!row) throw new Error('the server did not describe itself');
  return {
    version: row.version,
    major: reader.major,
    database: row.database,
    superuser: row.superuser ?? '',
    readAt: row.read_at,
    ...(row.system_identifier === null ? {} : { systemIdentifier: row.system_identifier }),
    ...(row.lsn === null ? {} : { lsn: row.lsn }),
  };
}
