import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import type { LocalDatabaseService } from '../../local/database-service.ts';
import type { Connection, CreateInstance, DatabaseService } from '../../src/cloud/database-service.ts';
import { connect, type Address } from '../../src/postgres/address.ts';
import { DRILL_ADMINISTRATOR, SERVICE_SUPERUSER } from '../../src/postgres/service-roles.ts';
import { SMALL_SHOP, startSource, type Source } from './source.ts';

/**
 * A stand-in for RDS: PostgreSQL as it is, with the roles that RDS's documentation shows (`\du` up to 15, `\drg+` since 16) and
 * a login without superuser. What RDS changed in the server itself it has not: there, members of rds_superuser may do more.
 */
const SERVICE = (major: number): readonly string[] => [
  `alter role rdsadmin valid until 'infinity'`,
  `alter role rdsadmin set log_statement = 'none'`,
  'create role rds_superuser',
  'create role rds_replication',
  'create role rds_password',
  'create role rds_iam',
  'create role rds_ad',
  'create role rds_reserved',
  'create role rdsrepladmin noinherit replication',
  `create role rdstopmgr login valid until 'infinity'`,
  `comment on role rds_iam is 'log in with tokens'`,
  'grant pg_monitor to rdstopmgr',
  `grant pg_monitor, pg_signal_backend, pg_checkpoint, rds_password, rds_replication to rds_superuser${major >= 16 ? ' with admin option' : ''}`,
  // That its members may grant these is said of RDS; since 16 PostgreSQL itself asks for the admin option.
  ...(major >= 16 ? ['grant pg_use_reserved_connections to rds_superuser with admin option', 'grant pg_read_all_data, rds_iam to rds_superuser with admin true, inherit false, set false'] : []),
  'create database rdsadmin',
  'revoke all on database rdsadmin from public',
];

/** In the database that others are made of: that the service's superuser may have granted things of PostgreSQL's own. */
const SYSTEM_GRANTS: readonly string[] = [
  'grant execute on function pg_catalog.pg_ls_logdir() to rds_superuser',
  'revoke execute on function pg_catalog.pg_stat_get_backend_start(integer) from public',
  'grant select on pg_catalog.pg_authid to rdstopmgr',
];

const MASTER = (name: string, major: number): readonly string[] => [
  `create role ${name} login createdb createrole valid until 'infinity'`,
  `grant rds_superuser to ${name}${major >= 16 ? ' with admin option' : ''}`,
  `alter database postgres owner to ${name}`,
  `alter database template1 owner to ${name}`,
];

async function run(address: Address, statements: readonly string[]): Promise<pg.QueryResult> {
  const client = await connect(address);
  try {
    let result = await client.query('select 1');
    for (const statement of statements) result = await client.query(statement);
    return result;
  } finally {
    await client.end();
  }
}

/**
 * The laptop's instances as RDS would have them: whoever asks for the login gets an administrator without superuser, who on
 * an empty instance is the drill's, and on a restored one its source's.
 */
