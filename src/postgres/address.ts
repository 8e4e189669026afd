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
  readonly database: string;
  readonly sslMode?: SslMode;
  /** File with the certificate authorities to trust. */
  readonly sslRootCert?: string;
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
    throw new ConfigurationError([`${field}: not a valid URL (special characters in a password must be %-encoded)`], {
      cause: cause instanceof Error ? new Error(cause.name) : undefined,
    });
  }
  const query = new URL(url.replace(/^postgres(ql)?:\/\/[^/?]*/, 'http://x')).searchParams;
  const user = parts.user ?? env.PGUSER ?? env.USER ?? 'postgres';
  const port = Number(parts.port ?? env.PGPORT ?? 5432);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new ConfigurationError([`${field}: expected a port between 1 and 65535`]);
  }
  const password = parts.password ?? env.PGPASSWORD;
  const sslMode = sslModeOf(query.get('sslmode') ?? env.PGSSLMODE, field);
  const sslRootCert = query.get('sslrootcert') ?? env.PGSSLROOTCERT;
  return {
    host: parts.host || env.PGHOST || 'localhost',
    port,
    user,
    database: parts.database || env.PGDATABASE || user,
    ...(password === undefined ? {} : { password }),
    ...(sslMode === undefined ? {} : { sslMode }),
    ...(sslRootCert ? { sslRootCert } : {}),
  };
}

/** For people: `user@host:port/database`, without the password. */
export function describeAddress(address: Address): string {
  return `${address.user}@${address.host}:${address.port}/${address.database}`;
}

/** The environment for PostgreSQL's own programs. */
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
  };
}

/**
 * Opens a connection. A lost connection rejects the query under way, and the next; the caller ends the client.
 * @throws SourceUnreachableError
 */
export async function connect(address: Address): Promise<pg.Client> {
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
