import { readFileSync } from 'node:fs';
import pg from 'pg';
import { parse } from 'pg-connection-string';
import { ConfigurationError, SourceUnreachableError } from '../errors.ts';

/** Where a database is and how to log in. Holds a secret: never print it, never put it in argv; see `describe`. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password?: string;
  /** Asked before each connection, for a login that does not last: an IAM token (15 minutes) or a secret that is rotated. */
  readonly freshLogin?: () => Promise<{ readonly user: string; readonly password: string }>;
  readonly database: string;
  readonly sslMode?: SslMode;
  /** File with the certificate authorities to trust. */
  readonly sslRootCert?: string;
  /** Command-line options for the session, e.g. `-c role=reader`. */
  readonly options?: string;
}

const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
type SslMode = (typeof SSL_MODES)[number];

/**
 * Reads a `postgres://` URL; what it leaves out comes from the PG* environment variables as with psql.
 * @throws ConfigurationError naming `field`; the URL itself is never repeated because it may hold a password
 */
export function parseAddress(url: string, field: string, env: NodeJS.ProcessEnv = process.env): Address {
  if (!/^postgres(ql)?:\/\//.test(url)) {
    throw new ConfigurationError([`${field}: expected a URL beginning with postgres:// or postgresql://`]);
  }
  let parts: ReturnType<typeof parse>;
  try {
    // The library reads certificate files itself when it meets ssl parameters; those are taken apart here instead.
    parts = parse(withoutSsl(url));
  } catch (cause) {
    throw invalid(field, cause);
  }
  const { path, query } = divide(url);
  if (path === undefined) throw invalid(field);
  const user = parts.user || env.PGUSER || env.USER || 'postgres';
  const port = Number(parts.port || env.PGPORT || 5432);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new ConfigurationError([`${field}: expected a port between 1 and 65535`]);
  }
  const password = parts.password || env.PGPASSWORD;
  const host = parts.host || env.PGHOST || 'localhost';
  if (host.includes(',')) throw new ConfigurationError([`${field}: expected one host`]);
  const sslMode = sslModeOf(query.get('sslmode') ?? env.PGSSLMODE, field);
  const sslRootCert = query.get('sslrootcert') ?? env.PGSSLROOTCERT;
  const options = query.get('options') ?? env.PGOPTIONS;
  return {
    host,
    port,
    user,
    database: path || env.PGDATABASE || user,
    ...(password ? { password } : {}),
    ...(sslMode === undefined ? {} : { sslMode }),
    ...(sslRootCert ? { sslRootCert } : {}),
    ...(options?.trim() ? { options } : {}),
  };
}

/** For people: `user@host:port/database`, without the password. */
export function describeAddress(address: Address): string {
  return `${address.user}@${address.host}:${address.port}/${address.database}`;
}

/** The address with the login of this moment. */
export async function withFreshLogin({ freshLogin, ...address }: Address): Promise<Address> {
  return freshLogin ? { ...address, ...(await freshLogin()) } : address;
}

/** The environment for PostgreSQL's own programs; a login that does not last is to be asked for first. */
export function addressEnvironment(address: Address): Record<string, string> {
  return {
    PGHOST: address.host,
    PGPORT: String(address.port),
    PGUSER: address.user,
    PGDATABASE: address.database,
    PGAPPNAME: 'pgproof',
    PGCONNECT_TIMEOUT: '15',
    ...(address.password === undefined ? {} : { PGPASSWORD: address.password }),
    ...(address.sslMode === undefined ? {} : { PGSSLMODE: address.sslMode }),
    ...(address.sslRootCert === undefined ? {} : { PGSSLROOTCERT: address.sslRootCert }),
    ...(address.options === undefined ? {} : { PGOPTIONS: address.options }),
  };
}

/**
 * Opens a connection. A lost connection rejects the query under way, and the next; the caller ends the client.
 * @throws SourceUnreachableError
 */
export async function connect(given: Address): Promise<pg.Client> {
  const address = await withFreshLogin(given);
  const mode = address.sslMode ?? 'prefer';
  try {
    return await attempt(address, mode !== 'disable' && mode !== 'allow');
  } catch (error) {
    if (mode === 'prefer' && isWithoutSsl(error)) return connect({ ...address, sslMode: 'disable' });
    throw new SourceUnreachableError(`cannot connect to ${describeAddress(address)}: ${reasonOf(error)}`, {
      cause: error,
      hint: `psql -h ${address.host} -p ${address.port} -U ${address.user} -d ${address.database} -c 'select 1'`,
    });
  }
}

async function attempt(address: Address, ssl: boolean): Promise<pg.Client> {
  const client = new pg.Client({
    host: address.host,
    port: address.port,
    user: address.user,
    database: address.database,
    ...(address.password === undefined ? {} : { password: address.password }),
    // The library would fill in PGOPTIONS by itself, also for a server that they were not meant for.
    ...(address.options ?? process.env.PGOPTIONS ? { options: address.options ?? ' ' } : {}),
    ssl: ssl && !address.host.startsWith('/') ? sslOptions(address) : false,
    application_name: 'pgproof',
    connectionTimeoutMillis: 15_000,
    keepAlive: true,
  });
  // Without a listener a lost idle connection would end the process; queries on it reject anyway.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

function sslOptions({ sslMode, sslRootCert }: Address) {
  const ca = sslRootCert ? { ca: readFileSync(sslRootCert, 'utf8') } : {};
  if (sslMode === 'verify-full') return { ...ca, rejectUnauthorized: true };
  if (sslMode === 'verify-ca') return { ...ca, rejectUnauthorized: true, checkServerIdentity: () => undefined };
  return { rejectUnauthorized: false };
}

function sslModeOf(value: string | undefined, field: string): SslMode | undefined {
  if (value === undefined) return undefined;
  const mode = SSL_MODES.find((known) => known === value);
  if (!mode) throw new ConfigurationError([`${field}: sslmode: expected one of ${SSL_MODES.join(', ')}`]);
  return mode;
}

/**
 * Path and query of the URL; the path decoded, undefined when that is not possible. A raw `@` or `#` behind the host may
 * belong to a password with a slash, a question mark or a hash in it: nothing of that may be taken for a name and shown.
 */
function divide(url: string): { path: string | undefined; query: URLSearchParams } {
  const [, place = '', path = '', rest = ''] = /^[a-z]+:\/\/([^/?#]*)\/?([^?#]*)(.*)/.exec(url) ?? [];
  const isSplit = !place.includes('@') && place.includes(':') && rest.includes('@');
  const query = new URLSearchParams(rest.slice(1));
  try {
    return { path: isSplit || path.includes('@') || rest.includes('#') ? undefined : decodeURIComponent(path), query };
  } catch {
    return { path: undefined, query };
  }
}

function invalid(field: string, cause?: unknown): ConfigurationError {
  // The library's own error repeats the URL, so only its kind is kept.
  const details = cause instanceof Error ? { cause: new Error(cause.name) } : {};
  return new ConfigurationError([`${field}: not a valid URL (special characters in a password must be %-encoded)`], details);
}

function withoutSsl(url: string): string {
  return url.replaceAll(/([?&])ssl[a-z]*=[^&]*/g, '$1').replaceAll(/([?&])&+/g, '$1');
}

function isWithoutSsl(error: unknown): boolean {
  return error instanceof Error && error.message.includes('does not support SSL');
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
