import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REQUIRED_CHECKS } from '../../src/checks/required.ts';
import { EVERYDAY, GUARDED, INVALID_INDEX, PLANTED } from '../helpers/facts-databases.ts';
import { factsOf, findingOf, proveCopy, roundTrip, troubles, type RoundTripOptions } from '../helpers/facts-round-trip.ts';
import { SMALL_SHOP, startSource, type Source } from '../helpers/source.ts';

/** Whole databases, dumped and restored for real: what must be found, and above all what must not. */

let source: Source;
let copy: Source;

beforeAll(async () => {
  [source, copy] = await Promise.all([startSource({ wal_level: 'logical' }), startSource({ wal_level: 'logical' })]);
});
afterAll(() => Promise.all([source.end(), copy.end()]));

/** Findings of the copy against the facts of the source before the dump. */
async function drill(database: string, options: RoundTripOptions = {}) {
  const expected = await factsOf(source, database);
  await copy.sql('postgres', `drop database if exists ${database}`);
  await roundTrip(source, copy, database, options);
  return await proveCopy(expected, copy, database);
}

describe('a healthy database comes back without a false finding', () => {
  it('when it has one table', async () => {
    await source.createDatabase('one', 'create table only_one (a int)', 'insert into only_one values (1)');
    const findings = await drill('one');
    expect(troubles(findings)).toEqual([]);
    expect(findingOf(findings, 'row-count')).toMatchObject({ status: 'passed', examined: 1, equality: true, level: 4 });
    expect(findingOf(findings, 'content-hash')).toMatchObject({ status: 'passed', examined: 1, equality: true, level: 5 });
    expect(findingOf(findings, 'sequences')).toMatchObject({ status: 'not_applicable', examined: 0 });
    const ids = new Set(findings.filter(({ required }) => required).map(({ id }) => id));
    expect(REQUIRED_CHECKS.dump.filter((id) => !ids.has(id))).toEqual([]);
  });

  it('when it is a small shop', async () => {
    await source.createDatabase('shop', ...SMALL_SHOP);
    const findings = await drill('shop');
    expect(troubles(findings)).toEqual([]);
    expect(findingOf(findings, 'row-count').detail).toBe('1,202 rows in 5 tables, all equal');
    expect(findingOf(findings, 'large-objects')).toMatchObject({ status: 'passed', examined: 1 });
    expect(findingOf(findings, 'privilege-matrix').status).toBe('passed');
  });

  it('when its definitions are written in every way that applications write them', async () => {
    await source.createDatabase('everyday', ...EVERYDAY);
    const findings = await drill('everyday');
    expect(findings.flatMap(({ items = [] }) => items)).toEqual([]);
    expect(troubles(findings)).toEqual([]);
    expect(findingOf(findings, 'definitions').examined).toBe(35);
  });

  it('when rows of a table partitioned by the hash of an enum change places', async () => {
    await source.createDatabase(
      'places',
      `create type e as enum ('a','b','c','d','e','f','g','h','i','j')`,
      'create table ev (id int, k e) partition by hash (k)',
      ...[0, 1, 2].map((i) => `create table ev${i} partition of ev for values with (modulus 3, remainder ${i})`),
      `insert into ev select i, (enum_range(null::e))[1 + i % 10] from generate_series(1, 1000) i`,
    );
    // Types made before it in the copy's cluster give the enum's values other numbers there.
    await copy.createDatabase('other', `create type x as enum ('1', '2', '3')`);
    const findings = await drill('places');
    expect(troubles(findings)).toEqual([]);
    expect(findingOf(findings, 'content-hash').detail).toMatch(/; rows changed places between [23] hash partitions, whose totals are equal$/);
    // Within one partition a row is still a row: the same change anywhere else fails.
    await copy.sql('places', `delete from ev where id = 1`, `insert into ev values (1001, 'a')`);
    const broken = await proveCopy(await factsOf(source, 'places'), copy, 'places');
    expect(troubles(broken)).toEqual(['content-hash: failed, backup']);
  });

  it('when it had dropped what every new database brings along', async () => {
    await source.createDatabase('bare', 'drop extension plpgsql', 'drop schema public', 'create schema s', 'create table s.t (a int)');
    expect(troubles(await drill('bare'))).toEqual([]);
  });
});

