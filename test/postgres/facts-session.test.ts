import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InterruptedError, SourceUnreachableError, SourceUnreadableError } from '../../src/errors.ts';
import { readFacts } from '../../src/facts/read.ts';
import { connect } from '../../src/postgres/address.ts';
import { comparable, factsOf } from '../helpers/facts-round-trip.ts';
import { SMALL_SHOP, startSource, type Source } from '../helpers/source.ts';

/** How facts are read: one moment, whoever asks, however many at once, and never a smaller answer. */

const READER = { user: 'facts_reader', password: 'only-for-the-test' };
let source: Source;

beforeAll(async () => {
  source = await startSource();
  await source.createDatabase('shop', ...SMALL_SHOP);
  await source.sql(
    'shop',
    `create role ${READER.user} login bypassrls password '${READER.password}'`,
    `grant pg_read_all_data to ${READER.user}`,
    `grant select on large object 4711 to ${READER.user}`,
  );
});
afterAll(() => source.end());

describe('one moment', () => {
  it('is what every reader sees of an exported snapshot, whatever happens meanwhile', async () => {
    const holder = await source.connect('shop');
    await holder.query('begin isolation level repeatable read, read only');
    const { rows } = await holder.query<{ id: string }>('select pg_export_snapshot() as id');
    const before = comparable(await factsOf(source, 'shop'));
    await source.sql(
      'shop',
      `insert into shop.customers (name) values ('later')`,
      `update shop.orders set amount = amount + 1 where id = 7`,
      'create index later on shop.customers (name)',
      `comment on table shop.customers is 'later'`,
      'select lo_unlink(4711)',
    );
    const facts = await readFacts({
      connect: () => connect(source.address('shop')),
      snapshot: rows[0]?.id ?? '',
      scope: 'content',
      parallel: 3,
    });
    await holder.query('commit');
    // The identity's sequence moved, and sequences obey no snapshot.
    expect({ ...(comparable(facts) as object), sequences: [] }).toEqual({ ...(before as object), sequences: [] });
    const after = await factsOf(source, 'shop');
    expect(after.tables).not.toEqual(facts.tables);
    expect(Object.keys(after.sets.indexes)).toContain('shop.later');
    expect(after.largeObjects.count).toBe(0);
    await source.sql('shop', `select lo_from_bytea(4711, '\\xdeadbeef')`, `grant select on large object 4711 to ${READER.user}`);
  });

  it('is not emptied by a TRUNCATE, which takes effect in older snapshots too', async () => {
    // The largest is read first, and the next one takes long enough for the smallest to be emptied meanwhile.
    const fill = (name: string, rows: number) => [`create table ${name} (a text)`, `insert into ${name} select md5(i::text) from generate_series(1, ${rows}) i`];
    await source.createDatabase('emptied', ...fill('t1', 300_000), ...fill('t2', 290_000), ...fill('t3', 1));
    const holder = await source.connect('emptied');
    await holder.query('begin isolation level repeatable read, read only');
    const { rows } = await holder.query<{ id: string }>('select pg_export_snapshot() as id');
    const truncations: Promise<unknown>[] = [];
    const facts = await readFacts({
      connect: () => connect(source.address('emptied')),
      snapshot: rows[0]?.id ?? '',
      scope: 'content',
      parallel: 1,
      onTable: (done) => void (done === 1 && truncations.push(source.sql('emptied', 'truncate t3'))),
    });
    await holder.query('commit');
    await Promise.all(truncations);
    expect(facts.tables.map((table) => table.rows)).toEqual(['300000', '290000', '1']);
    expect(await source.sql('emptied', 'select count(*)::int as n from t3')).toEqual([{ n: 0 }]);
  });

  it('is shared by several readers that were given no snapshot', async () => {
    const alone = comparable(await factsOf(source, 'shop', { parallel: 1 }));
    expect(comparable(await factsOf(source, 'shop', { parallel: 5 }))).toEqual(alone);
  });
});

