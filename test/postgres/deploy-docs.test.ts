import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBlock } from '../../docs/readme-blocks.ts';
import { leaveHeartbeat } from '../../src/backup/heartbeat.ts';
import { connect } from '../../src/postgres/address.ts';
import { requireReadable } from '../../src/postgres/readability.ts';
import { makeTestHome, type TestHome } from '../helpers/home.ts';
import { startSource, type Source } from '../helpers/source.ts';

/** What docs/deploy.md and docs/runbook.md tell to type, typed. */

const ROLE = { user: 'pgproof', password: 'pgproof' };
const BACKUP = '20261120T001700Z-sched';

let source: Source;
let home: TestHome;
let deploy: string;

beforeAll(async () => {
  deploy = await readFile(join(import.meta.dirname, '../../docs/deploy.md'), 'utf8');
  source = await startSource();
  home = await makeTestHome();
});
afterAll(async () => {
  await home?.remove();
  await source?.end();
});

const block = (name: string): string[] =>
  (readBlock(deploy, `sql: ${name}`) ?? '').split(/;\n?/).map((sql) => sql.trim()).filter((sql) => sql !== '');

/** What a dump would complain of, or undefined. */
async function complaint(database: string): Promise<string | undefined> {
  const client = await connect(source.address(database, ROLE));
  try {
    await requireReadable(client);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await client.end();
  }
}

/** As in RDS: nothing is the superuser's; everything is the administrator's, or of roles that the administrator is a member of. */
const ADMINISTERED = [
  'create role shop_owner',
  `create role master login createdb createrole password 'master'`,
  'grant shop_owner to master',
  'alter database orders owner to master',
  'alter schema public owner to master',
  'set role master',
  'grant create on schema public to shop_owner',
];
const OWNED = ['create table owned (id int)', 'alter table owned owner to shop_owner'];
const CONTENT = [
  'create table customers (id int generated always as identity primary key, name text not null)',
  `insert into customers (name) select 'customer ' || i from generate_series(1, 100) i`,
];

describe('the role that docs/deploy.md creates', () => {
  it('cannot read anything before something is granted', async () => {
    await source.createDatabase('narrow', ...CONTENT);
    await source.createDatabase('orders', ...ADMINISTERED, ...CONTENT, ...OWNED, 'create schema inner_life', 'create table inner_life.thoughts (id serial)');
    const [create = '', grant = ''] = block('the role');
    expect(grant).toMatch(/^grant pg_read_all_data/);
    await source.sql('orders', create, `alter role pgproof password 'pgproof'`);
    expect(await complaint('orders')).toMatch(/^role pgproof cannot read schema inner_life/);
    expect(await complaint('narrow')).toMatch(/^role pgproof cannot read table public\.customers/);
  });

  it('reads everything by grants schema by schema, also of tables to come', async () => {
    await source.sql('narrow', ...block('grants schema by schema'), 'create table later (id int generated always as identity)');
    expect(await complaint('narrow')).toBeUndefined();
    expect(await complaint('orders')).toBeDefined();
  });

  it('reads everything as a member of pg_read_all_data', async () => {
    await source.sql('orders', ...block('the role').slice(1));
    expect(await complaint('orders')).toBeUndefined();
  });

  it('leaves a row in the heartbeat table and can write nothing else', async () => {
    await source.sql('orders', 'set role master', ...block('the heartbeat'));
    const client = await connect(source.address('orders', ROLE));
    const beat = await leaveHeartbeat(client, 'orders', 'pgproof.heartbeat');
    const refusals = ['delete from pgproof.heartbeat', `insert into customers (name) values ('mine')`, 'create table pgproof.mine ()'];
    const refused = [];
    for (const sql of refusals) refused.push(await client.query(sql).then(() => 'allowed', (error: Error) => error.message));
    await client.end();
    expect(beat.table).toBe('pgproof.heartbeat');
    expect(refused).toEqual([
      'permission denied for table heartbeat',
      'permission denied for table customers',
      'permission denied for schema pgproof',
    ]);
  });

  it('can be given IAM authentication', async () => {
    await source.sql('orders', 'create role rds_iam', 'create role rdsadmin superuser', 'create role rds_superuser');
    await source.sql('orders', ...block('IAM authentication'));
    expect(await source.sql('orders', `select pg_has_role('pgproof', 'rds_iam', 'member') as member`)).toEqual([{ member: true }]);
  });

  it('takes a dump that is valid', async () => {
    home.source('orders', source.url('orders', ROLE));
    expect(await home.backUp('orders', BACKUP)).toBe('valid');
  });
});

