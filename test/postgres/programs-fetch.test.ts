import { chmod, mkdir, mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../src/cloud/system-clock.ts';
import { LocalDatabaseService } from '../../local/database-service.ts';
import { fetchedPrograms, fetchPostgres } from '../../local/postgres/fetch.ts';
import { createProgramResolver } from '../../local/postgres/resolve.ts';
import { ownerName } from '../../src/owner.ts';
import { addressEnvironment } from '../../src/postgres/address.ts';
import { choosePrograms, findPrograms, type PostgresPrograms } from '../../src/postgres/programs.ts';
import { runProgram } from '../../src/postgres/subprocess.ts';
import { addressOf, using, valueOf } from './database-home.ts';
import { makeArchive, type PackageArchive } from './package-archive.ts';

let archive: PackageArchive;
let major: number;
let cache: string;
const said: string[] = [];
const progress = (message: string) => void said.push(message);

beforeAll(async () => {
  const installed = choosePrograms(await findPrograms(), { needServer: true });
  major = installed.major;
  archive = makeArchive(installed);
});

beforeEach(async () => {
  cache = await realpath(await mkdtemp(join(tmpdir(), 'pgproof-fetch-')));
  await chmod(cache, 0o755);
  said.length = 0;
});

afterEach(async () => {
  archive.tamper(false);
  await rm(cache, { recursive: true });
});

afterAll(() => archive.remove());

/** Makes a cluster with the programs, dumps it, restores the dump, and leaves nothing. */
async function exercise(programs: PostgresPrograms): Promise<string> {
  const home = join(cache, 'home');
  const service = new LocalDatabaseService({ home, programs: [programs], clock: systemClock });
  const about = { major: programs.major, superuser: 'owner', parameters: {}, tags: {} };
  await service.createInstance({ instanceId: 'fetched', ...about });
  try {
    const connection = await service.untilAvailable('fetched');
    await using(connection, async (client) => {
      await client.query('CREATE EXTENSION hstore; CREATE TABLE t (h hstore)');
      await client.query(`INSERT INTO t SELECT hstore('n', n::text) FROM generate_series(1, 1000) n`);
      await client.query('CREATE DATABASE copy');
    });
    const env = addressEnvironment(addressOf(connection));
    const file = join(cache, 'archive.dump');
    await runProgram({ path: programs.path('pg_dump'), args: ['-Fc', '-f', file], env });
    await runProgram({ path: programs.path('pg_restore'), args: ['--exit-on-error', '-d', 'copy', file], env });
    const args = ['-XAtc', `SELECT sum((h->'n')::int), pg_jit_available() FROM t`];
    const { stdout } = await runProgram({ path: programs.path('psql'), args, env: { ...env, PGDATABASE: 'copy' } });
    expect(await valueOf(connection, 'SHOW server_version')).toContain(programs.version);
    return stdout.trim();
  } finally {
    await service.destroyOwn();
  }
}

test('programs are fetched from signed packages, run with their own libraries, and are found again', async () => {
  const programs = await fetchPostgres({ cache, progress, suites: [archive.suite] });
  expect(programs.directory).toBe(join(cache, `postgresql/test-${process.arch}-${major}/usr/lib/postgresql/${major}/bin`));
  expect(said).toHaveLength(2);
  expect(said[1]).toMatch(new RegExp(`^fetching PostgreSQL ${major} of test \\(3 packages, \\d+ MB\\) into ${cache}`));
  // The query compiler's library was not fetched: its module must not be there to fail.
  expect(await exercise(programs)).toBe('500500|f');
  expect((await fetchedPrograms(cache)).map(({ directory }) => directory)).toEqual([programs.directory]);
});

test('a fetched server uses the libraries that were fetched with it, not those of the machine', async () => {
  const programs = await fetchPostgres({ cache, progress, suites: [archive.suite] });
  const service = new LocalDatabaseService({ home: join(cache, 'home'), programs: [programs], clock: systemClock });
  await service.createInstance({ instanceId: 'maps', major, superuser: 'owner', parameters: {}, tags: {} });
  try {
    const connection = await service.untilAvailable('maps');
    const maps = await valueOf(connection, `SELECT pg_read_file('/proc/self/maps')`);
    const libraries = maps.match(/\/\S+\.so\b\S*/g) ?? [];
    expect(libraries.length).toBeGreaterThan(10);
    expect(libraries.filter((library) => !library.startsWith(cache))).toEqual([]);
  } finally {
    await service.destroyOwn();
  }
});

test('packages that were not signed as they are now are refused, and nothing is kept', async () => {
  archive.tamper(true);
  const fetching = fetchPostgres({ cache, progress, suites: [archive.suite] });
  await expect(fetching).rejects.toMatchObject({ name: 'PostgresInstallError', hint: expect.any(String) as string });
  expect(await readdir(join(cache, 'postgresql'))).toEqual([]);
});

test('an archive that somebody else has signed is refused', async () => {
  const line = archive.suite.lines[0]?.replace(/\[.*\]/, '[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]');
  const fetching = fetchPostgres({ cache, progress, suites: [{ name: 'test', lines: [line ?? ''] }] });
  await expect(fetching).rejects.toMatchObject({ name: 'PostgresInstallError' });
});

test('two that fetch the same at once get the same, and leave nothing half done', async () => {
  const [one, other] = await Promise.all([1, 2].map(() => fetchPostgres({ cache, progress, suites: [archive.suite] })));
  expect(one?.directory).toBe(other?.directory);
  expect(await readdir(join(cache, 'postgresql'))).toEqual([`test-${process.arch}-${major}`]);
});

test('a fetch that is stopped leaves nothing, and what a dead process left is cleared away', async () => {
  for (const message of ['looking for', 'fetching PostgreSQL']) {
    const controller = new AbortController();
    const stop = (text: string) => (text.startsWith(message) ? controller.abort() : undefined);
    const fetching = fetchPostgres({ cache, progress: stop, suites: [archive.suite], signal: controller.signal });
    await expect(fetching).rejects.toMatchObject({ name: 'InterruptedError' });
    expect(await readdir(join(cache, 'postgresql'))).toEqual([]);
  }
  await mkdir(join(cache, 'postgresql/.unfinished-00000000-1-1-0123456789ab'));
  const [host] = ownerName().split('-');
  await mkdir(join(cache, `postgresql/.unfinished-${host}-999999999-1-0123456789ab`));
  await fetchPostgres({ cache, progress, suites: [archive.suite] });
  expect((await readdir(join(cache, 'postgresql'))).sort()).toEqual([
    // Of another machine's process nothing is known.
    '.unfinished-00000000-1-1-0123456789ab',
    `test-${process.arch}-${major}`,
  ]);
});

test('what no release has is an error that says what there is', async () => {
  const fetching = fetchPostgres({ cache, progress, suites: [archive.suite], major: 9 });
  await expect(fetching).rejects.toMatchObject({
    name: 'PostgresNotFoundError',
    message: `PostgreSQL 9 is not installed and cannot be fetched: test has ${major}`,
  });
  const nowhere = fetchPostgres({ cache, progress, suites: [] });
  await expect(nowhere).rejects.toThrow('PostgreSQL is not installed and cannot be fetched on this system');
});

test('a need is met by what is installed, then by what was fetched, and only then by fetching', async () => {
  const env = { PATH: '' };
  const options = { cache, progress, suites: [archive.suite], env };
  const bare = createProgramResolver({ ...options, places: [] });
  const [fetched, again] = await Promise.all([bare({ serverMajor: major - 1 }), bare({ serverMajor: major - 1 })]);
  expect(fetched).toBe(again);
  expect(fetched.directory.startsWith(cache)).toBe(true);
  expect(said).toHaveLength(2);
  const second = createProgramResolver({ ...options, places: [] });
  expect((await second({ serverMajor: major, needServer: true })).directory).toBe(fetched.directory);
  const equipped = createProgramResolver(options);
  expect((await equipped({ serverMajor: major, needServer: true })).directory.startsWith(cache)).toBe(false);
  expect(said).toHaveLength(2);
  await expect(bare({ serverMajor: major + 1 })).rejects.toMatchObject({ name: 'PostgresNotFoundError' });
  await expect(bare({ serverMajor: 15, wanted: '14' })).rejects.toThrow('(wanted: 14) not found');
});
