import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/cloud/system-clock.ts';
import { LocalDatabaseService } from '../../local/database-service.ts';
import { postmasterPid } from '../../src/postgres/cluster/processes.ts';
import { addressOf, makeHome, using, valueOf, type Home } from './database-home.ts';
import { connect } from '../../src/postgres/address.ts';

let home: Home;

beforeAll(async () => {
  home = await makeHome();
});

afterEach(async () => {
  for (const { instanceId } of await home.service.listInstances()) await home.service.deleteInstance(instanceId);
});

afterAll(() => home.remove());

test('an instance is created in the background, answers, and is gone without a trace when it is deleted', async () => {
  const { service } = home;
  const parameters = { timezone: 'America/St_Johns' };
  await service.createInstance(home.request('drill-1', { parameters }));
  expect(await service.describeInstance('drill-1')).toMatchObject({ status: 'creating' });
  const connection = await service.untilAvailable('drill-1');
  expect(connection).toMatchObject({ host: '127.0.0.1', user: 'owner' });
  expect(await valueOf(connection, `SELECT current_setting('timezone') || ' ' || current_user`)).toBe(
    'America/St_Johns owner',
  );
  expect(await service.describeInstance('drill-1')).toMatchObject({
    status: 'available',
    tags: { 'pgproof:drill': 'd1' },
  });
  expect(await home.traces('drill-1')).not.toEqual([]);
  await service.deleteInstance('drill-1');
  expect(await service.describeInstance('drill-1')).toBeUndefined();
  expect(await home.traces('drill-1')).toEqual([]);
  await service.deleteInstance('drill-1');
});

test('asking again for an instance that exists changes nothing', async () => {
  const { service } = home;
  await Promise.all([1, 2, 3].map(() => service.createInstance(home.request('again'))));
  const connection = await service.untilAvailable('again');
  await using(connection, (client) => client.query('CREATE TABLE here (a int)'));
  await service.createInstance(home.request('again', { parameters: { timezone: 'Asia/Tokyo' } }));
  expect(await service.connection('again')).toEqual(connection);
  expect(await valueOf(connection, 'SELECT count(*) FROM here')).toBe('0');
});

test('another process of the same home sees the instance and may delete it', async () => {
  await home.service.createInstance(home.request('shared'));
  const connection = await home.service.untilAvailable('shared');
  const other = home.open();
  expect(await other.connection('shared')).toEqual(connection);
  expect((await other.listInstances()).map(({ instanceId }) => instanceId)).toEqual(['shared']);
  await other.deleteInstance('shared');
  expect(await home.service.describeInstance('shared')).toBeUndefined();
});

test('a deletion in the middle of a creation wins', async () => {
  for (const pause of [0, 40, 200, 600]) {
    await home.service.createInstance(home.request('young'));
    await systemClock.sleep(pause);
    await home.service.deleteInstance('young');
    expect(await home.traces('young')).toEqual([]);
    expect(await home.service.describeInstance('young')).toBeUndefined();
  }
});

test('so does one by another service, which cannot stop the creation but only take its ground away', async () => {
  for (const pause of [0, 150, 500]) {
    await home.service.createInstance(home.request('young'));
    await systemClock.sleep(pause);
    await home.open().deleteInstance('young');
    await expect(home.service.untilAvailable('young')).rejects.toThrow('is not available but gone');
    expect(await home.traces('young')).toEqual([]);
  }
});

test('an instance that cannot start has failed with the server’s reason, and runs nothing', async () => {
  await home.service.createInstance(home.request('hopeless', { parameters: { max_connections: 'many' } }));
  await expect(home.service.untilAvailable('hopeless')).rejects.toThrow('is not available but failed');
  const instance = await home.service.describeInstance('hopeless');
  expect(instance?.status).toBe('failed');
  expect(instance?.detail).toContain('invalid value for parameter "max_connections": "many"');
  expect(await home.traces('hopeless')).toEqual(['hopeless']);
  await expect(home.service.connection('hopeless')).rejects.toMatchObject({ name: 'InstanceFailedError' });
});

test('a preloaded library that this machine lacks is left out, and the instance says so', async () => {
  const parameters = {
    shared_preload_libraries: 'rdsutils, auto_explain',
    session_preload_libraries: 'not_here_either',
  };
  await home.service.createInstance(home.request('bare', { parameters }));
  const connection = await home.service.untilAvailable('bare');
  expect(await valueOf(connection, 'SHOW shared_preload_libraries')).toBe('"auto_explain"');
  expect(await home.service.describeInstance('bare')).toMatchObject({
    detail: 'without the preloaded libraries rdsutils, not_here_either',
  });
});

