import { ConfigurationError } from '../../errors.ts';

export type Settings = Readonly<Record<string, string>>;

/**
 * What every cluster of ours runs with, whatever else it was told: reachable from this machine alone, writing nothing
 * outside its own directory, and leaving no shared memory behind when it is killed (`mmap` keeps it in files).
 */
export function ownSettings(place: { port: number; socketDirectory: string; hba: string; ident: string }): Settings {
  return {
    listen_addresses: '127.0.0.1',
    port: String(place.port),
    unix_socket_directories: place.socketDirectory,
    unix_socket_permissions: '0700',
    hba_file: place.hba,
    ident_file: place.ident,
    external_pid_file: '',
    ssl: 'off',
    dynamic_shared_memory_type: 'mmap',
    logging_collector: 'off',
    log_destination: 'stderr',
    log_statement: 'none',
    log_min_duration_statement: '-1',
    log_line_prefix: '%m [%p] ',
    lc_messages: 'C',
    password_encryption: 'scram-sha-256',
    cluster_name: 'pgproof',
  };
}

/** For a cluster that is thrown away: after a crash nobody wants it back. */
export const THROWAWAY_SETTINGS: Settings = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  archive_mode: 'off',
};

/** Lines of a postgresql.conf. */
export function renderSettings(settings: Settings): string {
  return Object.entries(settings)
    .map(([name, value]) => `${checkName(name)} = ${quoteValue(value)}\n`)
    .join('');
}

function checkName(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)*$/.test(name)) return name;
  throw new ConfigurationError([`${JSON.stringify(name)} is not the name of a server setting`]);
}

/** A value as postgresql.conf wants it. */
function quoteValue(value: string): string {
  const escaped = value
    .replaceAll('\\', '\\\\')
    .replaceAll("'", "''")
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r');
  return `'${escaped}'`;
}
