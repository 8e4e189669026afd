import type pg from 'pg';
import { ConfigurationError, SampleDatabaseError } from '../../src/errors.ts';
import { runSqlFile, type Placeholders } from './sql-file.ts';

/**
 * The database that `npm start` backs up: a web shop with two years of trade, built so that a restore has something to
 * lose. Every kind of object that a backup can forget is in it, and all of it is healthy.
 */
export interface SampleOptions {
  /** Any whole number. The same seed gives the same rows, byte for byte. */
  readonly seed: number;
  /** 1 (the default) is some 320,000 rows; 0.01 a hundredth of them. */
  readonly scale?: number;
}

export interface SampleSummary {
  readonly seed: number;
  readonly scale: number;
  /** Ordinary tables, with every partition counted by itself. */
  readonly tables: number;
  readonly rows: number;
  readonly largeObjects: number;
  /** Size of the database. */
  readonly bytes: number;
  /** Extension → version, for those that the server had and the sample uses. */
  readonly extensions: Readonly<Record<string, string>>;
  /** Extensions that this server does not offer; what would have used them is left out. */
  readonly missingExtensions: readonly string[];
}

/** Server settings for a cluster that holds the sample; without them its publications only draw a warning. */
export const sampleServerSettings: Readonly<Record<string, string>> = { wal_level: 'logical' };

/** By contrib packages, which not every installation has. Each has a file of the same name with what uses it. */
const EXTENSIONS = ['hstore', 'pg_trgm'];

const STRUCTURE = ['schemas-and-types', 'shop', 'inventory', 'analytics', 'audit'];
const ROWS = ['generators', 'people', 'catalogue', 'orders', 'inventory', 'analytics', 'audit', 'counters'];
const RULES = ['keys', 'routines', 'triggers', 'views', 'access', 'comments'];
/** What newer majors can do and older ones cannot. */
const MAJORS = [14, 15, 18];

/** Session settings that decide how text becomes values; the rows must not depend on those of the server. */
const PINNED = `
  set local search_path = ''; set local timezone = 'UTC'; set local datestyle = 'ISO, YMD';
  set local intervalstyle = 'postgres'; set local client_min_messages = warning; set local jit = off;
  set local statement_timeout = 0; set local default_statistics_target = 10; set local work_mem = '32MB'`;

/**
 * Creates the roles of the shop, which belong to the cluster rather than to a database. They have no passwords.
 * Running it again changes nothing. `createSample` calls it by itself.
 */
export async function prepareCluster(client: pg.ClientBase): Promise<void> {
  await inTransaction(client, () => runSqlFile(client, 'roles.sql'));
}

/**
 * Fills a fresh database. All or nothing: when it fails the database is as empty as before.
 * @param client connected as superuser to a database in UTF8; its session settings are as before afterwards
 * @throws SampleDatabaseError naming the statement that the server refused
 * @throws ConfigurationError for a seed or scale that is no such number
 */
export async function createSample(client: pg.ClientBase, options: SampleOptions): Promise<SampleSummary> {
  const values = checkedOptions(options);
  await prepareCluster(client);
  return inTransaction(client, async () => {
    await client.query(PINNED);
    const major = await majorOf(client);
    await runSqlFile(client, 'structure/ownership.sql');
    await asOwner(client, () => runSqlFiles(client, 'structure', STRUCTURE));
    await runSqlFiles(client, 'rows', ROWS, values);
    await asOwner(client, () => runSqlFiles(client, 'rules', RULES));
    const newer = MAJORS.filter((possibleSince) => major >= possibleSince);
    await asOwner(client, () => runSqlFiles(client, 'rules', newer.map((since) => `server-${since}`)));
    const missingExtensions = await createExtensions(client);
    await runSqlFile(client, 'rules/database.sql');
    await client.query('discard temp; analyze');
    return { ...values, ...(await summarise(client)), missingExtensions };
  });
}

function checkedOptions(options: SampleOptions): Placeholders {
  const { seed, scale = 1 } = options;
  const faults: string[] = [];
  // Far below what a bigint holds after the multiplication in rows/generators.sql.
  if (!Number.isSafeInteger(seed) || Math.abs(seed) > 1e9) faults.push(`seed: ${seed} is not a whole number up to 1e9`);
  if (!(scale >= 0.001 && scale <= 1000)) faults.push(`scale: ${scale} is not between 0.001 and 1000`);
  if (faults.length > 0) throw new ConfigurationError(faults);
  return { seed, scale };
}

async function inTransaction<T>(client: pg.ClientBase, work: () => Promise<T>): Promise<T> {
  await client.query('begin');
  try {
    const result = await work();
    await client.query('commit');
    return result;
  } catch (error) {
    // A lost connection has rolled back already and would only hide the first error behind a second one.
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

async function asOwner(client: pg.ClientBase, work: () => Promise<void>): Promise<void> {
  await client.query('set local role shop_owner');
  await work();
  await client.query('reset role');
}

async function runSqlFiles(client: pg.ClientBase, folder: string, names: readonly string[], values?: Placeholders) {
  for (const name of names) await runSqlFile(client, `${folder}/${name}.sql`, values);
}

async function majorOf(client: pg.ClientBase): Promise<number> {
  const { rows } = await client.query<{ major: number }>(
    `select current_setting('server_version_num')::integer / 10000 as major`,
  );
  return soleRow(rows).major;
}

async function createExtensions(client: pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>('select name from pg_available_extensions');
  const available = new Set(rows.map((row) => row.name));
  for (const name of EXTENSIONS.filter((wanted) => available.has(wanted))) {
    await client.query(`create extension ${name} schema extensions`);
    await asOwner(client, () => runSqlFile(client, `extensions/${name}.sql`));
  }
  return EXTENSIONS.filter((wanted) => !available.has(wanted));
}

async function summarise(client: pg.ClientBase) {
  const tables = await client.query<{ name: string }>(`
    select format('%I.%I', nspname, relname) as name
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where relkind = 'r' and nspname in ('shop', 'inventory', 'analytics', 'audit')`);
  const counts = tables.rows.map(({ name }) => `(select count(*) from only ${name})`).join(' + ');
  const { rows } = await client.query<{ rows: string; largeObjects: number; bytes: string; extensions: Record<string, string> }>(`
    select ${counts} as rows, pg_database_size(current_database()) as bytes,
      (select count(*)::integer from pg_largeobject_metadata) as "largeObjects",
      (select jsonb_object_agg(extname, extversion) from pg_extension) as extensions`);
  const { largeObjects, extensions, ...counted } = soleRow(rows);
  return { tables: tables.rows.length, rows: Number(counted.rows), bytes: Number(counted.bytes), largeObjects, extensions };
}

function soleRow<T>(rows: readonly T[]): T {
  const [row] = rows;
  if (row === undefined || rows.length > 1) throw new SampleDatabaseError(`expected one row, got ${rows.length}`);
  return row;
}
