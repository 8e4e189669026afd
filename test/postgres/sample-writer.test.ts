import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSample } from '../../local/sample/sample.ts';
import { startWriter, type WriterSummary } from '../../local/sample/writer.ts';
import { ConfigurationError, SampleDatabaseError, SourceUnreachableError } from '../../src/errors.ts';
import { startSampleCluster, type SampleCluster } from './sample-cluster.ts';
import { findCollisions, findOrphans, readContent, type Content } from './sample-content.ts';

let cluster: SampleCluster;
let client: pg.Client;

beforeAll(async () => {
  cluster = await startSampleCluster();
  await cluster.createDatabase('shop');
  client = await cluster.connect('shop');
  await createSample(client, { seed: 1, scale: 0.1 });
});
afterAll(() => cluster.end());

/** Waits until the server has begun that many more transactions that write. */
async function untilWritten(transactions: number): Promise<void> {
  const begun = async () => Number((await client.query<{ id: string }>('select txid_snapshot_xmax(txid_current_snapshot()) as id')).rows[0]?.id);
  const goal = (await begun()) + transactions;
  while ((await begun()) < goal) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function readSequences(): Promise<Record<string, string>> {
  const { rows } = await client.query<{ name: string; value: string }>(
    `select schemaname || '.' || sequencename as name, coalesce(last_value::text, 'never') as value from pg_sequences`,
  );
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}

function changed(before: Content, after: Content): string[] {
  return Object.keys(after)
    .filter((name) => before[name] !== after[name])
    .toSorted();
}

describe('the writer', () => {
  let summary: WriterSummary;
  let tables: string[];
  let sequences: { before: Record<string, string>; after: Record<string, string> };

  beforeAll(async () => {
    const [content, before] = [await readContent(client), await readSequences()];
    const writer = await startWriter(() => cluster.connect('shop'), { seed: 5, transactionsPerSecond: 100_000 });
    await untilWritten(3000);
    summary = await writer.stop();
    tables = changed(content, await readContent(client));
    sequences = { before, after: await readSequences() };
  });

  it('does everything it knows, without a single error', () => {
    expect(Object.keys(summary.deeds)).toHaveLength(27);
    expect(summary.rolledBack).toBe(summary.deeds['abandon order']);
    expect(summary.committed + summary.rolledBack).toBeGreaterThanOrEqual(3000);
    expect(Object.values(summary.deeds).reduce((sum, count) => sum + count, 0)).toBe(summary.committed + summary.rolledBack);
    expect(summary.rows.inserted).toBeGreaterThan(1000);
    expect(summary.rows.updated).toBeGreaterThan(500);
    expect(summary.rows.deleted).toBeGreaterThan(50);
    expect(summary.seconds).toBeGreaterThan(0);
  });

  it.each(
    ['shop.customers', 'shop.customer_addresses', 'shop.orders_2026_11', 'shop.order_items_0', 'shop.order_items_1', 'shop.order_items_2']
      .concat(['shop.order_items_3', 'shop.payments', 'shop.invoices', 'shop.credit_notes', 'shop.offline_receipts', 'shop.coupons'])
      .concat(['shop.reviews', 'shop.carts', 'shop.support_tickets', 'shop.support_tickets_archive', 'shop.order_documents', 'shop.products'])
      .concat(['inventory.stock_levels', 'inventory.stock_moves_planned', 'inventory.stock_moves_in_transit', 'inventory.stock_moves_done_0'])
      .concat(['inventory.stock_moves_done_1', 'inventory.stock_moves_rest', 'inventory.pick_lists', 'analytics.events_2026_11'])
      .concat(['analytics.page_hits', 'audit.changes', 'large objects'])
      .map((name) => ({ name })),
  )('changes $name', ({ name }) => {
    expect(tables).toContain(name);
  });

  it('leaves alone what a shop does not touch while it sells', () => {
    for (const name of ['shop.countries', 'shop.orders_2025_06', 'shop.erasure_requests', 'audit.ddl_log', 'analytics.monthly_sales']) {
      expect(tables).not.toContain(name);
    }
  });

  it('advances sequences upwards and downwards, by one and by ten, owned and not', () => {
    const moved = Object.keys(sequences.after).filter((name) => sequences.before[name] !== sequences.after[name]);
    expect(moved).toEqual(
      expect.arrayContaining(
        ['shop.customers_id_seq', 'shop.order_number', 'shop.document_number', 'shop.offline_receipt_number', 'shop.payments_id_seq'].concat([
          ...['inventory.batch_number', 'inventory.pick_list_number', 'inventory.stock_moves_id_seq', 'analytics.events_id_seq'],
          'audit.changes_id_seq',
        ]),
      ),
    );
    expect(Number(sequences.after['shop.offline_receipt_number'])).toBeLessThan(-200);
    expect(sequences.after['shop.erasure_requests_id_seq']).toBe('never');
  });

  it('makes the triggers fire: the journal, the time of change, the count of reviews', async () => {
    const { rows } = await client.query<Record<string, string>>(`
      select (select count(distinct table_name || operation) from audit.changes) as journal,
        (select count(*) from shop.orders where updated_at > '2026-11-01 00:00:01+00' and placed_at >= '2026-11-01') as touched,
        (select count(*) from analytics.events where kind = 'review') as reviews`);
    expect(Number(rows[0]?.['journal'])).toBeGreaterThanOrEqual(4);
    expect(Number(rows[0]?.['touched'])).toBeGreaterThan(100);
    expect(Number(rows[0]?.['reviews'])).toBe(summary.deeds['write review']);
  });

  it('leaves a consistent database: no orphans, no sequence behind, no order of a wrong total', async () => {
    expect(await findOrphans(client)).toEqual([]);
    expect(await findCollisions(client)).toEqual([]);
    const { rows } = await client.query(`select id from shop.orders where status <> 'draft' and total <> shop.order_total(id)`);
    expect(rows).toEqual([]);
  });

  it('can be started again with the same seed on what it left', async () => {
    const writer = await startWriter(() => cluster.connect('shop'), { seed: 5, transactionsPerSecond: 100_000, connections: 1 });
    await untilWritten(500);
    expect((await writer.stop()).committed).toBeGreaterThanOrEqual(400);
    expect(await findCollisions(client)).toEqual([]);
  });
});

describe('stopping the writer', () => {
  it('ends every transaction and closes every connection, and gives the same answer twice', async () => {
    const writer = await startWriter(() => cluster.connect('shop'), { seed: 6 });
    const summary = await writer.stop();
    expect(summary.committed + summary.rolledBack).toBeGreaterThanOrEqual(2);
    expect(await writer.stop()).toBe(summary);
    const { rows } = await client.query(
      `select pid from pg_stat_activity where datname = 'shop' and pid <> pg_backend_pid() and backend_type = 'client backend'`,
    );
    expect(rows).toEqual([]);
  });

  it('tells of a write that failed long ago, each time it is asked', async () => {
    const writer = await startWriter(() => cluster.connect('shop'), { seed: 7, transactionsPerSecond: 100_000 });
    await client.query('revoke insert on shop.orders from shop_readwrite');
    const refused = `select pid from pg_stat_activity where datname = 'shop' and state = 'idle in transaction (aborted)'`;
    while ((await client.query(refused)).rows.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    const failures = await Promise.allSettled([writer.stop(), writer.stop()]);
    await client.query('grant insert on shop.orders to shop_readwrite');
    for (const failure of failures) {
      if (failure.status !== 'rejected') throw new Error('the writer has not noticed');
      expect(failure.reason).toBeInstanceOf(SampleDatabaseError);
      expect((failure.reason as Error).message).toMatch(/^the sample writer failed to (place|abandon) order: permission denied for table orders$/);
    }
  });

  it('tells of a connection that the server ended', async () => {
    const writer = await startWriter(() => cluster.connect('shop'), { seed: 8 });
    await client.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = 'shop' and pid <> pg_backend_pid()`);
    const gone = `select pid from pg_stat_activity where datname = 'shop' and pid <> pg_backend_pid() and backend_type = 'client backend'`;
    while ((await client.query(gone)).rows.length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    await expect(writer.stop()).rejects.toThrow(SourceUnreachableError);
  });
});

describe('starting the writer', () => {
  it('fails on a database without the sample, and leaves no connection behind', async () => {
    const start = startWriter(() => cluster.connect('postgres'), { seed: 1 });
    await expect(start).rejects.toThrow('the sample writer finds no sample database to write to');
    const { rows } = await client.query(`select pid from pg_stat_activity where datname = 'postgres' and backend_type = 'client backend'`);
    expect(rows).toEqual([]);
  });

  it('refuses to write with no connection or at no pace', async () => {
    for (const options of [{ connections: 0 }, { transactionsPerSecond: 0 }, { connections: Number.NaN }]) {
      await expect(startWriter(() => cluster.connect('shop'), { seed: 1, ...options })).rejects.toThrow(ConfigurationError);
    }
  });
});
