import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkSanity } from '../../src/checks/sanity.ts';
import { checkDisarmed, checkPrimary } from '../../src/checks/server.ts';
import type { SanityQuery } from '../../src/config/config.ts';
import { until } from '../helpers/process-list.ts';
import { startSource, type Source } from '../helpers/source.ts';

/** The owner's queries and the server's own state, asked of a real server. */
let cluster: Source;
let copy: pg.Client;

beforeAll(async () => {
  cluster = await startSource({ wal_level: 'logical' });
  await cluster.createDatabase(
    'shop',
    'create role app',
    'create table customers (id bigint, name text, secret text, active boolean, joined date, seen timestamptz, worth numeric, tags int[])',
    `insert into customers values (9007199254740993, 'Ann', 'hunter2', true, '2026-01-02', '2026-01-02 03:04:05+00', 5.00000000000000000001, '{5}'),
       (2, '5', null, false, '2026-02-03', null, 5, null)`,
    'create table hidden (id int)',
    'grant select on customers to app',
    `create function touch() returns int language sql as 'insert into hidden values (1) returning id'`,
    `create function fails() returns int language plpgsql as $$ begin raise exception 'secret is %', (select secret from customers limit 1) using errcode = '42P01'; end $$`,
    `alter database shop set datestyle = 'German'`,
    `alter database shop set timezone = 'UTC'`,
    `alter database shop set default_transaction_read_only = on`,
  );
  copy = await cluster.connect('shop');
});
afterAll(async () => {
  await cluster.end();
});

function query(sql: string, expect: SanityQuery['expect'], more: Partial<SanityQuery> = {}): SanityQuery {
  return { name: 'asked', sql, expect, timeout: 5, ...more };
}

/** `passed`, or the status with what is said about it. */
async function ask(...args: Parameters<typeof query>): Promise<string> {
  const { status, detail } = await checkSanity(copy, [query(...args)]);
  return status === 'passed' ? status : `${status}: ${detail}`;
}

describe('an expected value', () => {
  it.each<[string, SanityQuery['expect']]>([
    ['select 5', { value: 5 }],
    ['select 5::bigint', { value: 5 }],
    ['select 5.00::numeric', { value: 5 }],
    ['select 0.1::float8', { value: 0.1 }],
    ['select -0.50', { value: -0.5 }],
    ['select 1e-7::numeric', { value: 1e-7 }],
    ['select id from customers where name = $$Ann$$', { value: '9007199254740993' }],
    ['select name from customers where id = 2', { value: '5' }],
    ['select active from customers where id = 2', { value: false }],
    ['select secret from customers where id = 2', { value: null }],
    ['select joined from customers where id = 2', { value: '2026-02-03' }],
    ['select seen from customers where name = $$Ann$$', { value: '2026-01-02 03:04:05+00' }],
    ['select count(*) from customers', { min: 2, max: 2 }],
    ['select name from customers', { rows: 2 }],
    ['select name from customers', { minRows: 2, maxRows: 2 }],
    ['select name from customers where false', { rows: 0 }],
  ])('is met: %s %j', async (sql, expected) => {
    expect(await ask(sql, expected)).toBe('passed');
  });

  it.each<[string, SanityQuery['expect'], string]>([
    ['select 6', { value: 5 }, 'the answer is not the expected value'],
    ['select name from customers where id = 2', { value: 5 }, 'expected a number'],
    ['select tags from customers where name = $$Ann$$', { value: 5 }, 'expected a number'],
    ['select worth from customers where name = $$Ann$$', { value: 5 }, 'the answer is not the expected value'],
    ['select id from customers where name = $$Ann$$', { value: '9007199254740992' }, 'the answer is not the expected value'],
    ['select $$true$$::text', { value: true }, 'expected a boolean'],
    ['select 1', { value: true }, 'expected a boolean'],
    ['select true', { value: 'true' }, 'the answer is not the expected value'],
    ['select $$$$::text', { min: 0 }, 'expected a number'],
    ['select null::int', { min: 0 }, 'expected a number'],
    ['select $$NaN$$::float8', { min: 0 }, 'expected a number'],
    ['select null::int', { value: 0 }, 'the answer is not the expected value'],
    ['select 0', { value: null }, 'the answer is not the expected value'],
    ['select 1 where false', { value: 1 }, 'expected a value, got no row'],
    ['select count(*) from customers', { min: 3 }, 'the answer is below 3'],
    ['select count(*) from customers', { max: 1 }, 'the answer is above 1'],
    ['select name from customers', { rows: 3 }, 'expected 3 rows, got 2'],
    ['select name from customers', { minRows: 3 }, 'expected at least 3 rows, got 2'],
    ['select name from customers', { maxRows: 1 }, 'expected at most 1 rows, got 2'],
  ])('is missed: %s %j', async (sql, expected, problem) => {
    expect(await ask(sql, expected)).toBe(`failed: asked: ${problem}`);
  });

  it('that no number of YAML can hold is not compared at all', async () => {
    const inexact = Number('9007199254740993');
    expect(await ask('select id from customers', { value: inexact })).toMatch(/^could_not_verify: .*put it in quotes$/);
  });
});

