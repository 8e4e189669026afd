import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeError, SourceUnreadableError } from '../../src/errors.ts';
import { connect } from '../../src/postgres/address.ts';
import { requireReadable } from '../../src/postgres/readability.ts';
import { makeTestHome, type TestHome } from '../helpers/home.ts';
import { until } from '../helpers/process-list.ts';
import { SMALL_SHOP, startSource, type Source } from '../helpers/source.ts';
import { startStandby } from '../helpers/standby.ts';

/** A role that is no superuser takes the dump: whatever it may not read must be said before anything is written. */
const READER = { user: 'reader', password: 'reader' };

let source: Source;
let home: TestHome;

beforeAll(async () => {
  source = await startSource();
  await source.createDatabase(
    'shop',
    ...SMALL_SHOP,
    'alter table shop.customers add constraint named check (name <> $$$$)',
    'create schema "Odd Name"',
    'create table "Odd Name"."odd ""table""" (id int)',
    'create unlogged table shop.cache (id int)',
    'create extension hstore',
    `create role reader login password 'reader'`,
  );
  home = await makeTestHome();
  home.source('shop', source.url('shop', READER));
});
afterAll(async () => {
  await home.remove();
  await source.end();
});

/** What the reader is told, or undefined when it may read everything. */
async function complaint(): Promise<SourceUnreadableError | undefined> {
  const client = await connect(source.address('shop', READER));
  try {
    await requireReadable(client);
    return undefined;
  } catch (error) {
    if (error instanceof SourceUnreadableError) return error;
    throw error;
  } finally {
    await client.end();
  }
}

const grantIn = (error: SourceUnreadableError) => /^run as an owner or administrator: (.*)$/.exec(error.hint ?? '')?.[1] ?? '';

describe('a role without any rights', () => {
  it('is told one object after the other, each with the command that helps, until it may read everything', async () => {
    const told: string[] = [];
    for (let error = await complaint(); error && told.length < 30; error = await complaint()) {
      told.push(error.message);
      await source.sql('shop', grantIn(error));
    }
    expect(told).toEqual([
      'role reader cannot read schema "Odd Name": no USAGE',
      'role reader cannot read schema shop: no USAGE',
      'role reader cannot read table "Odd Name"."odd ""table""": no SELECT',
      'role reader cannot read table shop.cache: no SELECT',
      'role reader cannot read sequence shop.countdown: no SELECT',
      'role reader cannot read table shop.customers: no SELECT',
      'role reader cannot read sequence shop.customers_id_seq: no SELECT',
      'role reader cannot read table shop.orders: no SELECT',
      'role reader cannot read table shop.orders_2025: no SELECT',
      'role reader cannot read table shop.orders_2026: no SELECT',
      'role reader cannot read table shop.secrets: no SELECT',
      'role reader cannot read table shop.secrets: row-level security would hide rows from this role',
      'role reader cannot read large object 4711: no SELECT',
    ]);
  });

  it('then takes a dump that is PROVEN', async () => {
    expect(await home.backUp('shop', '20261120T020000Z-r')).toBe('valid');
    const { body } = await home.drill({});
    expect([body.verdict, body.assurance, body.reason]).toEqual(['PROVEN', 'L5', expect.any(String)]);
  });
});

describe('a role that lacks one right', () => {
  it.each([
    ['a table', 'revoke select on shop.orders_2026 from reader', 'grant select on shop.orders_2026 to reader', 'table shop.orders_2026'],
    ['a sequence', 'revoke select on shop.countdown from reader', 'grant select on shop.countdown to reader', 'sequence shop.countdown'],
    ['a schema', 'revoke usage on schema shop from reader', 'grant usage on schema shop to reader', 'schema shop'],
    ['a large object', 'revoke select on large object 4711 from reader', 'grant select on large object 4711 to reader', 'large object 4711'],
    ['rows', 'alter role reader nobypassrls', 'alter role reader bypassrls', 'table shop.secrets'],
    ['a column', 'revoke select on shop.customers from reader; grant select (id, name) on shop.customers to reader', 'grant select on shop.customers to reader', 'table shop.customers'],
  ])('(%s) is told so before anything is written', async (_, lose, regain, object) => {
    await source.sql('shop', lose);
    const before = await home.keys();
    const error: unknown = await home.tasks.run({ verb: 'dump', database: 'shop', backupId: '20261120T020009Z-r' }).catch((reason: unknown) => reason);
    await source.sql('shop', regain);
    expect(error).toMatchObject({ name: 'TaskFailedError', origin: 'source' });
    expect((error as Error).message).toMatch(new RegExp(`^role reader cannot read ${object}: .*\\nHINT: run as an owner or administrator: `));
    expect(await home.keys()).toEqual(before);
    expect(await home.unfinished()).toEqual([]);
    expect(await complaint()).toBeUndefined();
  });

  it('(the owner of a table that forces row-level security on itself) is told so', async () => {
    await source.sql('shop', 'create table shop.mine (id int)', 'alter table shop.mine enable row level security');
    await source.sql('shop', 'alter table shop.mine owner to reader', 'alter role reader nobypassrls', 'drop policy own on shop.secrets');
    await source.sql('shop', 'alter table shop.secrets disable row level security');
    expect(await complaint()).toBeUndefined();
    await source.sql('shop', 'alter table shop.mine force row level security');
    expect((await complaint())?.message).toBe('role reader cannot read table shop.mine: row-level security would hide rows from this role');
    await source.sql('shop', 'drop table shop.mine', 'alter role reader bypassrls');
  });
});

describe('a schema that belongs to an extension', () => {
  it('need not be readable, unless it holds what a dump keeps', async () => {
    await source.sql('shop', 'create schema tools', 'create table tools.own (id int)');
    await source.sql('shop', 'alter extension hstore add schema tools', 'alter extension hstore add table tools.own');
    expect(await complaint()).toBeUndefined();
    await source.sql('shop', 'create table tools.of_user (id int)');
    expect((await complaint())?.object).toBe('schema tools');
    await source.sql('shop', 'drop table tools.of_user', 'alter extension hstore drop table tools.own', 'alter extension hstore drop schema tools');
    expect((await complaint())?.object).toBe('schema tools');
    await source.sql('shop', 'drop schema tools cascade');
  });
});

describe('a standby', () => {
  it('is refused where it has unlogged tables, of which it holds no row', async () => {
    const standby = await startStandby(source);
    try {
      const told = async () => {
        const client = await connect(standby.address('shop'));
        return requireReadable(client).then(() => 'readable', describeError).finally(() => client.end());
      };
      const refusal = 'role postgres cannot read table shop.cache: it is unlogged, and a standby has nothing of it\nHINT: back up the primary instead';
      expect(await told()).toBe(refusal);
      await source.sql('shop', 'drop table shop.cache');
      await until('the standby has replayed that', async () => ((await told()) === 'readable' ? true : undefined));
    } finally {
      await standby.end();
    }
  });
});

describe('what pg_dump leaves out for a role that is no superuser', () => {
  it('is found by the drill: a subscription is not in the copy', async () => {
    await source.sql('shop', `create subscription feed connection 'host=192.0.2.1' publication p with (connect = false)`);
    expect(await home.backUp('shop', '20261120T020020Z-r')).toBe('valid');
    const { body, finding } = await home.drill({ backup: '20261120T020020Z-r' });
    await source.sql('shop', 'alter subscription feed set (slot_name = none)', 'drop subscription feed');
    expect(body.verdict).toBe('FAILED');
    expect(finding('publications')).toMatchObject({ status: 'failed', items: ['subscription feed: missing'] });
  });
});