describe('a database in which nothing can be compared', () => {
  it('proves nothing when it is empty', async () => {
    await source.createDatabase('empty');
    const findings = await drill('empty');
    expect(troubles(findings)).toEqual([
      'row-count: could_not_verify, source',
      'content-hash: could_not_verify, source',
      'relations: could_not_verify, source',
    ]);
  });
});

describe('a database full of defects', () => {
  const OF_SOURCE = [
    'next-values-of-source: failed, source, not required',
    'usable-indexes: failed, source',
    'valid-constraints-of-source: failed, source, not required',
    'populated-views-of-source: failed, source, not required',
  ];

  beforeAll(async () => {
    await source.createDatabase('planted', ...PLANTED, `create extension hstore version '1.4'`);
    await expect(source.sql('planted', INVALID_INDEX)).rejects.toThrow(/could not create unique index/);
    await source.sql('planted', GUARDED);
  });

  it('comes back with its own defects, which are told from those of the backup', async () => {
    const findings = await drill('planted');
    expect(troubles(findings)).toEqual(['extensions: failed, backup', ...OF_SOURCE]);
    const items = (id: string) => findingOf(findings, id).items;
    expect(items('extensions')).toEqual(['extension hstore: version 1.8 schema public, expected version 1.4 schema public']);
    expect(items('next-values-of-source')).toEqual([
      'sequence app.s_behind_id_seq: next value 6, but app.s_behind.id already has 100',
      'sequence app.s_equal_id_seq: next value 100, but app.s_equal.id already has 100',
      'sequence app.shared_seq: next value 4, but app.s_two.id already has 90',
    ]);
    expect(findingOf(findings, 'next-values')).toMatchObject({ status: 'passed', examined: 9 });
    expect(items('usable-indexes')).toEqual([
      'index app.dup_v on app.dup: invalid in the source, so the dump does not hold it; ' +
        'run there REINDEX INDEX CONCURRENTLY app.dup_v or DROP INDEX app.dup_v',
    ]);
    expect(items('valid-constraints-of-source')).toEqual([
      'constraint nv_fk on app.child_nv: 1 row violating it',
      'constraint amt_pos on app.orders: 10 rows violating it',
    ]);
    expect(items('populated-views-of-source')).toEqual(['materialized view app.mv: holds no data, reading it fails']);
    expect(await copy.sql('planted', `select convalidated from pg_constraint where conname = 'holds'`)).toEqual([{ convalidated: false }]);
    expect(await copy.sql('planted', `select evtenabled from pg_event_trigger`)).toEqual([{ evtenabled: 'A' }]);
  });

  it('has lost its owners and grants when they were not restored', async () => {
    const findings = await drill('planted', { restore: ['--no-owner', '--no-privileges'] });
    expect(troubles(findings)).toEqual([
      'extensions: failed, backup',
      'grants: failed, backup',
      'privilege-matrix: failed, backup',
      ...OF_SOURCE,
    ]);
    expect(findingOf(findings, 'grants').items).toEqual([
      'owner of schema app: postgres, expected app_owner',
      'owner of sequence app.customer_id_seq: postgres, expected app_owner',
      'owner of sequence app.orders_id_seq: postgres, expected app_owner',
      'owner of table app.customer: postgres, expected app_owner',
      'owner of table app.orders: postgres, expected app_owner',
      'grant UPDATE on column app.customer.email to app_rw: missing',
      'grant USAGE on schema app to app_rw: missing',
      'grant INSERT on table app.customer to app_rw: missing',
      'grant SELECT on table app.customer to app_rw: missing',
      'default privileges of app_owner in app: tables: missing',
    ]);
  });

  it('has lost everything that belongs to no schema when one schema was dumped', async () => {
    const findings = await drill('planted', { dump: ['--schema', 'app'] });
    expect(troubles(findings)).toEqual([
      'definitions: failed, backup',
      'extensions: failed, backup',
      'grants: failed, backup',
      'large-objects: failed, backup',
      'publications: failed, backup',
      ...OF_SOURCE,
    ]);
    const items = (id: string) => findingOf(findings, id).items;
    expect(items('extensions')).toEqual(['extension hstore: missing']);
    expect(items('large-objects')).toEqual(['large objects: 0, expected 1']);
    expect(items('publications')).toEqual(['publication pub: missing', 'publication pub of table app.customer: missing']);
    expect(items('definitions')).toEqual(['event trigger et: missing', 'comment on extension hstore: missing']);
  });
});
