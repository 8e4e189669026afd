import { connect, type Address } from '../../src/postgres/address.ts';
import type { TestHome } from './home.ts';
import { SMALL_SHOP } from './source.ts';

/** pgproof.yml of a home for `keepLogOfShop`. */
export const HEARTBEAT_CONFIG = 'databases: { shop: { heartbeat: ops.heartbeat } }';
const HEARTBEAT = ['create schema ops', 'create table ops.heartbeat (id bigint generated always as identity primary key, at timestamptz not null)'];

/** Moments of a source that is gone: before any reading, between the first and the second, after the second. */
export interface KeptLog {
  readonly earlier: Date;
  readonly between: Date;
  readonly later: Date;
}

/**
 * Fills a small shop whose log is kept, reads it three times (`r1`, `r2`, and `r3` after the end of the log), and
 * destroys it. One that stays `alive` is read once, and goes with the home.
 */
export async function keepLogOfShop(home: TestHome, { alive = false } = {}): Promise<KeptLog> {
  const { databases } = home.laptop;
  const instanceId = 'source';
  const { major } = await home.laptop.programs({ needServer: true });
  const settings = { shared_buffers: '16MB' };
  await databases.createInstance({ instanceId, major, superuser: 'postgres', parameters: settings, tags: {}, replication: true, archive: true });
  const login = await databases.untilAvailable(instanceId);
  const address: Address = { ...login, database: 'shop', sslMode: 'disable' };
  const read = (readingId: string) => home.tasks.run({ verb: 'reading', database: 'shop', readingId });
  await query({ ...address, database: 'postgres' }, ['create database shop']);
  await query(address, [...SMALL_SHOP, ...HEARTBEAT]);
  home.source('shop', `postgres://${login.user}:${login.password}@${login.host}:${login.port}/shop?sslmode=disable`);
  await databases.createSnapshot({ snapshotId: 'base', database: 'shop', source: address, tags: {} });
  await query(address, ['select lo_create(0)']);
  const earlier = await moment();
  await read('r1');
  const between = await moment();
  if (!alive) await read('r2');
  const later = await moment();
  await query(address, [`insert into shop.customers (name) values ('the last')`]);
  await databases.keepLog({ instanceId, database: 'shop', source: address });
  if (!alive) await read('r3');
  if (!alive) await databases.deleteInstance(instanceId);
  return { earlier, between, later };
}

async function query(address: Address, statements: readonly string[]): Promise<void> {
  const client = await connect(address);
  for (const statement of statements) await client.query(statement);
  await client.end();
}

/** A time with nothing committed in the milliseconds around it. */
async function moment(): Promise<Date> {
  await new Promise((resolve) => setTimeout(resolve, 20));
  const now = new Date();
  await new Promise((resolve) => setTimeout(resolve, 20));
  return now;
}
