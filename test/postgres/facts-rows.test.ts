import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Facts, TableFacts } from '../../src/facts/facts.ts';
import { factsOf } from '../helpers/facts-round-trip.ts';
import { startSource, type Source } from '../helpers/source.ts';

/** Check 12 and 13: what is counted and hashed of each table. */

let source: Source;

beforeAll(async () => {
  source = await startSource();
  await source.createDatabase('rows', 'create schema app');
});
afterAll(() => source.end());

function tableOf(facts: Facts, name: string): TableFacts {
  const table = facts.tables.find((each) => each.name === name);
  if (!table) throw new Error(`no table ${name} among the facts`);
  return table;
}

/** The table's facts after each of two ways to make it, each in an empty schema. */
async function readTwice(name: string, first: readonly string[], second: readonly string[]): Promise<TableFacts[]> {
  const results: TableFacts[] = [];
  for (const statements of [first, second]) {
    await source.sql('rows', 'drop schema app cascade', 'create schema app', 'set search_path = app', ...statements);
    await source.sql('rows', 'select 1');
    results.push(tableOf(await factsOf(source, 'rows'), name));
  }
  return results;
}

const inApp = (...statements: readonly string[]) => ['set search_path = app, public', ...statements];

describe('a table counted and hashed', () => {
  it('has the same hash whatever the order of its rows and columns, dropped columns included', async () => {
    const [one, other] = await readTwice(
      't',
      inApp('create table t (a int, b text)', `insert into t values (1, 'x'), (2, 'y')`),
      inApp('create table t (b text, gone int, a int)', `insert into t (a, b) values (2, 'y'), (1, 'x')`, 'alter table t drop gone'),
    );
    expect(one?.rows).toBe('2');
    expect(one?.hash).toMatch(/^-?[1-9]\d*$/);
    expect(other?.hash).toBe(one?.hash);
  });

  const telling = [
    { case: 'one value', from: `(1, 'x')`, to: `(1, 'y')` },
    { case: 'NULL and the empty text', from: `(1, null)`, to: `(1, '')` },
    { case: 'values that changed places', from: `('1', '2')`, to: `('2', '1')` },
    { case: 'a border between two values that moved', from: `('ab', 'c')`, to: `('a', 'bc')` },
    { case: 'the last digit of a double', from: `('0.1', '1')`, to: `('0.10000000000000002', '1')` },
  ];
  it.each(telling)('tells $case apart', async ({ from, to }) => {
    const make = (row: string) => inApp('create table t (a text, b text)', `insert into t values ${row}`);
    const [one, other] = await readTwice('t', make(from), make(to));
    expect(other?.rows).toBe(one?.rows);
    expect(other?.hash).not.toBe(one?.hash);
  });

  const types = [
    { type: 'json', from: `'{"a": 1}'`, to: `'{"a":1}'` },
    { type: 'xml', from: `'<a/>'`, to: `'<b/>'` },
    { type: 'point', from: `'(1,2)'`, to: `'(2,1)'` },
    { type: 'char(4)', from: `'a'`, to: `'b'` },
    { type: 'double precision', from: `0.1::float8`, to: `0.1::float8 + 2e-17` },
    { type: 'timestamptz', from: `'2026-07-01 12:00+02'`, to: `'2026-07-01 12:00+03'` },
    { type: 'interval', from: `'1 month'`, to: `'30 days'` },
    { type: 'money', from: `'12.30'`, to: `'12.31'` },
    { type: 'bytea', from: `'\\x00ff'`, to: `'\\x00fe'` },
    { type: 'text collate ignoring_case', from: `'a'`, to: `'A'` },
    { type: 'mood', from: `'sad'`, to: `'ok'` },
    { type: 'pair', from: `'(1,)'`, to: `'(1,"")'` },
    { type: 'pair', from: `null`, to: `'(,)'` },
    { type: 'mood[]', from: `'{sad,ok}'`, to: `'{ok,sad}'` },
  ];
  it.each(types)('tells $from from $to in a column of type $type', async ({ type, from, to }) => {
    const make = (value: string) =>
      inApp(
        `create type mood as enum ('sad', 'ok')`,
        'create type pair as (a int, b text)',
        `create collation ignoring_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`,
        `create table t (v ${type})`,
        `insert into t values (${value})`,
      );
    const [one, other] = await readTwice('t', make(from), make(to));
    expect(one?.rows).toBe('1');
    expect(other?.hash).not.toBe(one?.hash);
  });

  it('looks at a value itself where somebody made a cast to text that hides it', async () => {
    const make = (label: string) =>
      inApp(
        `create type mood as enum ('sad', 'ok')`,
        `create function hide(mood) returns text language sql immutable as 'select ''hidden'''`,
        'create cast (mood as text) with function hide(mood)',
        'create table t (v mood)',
        `insert into t values ('${label}')`,
      );
    const [one, other] = await readTwice('t', make('sad'), make('ok'));
    expect(other?.hash).not.toBe(one?.hash);
  });

  it('counts rows of a table without columns, and names of any kind', async () => {
    await source.sql(
      'rows',
      ...inApp(
        'create table "no columns" ()',
        'insert into "no columns" select from generate_series(1, 3)',
        `create table "it's ""quoted"" %I $1" ("a ""b"" %s" int, "$1" text)`,
        `insert into "it's ""quoted"" %I $1" values (1, 'x')`,
      ),
    );
    const facts = await factsOf(source, 'rows');
    expect(tableOf(facts, 'no columns')).toMatchObject({ schema: 'app', kind: 'table', rows: '3', hash: '0' });
    const quoted = tableOf(facts, `it's "quoted" %I $1`);
    expect(quoted.rows).toBe('1');
    expect(quoted.hash).toMatch(/^-?[1-9]/);
  });

  it('hashes a table of 1,600 columns, every one of them', async () => {
    const columns = Array.from({ length: 1600 }, (_, i) => `c${i} bool`).join(', ');
    const make = (changed: string) =>
      inApp(`create table t (${columns})`, 'insert into t default values', `update t set ${changed} = true`);
    const [one, other] = await readTwice('t', make('c777'), make('c778'));
    expect(one?.rows).toBe('1');
    expect(other?.hash).not.toBe(one?.hash);
  });
});

