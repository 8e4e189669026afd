import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { choosePrograms, findPrograms, inspectDirectory } from '../../../src/postgres/programs.ts';
import { ConfigurationError } from '../../../src/errors.ts';

const CLIENT = ['pg_dump', 'pg_dumpall', 'pg_restore', 'psql'];
const SERVER = ['initdb', 'postgres', 'pg_ctl'];

let root: string;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'pgproof-programs-')));
});

afterEach(() => rm(root, { recursive: true }));

/** Programs that print a version, as PostgreSQL's do. */
async function install(directory: string, version: string, names = [...CLIENT, ...SERVER]): Promise<string> {
  const path = join(root, directory);
  await mkdir(path, { recursive: true });
  for (const name of names) {
    await writeFile(join(path, name), `#!/bin/sh\necho "${name} (PostgreSQL) ${version}"\n`);
    await chmod(join(path, name), 0o755);
  }
  return path;
}

async function found(path: string, places: string[] = []) {
  return findPrograms({ env: { PATH: path }, places: places.map((place) => join(root, place)) });
}

describe('finding', () => {
  test('programs on PATH and in the usual places are found once each, newest first', async () => {
    const onPath = await install('opt/pg/bin', '9.6.24');
    await install('usr/lib/postgresql/15/bin', '15.9 (Debian 15.9-0+deb12u1)');
    await install('usr/lib/postgresql/16/bin', '15.18 (odd)');
    await install('usr/lib/postgresql/17/bin', '17.2');
    const programs = await found(`${onPath}:${onPath}`, ['usr/lib/postgresql/*/bin', 'usr/lib/postgresql/17/bin']);
    expect(programs.map(({ version }) => version)).toEqual(['17.2', '15.18', '15.9', '9.6.24']);
    expect(programs.map(({ major }) => major)).toEqual([17, 15, 15, 9]);
  });

  test('a link on PATH leads to the directory that the program is really in', async () => {
    const real = await install('Cellar/postgresql@17/17.2/bin', '17.2');
    await mkdir(join(root, 'bin'));
    await symlink(join(real, 'pg_dump'), join(root, 'bin/pg_dump'));
    expect((await found(join(root, 'bin'))).map(({ directory }) => directory)).toEqual([real]);
  });

  test('a link to a wrapper script of another name is not mistaken for an installation', async () => {
    await install('usr/share/postgresql-common', '15.9', [...CLIENT, ...SERVER, 'pg_wrapper']);
    await mkdir(join(root, 'bin'));
    await symlink(join(root, 'usr/share/postgresql-common/pg_wrapper'), join(root, 'bin/pg_dump'));
    expect(await found(join(root, 'bin'))).toEqual([]);
  });

  test('client and server are told apart, and an incomplete set is none', async () => {
    const client = await install('client/bin', '16.1', CLIENT);
    const server = await install('server/bin', '16.2', SERVER);
    const neither = await install('neither/bin', '16.3', ['pg_dump', 'postgres']);
    const programs = await found([client, server, neither].join(':'));
    expect(programs.map(({ version, hasClient, hasServer }) => [version, hasClient, hasServer])).toEqual([
      ['16.2', false, true],
      ['16.1', true, false],
    ]);
  });

  test('an installation that does not run is passed over when nobody named it', async () => {
    const broken = await install('broken/bin', '17.1');
    await writeFile(join(broken, 'postgres'), '#!/bin/sh\nexit 127\n');
    const sound = await install('sound/bin', '15.1');
    expect((await found(`${broken}:${sound}`)).map(({ version }) => version)).toEqual(['15.1']);
  });

  test('the same installation is an error when it was named', async () => {
    const broken = await install('broken/bin', '17.1');
    await writeFile(join(broken, 'postgres'), '#!/bin/sh\nexit 127\n');
    const finding = findPrograms({ env: { PGPROOF_POSTGRES: broken }, places: [] });
    await expect(finding).rejects.toMatchObject({
      name: 'PostgresNotFoundError',
      message: `no working PostgreSQL programs in ${broken}`,
    });
  });

  test('a directory that was named and is empty is an error too', async () => {
    const finding = findPrograms({ search: [root], env: {}, places: [] });
    await expect(finding).rejects.toThrow(`no PostgreSQL programs in ${root}`);
  });

  test('a program that an installation lacks is named, with the directory', async () => {
    const client = await inspectDirectory(await install('client/bin', '16.1', CLIENT));
    expect(client?.path('psql')).toBe(join(root, 'client/bin/psql'));
    expect(() => client?.path('pg_basebackup')).toThrow(`pg_basebackup is missing from ${root}/client/bin`);
  });
});

describe('choosing', () => {
  async function machine() {
    await install('14/bin', '14.20');
    await install('15/bin', '15.9');
    await install('15b/bin', '15.18', CLIENT);
    await install('16/bin', '16.4', CLIENT);
    await install('18/bin', '18.1');
    return found('', ['*/bin']);
  }

  test.each([
    { need: {}, version: '18.1' },
    { need: { serverMajor: 14 }, version: '14.20' },
    { need: { serverMajor: 15 }, version: '15.18' },
    { need: { serverMajor: 17 }, version: '18.1' },
    { need: { serverMajor: 13 }, version: '14.20' },
    { need: { serverMajor: 15, needServer: true }, version: '15.9' },
    { need: { needServer: true, wanted: '14' }, version: '14.20' },
    { need: { serverMajor: 15, wanted: '16' }, version: '16.4' },
    { need: { serverMajor: 15, wanted: '18', needServer: true }, version: '15.9' },
  ])('for $need it is $version', async ({ need, version }) => {
    expect(choosePrograms(await machine(), need).version).toBe(version);
  });

  test('a directory that was named is taken, even behind a link', async () => {
    const programs = await machine();
    await symlink(join(root, '15/bin'), join(root, 'mine'));
    expect(choosePrograms(programs, { wanted: join(root, 'mine') }).version).toBe('15.9');
  });

  test.each([
    [{ serverMajor: 19 }, 'PostgreSQL client programs 19 or newer not found on this machine'],
    [{ serverMajor: 16, needServer: true }, 'PostgreSQL server programs 16 not found on this machine'],
    [{ serverMajor: 17, needServer: true }, 'PostgreSQL server programs 17 not found on this machine'],
    [{ serverMajor: 15, wanted: '14' }, 'PostgreSQL client programs 15 or newer (wanted: 14) not found'],
  ])('for %j there is nothing, and the error says what there is', async (need, message) => {
    const programs = await machine();
    expect(() => choosePrograms(programs, need)).toThrow(message);
    expect(() => choosePrograms(programs, need)).toThrow(`found: 18.1 in ${root}/18/bin, 16.4 in ${root}/16/bin`);
  });

  test('a wish that is neither a major nor a directory is a fault of configuration', async () => {
    const programs = await machine();
    expect(() => choosePrograms(programs, { wanted: 'latest' })).toThrow(ConfigurationError);
  });
});
