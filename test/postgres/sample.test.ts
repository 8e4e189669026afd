import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSample, prepareCluster, type SampleSummary } from '../../local/sample/sample.ts';
import { ConfigurationError, SampleDatabaseError } from '../../src/errors.ts';
import { startSampleCluster, type SampleCluster } from './sample-cluster.ts';
import { findCollisions, findOrphans, readContent } from './sample-content.ts';
import { FEATURES } from './sample-features.ts';

let cluster: SampleCluster;
let client: pg.Client;
let empty: pg.Client;
let summary: SampleSummary;

beforeAll(async () => {
  cluster = await startSampleCluster();
  for (const name of ['sample', 'empty']) await cluster.createDatabase(name);
  [client, empty] = [await cluster.connect('sample'), await cluster.connect('empty')];
  summary = await createSample(client, { seed: 1 });
});
afterAll(() => cluster.end());

async function isTrue(asked: pg.Client, condition: string): Promise<boolean> {
  const { rows } = await asked.query<{ answer: boolean }>(`select ${condition} as answer`);
  return rows[0]?.answer ?? false;
}

describe('the sample database', () => {
  it('has at least 200,000 rows in at least twelve tables, and says so truthfully', async () => {
    const content = Object.entries(await readContent(client)).filter(([name]) => /^(shop|inventory|analytics|audit)\./.test(name));
    const views = ['analytics.monthly_sales', 'analytics.category_count'];
    const tables = content.filter(([name]) => !views.includes(name));
    expect(summary.rows).toBeGreaterThanOrEqual(200_000);
    expect(summary.tables).toBeGreaterThanOrEqual(12);
    expect(tables.reduce((sum, [, text]) => sum + Number.parseInt(text, 10), 0)).toBe(summary.rows);
    expect(tables).toHaveLength(summary.tables);
    expect(summary.largeObjects).toBe(25);
    expect(summary.bytes).toBeGreaterThan(50_000_000);
  });

  it.each(FEATURES)('has $feature', async ({ condition }) => {
    expect(await isTrue(client, condition)).toBe(true);
  });

  it('cannot be taken for an empty database by any of these conditions', async () => {
    const asked = FEATURES.filter((feature) => !feature.inRows);
    const found: string[] = [];
    for (const { feature, condition } of asked) if (await isTrue(empty, condition)) found.push(feature);
    expect(asked.length).toBeGreaterThan(80);
    expect(found).toEqual([]);
  });

  it('uses every extension that the server offers and names the others', async () => {
    const { rows } = await client.query<{ name: string }>(
      `select name from pg_available_extensions where name in ('hstore', 'pg_trgm') order by name`,
    );
    const used = Object.keys(summary.extensions).filter((name) => name !== 'plpgsql');
    expect(used.toSorted()).toEqual(rows.map(({ name }) => name));
    expect([...used, ...summary.missingExtensions].toSorted()).toEqual(['hstore', 'pg_trgm']);
    expect(summary.extensions['plpgsql']).toBe('1.0');
  });

  it('has no orphans, no sequence that is behind and nothing invalid or disabled', async () => {
    expect(await findOrphans(client)).toEqual([]);
    expect(await findCollisions(client)).toEqual([]);
    expect(await isTrue(client, `exists (select from pg_index where not (indisvalid and indisready and indislive))`)).toBe(false);
    expect(await isTrue(client, `exists (select from pg_constraint where not convalidated)`)).toBe(false);
    expect(await isTrue(client, `exists (select from pg_trigger where tgenabled in ('D', 'R'))`)).toBe(false);
  });

  it('would be caught with an orphan or with a sequence that is behind', async () => {
    await client.query(`begin; set local session_replication_role = replica;
      insert into shop.order_items (order_id, placed_at, line_no, product_id, quantity, unit_price) values (1, '2026-01-01', 1, 1, 1, 1);
      select setval('shop.document_number', 5000001); select setval('shop.offline_receipt_number', -5)`);
    expect(await findOrphans(client)).toEqual(['shop.order_items order_items_order_id_placed_at_fkey']);
    expect((await findCollisions(client)).toSorted()).toEqual([
      'shop.document_number feeds shop.credit_notes',
      'shop.document_number feeds shop.invoices',
      'shop.offline_receipt_number feeds shop.offline_receipts',
    ]);
    // Sequences do not roll back.
    await client.query(`rollback; select setval('shop.document_number', (select max(number) from shop.credit_notes));
      select setval('shop.offline_receipt_number', (select min(number) from shop.offline_receipts))`);
    expect(await findCollisions(client)).toEqual([]);
  });

  it('has what only newer servers can do where the server is new enough', async () => {
    const { major } = cluster.programs;
    const newer = [
      [14, `exists (select from pg_attribute where atttypid = to_regtype('tstzmultirange') and attrelid = to_regclass('inventory.opening_hours'))`],
      [15, `exists (select from pg_class where 'security_invoker=true' = any (reloptions))`],
      [18, `exists (select from pg_attribute where attgenerated = 'v')`],
    ] as const;
    for (const [since, condition] of newer) expect(await isTrue(client, condition)).toBe(major >= since);
  });

  it('gives its roles memberships, attributes and settings', async () => {
    const { rows } = await client.query<{ fact: string }>(`
      select g.rolname || ' > ' || m.rolname || case when admin_option then ' (admin)' else '' end as fact
      from pg_auth_members join pg_roles g on g.oid = roleid join pg_roles m on m.oid = member
      where m.rolname in ('shop_app', 'shop_migrations', 'shop_reporting')
      union all select rolname || ' ' || unnest(rolconfig) from pg_roles where rolname in ('shop_app', 'shop_migrations')`);
    expect(rows.map(({ fact }) => fact).toSorted()).toEqual([
      'pg_monitor > shop_reporting',
      'shop_app lock_timeout=5s',
      'shop_app statement_timeout=15s',
      'shop_migrations role=shop_owner',
      'shop_owner > shop_migrations (admin)',
      'shop_readonly > shop_reporting',
      'shop_readwrite > shop_app',
    ]);
  });

  it('leaves no role with a password and the session as it found it', async () => {
    expect(await isTrue(client, `exists (select from pg_authid where rolname <> 'postgres' and rolpassword is not null)`)).toBe(false);
    expect(await isTrue(client, `9 = (select count(*) from pg_roles where rolname ~ '^(shop_|Warehouse)')`)).toBe(true);
    expect(await isTrue(client, `current_user = 'postgres' and not exists (select from pg_proc where pronamespace = pg_my_temp_schema())`)).toBe(
      true,
    );
  });
});

