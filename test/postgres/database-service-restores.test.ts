import { chmod, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { giveTree } from '../../local/database-service/file-tree.ts';
import { startCluster } from '../../src/postgres/cluster/cluster.ts';
import { destroyCluster } from '../../src/postgres/cluster/cluster-end.ts';
import type { Connection } from '../../src/cloud/database-service.ts';
import { addressEnvironment } from '../../src/postgres/address.ts';
import { runProgram } from '../../src/postgres/subprocess.ts';
import { addressOf, makeHome, using, valueOf, type Home } from './database-home.ts';

let home: Home;
let source: Connection;

beforeAll(async () => {
  home = await makeHome();
  const parameters = {
    timezone: 'Europe/Vienna',
    'shop.tenant': 'a"b\'c',
    max_connections: '33',
    max_prepared_transactions: '5',
    default_transaction_read_only: 'off',
  };
  await home.service.createInstance(home.request('source', { parameters }));
  source = await home.service.untilAvailable('source');
  await using(source, async (client) => {
    await client.query('CREATE TABLE kept AS SELECT n FROM generate_series(1, 1000) n');
    await client.query(`ALTER ROLE owner SET timezone = 'Asia/Tokyo'`);
  });
});

afterEach(async () => {
  for (const { instanceId } of await home.service.listInstances()) {
    if (instanceId !== 'source') await home.service.deleteInstance(instanceId);
  }
});

afterAll(() => home.remove());

async function snapshot(snapshotId: string): Promise<string> {
  await home.service.createSnapshot({ snapshotId, database: 'shop', source: addressOf(source), tags: {} });
  return join(home.places.snapshots, snapshotId, 'data');
}

async function restore(snapshotId: string): Promise<Connection> {
  await home.service.restoreSnapshot({ instanceId: `copy-of-${snapshotId}`, snapshotId, tags: {} });
  return home.service.untilAvailable(`copy-of-${snapshotId}`);
}

async function settingsOf(connection: Connection, names: string[]): Promise<Record<string, string>> {
  return using(connection, async (client) => {
    const sql = 'SELECT name, current_setting(name) AS setting FROM unnest($1::text[]) n(name)';
    const { rows } = await client.query<{ name: string; setting: string }>(sql, [names]);
    return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
  });
}

test('a copy has the meaningful settings of its source, also those that a role’s own hide', async () => {
  await snapshot('meaning');
  const copy = await restore('meaning');
  expect(await settingsOf(copy, ['shop.tenant', 'max_connections', 'max_prepared_transactions'])).toEqual({
    'shop.tenant': 'a"b\'c',
    max_connections: '33',
    max_prepared_transactions: '5',
  });
  expect(await valueOf(copy, `SELECT current_setting('timezone')`)).toBe('Asia/Tokyo');
  await using(copy, (client) => client.query('ALTER ROLE owner RESET timezone'));
  expect(await valueOf(copy, `SELECT current_setting('timezone')`)).toBe('Europe/Vienna');
});

test('a copy is disarmed, whatever the files of its source say', async () => {
  const harmful = {
    archive_mode: 'on',
    archive_command: '/bin/false %p',
    wal_level: 'logical',
    listen_addresses: '*',
    port: '5432',
    hba_file: '/etc/passwd',
    primary_conninfo: 'host=production',
    ssl: 'on',
    ssl_cert_file: '/nowhere.crt',
    log_directory: '/nowhere',
    logging_collector: 'on',
    include_dir: '/nowhere',
  };
  const data = await snapshot('armed');
  const text = Object.entries(harmful).map(([name, value]) => `${name} = '${value}'\n`);
  for (const name of ['postgresql.auto.conf', 'postgresql.conf']) await writeFile(join(data, name), text.join(''));
  for (const name of ['standby.signal', 'recovery.signal']) await writeFile(join(data, name), '');
  const copy = await restore('armed');
  const expected = {
    archive_mode: 'off',
    archive_command: '(disabled)',
    listen_addresses: '127.0.0.1',
    primary_conninfo: '',
    ssl: 'off',
    logging_collector: 'off',
    max_logical_replication_workers: '0',
    max_wal_senders: '0',
    hba_file: join(home.places.instances, 'copy-of-armed/config/pg_hba.conf'),
  };
  expect(await settingsOf(copy, Object.keys(expected))).toEqual(expected);
  expect(await valueOf(copy, 'SELECT pg_is_in_recovery()')).toBe('false');
  expect(await valueOf(copy, 'SELECT count(*) FROM kept')).toBe('1000');
});

test('a subscription of the source does not begin to receive on the copy', async () => {
  await using(source, (client) =>
    client.query(`CREATE SUBSCRIPTION feed CONNECTION 'host=127.0.0.1 port=1' PUBLICATION p
                  WITH (connect = false, slot_name = NONE)`),
  );
  try {
    await snapshot('subscribed');
    const copy = await restore('subscribed');
    await using(copy, async (client) => {
      await client.query('ALTER SUBSCRIPTION feed SET (slot_name = feed)');
      await client.query('ALTER SUBSCRIPTION feed ENABLE');
    });
    const workers = `SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'logical replication%'`;
    expect(await valueOf(copy, 'SELECT subenabled FROM pg_subscription')).toBe('true');
    expect(await valueOf(copy, workers)).toBe('0');
    expect(await valueOf(source, workers)).toBe('1');
  } finally {
    await using(source, (client) => client.query('DROP SUBSCRIPTION feed'));
  }
});

test('the source’s password does not open the copy, nor the copy’s the source', async () => {
  await snapshot('locked');
  const copy = await restore('locked');
  expect(copy.password).not.toBe(source.password);
  await expect(valueOf({ ...copy, password: source.password }, 'SELECT 1')).rejects.toThrow('authentication failed');
  await expect(valueOf({ ...source, password: copy.password }, 'SELECT 1')).rejects.toThrow('authentication failed');
});

test('a copy can be written to, and neither its source nor the snapshot notices', async () => {
  await snapshot('apart');
  const copy = await restore('apart');
  await using(copy, (client) => client.query('DELETE FROM kept'));
  expect(await valueOf(source, 'SELECT count(*) FROM kept')).toBe('1000');
  await home.service.deleteInstance('copy-of-apart');
  expect((await home.service.verifySnapshot('apart')).problems).toEqual([]);
  expect(await valueOf(await restore('apart'), 'SELECT count(*) FROM kept')).toBe('1000');
});

test.each([
  [`VALID UNTIL '2001-01-01'`, `VALID UNTIL 'infinity'`, 'User "owner" has an expired password.'],
  ['NOLOGIN', 'LOGIN', 'role "owner" is not permitted to log in'],
])('a copy whose superuser is %s has failed, with the server’s reason', async (locked, open, reason) => {
  await using(source, (client) => client.query(`CREATE ROLE second SUPERUSER LOGIN PASSWORD 'second'`));
  const second = { ...source, user: 'second', password: 'second' };
  await using(source, (client) => client.query(`ALTER ROLE owner ${locked}`));
  try {
    const request = { snapshotId: 'shut', database: 'shop', source: addressOf(second), tags: {} };
    await home.service.createSnapshot(request);
  } finally {
    await using(second, (client) => client.query(`ALTER ROLE owner ${open}`));
    await using(source, (client) => client.query('DROP ROLE second'));
  }
  await expect(restore('shut')).rejects.toThrow(reason);
  await rm(join(home.places.snapshots, 'shut'), { recursive: true });
});

test.each([
  ['pg_control is cut short', (data: string) => truncate(join(data, 'global/pg_control'), 100), 'pg_control'],
  ['the write-ahead log is lost', (data: string) => rm(join(data, 'pg_wal'), { recursive: true }), 'pg_wal'],
  [
    'the list of its transactions is lost',
    (data: string) => rm(join(data, 'backup_label')).then(() => rm(join(data, 'pg_xact'), { recursive: true })),
    // Which of the two is said last depends on which of two processes is faster.
    /pg_xact|checkpoint request failed/,
  ],
  ['a link leads out of it', (data: string) => symlink('/etc', join(data, 'pg_tblspc/16999')), 'is neither a file nor'],
])('a snapshot of which %s ends failed, with a reason and without processes', async (_what, damage, reason) => {
  await damage(await snapshot('broken'));
  await expect(restore('broken')).rejects.toThrow('is not available but failed');
  const instance = await home.service.describeInstance('copy-of-broken');
  expect(instance).toMatchObject({ status: 'failed' });
  expect(instance?.detail).toMatch(reason);
  expect(await home.traces('copy-of-broken')).toEqual(['copy-of-broken']);
  await rm(join(home.places.snapshots, 'broken'), { recursive: true });
});

test('a snapshot of a standby comes back as a server of its own, which follows nobody', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'pgproof-standby-'));
  await chmod(directory, 0o711);
  const { programs, places } = home;
  const standby = { directory, socketDirectory: join(directory, 's'), programs, identity: places.identity };
  const { host, port, user, password } = source;
  try {
    const args = ['--pgdata', join(directory, 'data'), '--write-recovery-conf', '--checkpoint=fast'];
    await runProgram({ path: programs.path('pg_basebackup'), args, env: addressEnvironment(addressOf(source)) });
    await giveTree(join(directory, 'data'), places.identity);
    const primary = `host=${host} port=${port} user=${user} password=${password}`;
    const settings = { primary_conninfo: primary, max_connections: '33', max_prepared_transactions: '5' };
    const following = { ...source, port: await startCluster(standby, { settings, replication: true }) };
    expect(await valueOf(following, 'SELECT pg_is_in_recovery()')).toBe('true');
    const request = { snapshotId: 'followed', database: 'shop', source: addressOf(following), tags: {} };
    await home.service.createSnapshot(request);
  } finally {
    await destroyCluster(standby);
    await rm(directory, { recursive: true });
  }
  const copy = await restore('followed');
  expect(await valueOf(copy, 'SELECT pg_is_in_recovery()')).toBe('false');
  expect(await valueOf(copy, 'SELECT count(*) FROM kept')).toBe('1000');
  await using(copy, (client) => client.query('DELETE FROM kept'));
});

test('a restore that is deleted half way leaves nothing', async () => {
  await snapshot('hasty');
  for (const pause of [0, 50, 150, 400]) {
    await home.service.restoreSnapshot({ instanceId: 'hasty', snapshotId: 'hasty', tags: {} });
    await new Promise((resolve) => setTimeout(resolve, pause));
    await home.service.deleteInstance('hasty');
    expect(await home.traces('hasty')).toEqual([]);
  }
});

test('a restore for which the disk is too small is refused before anything is copied', async () => {
  await snapshot('large');
  const greedy = home.open({ spareBytes: 2 ** 60 });
  const restoring = greedy.restoreSnapshot({ instanceId: 'large', snapshotId: 'large', tags: {} });
  await expect(restoring).rejects.toMatchObject({ name: 'InstanceRefusedError', origin: 'environment' });
  expect(await home.traces('large')).toEqual([]);
});
