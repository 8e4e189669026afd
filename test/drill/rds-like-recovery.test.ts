import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Address } from '../../src/postgres/address.ts';
import { SERVICE_SUPERUSER } from '../../src/postgres/service-roles.ts';
import { makeTestHome, type TestHome } from '../helpers/home.ts';
import { createRdsShop, dressSource, rdsLike } from '../helpers/rds-like.ts';

/** A point in time of a source as on RDS, with the role and the heartbeat of docs/deploy.md. */
let home: TestHome;
let between: Date;

const HEARTBEAT = [
  'create schema pgproof',
  'create table pgproof.heartbeat (id bigint generated always as identity primary key, at timestamptz not null default clock_timestamp())',
  'grant usage on schema pgproof to pgproof',
  'grant select, insert on pgproof.heartbeat to pgproof',
];

beforeAll(async () => {
  home = await makeTestHome({ config: 'databases: { shop: { heartbeat: pgproof.heartbeat } }' });
  const { databases } = home.laptop;
  const { major } = await home.laptop.programs({ needServer: true });
  const instanceId = 'source';
  const parameters = { shared_buffers: '16MB', 'rds.extensions': 'plpgsql' };
  await databases.createInstance({ instanceId, major, superuser: SERVICE_SUPERUSER, parameters, tags: {}, replication: true, archive: true });
  const login = await databases.untilAvailable(instanceId);
  const address = (database: string, role = {}): Address => ({ ...login, ...role, database, sslMode: 'disable' });
  const source = await dressSource(address, major);
  await createRdsShop(source, major);
  await source.asMaster('shop', ...HEARTBEAT);
  home.source('shop', `postgres://${source.reader.user}:${source.reader.password}@${login.host}:${login.port}/shop?sslmode=disable`);
  await databases.createSnapshot({ snapshotId: 'base', database: 'shop', source: address('shop'), tags: {} });
  await source.asMaster('shop', `set role shop_owner`, `insert into shop.customers (name) values ('one more')`);
  await home.tasks.run({ verb: 'reading', database: 'shop', readingId: 'r1' });
  between = await moment();
  await home.tasks.run({ verb: 'reading', database: 'shop', readingId: 'r2' });
  await moment();
  await source.asMaster('shop', `set role shop_owner`, `insert into shop.customers (name) values ('the last')`);
  await databases.keepLog({ instanceId, database: 'shop', source: address('shop') });
  await databases.deleteInstance(instanceId);
});
afterAll(() => home.remove());

/** A time with nothing committed in the milliseconds around it. */
async function moment(): Promise<Date> {
  await new Promise((resolve) => setTimeout(resolve, 20));
  const now = new Date();
  await new Promise((resolve) => setTimeout(resolve, 20));
  return now;
}

describe('a point in time of RDS', () => {
  it('is PROVEN on level 3 by its master user, with what the reading role left', async () => {
    const over = { databases: rdsLike(home.laptop.databases) };
    const { body, finding } = await home.drill({ database: 'shop', kind: 'pitr', to: between.toISOString() }, over, home.inProcess(over));
    const open = body.findings.filter(({ status, required }) => required && !['passed', 'not_applicable'].includes(status));
    expect(open).toEqual([]);
    expect([body.verdict, body.assurance, body.errors]).toEqual(['PROVEN', 'L3', []]);
    expect(finding('boundary')).toMatchObject({ status: 'passed', examined: 2 });
    expect(finding('readable')?.detail).toBe('1224 rows in 7 tables read to the last value');
  });

  it('is FAILED by a lost grant', async () => {
    const over = { databases: rdsLike(home.laptop.databases) };
    const { body, finding } = await home.drill({ database: 'shop', kind: 'pitr', to: between.toISOString(), break: 'drop-grant' }, over, home.inProcess(over));
    expect([body.verdict, finding('grants')?.status]).toEqual(['FAILED', 'failed']);
  });
});