describe('whoever asks', () => {
  it('an ordinary role that may read everything finds the same facts as a superuser', async () => {
    const asSuperuser = await factsOf(source, 'shop');
    const asReader = await factsOf(source, 'shop', { role: READER });
    const { settings, ...sets } = asReader.sets;
    const { settings: all, ...others } = asSuperuser.sets;
    expect({ ...(comparable(asReader) as object), sets }).toEqual({ ...(comparable(asSuperuser) as object), sets: others });
    // PostgreSQL hides these two from ordinary roles.
    const { shared_preload_libraries: _one, session_preload_libraries: _two, ...shown } = all;
    expect([_one, _two]).toEqual(['', '']);
    expect(settings).toEqual(shown);
  });

  it('a role with settings of its own finds the same facts', async () => {
    const before = comparable(await factsOf(source, 'shop', { role: READER }));
    await source.sql(
      'postgres',
      ...[
        `set datestyle = 'SQL, DMY'`,
        `set timezone = 'Asia/Kathmandu'`,
        `set intervalstyle = 'iso_8601'`,
        `set bytea_output = 'escape'`,
        'set extra_float_digits = -3',
        'set quote_all_identifiers = on',
        'set search_path = shop',
        'set statement_timeout = 50',
      ].map((setting) => `alter role ${READER.user} ${setting}`),
    );
    const after = await factsOf(source, 'shop', { role: READER });
    await source.sql('postgres', `alter role ${READER.user} reset all`);
    expect(Object.keys(after.sets['role-settings'])).toContain(`role ${READER.user}: TimeZone`);
    const withoutSettings = (facts: unknown) => {
      const { sets, ...rest } = facts as { sets: Record<string, unknown> };
      return { ...rest, sets: { ...sets, 'role-settings': {}, settings: {} } };
    };
    expect(withoutSettings(comparable(after))).toEqual(withoutSettings(before));
  });
});

describe('never a smaller answer', () => {
  it('a table that the role may not read is an error that names it', async () => {
    await source.sql('shop', `create role blind login password 'x'`, 'grant usage on schema shop to blind');
    const reading = factsOf(source, 'shop', { role: { user: 'blind', password: 'x' } });
    await expect(reading).rejects.toThrow(SourceUnreadableError);
    await expect(reading).rejects.toThrow(/cannot read (table "shop"\."|large object 4711)/);
  });

  it('row security that would hide rows is an error, not a smaller count', async () => {
    await source.sql(
      'shop',
      `create role half_blind login password 'x'`,
      'grant usage on schema shop to half_blind',
      'grant select on all tables in schema shop to half_blind',
      'grant select on all sequences in schema shop to half_blind',
      'grant select on large object 4711 to half_blind',
    );
    const reading = factsOf(source, 'shop', { role: { user: 'half_blind', password: 'x' } });
    await expect(reading).rejects.toThrow(/cannot read table "shop"\."secrets": .*row-level security/);
  });

  it('a connection lost in the middle is an error', async () => {
    const clients: pg.Client[] = [];
    const reading = readFacts({
      connect: async () => {
        const client = await connect(source.address('shop'));
        clients.push(client);
        return client;
      },
      scope: 'content',
      parallel: 2,
      onTable: () => void source.sql('postgres', `select pg_terminate_backend(pid) from pg_stat_activity where datname = 'shop'`),
    });
    await expect(reading).rejects.toThrow(SourceUnreachableError);
  });

  it('stops when it is told to, in the middle of a table, and leaves nothing behind', async () => {
    await source.createDatabase(
      'slow',
      'create table waits (v text)',
      `insert into waits values ('x')`,
    );
    const blocker = await source.connect('slow');
    await blocker.query('begin');
    await blocker.query('lock table waits in access exclusive mode');
    const controller = new AbortController();
    const reading = readFacts({
      connect: () => connect(source.address('slow')),
      scope: 'content',
      parallel: 2,
      signal: controller.signal,
    });
    setTimeout(() => controller.abort(), 300);
    await expect(reading).rejects.toThrow(InterruptedError);
    await blocker.query('rollback');
    await expect
      .poll(async () => await source.sql('postgres', `select pid from pg_stat_activity where datname = 'slow' and pid <> ${await pidOf(blocker)}`))
      .toEqual([]);
  });
});

async function pidOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  return rows[0]?.pid ?? 0;
}

describe('the source goes on working', () => {
  it('because locks are given back after every table and not held to the end', async () => {
    const tables = Array.from({ length: 300 }, (_, i) => `create table t${i} (id serial primary key)`);
    await source.createDatabase('many', ...tables);
    const held: Promise<number>[] = [];
    const countLocks = async () => {
      const [row] = await source.sql('many', `select count(*)::int as locks from pg_locks where relation >= 16384`);
      return Number(row?.locks);
    };
    const facts = await readFacts({
      connect: () => connect(source.address('many')),
      scope: 'content',
      parallel: 2,
      onTable: (done) => void (done % 25 === 0 && held.push(countLocks())),
    });
    expect(facts.tables).toHaveLength(300);
    expect(facts.sequences).toHaveLength(300);
    const counts = await Promise.all(held);
    expect(counts).toHaveLength(12);
    // Two readers, and a batch of 200 sequences at the end; without giving back it would be two for every table.
    expect(Math.max(...counts.slice(0, 10))).toBeLessThan(20);
  });
});