test('a server that died is no available instance, and still cleans up', async () => {
  await home.service.createInstance(home.request('dying'));
  await home.service.untilAvailable('dying');
  const data = join(home.places.instances, 'dying/data');
  process.kill((await postmasterPid(data)) ?? 0, 'SIGKILL');
  const stateOf = async () => (await home.service.describeInstance('dying'))?.status;
  await vi.waitFor(async () => expect(await stateOf()).toBe('failed'), { timeout: 30_000 });
  await home.service.deleteInstance('dying');
  expect(await home.traces('dying')).toEqual([]);
});

test('the password is in no file that the server’s user can read, and in no log', async () => {
  await home.service.createInstance(home.request('secret'));
  const { password } = await home.service.untilAvailable('secret');
  const directory = join(home.places.instances, 'secret');
  for (const name of ['instance.json', 'server.log', 'config/postgresql.conf', 'config/pg_hba.conf']) {
    expect(await readFile(join(directory, name), 'utf8')).not.toContain(password);
  }
  expect(password.length).toBeGreaterThanOrEqual(32);
});

test('what is refused: an id that is no id, a major that is not installed, a full disk', async () => {
  const { service } = home;
  for (const id of ['../x', 'A', '', 'a/b', 'a.b', '-a', `a${'b'.repeat(63)}`]) {
    await expect(service.createInstance(home.request(id))).rejects.toThrow('is no instance id');
    await expect(service.deleteInstance(id)).rejects.toThrow('is no instance id');
  }
  const missing = service.createInstance(home.request('drill', { major: 9 }));
  await expect(missing).rejects.toMatchObject({ name: 'InstanceRefusedError', retriable: true });
  await expect(missing).rejects.toThrow('PostgreSQL server programs 9 not found on this machine; found: ');
  const greedy = home.open({ spareBytes: 2 ** 60 });
  await expect(greedy.createInstance(home.request('drill'))).rejects.toMatchObject({
    name: 'InstanceRefusedError',
    hint: `df -h ${home.places.instances}`,
  });
  expect(await readdir(home.places.instances)).toEqual([]);
});

test('what is no throwaway instance of this home is never deleted', async () => {
  const outside = join(home.home, 'precious');
  await mkdir(outside);
  await writeFile(join(outside, 'data'), 'the only copy');
  const inside = join(home.places.instances, 'foreign');
  await mkdir(inside);
  await writeFile(join(inside, 'data'), 'the only copy');
  await symlink(outside, join(home.places.instances, 'linked'));
  for (const id of ['foreign', 'linked']) {
    await expect(home.service.deleteInstance(id)).rejects.toMatchObject({ name: 'CleanupFailedError' });
    expect((await home.service.listInstances()).find(({ instanceId }) => instanceId === id)?.status).toBe('failed');
  }
  expect(await readFile(join(outside, 'data'), 'utf8')).toBe('the only copy');
  expect(await readFile(join(inside, 'data'), 'utf8')).toBe('the only copy');
  await rm(join(home.places.instances, 'linked'));
  await rm(inside, { recursive: true });
});

test('a directory of instances that is a link elsewhere is refused as a whole', async () => {
  const other = await makeHome();
  try {
    await rm(other.places.instances, { recursive: true });
    await symlink(home.places.instances, other.places.instances);
    const service = new LocalDatabaseService({ home: other.home, programs: [home.programs], clock: systemClock });
    await expect(service.listInstances()).rejects.toThrow('is not a directory');
  } finally {
    await rm(other.places.instances);
    await rm(other.home, { recursive: true });
  }
});

test('an instance that others are connected to is deleted all the same', async () => {
  await home.service.createInstance(home.request('busy'));
  const connection = await home.service.untilAvailable('busy');
  const client = await connect(addressOf(connection));
  const sleeping = client.query('SELECT pg_sleep(600)').catch((error: unknown) => error);
  await using(connection, (other) => other.query('BEGIN; CREATE TABLE t (a int)'));
  await home.service.deleteInstance('busy');
  expect(await sleeping).toBeInstanceOf(Error);
  expect(await home.traces('busy')).toEqual([]);
});
