import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTestHome, type Drilled, type TestHome } from '../helpers/home.ts';
import { SMALL_SHOP, startSource, type Source } from '../helpers/source.ts';
import { standingInstance } from '../helpers/standing-instance.ts';

/** The day-one list where it is about the database: what is odd in it must come out as what it is, and nothing else. */
let source: Source;
let target: Source;
let home: TestHome;

beforeAll(async () => {
  [source, target] = await Promise.all([startSource(), startSource()]);
  home = await makeTestHome();
});
afterAll(async () => {
  await home.remove();
  await Promise.all([source.end(), target.end()]);
});

/** Backs up the database of this name and drills that backup. */
async function prove(database: string, name = database): Promise<Drilled> {
  home.source(database, source.url(name));
  expect(await home.backUp(database, '20261120T020000Z-b')).toBe('valid');
  const databases = standingInstance(target);
  return await home.drill({ database }, { databases }, home.inProcess({ databases }));
}

/** Findings that are anything but good, as one line each. */
function complaints({ body }: Drilled): string[] {
  return body.findings
    .filter(({ id, status }) => !['passed', 'not_applicable'].includes(status) && id !== 'sanity')
    .flatMap(({ id, status, required, items = [''] }) => items.map((item) => `${id} ${status}${required ? '' : ' (reported)'}: ${item}`));
}

