import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkIntegrity } from '../../src/checks/integrity.ts';
import type { Finding } from '../../src/checks/finding.ts';
import type { Facts } from '../../src/facts/facts.ts';
import { factsOf, findingOf, troubles } from '../helpers/facts-round-trip.ts';
import { startSource, type Source } from '../helpers/source.ts';

/** What an application would trip over in the copy, and whether the source has the same. */

let server: Source;
let database = '';
let made = 0;

beforeAll(async () => {
  server = await startSource();
});
afterAll(() => server.end());
beforeEach(async () => {
  database = `inside_${++made}`;
  await server.createDatabase(database);
});

async function integrity(expected: Facts): Promise<Finding[]> {
  const client = await server.connect(database);
  return await checkIntegrity(client, expected);
}

/** Facts of the source before something happens to the copy, which here is the same database. */
async function examineAfter(source: readonly string[], copy: readonly string[]): Promise<Finding[]> {
  await server.sql(database, ...source, 'analyze');
  const expected = await factsOf(server, database, { scope: 'structure' });
  await server.sql(database, ...copy).catch((error: unknown) => {
    if (!/could not create unique index/.test(String(error))) throw error;
  });
  return await integrity(expected);
}

async function examineAfterReset(): Promise<Finding[]> {
  return await integrity(await factsOf(server, database, { scope: 'structure' }));
}

describe('indexes', () => {
  const table = ['create table t (a int)', 'insert into t values (1), (1)', 'create index good on t (a)'];
  const broken = 'create unique index concurrently broken on t (a)';

  it('that only the copy cannot use count against the backup', async () => {
    const findings = await examineAfter(table, [broken]);
    expect(findingOf(findings, 'usable-indexes')).toMatchObject({ status: 'failed', cause: 'backup', required: true, examined: 2 });
    expect(findingOf(findings, 'usable-indexes').items).toEqual(['index public.broken: not valid on public.t']);
  });

  it('that a copy of files has as broken as the source are the source\'s matter', async () => {
    await server.sql(database, ...table);
    await expect(server.sql(database, broken)).rejects.toThrow(/could not create unique index/);
    const findings = await examineAfter([], []);
    expect(findingOf(findings, 'usable-indexes')).toMatchObject({ status: 'passed', required: true });
    expect(findingOf(findings, 'usable-indexes-of-source')).toMatchObject({ status: 'failed', cause: 'source', required: false });
  });

  it('that the dump left out fail for a reason that lies in the source', async () => {
    await server.sql(database, ...table);
    await expect(server.sql(database, broken)).rejects.toThrow(/could not create unique index/);
    const findings = await examineAfter([], ['drop index broken']);
    expect(findingOf(findings, 'usable-indexes')).toMatchObject({ status: 'failed', cause: 'source', required: true, examined: 2 });
  });

  it('do not apply where there are none', async () => {
    const findings = await examineAfter(['create table bare (a int)'], []);
    expect(findingOf(findings, 'usable-indexes')).toMatchObject({ status: 'not_applicable', examined: 0 });
    expect(findingOf(findings, 'next-values')).toMatchObject({ status: 'not_applicable', examined: 0 });
    expect(findingOf(findings, 'valid-constraints')).toMatchObject({ status: 'not_applicable', examined: 0 });
    expect(findingOf(findings, 'populated-views')).toMatchObject({ status: 'not_applicable', examined: 0 });
    expect(findingOf(findings, 'planner-statistics')).toMatchObject({ status: 'not_applicable', examined: 0 });
  });
});

describe('constraints that were never validated', () => {
  it('are counted row by row, whatever their kind, and stay as they were', async () => {
    const findings = await examineAfter(
      [
        'create table p (a int, b bigint, primary key (a, b))',
        'insert into p values (1, 1), (2, 2)',
        'create table simple (a smallint, b int)',
        'insert into simple values (1, 1), (1, 2), (1, null), (null, null), (3, 3)',
        'alter table simple add constraint s foreign key (a, b) references p not valid',
        'create table "full" (a int, b int)',
        'insert into "full" values (1, 1), (1, null), (null, null), (4, 4)',
        'alter table "full" add constraint f foreign key (a, b) references p match full not valid',
        'create table parent (v int)',
        'create table child () inherits (parent)',
        'insert into parent values (1), (-1), (null)',
        'insert into child values (-2)',
        'alter table parent add constraint positive check (v > 0) not valid',
        'create domain d as int',
        'create table of_d (v d)',
        'insert into of_d values (-1)',
        'alter domain d add constraint dc check (value > 0) not valid',
        'alter table simple add constraint fine check (a < 10) not valid',
      ],
      [],
    );
    expect(findingOf(findings, 'valid-constraints')).toMatchObject({ status: 'passed', required: true });
    expect([...(findingOf(findings, 'valid-constraints-of-source').items ?? [])].sort()).toEqual([
      'constraint dc on domain public.d: rows violate it',
      'constraint f on public."full": 2 rows violating it',
      'constraint positive on public.child: 1 row violating it',
      'constraint positive on public.parent: 2 rows violating it',
      'constraint s on public.simple: 2 rows violating it',
    ]);
    const left = await server.sql(database, 'select count(*)::int as n from pg_constraint where not convalidated');
    expect(left).toEqual([{ n: 6 }]);
  });

  it('count against the backup where the source had validated them, though they hold', async () => {
    const findings = await examineAfter(
      ['create table t (a int constraint c check (a > 0))', 'insert into t values (1)'],
      ['alter table t drop constraint c', 'alter table t add constraint c check (a > 0) not valid'],
    );
    expect(findingOf(findings, 'valid-constraints')).toMatchObject({ status: 'failed', cause: 'backup', examined: 1 });
    expect(findingOf(findings, 'valid-constraints').items).toEqual(['constraint c on public.t: not validated, though it holds']);
  });

  it('are examined without firing event triggers or triggers of a table', async () => {
    const findings = await examineAfter(
      [
        'create table t (a int)',
        'insert into t values (-1)',
        'alter table t add constraint c check (a > 0) not valid',
        `create function refuse() returns event_trigger language plpgsql as $$ begin raise exception 'fired'; end $$`,
        'create event trigger e on ddl_command_start execute function refuse()',
      ],
      [],
    );
    expect(findingOf(findings, 'valid-constraints-of-source').items).toEqual(['constraint c on public.t: 1 row violating it']);
    expect(await server.sql(database, 'select evtenabled from pg_event_trigger')).toEqual([{ evtenabled: 'O' }]);
  });
});