describe('a query that cannot be answered', () => {
  it.each([
    ['insert into hidden values (1)', 'could_not_verify: asked: it tries to write'],
    ['select touch()', 'could_not_verify: asked: it tries to write'],
    ['select 1; drop table customers', 'could_not_verify: asked: expected one statement, got several'],
    ['commit; begin read write; delete from customers', 'could_not_verify: asked: expected one statement, got several'],
    ['select pg_sleep(60)', 'could_not_verify: asked: no answer within 1 s'],
    ['selec 1', 'could_not_verify: asked: not valid SQL: syntax error at or near "selec"'],
    ['select gone from customers', 'failed: asked: column "gone" does not exist'],
    ['select * from gone', 'failed: asked: relation "gone" does not exist'],
    ['select 1/0', 'could_not_verify: asked: ended with SQLSTATE 22012'],
  ])('%s', async (sql, expected) => {
    expect(await ask(sql, { value: 1 }, { timeout: 1 })).toBe(expected);
    expect(await ask('select count(*) from customers', { value: 2 })).toBe('passed');
  });

  it.each([
    'select secret::int from customers',
    'select secret::regclass from customers where name = $$Ann$$',
    'select fails()',
    'select secret from customers where name = $$Ann$$',
  ])('keeps the data to itself: %s', async (sql) => {
    const finding = await checkSanity(copy, [query(sql, { value: 'something else' })]);
    expect(finding.status).not.toBe('passed');
    expect(JSON.stringify(finding)).not.toContain('hunter2');
  });
});

describe('a query under a role', () => {
  it('sees what the role sees', async () => {
    expect(await ask('select count(*) from customers', { value: 2 }, { role: 'app' })).toBe('passed');
    expect(await ask('select current_user::text', { value: 'app' }, { role: 'app' })).toBe('passed');
    expect(await ask('select count(*) from hidden', { value: 0 }, { role: 'app' })).toBe('failed: asked: permission denied for table hidden');
    expect(await ask('select current_user::text', { value: 'postgres' })).toBe('passed');
  });

  it('that the copy does not have is not answered', async () => {
    expect(await ask('select 1', { value: 1 }, { role: 'gone' })).toBe('could_not_verify: asked: the copy has no role gone');
  });
});

describe('several queries', () => {
  it('pass only together, and a failure outweighs a doubt', async () => {
    const good = query('select 1', { value: 1 }, { name: 'good' });
    const bad = query('select 2', { value: 1 }, { name: 'bad' });
    const open = query('select pg_sleep(9)', { value: 1 }, { name: 'slow', timeout: 1 });
    expect(await checkSanity(copy, [good, open, bad])).toMatchObject({
      ...{ status: 'failed', cause: 'backup', examined: 3, differences: 2, required: true },
      items: ['slow: no answer within 1 s', 'bad: the answer is not the expected value'],
    });
    expect(await checkSanity(copy, [good, open])).toMatchObject({ status: 'could_not_verify', cause: 'configuration' });
    expect(await checkSanity(copy, [good])).toMatchObject({ status: 'passed', examined: 1, level: 6 });
    expect(await checkSanity(copy, [])).toMatchObject({ status: 'not_requested', examined: 0, required: false });
  });
});

describe('the server of a copy', () => {
  it('is a primary that takes writes, also where sessions begin read-only', async () => {
    expect(await checkPrimary(copy)).toMatchObject({ status: 'passed', detail: expect.stringContaining('begin read-only') as string });
  });

  it('is found armed when it archives, except on RDS, where the service archives each instance apart', async () => {
    const archiving = await startSource({ archive_mode: 'on', archive_command: 'true' });
    try {
      const client = await archiving.connect('postgres');
      expect(await checkDisarmed(client)).toMatchObject({ status: 'failed', cause: 'tool', items: ['archive_mode is on'] });
      await client.query(`set rds.extensions = 'hstore'`);
      expect(await checkDisarmed(client)).toMatchObject({ status: 'passed', examined: 4 });
    } finally {
      await archiving.end();
    }
  });

  it('is found armed by a worker that applies a subscription', async () => {
    expect(await checkDisarmed(copy)).toMatchObject({ status: 'passed', examined: 4 });
    await cluster.createDatabase('feed', 'create table t (id int)', 'create publication p for table t');
    await cluster.sql('feed', `select pg_create_logical_replication_slot('s', 'pgoutput')`);
    const { host, port, user, password } = cluster.address('feed');
    await cluster.createDatabase('taker', 'create table t (id int)');
    const feed = `host=${host} port=${port} user=${user} password=${password} dbname=feed`;
    await cluster.sql('taker', `create subscription s connection '${feed}' publication p with (create_slot = false, slot_name = s, copy_data = false)`);
    const armed = await until('the worker runs', async () => {
      const finding = await checkDisarmed(copy);
      return finding.status === 'failed' ? finding : undefined;
    });
    expect(armed.items).toContain('a worker that acts by itself is running');
    await cluster.sql('taker', 'alter subscription s disable', 'alter subscription s set (slot_name = none)', 'drop subscription s');
  });
});
