import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { initCluster, startCluster, type Cluster } from '../../src/postgres/cluster/cluster.ts';
import { destroyCluster, stopCluster } from '../../src/postgres/cluster/cluster-end.ts';
import { serverIdentity } from '../../src/postgres/cluster/identity.ts';
import { freePort } from '../../src/postgres/cluster/port.ts';
import { isPostmasterOf, postmasterPid, processesIn } from '../../src/postgres/cluster/processes.ts';
import { THROWAWAY_SETTINGS } from '../../src/postgres/cluster/settings.ts';
import { choosePrograms, findPrograms, type PostgresPrograms } from '../../src/postgres/programs.ts';

const PASSWORD = 'a password';

let programs: PostgresPrograms;
let root: string;
let cluster: Cluster;

beforeAll(async () => {
  programs = choosePrograms(await findPrograms(), { needServer: true });
});

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'pgproof-cluster-')));
  await chmod(root, 0o711);
  // A directory as users name theirs: the name passes through a shell and through configuration files.
  const directory = join(root, `Frank's "data" $HOME`);
  await mkdir(directory);
  cluster = { directory, socketDirectory: join(root, 's'), programs, identity: await serverIdentity() };
});

afterEach(async () => {
  await destroyCluster(cluster);
  await rm(root, { recursive: true });
});

async function query(port: number, sql: string, password = PASSWORD, host = '127.0.0.1'): Promise<unknown[]> {
  const client = new pg.Client({ host, port, user: 'owner', password, database: 'postgres' });
  await client.connect();
  const { rows } = await client.query<unknown[]>({ text: sql, rowMode: 'array' }).finally(() => client.end());
  return rows[0] ?? [];
}

async function start(settings: Record<string, string> = {}): Promise<number> {
  await initCluster(cluster, { superuser: 'owner', password: PASSWORD });
  return startCluster(cluster, { settings: { ...THROWAWAY_SETTINGS, ...settings }, keepInitdbSettings: true });
}

test('a cluster is made with checksums, UTF8, one superuser and the settings it was given', async () => {
  const port = await start({ timezone: 'Asia/Kathmandu' });
  const sql = `SELECT current_setting('data_checksums'), pg_encoding_to_char(encoding), datcollate,
                      current_setting('timezone'), current_setting('listen_addresses'), current_user
               FROM pg_database WHERE datname = 'postgres'`;
  expect(await query(port, sql)).toEqual(['on', 'UTF8', 'C.UTF-8', 'Asia/Kathmandu', '127.0.0.1', 'owner']);
  expect(await readdir(cluster.directory)).not.toContain('initdb-password');
});

test('nobody logs in over TCP without the password', async () => {
  const port = await start();
  expect(await query(port, 'SELECT 1')).toEqual([1]);
  await expect(query(port, 'SELECT 1', 'another password')).rejects.toThrow('password authentication failed');
});

test('only the server’s own user may enter the data and the socket', async () => {
  await start();
  for (const directory of [join(cluster.directory, 'data'), cluster.socketDirectory]) {
    const { mode, uid } = await stat(directory);
    expect(mode & 0o777).toBe(0o700);
    expect(uid).toBe(cluster.identity?.uid ?? process.getuid?.());
  }
});

test('the server has a session of its own, so that Ctrl-C in our terminal does not reach it', async () => {
  await start();
  const pid = await postmasterPid(join(cluster.directory, 'data'));
  const sessionOf = (id: number) => execFileSync('ps', ['-o', 'sess=', '-p', String(id)], { encoding: 'utf8' }).trim();
  expect(sessionOf(pid ?? 0)).toBe(String(pid));
  expect(sessionOf(process.pid)).not.toBe(String(pid));
});

test('where there is no /proc, a postmaster is told from a process that was given its number', async () => {
  await start();
  const data = join(cluster.directory, 'data');
  const pid = (await postmasterPid(data)) ?? 0;
  expect(await isPostmasterOf(data, pid)).toBe(true);
  expect(await isPostmasterOf(data, process.pid)).toBe(false);
  const file = await readFile(join(data, 'postmaster.pid'), 'utf8');
  const [first, second, began, ...rest] = file.split('\n');
  await writeFile(join(data, 'postmaster.pid'), [first, second, Number(began) - 60, ...rest].join('\n'));
  expect(await isPostmasterOf(data, pid)).toBe(false);
  await writeFile(join(data, 'postmaster.pid'), file);
});

test('a stopped cluster leaves no process, and a destroyed one no file', async () => {
  await start();
  expect((await processesIn(cluster.directory)).length).toBeGreaterThan(3);
  await stopCluster(cluster.directory);
  expect(await processesIn(cluster.directory)).toEqual([]);
  await destroyCluster(cluster);
  expect((await readdir(root)).sort()).toEqual([`Frank's "data" $HOME`]);
  expect(await readdir(cluster.directory)).not.toContain('data');
  await destroyCluster(cluster);
});

test('a postmaster killed with kill -9 is cleaned up, its children and its shared memory too', async () => {
  const port = await start();
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'owner', password: PASSWORD, database: 'postgres' });
  client.on('error', () => undefined);
  await client.connect();
  const data = join(cluster.directory, 'data');
  const [key] = (await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n')[6]?.trim().split(/\s+/) ?? [];
  const isHeld = () => readFileSync('/proc/sysvipc/shm', 'utf8').includes(` ${key} `);
  expect(isHeld()).toBe(true);
  process.kill((await postmasterPid(data)) ?? 0, 'SIGKILL');
  await destroyCluster(cluster);
  expect(await processesIn(cluster.directory)).toEqual([]);
  expect(isHeld()).toBe(false);
  await client.end();
});

test('a server that cannot start says why in its own words, and none of it goes on running', async () => {
  const starting = start({ shared_preload_libraries: 'no_such_library' });
  await expect(starting).rejects.toThrow('could not access file "no_such_library": No such file or directory');
  expect(await processesIn(cluster.directory)).toEqual([]);
});

test('a port that somebody takes in between is replaced by another', async () => {
  await initCluster(cluster, { superuser: 'owner', password: PASSWORD });
  const taken = createServer();
  const attempts: number[] = [];
  const findPort = async () => {
    if (attempts.length > 0) return freePort();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    attempts.push(typeof address === 'object' ? (address?.port ?? 0) : 0);
    return attempts[0] ?? 0;
  };
  try {
    const port = await startCluster(cluster, { settings: THROWAWAY_SETTINGS, keepInitdbSettings: true, findPort });
    expect(port).not.toBe(attempts[0]);
    expect(await query(port, 'SELECT 2')).toEqual([2]);
  } finally {
    await new Promise((resolve) => taken.close(resolve));
  }
});

test('a creation that is stopped half way leaves nothing running', async () => {
  const controller = new AbortController();
  const making = initCluster(cluster, { superuser: 'owner', password: PASSWORD, signal: controller.signal });
  setTimeout(() => controller.abort(new Error('enough')), 150);
  await expect(making).rejects.toMatchObject({ name: 'InterruptedError' });
  await destroyCluster(cluster);
  expect(await processesIn(cluster.directory)).toEqual([]);
  expect(await readdir(cluster.directory)).toEqual([]);
});