describe('the commands of docs/runbook.md that restore a dump by hand', () => {
  let target: Source;
  let directory: string;
  beforeAll(async () => {
    target = await startSource();
    directory = await mkdtemp(join(tmpdir(), 'pgproof-by-hand-'));
    await cp(dirname(home.file('orders', BACKUP, 'manifest.json')), directory, { recursive: true });
  });
  afterAll(async () => {
    await rm(directory, { recursive: true, force: true });
    await target?.end();
  });

  async function commandsOf(name: string): Promise<string> {
    return readBlock(await readFile(join(import.meta.dirname, '../../docs/runbook.md'), 'utf8'), `commands: ${name}`) ?? '';
  }

  async function restore(commands?: string, role?: { user: string; password: string }): Promise<{ exitCode: number | undefined; all: string }> {
    const { host, port, user, password = '' } = target.address('postgres', role);
    const path = [dirname(target.programs.path('pg_restore')), process.env['PATH'] ?? ''].join(delimiter);
    const env = { PATH: path, PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password };
    const options = { cwd: directory, env, extendEnv: false, reject: false, all: true, stdin: 'ignore' } as const;
    const { exitCode, all } = await execa('bash', ['-c', commands ?? (await commandsOf('restore a dump'))], options);
    return { exitCode, all };
  }

  it('bring back the data, with roles and grants', async () => {
    const { exitCode, all } = await restore();
    expect(all).not.toMatch(/pg_restore: (error|warning)/);
    expect(exitCode).toBe(0);
    expect(await target.sql('orders', 'select count(*)::int as rows, max(name) as last from customers')).toEqual([{ rows: 100, last: 'customer 99' }]);
    expect(await target.sql('orders', `select has_table_privilege('pgproof', 'pgproof.heartbeat', 'insert') as may`)).toEqual([{ may: true }]);
  });

  it('bring it back for an administrator who is no superuser, where roles of RDS are', async () => {
    await target.sql('postgres', 'drop database orders', 'drop role pgproof, shop_owner, master');
    await target.sql('postgres', `create role master login createdb createrole password 'master'`, 'grant pg_read_all_data to master with admin option');
    const lines = (await commandsOf('restore a dump')).split('\n');
    const globals = await commandsOf('globals for RDS');
    const commands = lines.map((line) => (line.includes('globals.sql') ? globals : line));
    const { exitCode, all } = await restore(commands.join('\n'), { user: 'master', password: 'master' });
    expect(exitCode).toBe(0);
    expect(all).not.toMatch(/role "?rds/);
    // What the page says to type once more: grants come last.
    const again = [...all.matchAll(/permission denied for schema public\nCommand was: (.*;)/g)].map(([, sql = '']) => sql);
    expect(again).toEqual(['ALTER TABLE public.owned OWNER TO shop_owner;']);
    expect([...all.matchAll(/pg_restore: error/g)]).toHaveLength(1);
    await target.sql('orders', 'set role master', ...again);
    expect(await target.sql('orders', `select tableowner from pg_tables where tablename = 'owned'`)).toEqual([{ tableowner: 'shop_owner' }]);
    expect(await target.sql('orders', `select rolcanlogin as may from pg_roles where rolname = 'pgproof'`)).toEqual([{ may: true }]);
  });

  it('begin nothing with a damaged archive', async () => {
    await target.sql('postgres', 'drop database orders');
    await execa('bash', ['-c', 'printf x >> archive.dump'], { cwd: directory });
    const { exitCode, all } = await restore();
    expect([exitCode, all]).toEqual([1, 'the archive is damaged: take another backup']);
    expect(await target.sql('postgres', `select from pg_database where datname = 'orders'`)).toEqual([]);
  });
});