export function rdsLike(own: LocalDatabaseService): DatabaseService {
  const logins = new Map<string, Promise<Connection>>();
  const make = async (instanceId: string): Promise<Connection> => {
    const login = await own.connection(instanceId);
    const address: Address = { ...login, database: 'postgres', sslMode: 'disable' };
    const found = await run(address, [`select r.rolname from pg_roles r where rolcanlogin and not rolsuper and pg_has_role(oid, to_regrole('rds_superuser'), 'member')`]);
    const master = String((found.rows[0] as { rolname?: string } | undefined)?.rolname ?? DRILL_ADMINISTRATOR);
    const password = randomBytes(12).toString('hex');
    const { rows } = await run(address, [`select current_setting('server_version_num')::int / 10000 as major`]);
    const { major } = rows[0] as { major: number };
    await run(address, [
      ...(found.rowCount === 0 ? [...SERVICE(major), ...MASTER(master, major)] : []),
      `alter role ${master} password '${password}'`,
    ]);
    return { ...login, user: master, password };
  };
  const over: Partial<DatabaseService> = {
    createInstance: (request: CreateInstance) => {
      // Since 16 a server may be set to make administrators members of what they make, and says so when they are told to be.
      const helpful = request.major >= 16 ? { createrole_self_grant: 'set, inherit' } : {};
      return own.createInstance({ ...request, parameters: { ...request.parameters, ...helpful, 'rds.extensions': 'plpgsql' } });
    },
    connection: (instanceId) => {
      const login = logins.get(instanceId) ?? make(instanceId);
      logins.set(instanceId, login);
      return login;
    },
  };
  return new Proxy(own, {
    get: (target, name) => {
      const value: unknown = Reflect.get(over, name) ?? Reflect.get(target, name, target);
      return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
}

export interface RdsLikeSource extends Source {
  /** Runs statements as the master user `owner_of_all`. */
  asMaster(database: string, ...statements: readonly string[]): Promise<void>;
  /** As docs/deploy.md makes it. */
  readonly reader: { readonly user: string; readonly password: string };
}

const MASTER_USER = 'owner_of_all';
const PASSWORD = 'only-for-this-test';

/** A source as on RDS: `rdsadmin` made it, the master user made everything in it, and `pgproof` reads it. */
export async function startRdsLikeSource(): Promise<RdsLikeSource> {
  const source = await startSource({ 'rds.extensions': 'plpgsql' }, SERVICE_SUPERUSER);
  return { ...source, ...(await dressSource((database, role) => source.address(database, role), source.programs.major)) };
}

/** Makes a new server look like RDS to everybody but its superuser, `rdsadmin`. */
export async function dressSource(address: Source['address'], major: number): Promise<Pick<RdsLikeSource, 'asMaster' | 'reader'>> {
  await run(address('postgres'), SERVICE(major));
  await run(address('template1'), SYSTEM_GRANTS);
  await run(address('postgres'), [...MASTER(MASTER_USER, major), `alter role ${MASTER_USER} password '${PASSWORD}'`]);
  const asMaster = async (database: string, ...statements: readonly string[]): Promise<void> => {
    await run(address(database, { user: MASTER_USER, password: PASSWORD }), statements);
  };
  await asMaster('postgres', `create role pgproof login password '${PASSWORD}'`, 'grant pg_read_all_data to pgproof');
  return { asMaster, reader: { user: 'pgproof', password: PASSWORD } };
}

/**
 * The small shop as its master user makes it, and what is not so small there: an owner who may only by a grant create in a
 * schema of another's, roles whose names begin like the service's, memberships in the service's roles.
 */
export async function createRdsShop({ asMaster }: Pick<RdsLikeSource, 'asMaster'>, major: number, name = 'shop'): Promise<void> {
  const options = major >= 16 ? ' with inherit true, set true' : '';
  const [owner = '', app = '', ...rest] = SMALL_SHOP;
  await asMaster('postgres', `create database ${name}`, owner, app, `grant shop_owner to ${MASTER_USER}${options}`);
  await asMaster(
    name,
    ...rest,
    `create role rds_report login connection limit 3`,
    `create role "odd ""role""" noinherit`,
    `create role shop_etl`,
    `grant shop_etl to ${MASTER_USER}${options}`,
    `grant usage, create on schema shop to shop_etl`,
    `create table shop.loads (id int primary key, at timestamptz)`,
    `insert into shop.loads select i, timestamptz '2026-01-01 00:00+00' from generate_series(1, 20) i`,
    `grant select on shop.loads to rds_report`,
    `alter table shop.loads owner to shop_etl`,
    `grant rds_iam to shop_app`,
    `grant shop_app to rds_superuser`,
    `grant rds_report to "odd ""role""" with admin option`,
    `grant shop_app to rds_report`,
    `alter role rds_report set statement_timeout = '7s'`,
    // As in a database that came here by an upgrade from 14.
    `alter schema public owner to ${MASTER_USER}`,
    `grant create on schema public to public`,
    `create extension citext`,
    `comment on extension citext is 'names'`,
    `comment on role rds_report is 'reads; grants nothing to rdsadmin'`,
    `alter default privileges for role shop_owner in schema shop grant select on tables to rds_report`,
    `grant select on large object 4711 to pgproof`,
    `grant shop_owner to pgproof`,
  );
}
