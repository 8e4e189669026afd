import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DirectoryStore } from '../../local/store/directory-store.ts';
import { readMark, readingKeys, type Mark } from '../../src/backup/mark.ts';
import { readSnapshotFacts, takeReading } from '../../src/backup/reading.ts';
import { sha256Of } from '../../src/backup/digest.ts';
import { ConfigurationError } from '../../src/errors.ts';
import { startSource, type Source } from '../helpers/source.ts';

let source: Source;
let root: string;
let store: DirectoryStore;
const { signal } = new AbortController();

beforeAll(async () => {
  source = await startSource();
  await source.createDatabase(
    'shop',
    'create schema ops',
    'create table ops.heartbeat (id bigint generated always as identity primary key, at timestamptz not null)',
    'create table ops.closed (id bigint generated always as identity primary key, at timestamptz not null)',
    'create view ops.seen as select 1 as id',
    `create role reader login password 'secret'`,
    'grant pg_read_all_data to reader',
    'grant usage on schema ops to reader',
    'grant select, insert on ops.heartbeat to reader',
    'alter role reader set default_transaction_read_only = on',
  );
});
afterAll(() => source.end());
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'pgproof-readings-'));
  store = new DirectoryStore({ root });
  await source.sql('shop', 'truncate ops.heartbeat restart identity');
  return () => rm(root, { recursive: true, force: true });
});

const keys = readingKeys({ database: 'shop', readingId: 'r1' });
const reader = { user: 'reader', password: 'secret' };
const take = (heartbeat?: string, role?: typeof reader) => takeReading('shop', keys, { store, address: source.address('shop', role), heartbeat, signal });
const textOf = async (key: string) => Buffer.concat(await Array.fromAsync(await store.read(key))).toString('utf8');

async function markOf(key = keys.mark): Promise<Mark> {
  const stored = await readMark(store, key);
  if (!stored) throw new Error(`there is no ${key}`);
  return stored.mark;
}

describe('a reading', () => {
  it('leaves one committed row between two looks at the clock, and binds the facts', async () => {
    await take('ops.heartbeat', reader);
    const { heartbeat, facts, beganAt, endedAt } = await markOf();
    const rows = await source.sql('shop', `select id::text, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at from ops.heartbeat`);
    expect(rows).toEqual([{ id: '1', at: heartbeat?.at }]);
    const times = [beganAt, heartbeat?.begunAt, heartbeat?.at, heartbeat?.committedAt, endedAt];
    expect(times).toEqual([...times].sort());
    expect(facts).toEqual({ key: 'v1/shop/readings/r1/facts.json', bytes: Buffer.byteLength(await textOf(keys.facts)), sha256: sha256Of(await textOf(keys.facts)) });
    expect(JSON.parse(await textOf(keys.facts))).toMatchObject({ scope: 'structure', server: { database: 'shop' } });
  });

  it('of a database without a heartbeat table has no row and is a reading all the same', async () => {
    await take();
    expect(await markOf()).not.toHaveProperty('heartbeat');
    expect(await source.sql('shop', 'select from ops.heartbeat')).toEqual([]);
  });

  it('that is there already is kept, and leaves no second row', async () => {
    await take('ops.heartbeat');
    const first = await textOf(keys.mark);
    await take('ops.heartbeat');
    expect(await textOf(keys.mark)).toBe(first);
    expect(await source.sql('shop', 'select from ops.heartbeat')).toHaveLength(1);
  });

  it('that broke off after its facts began with those, not with what is read later', async () => {
    await take();
    const { facts, beganAt } = await markOf();
    await rm(join(root, keys.mark));
    await take('ops.heartbeat');
    const again = await markOf();
    expect(again.facts).toEqual(facts);
    expect(again.beganAt.slice(0, 23) >= beganAt.slice(0, 23)).toBe(true);
    expect(again.beganAt < (again.heartbeat?.begunAt ?? '')).toBe(true);
  });

  it('around a snapshot leaves its mark beside the facts', async () => {
    const task = { verb: 'snapshot-facts', database: 'shop', snapshotId: 's1', moment: 'end' } as const;
    await readSnapshotFacts(task, { store, address: source.address('shop'), heartbeat: 'ops.heartbeat', signal });
    const mark = await markOf('v1/shop/snapshots/s1/mark-after.json');
    expect([mark.heartbeat?.id, mark.facts.key]).toEqual(['1', 'v1/shop/snapshots/s1/facts-after.json']);
  });
});

describe('a heartbeat table', () => {
  it.each([
    ['that is not there', 'ops.none', undefined, /cannot leave a row in ops\.none: relation "ops\.none" does not exist/],
    ['whose schema is not there', 'none.heartbeat', undefined, /cannot leave a row in none\.heartbeat/],
    ['that the role may not write to', 'ops.closed', reader, /cannot leave a row in ops\.closed: permission denied/],
    ['that is a view without its columns', 'ops.seen', undefined, /column "at" of relation "seen" does not exist/],
  ])('%s is told with the SQL that makes one', async (_how, table, role, problem) => {
    const error = await take(table, role).catch((thrown: unknown) => thrown as ConfigurationError);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as ConfigurationError).message).toMatch(problem);
    expect((error as ConfigurationError).message).toMatch(/^databases\.shop\.heartbeat: /);
    expect((error as ConfigurationError).hint).toContain(`create table if not exists ${table} (id bigint generated always as identity primary key, at timestamptz not null)`);
    expect((error as ConfigurationError).hint).toContain(`grant select, insert on ${table} to ${role ? 'reader' : 'postgres'}`);
    expect(await Array.fromAsync(store.list('v1/'))).toEqual([]);
  });

  it('as the hint makes it can be written to', async () => {
    const error = (await take('made.heartbeat').catch((thrown: unknown) => thrown)) as ConfigurationError;
    await source.sql('shop', ...(error.hint ?? '').replace(/^run on the primary: /, '').split('; '));
    await take('made.heartbeat');
    expect((await markOf()).heartbeat).toMatchObject({ table: 'made.heartbeat', id: '1' });
    await source.sql('shop', 'drop schema made cascade');
  });

  it('whose trigger swallows the row is no heartbeat', async () => {
    await source.sql('shop', `create function ops.nothing() returns trigger language plpgsql as 'begin return null; end'`, 'create trigger nothing before insert on ops.heartbeat for each row execute function ops.nothing()');
    await expect(take('ops.heartbeat')).rejects.toThrow('swallowed the row');
    await source.sql('shop', 'drop function ops.nothing() cascade');
  });
});

describe('a mark', () => {
  it.each([
    ['is cut', (text: string) => text.slice(0, 100), /is not JSON/],
    ['lacks its times', (text: string) => text.replace('"beganAt"', '"began"'), /is no mark/],
    ['belongs to another reading', (text: string) => text.replaceAll('/r1/', '/r2/'), /belongs to another reading/],
    ['belongs to another database', (text: string) => text.replace('"database": "shop"', '"database": "other"'), /belongs to another reading/],
  ])('that %s is refused', async (_how, change, problem) => {
    await take();
    const changed = change(await textOf(keys.mark));
    await store.put(keys.mark, changed);
    await expect(readMark(store, keys.mark)).rejects.toThrow(problem);
  });
});
