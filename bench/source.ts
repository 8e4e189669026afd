import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLaptop, type Laptop } from '../local/laptop.ts';
import { addressEnvironment, connect, type Address } from '../src/postgres/address.ts';
import type { PostgresPrograms } from '../src/postgres/programs.ts';

export interface BenchSource {
  readonly home: string;
  readonly laptop: Laptop;
  readonly address: Address;
  readonly url: string;
  readonly env: Record<string, string>;
  readonly programs: PostgresPrograms;
  readonly bytes: number;
  remove(): Promise<void>;
}

/** Rows of about 300 bytes: half of them text that compresses like text, half of them numbers and hashes that do not. */
const FILL = `
  create table ledger_%n (id bigint primary key, account int, amount numeric(14,2), at timestamptz, reference text, note text, tags jsonb);
  insert into ledger_%n
  select g, (hashint8(g) & 65535), (hashint8(g * 7) % 100000)::numeric / 100, timestamptz '2024-01-01' + g * interval '7 seconds',
         md5(g::text) || md5((g + 1)::text),
         'payment of invoice ' || g || ' received with thanks, booked to account ' || (hashint8(g) & 65535),
         jsonb_build_object('channel', (array['web','shop','phone'])[1 + (g % 3)], 'checked', g % 2 = 0)
    from generate_series(1, %rows) g;
  create index on ledger_%n (account, at)`;

const TABLES = 8;
const BYTES_PER_ROW = 345;

/** A cluster with a database of about `gigabytes` in eight tables. */
export async function makeSource(gigabytes: number, say: (text: string) => void): Promise<BenchSource> {
  const home = await mkdtemp(join(tmpdir(), 'pgproof-bench-'));
  await chmod(home, 0o711);
  const laptop = openLaptop({ home, progress: say });
  const programs = await laptop.programs({ needServer: true });
  const instanceId = 'pgproof-bench-source';
  await laptop.databases.createInstance({
    instanceId,
    major: programs.major,
    superuser: 'postgres',
    parameters: { shared_buffers: '512MB', max_wal_size: '4GB' },
    tags: {},
  });
  const login = await laptop.databases.untilAvailable(instanceId);
  const admin = await connect({ ...login, database: 'postgres', sslMode: 'disable' });
  await admin.query('create database bench').finally(() => admin.end());
  const address: Address = { ...login, database: 'bench', sslMode: 'disable' };
  const rows = Math.ceil((gigabytes * 1e9) / TABLES / BYTES_PER_ROW);
  say(`filling ${TABLES} tables with ${rows} rows each`);
  for (let table = 1; table <= TABLES; table += 1) {
    const client = await connect(address);
    const sql = FILL.replaceAll('%n', String(table)).replaceAll('%rows', String(rows));
    await client.query(sql).finally(() => client.end());
  }
  const client = await connect(address);
  await client.query('vacuum analyze');
  await client.query('checkpoint');
  const { rows: sizes } = await client.query<{ bytes: string }>('select pg_database_size(current_database()) as bytes');
  await client.end();
  return {
    home,
    laptop,
    address,
    url: `postgres://${login.user}:${login.password}@${login.host}:${login.port}/bench?sslmode=disable`,
    env: addressEnvironment(address),
    programs,
    bytes: Number(sizes[0]?.bytes),
    remove: async () => {
      await laptop.databases.destroyOwn();
      await rm(home, { recursive: true, force: true });
    },
  };
}