describe('tables that hold rows of others', () => {
  it('counts a parent of inheritance without its children, and a partitioned table as its partitions', async () => {
    await source.sql(
      'rows',
      ...inApp(
        'create table parent (a int)',
        'create table child () inherits (parent)',
        'insert into parent values (1)',
        'insert into child values (2), (3)',
        'create table whole (a int, b text) partition by list (a)',
        'create table whole_1 partition of whole for values in (1) partition by hash (b)',
        'create table whole_1a partition of whole_1 for values with (modulus 1, remainder 0)',
        'create table whole_2 (b text, a int)',
        'alter table whole attach partition whole_2 default',
        `insert into whole values (1, 'x'), (2, 'y'), (3, 'z')`,
      ),
    );
    const facts = await factsOf(source, 'rows');
    const rows = Object.fromEntries(facts.tables.map((table) => [table.name, table.rows]));
    expect(rows).toMatchObject({ parent: '1', child: '2', whole: '3', whole_1: '1', whole_1a: '1', whole_2: '2' });
    const hash = (name: string) => BigInt(tableOf(facts, name).hash ?? 0);
    expect(hash('whole')).toBe(hash('whole_1a') + hash('whole_2'));
    expect(tableOf(facts, 'whole_1')).toMatchObject({
      kind: 'partitioned',
      strategy: 'hash',
      parent: { schema: 'app', name: 'whole' },
    });
    expect(tableOf(facts, 'whole_2')).toMatchObject({ kind: 'partition', parent: { schema: 'app', name: 'whole' } });
  });

  it('lists a foreign table and does not read it', async () => {
    await source.sql(
      'rows',
      ...inApp(
        'create foreign data wrapper nothing',
        'create server nowhere foreign data wrapper nothing',
        'create foreign table far (a int) server nowhere',
      ),
    );
    const far = tableOf(await factsOf(source, 'rows'), 'far');
    expect(far).toMatchObject({ kind: 'foreign', unread: 'foreign' });
    expect(far).not.toHaveProperty('rows');
  });
});

describe('how much is read', () => {
  it('follows the scope', async () => {
    await source.sql('rows', ...inApp('create table plain (a int)', 'insert into plain values (1)'));
    const [structure, rows] = [
      tableOf(await factsOf(source, 'rows', { scope: 'structure' }), 'plain'),
      tableOf(await factsOf(source, 'rows', { scope: 'rows' }), 'plain'),
    ];
    expect(structure).not.toHaveProperty('rows');
    expect(rows).toMatchObject({ rows: '1' });
    expect(rows).not.toHaveProperty('hash');
  });
});
