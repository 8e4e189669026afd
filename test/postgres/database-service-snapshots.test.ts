import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Connection } from '../../src/cloud/database-service.ts';
import { addressOf, makeHome, using, valueOf, type Home } from './database-home.ts';

let home: Home;
let source: Connection;

const snapshotOf = (snapshotId: string, more: { signal?: AbortSignal } = {}) =>
  home.service.createSnapshot({ snapshotId, database: 'shop', source: addressOf(source), tags: {}, ...more });
const dataOf = (snapshotId: string) => join(home.places.snapshots, snapshotId, 'data');

beforeAll(async () => {
  home = await makeHome();
  const parameters = { timezone: 'Europe/Vienna', 'shop.tenant': 'a"b', max_prepared_transactions: '5' };
  await home.service.createInstance(home.request('source', { parameters }));
  source = await home.service.untilAvailable('source');
  await using(source, async (client) => {
    await client.query(`CREATE TABLE ledger (id bigserial PRIMARY KEY, note text);
                        INSERT INTO ledger (note) SELECT 'first ' || n FROM generate_series(1, 20000) n`);
    await client.query('CREATE ROLE clerk LOGIN; GRANT SELECT ON ledger TO clerk');
  });
});

afterEach(async () => {
  for (const { instanceId } of await home.service.listInstances()) {
    if (instanceId !== 'source') await home.service.deleteInstance(instanceId);
  }
  for (const name of await readdir(home.places.snapshots)) {
    await rm(join(home.places.snapshots, name), { recursive: true });
  }
});

afterAll(() => home.remove());

/** Keeps inserting, each row in a transaction of its own, until the work is done. */
async function writingDuring<T>(work: () => Promise<T>): Promise<T> {
  let isDone = false;
  const writer = using(source, async (client) => {
    while (!isDone) await client.query(`INSERT INTO ledger (note) VALUES ('during')`);
  });
  try {
    return await work();
  } finally {
    isDone = true;
    await writer;
  }
}

describe('a snapshot', () => {
  test('taken under writes is restored to the moment it names', async () => {
    const before = await valueOf(source, 'SELECT max(id) FROM ledger');
    const began = new Date(await valueOf(source, 'SELECT extract(epoch FROM clock_timestamp()) * 1000').then(Number));
    const snapshot = await writingDuring(() => snapshotOf('busy'));
    const ended = new Date(await valueOf(source, 'SELECT extract(epoch FROM clock_timestamp()) * 1000').then(Number));
    expect(snapshot).toMatchObject({ snapshotId: 'busy', status: 'available', database: 'shop' });
    expect(snapshot.takenAt.getTime()).toBeGreaterThan(began.getTime());
    expect(snapshot.takenAt.getTime()).toBeLessThan(ended.getTime());
    expect(await home.service.describeSnapshot('busy')).toEqual(snapshot);

    await home.service.restoreSnapshot({ instanceId: 'copy', snapshotId: 'busy', tags: { a: 'b' } });
    const copy = await home.service.untilAvailable('copy');
    const held = Number(await valueOf(copy, 'SELECT max(id) FROM ledger'));
    const live = Number(await valueOf(source, 'SELECT max(id) FROM ledger'));
    expect(held).toBeGreaterThan(Number(before));
    expect(held).toBeLessThanOrEqual(live);
    expect(await valueOf(copy, 'SELECT count(*) = max(id) FROM ledger')).toBe('true');
    expect(await valueOf(copy, `SELECT has_table_privilege('clerk', 'ledger', 'SELECT')`)).toBe('true');
  });

  test('asked for twice is taken once', async () => {
    const first = await snapshotOf('once');
    await using(source, (client) => client.query(`INSERT INTO ledger (note) VALUES ('later')`));
    expect(await snapshotOf('once')).toEqual(first);
    expect(await readdir(home.places.snapshots)).toEqual(['once']);
  });

  test('that is stopped half way leaves nothing, and the next one is made', async () => {
    const controller = new AbortController();
    const taking = snapshotOf('stopped', { signal: controller.signal });
    setTimeout(() => controller.abort(), 100);
    await expect(taking).rejects.toMatchObject({ name: 'InterruptedError' });
    expect(await readdir(home.places.snapshots)).toEqual([]);
    expect(await home.service.describeSnapshot('stopped')).toBeUndefined();
    expect(await snapshotOf('stopped')).toMatchObject({ status: 'available' });
  });

  test('by a role that may not replicate is a clear error and leaves nothing', async () => {
    await using(source, (client) => client.query(`CREATE ROLE weak LOGIN PASSWORD 'weak'`));
    const address = { ...addressOf(source), user: 'weak', password: 'weak' };
    const taking = home.service.createSnapshot({ snapshotId: 'weak', database: 'shop', source: address, tags: {} });
    await expect(taking).rejects.toThrow('must be superuser or replication role to start walsender');
    expect(await readdir(home.places.snapshots)).toEqual([]);
  });

  test('of a cluster with a tablespace elsewhere is refused by name', async () => {
    const elsewhere = join(home.places.instances, 'source/elsewhere');
    await mkdir(elsewhere);
    if (home.places.identity) execFileSync('chown', [String(home.places.identity.uid), elsewhere]);
    await using(source, (client) => client.query(`CREATE TABLESPACE far LOCATION '${elsewhere}'`));
    try {
      await expect(snapshotOf('far')).rejects.toThrow(`outside the data directory: far (${elsewhere})`);
    } finally {
      await using(source, (client) => client.query('DROP TABLESPACE far'));
    }
  });

  test('that does not exist is no backup', async () => {
    expect(await home.service.describeSnapshot('none')).toBeUndefined();
    await expect(home.service.verifySnapshot('none')).rejects.toMatchObject({ name: 'NoBackupError' });
    const restoring = home.service.restoreSnapshot({ instanceId: 'copy', snapshotId: 'none', tags: {} });
    await expect(restoring).rejects.toMatchObject({ name: 'NoBackupError' });
    expect(await home.service.describeInstance('copy')).toBeUndefined();
  });
});