describe('a database', () => {
  it('6: whose extension is older than the server’s newest is FAILED, because the copy’s is not', async () => {
    const [row] = await source.sql('postgres', `select version from pg_available_extension_versions where name = 'hstore' and version <> (select default_version from pg_available_extensions where name = 'hstore') and not installed order by string_to_array(version, '.')::int[] limit 1`);
    await source.createDatabase('drifted', 'create table t (id int)', 'insert into t values (1)', `create extension hstore version '${String(row?.version)}'`);
    const drilled = await prove('drifted');
    expect([drilled.body.verdict, drilled.exitCode]).toEqual(['FAILED', 1]);
    expect(drilled.finding('extensions')).toMatchObject({ status: 'failed', items: [expect.stringMatching(/^extension hstore: version /) as string] });
  });

  it('8: with an invalid index is told that the dump lost it, and that the source is to blame', async () => {
    await source.createDatabase('doubled', 'create table dup (v int)', 'insert into dup values (1), (1)');
    await expect(source.sql('doubled', 'create unique index concurrently dup_v on dup (v)')).rejects.toThrow(/could not create unique index/);
    const drilled = await prove('doubled');
    expect([drilled.body.verdict, drilled.exitCode]).toEqual(['FAILED', 1]);
    expect(drilled.finding('usable-indexes')).toMatchObject({ status: 'failed', cause: 'source' });
    expect(complaints(drilled)).toEqual([
      expect.stringMatching(/^usable-indexes failed: index public\.dup_v on public\.dup: invalid in the source, so the dump does not hold it/),
    ]);
  });

  it('9: is told the truth about the next value of each sequence', async () => {
    await source.createDatabase(
      'counted',
      'create table behind (id serial primary key)',
      'insert into behind select generate_series(1, 100)',
      `select setval('behind_id_seq', 5, true)`,
      'create table equal_not_called (id serial primary key)',
      'insert into equal_not_called select generate_series(1, 100)',
      `select setval('equal_not_called_id_seq', 100, false)`,
      'create table next_not_called (id serial primary key)',
      'insert into next_not_called select generate_series(1, 100)',
      `select setval('next_not_called_id_seq', 101, false)`,
      'create sequence down increment -1 maxvalue -1 minvalue -1000000 start -1',
      `create table descending (id int primary key default nextval('down'))`,
      `insert into descending select nextval('down') from generate_series(1, 50)`,
      `create table parts (id serial, at date) partition by range (at)`,
      `create table parts_1 partition of parts for values from ('2026-01-01') to ('2026-07-01')`,
      `create table parts_2 partition of parts for values from ('2026-07-01') to ('2027-01-01')`,
      `insert into parts (at) select date '2026-01-01' + i from generate_series(0, 300) i`,
      'create sequence loose',
      `create table by_default (id int default nextval('loose'))`,
      `insert into by_default select nextval('loose') from generate_series(1, 10)`,
    );
    const drilled = await prove('counted');
    expect([drilled.body.verdict, drilled.exitCode]).toEqual(['PROVEN', 0]);
    expect(complaints(drilled)).toEqual([
      expect.stringMatching(/^next-values-of-source failed \(reported\): .*\bbehind/),
      expect.stringMatching(/^next-values-of-source failed \(reported\): .*\bequal_not_called/),
    ]);
  });

  it('10: that is written to while it is backed up is PROVEN, exactly', async () => {
    await source.createDatabase('busy', ...SMALL_SHOP);
    const writer = await source.connect('busy');
    const state = { stopped: false };
    const writing = (async () => {
      for (let round = 1; !state.stopped; round += 1) {
        await writer.query('insert into shop.customers (name) values ($1)', [`written ${round}`]);
        await writer.query(`update shop.orders set amount = amount + 1 where id = $1`, [1 + (round % 900)]);
        await writer.query('delete from shop.secrets; insert into shop.secrets select owner, secret from (values ($$o$$, $$s$$)) v(owner, secret)');
      }
    })();
    const drilled = await prove('busy').finally(() => void (state.stopped = true));
    await writing;
    expect([drilled.body.verdict, drilled.body.assurance, complaints(drilled)]).toEqual(['PROVEN', 'L5', []]);
    const [now] = await source.sql('busy', 'select count(*)::int as rows from shop.customers');
    const table = drilled.body.tables.find(({ name }) => name === 'customers');
    expect(Number(table?.foundRows)).toBeLessThan(Number(now?.rows));
  });

  it('11: that is empty is not PROVEN', async () => {
    await source.createDatabase('blank');
    const drilled = await prove('blank');
    expect([drilled.body.verdict, drilled.exitCode]).toEqual(['NOT PROVEN', 2]);
    expect(drilled.finding('row-count')).toMatchObject({ status: 'could_not_verify', examined: 0 });
  });

  it('21: that is healthy, with C collation, partitions and generated columns and no sequence, has no finding at all', async () => {
    await source.sql('postgres', `create database healthy template template0 lc_collate 'C' lc_ctype 'C'`);
    await source.sql(
      'healthy',
      'create table parts (id int primary key, half numeric generated always as (id / 2.0) stored) partition by range (id)',
      'create table parts_1 partition of parts for values from (0) to (100)',
      'create table parts_2 partition of parts for values from (100) to (200)',
      'insert into parts (id) select generate_series(0, 199)',
      'create index parts_half on parts (half)',
    );
    const drilled = await prove('healthy');
    expect([drilled.body.verdict, drilled.body.assurance, drilled.exitCode]).toEqual(['PROVEN', 'L5', 0]);
    expect(complaints(drilled)).toEqual([]);
  });

  it('whose settings cut statements short, hide the catalogue and begin sessions read-only is PROVEN', async () => {
    await source.createDatabase(
      'limited',
      ...SMALL_SHOP,
      'create schema decoy',
      'create table decoy.pg_class (oid oid, relname name)',
      'create table decoy.pg_roles (rolname name)',
      `create function decoy.pg_export_snapshot() returns text language sql as $$ select 'decoy' $$`,
      'alter database limited set search_path = decoy, pg_catalog',
      'alter database limited set default_transaction_read_only = on',
      `alter database limited set idle_in_transaction_session_timeout = '40ms'`,
      `alter database limited set lock_timeout = '1ms'`,
      `alter database limited set statement_timeout = '150ms'`,
    );
    const drilled = await prove('limited');
    expect([drilled.body.verdict, drilled.body.assurance, complaints(drilled)]).toEqual(['PROVEN', 'L5', []]);
  });

  it('with a name that is a connection string, a quotation and a path at once is PROVEN', async () => {
    const name = `host=192.0.2.1 "o'clock"/../%41?#é`;
    await source.sql('postgres', `create database "${name.replaceAll('"', '""')}"`);
    await source.sql(name, 'create table t (id int)', 'insert into t values (1), (2)');
    const drilled = await prove('odd', encodeURIComponent(name));
    expect([drilled.body.verdict, drilled.body.assurance, complaints(drilled)]).toEqual(['PROVEN', 'L5', []]);
  });
});