describe('sequences', () => {
  it('that can give no further value are told', async () => {
    const findings = await examineAfter(
      ['create sequence s maxvalue 3', `create table t (a int default nextval('s'))`, 'insert into t select from generate_series(1, 3)'],
      [],
    );
    expect(findingOf(findings, 'next-values-of-source').items).toEqual(['sequence public.s: exhausted, public.t.a can take no further value']);
  });

  it('collide through the backup\'s fault when the source\'s own would not', async () => {
    const findings = await examineAfter(
      ['create table t (a serial)', 'insert into t select from generate_series(1, 9)'],
      [`select setval('t_a_seq', 3)`],
    );
    expect(findingOf(findings, 'next-values')).toMatchObject({ status: 'failed', cause: 'backup', examined: 1 });
    expect(findingOf(findings, 'next-values').items).toEqual(['sequence public.t_a_seq: next value 4, but public.t.a already has 9']);
  });

  it('of a partitioned table meet the rows of all partitions', async () => {
    const findings = await examineAfter(
      [
        'create table whole (id bigint generated always as identity, k int) partition by list (k)',
        'create table one partition of whole for values in (1)',
        'insert into whole (k) select 1 from generate_series(1, 5)',
      ],
      [`select setval('whole_id_seq', 2)`],
    );
    expect(findingOf(findings, 'next-values').items).toContain('sequence public.whole_id_seq: next value 3, but public.whole.id already has 5');
  });
});

describe('the condition of the copy', () => {
  it('says when the planner knows nothing of a table', async () => {
    const findings = await examineAfter(
      ['create table known (a int)', 'insert into known values (1)', 'create table by_wish (a int)', 'alter table by_wish alter a set statistics 0', 'insert into by_wish values (1)'],
      ['create table unknown (a int)', 'insert into unknown values (1)'],
    );
    expect(findingOf(findings, 'planner-statistics')).toMatchObject({ status: 'failed', cause: 'tool', required: true, examined: 2 });
    expect(findingOf(findings, 'planner-statistics').items).toEqual(['table public.unknown: no statistics, run ANALYZE']);
    // Nothing was ever analysed: then the source knew no more.
    await server.sql(database, 'select pg_stat_reset()');
    const never = await examineAfterReset();
    expect(findingOf(never, 'planner-statistics')).toMatchObject({ status: 'failed', cause: 'source', required: false });
  });

  it('says when an index was sorted by another version of the library', async () => {
    const source = [
      `create collation german (provider = icu, locale = 'de')`,
      'create table t (a text collate german)',
      'create index on t (a)',
    ];
    expect(findingOf(await examineAfter(source, []), 'collation-versions')).toMatchObject({ status: 'passed', examined: 1 });
    const findings = await examineAfter([], [`update pg_collation set collversion = '1.2' where collname = 'german'`]);
    expect(findingOf(findings, 'collation-versions')).toMatchObject({ status: 'failed', cause: 'environment', required: true, examined: 1 });
    expect(findingOf(findings, 'collation-versions').detail).toMatch(/^collation of public\.german: built with version 1\.2, this server has \d/);
  });

  it('is fine when nothing is wrong, page checksums included', async () => {
    const findings = await examineAfter(
      ['create table t (a serial primary key, b int check (b > 0))', 'insert into t (b) values (1)', 'create materialized view v as select * from t'],
      [],
    );
    expect(troubles(findings)).toEqual([]);
    expect(findingOf(findings, 'page-checksums')).toMatchObject({ status: 'passed', required: false });
    expect(findings.filter(({ status }) => status === 'passed').every(({ examined }) => examined > 0)).toBe(true);
  });
});