describe('verification', () => {
  /** A file of the table that the rows are in. */
  async function tableFile(): Promise<string> {
    return join(dataOf('kept'), await valueOf(source, `SELECT pg_relation_filepath('ledger')`));
  }

  async function flip(path: string, offset: number): Promise<void> {
    const file = await open(path, 'r+');
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, offset);
    await file.write(Buffer.from([(buffer[0] ?? 0) ^ 1]), 0, 1, offset);
    await file.close();
  }

  test('of a sound snapshot finds nothing, and counts what it read', async () => {
    const { bytes } = await snapshotOf('kept');
    const manifest = JSON.parse(await readFile(join(dataOf('kept'), 'backup_manifest'), 'utf8')) as { Files: unknown[] };
    const verification = await home.service.verifySnapshot('kept');
    const sha256 = execFileSync('sha256sum', [join(dataOf('kept'), 'backup_manifest')], { encoding: 'utf8' });
    expect(verification).toEqual({
      method: `pg_verifybackup ${home.programs.version}`,
      examined: manifest.Files.length,
      problems: [],
      bytes,
      sha256: sha256.slice(0, 64),
    });
    expect(verification.examined).toBeGreaterThan(900);
  });

  test.each([
    ['a flipped bit in a table', async () => flip(await tableFile(), 12_345), 'checksum mismatch for file "base/'],
    ['a table cut short', async () => truncate(await tableFile(), 8192), 'has size 8192 on disk but size'],
    ['a table that is gone', async () => rm(await tableFile()), 'is present in the manifest but not on disk'],
    [
      'a file too many',
      () => writeFile(join(dataOf('kept'), 'base/1/999999'), 'x'),
      '"base/1/999999" is present on disk but not in the manifest',
    ],
    ['a list that is gone', () => rm(join(dataOf('kept'), 'backup_manifest')), 'backup_manifest is missing'],
    [
      'a list that says something else',
      () => appendFile(join(dataOf('kept'), 'backup_manifest'), '\n'),
      'backup_manifest is not the one that was written',
    ],
    [
      'lost write-ahead log',
      async () => {
        const directory = join(dataOf('kept'), 'pg_wal');
        for (const name of await readdir(directory)) {
          if ((await stat(join(directory, name))).isFile()) await rm(join(directory, name));
        }
      },
      'WAL parsing failed',
    ],
  ])('finds %s', async (_what, damage, problem) => {
    await snapshotOf('kept');
    await damage();
    const { problems } = await home.service.verifySnapshot('kept');
    expect(problems.join('\n')).toContain(problem);
  });

  test('a snapshot whose record is gone is named, not passed over', async () => {
    await snapshotOf('kept');
    await rm(join(home.places.snapshots, 'kept/snapshot.json'));
    await expect(home.service.verifySnapshot('kept')).rejects.toThrow('kept has no readable snapshot.json');
    await expect(home.service.describeSnapshot('kept')).rejects.toMatchObject({ name: 'NoBackupError' });
  });
});