describe('creating the sample', () => {
  it('gives the same rows for the same seed, whatever the settings of the session', async () => {
    await cluster.createDatabase('same');
    const same = await cluster.connect('same');
    await same.query(`set timezone = 'Asia/Kathmandu'; set datestyle = 'SQL, DMY'; set intervalstyle = 'sql_standard'`);
    const again = await createSample(same, { seed: 1 });
    expect(again.rows).toBe(summary.rows);
    expect(await readContent(same)).toEqual(await readContent(client));
  });

  it('differs by the seed alone in every table that is filled by chance', async () => {
    for (const name of ['seed_small', 'seed_extreme']) await cluster.createDatabase(name);
    const [small, extreme] = [await cluster.connect('seed_small'), await cluster.connect('seed_extreme')];
    await createSample(small, { seed: 3, scale: 0.01 });
    await createSample(extreme, { seed: -1_000_000_000, scale: 0.01 });
    const [one, another] = [await readContent(small), await readContent(extreme)];
    const equal = Object.keys(one).filter((name) => one[name] === another[name]);
    for (const name of ['shop.orders_2025_06', 'shop.order_items_0', 'shop.payments', 'analytics.events_2026_05', 'large objects']) {
      expect(equal).not.toContain(name);
    }
  });

  it('prepares a cluster twice without a change or an error', async () => {
    const roles = `select rolname, rolcanlogin, rolconnlimit, rolvaliduntil, rolconfig::text from pg_roles order by 1`;
    const { rows: before } = await client.query(roles);
    await prepareCluster(client);
    const { rows: after } = await client.query(roles);
    expect(after).toEqual(before);
  });

  it('leaves the database as it was when a statement fails, and names the statement', async () => {
    await cluster.createDatabase('taken');
    const taken = await cluster.connect('taken');
    await taken.query('create schema audit');
    const failure = await createSample(taken, { seed: 1, scale: 0.01 }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SampleDatabaseError);
    expect((failure as Error).message).toBe('local/sample/structure/schemas-and-types.sql: schema "audit" already exists');
    expect(await isTrue(taken, `1 = (select count(*) from pg_namespace where nspname in ('shop', 'inventory', 'analytics', 'audit'))`)).toBe(true);
    expect(await isTrue(taken, `10 = (select datdba from pg_database where datname = 'taken')`)).toBe(true);
  });

  it('refuses a seed and a scale that are no such numbers, both at once', async () => {
    const failure = await createSample(empty, { seed: 1.5, scale: 0 }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ConfigurationError);
    expect((failure as ConfigurationError).faults).toEqual([
      'seed: 1.5 is not a whole number up to 1e9',
      'scale: 0 is not between 0.001 and 1000',
    ]);
  });
});
