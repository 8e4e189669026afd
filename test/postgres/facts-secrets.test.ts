import { afterAll, beforeAll, expect, it } from 'vitest';
import { factsOf } from '../helpers/facts-round-trip.ts';
import { startSource, type Source } from '../helpers/source.ts';

/** Facts lie beside the archive, and parts of them reach reports and mail: no credential and no row may be in them. */

let source: Source;

beforeAll(async () => {
  source = await startSource({ wal_level: 'logical' });
  await source.createDatabase('secrets');
});
afterAll(() => source.end());

const SECRET = 'sw0rdf1sh';

it('hold no password, no token and no value of a row', async () => {
  await source.sql(
    'secrets',
    `create role holder login password '${SECRET}'`,
    `alter role holder set app.token = '${SECRET}'`,
    `alter database secrets set app.jwt_secret = '${SECRET}'`,
    'create foreign data wrapper w',
    `create server s foreign data wrapper w options (host 'db.example', api_key '${SECRET}')`,
    `create user mapping for holder server s options (user 'u', password '${SECRET}')`,
    `create foreign table far (a int options (key '${SECRET}')) server s options (token '${SECRET}')`,
    `create subscription sub connection 'host=127.0.0.1 port=1 password=${SECRET}' publication p with (connect = false)`,
    'create table t (a text)',
    `insert into t values ('${SECRET}')`,
    `select lo_from_bytea(1, '${SECRET}')`,
  );
  const facts = await factsOf(source, 'secrets');
  expect(facts.sets['foreign-data']).toHaveProperty(['user mapping of holder on s']);
  expect(facts.sets['role-settings']).toHaveProperty(['role holder: app.token']);
  expect(facts.sets.publications).toHaveProperty(['subscription sub']);
  expect(facts.sets.roles).toHaveProperty(['holder']);
  expect(JSON.stringify(facts)).not.toContain(SECRET);
  expect(JSON.stringify(facts)).not.toContain('SCRAM');

  // A changed secret is still seen, by its hash.
  await source.sql('secrets', `alter server s options (set api_key 'another')`, `alter role holder set app.token = 'another'`);
  const changed = await factsOf(source, 'secrets');
  expect(changed.sets['foreign-data']['server s']).not.toBe(facts.sets['foreign-data']['server s']);
  expect(changed.sets['role-settings']['role holder: app.token']).not.toBe(facts.sets['role-settings']['role holder: app.token']);
});
