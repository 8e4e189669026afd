import { appendFile, copyFile, cp, readFile, readdir, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPlaces } from '../../local/database-service/places.ts';
import { deliverEvents } from '../../local/session.ts';
import { backupKey } from '../../src/backup/manifest.ts';
import { commitSnapshot } from '../../src/backup/snapshot.ts';
import { readValidation } from '../../src/backup/validation.ts';
import { makeTestHome, type Drilled, type TestHome } from '../helpers/home.ts';
import { SMALL_SHOP, startSource, type Source } from '../helpers/source.ts';

/** What becomes of a snapshot after it was found valid. Whatever it is, its drill is never PROVEN and names what is wrong. */
const [OLD, NEW] = ['s20261120t020001z-a', 's20261120t020002z-a'];

let source: Source;
let home: TestHome;

beforeAll(async () => {
  source = await startSource();
  await source.createDatabase('shop', ...SMALL_SHOP);
  home = await makeTestHome();
  home.source('shop', source.url('shop'));
  await takeSnapshot(OLD);
  await source.sql('shop', `insert into shop.customers (name) values ('one more')`, 'checkpoint');
  await takeSnapshot(NEW);
});
afterAll(async () => {
  await home.remove();
  await source.end();
});

async function takeSnapshot(snapshotId: string): Promise<void> {
  const task = { verb: 'snapshot-facts', database: 'shop', snapshotId } as const;
  await home.tasks.run({ ...task, moment: 'begin' });
  await home.laptop.databases.createSnapshot({ snapshotId, database: 'shop', source: source.address('shop'), tags: {} });
  await home.tasks.run({ ...task, moment: 'end' });
  await commitSnapshot({ database: 'shop', snapshotId }, home.laptop);
  await deliverEvents(home);
  expect((await readValidation(home.laptop.store, { kind: 'snapshot', database: 'shop', backupId: snapshotId }))?.status).toBe('valid');
}

const drill = (): Promise<Drilled> => home.drill({ database: 'shop', kind: 'snapshot', backup: NEW });

const key = (file: string, backupId = NEW) => backupKey({ kind: 'snapshot', database: 'shop', backupId }, file);
const path = (file: string, backupId = NEW) => join(home.home, 'bucket', key(file, backupId));

async function snapshotPath(snapshotId = NEW): Promise<string> {
  return join((await openPlaces(home.home)).snapshots, snapshotId);
}

/** Damages what is below a directory, and undoes that after the work. */
async function damaged(directory: string, damage: () => Promise<unknown>, work: () => Promise<Drilled>): Promise<Drilled> {
  const kept = `${directory}.kept`;
  await cp(directory, kept, { recursive: true });
  try {
    await damage();
    return await work();
  } finally {
    await rm(directory, { recursive: true, force: true });
    await rename(kept, directory);
  }
}

describe('a snapshot that was valid when it was taken', () => {
  it('is PROVEN as long as nothing happens to it', async () => {
    const { body, exitCode } = await drill();
    expect([body.verdict, body.backup?.id, exitCode, body.cleanup.status]).toEqual(['PROVEN', NEW, 0, 'verified']);
  });

  it.each([
    ['facts-before.json', 'deleted', (file: string) => rm(path(file)), /facts-before\.json does not exist/],
    ['facts-after.json', 'emptied', (file: string) => truncate(path(file), 0), /facts-after\.json: is truncated: 0 instead of/],
    ['facts-before.json', 'made longer', (file: string) => appendFile(path(file), ' '), /facts-before\.json: is longer than recorded/],
    ['facts-after.json', 'swapped', (file: string) => copyFile(path(file, OLD), path(file)), /facts-after\.json: (is|does not have)/],
    ['manifest.json', 'deleted', (file: string) => rm(path(file)), /manifest\.json is missing although/],
    ['manifest.json', 'swapped', (file: string) => copyFile(path(file, OLD), path(file)), /manifest\.json: belongs to snapshot s20261120t020001z-a/],
    ['validation.json', 'swapped', (file: string) => copyFile(path(file, OLD), path(file)), /validation\.json belongs to snapshot s20261120t020001z-a/],
  ] as const)('is never PROVEN once its %s was %s', async (file, _, damage, reason) => {
    const { body, exitCode } = await damaged(join(path(file), '..'), () => damage(file), drill);
    expect([body.verdict, exitCode]).toEqual(['FAILED', 1]);
    expect(body.reason).toMatch(reason);
  });

  it('is never PROVEN once a byte of a table was flipped where no query looks', async () => {
    const directory = await snapshotPath();
    const { body, exitCode, finding } = await damaged(directory, () => flipInFreeSpace(join(directory, 'data/base')), drill);
    expect([body.verdict, exitCode]).toEqual(['FAILED', 1]);
    expect(finding('snapshot-files')).toMatchObject({ status: 'failed', cause: 'backup' });
    expect(body.reason).toMatch(new RegExp(`${NEW}: checksum mismatch for file "base/`));
  });

  it.each([
    ['the control file', (data: string) => rm(join(data, 'global/pg_control')), /global\/pg_control/],
    ['the write-ahead log', (data: string) => rm(join(data, 'pg_wal'), { recursive: true }), /WAL|pg_wal/],
    ['its own list of files', (data: string) => rm(join(data, 'backup_manifest')), /backup_manifest is missing/],
  ])('is never PROVEN, and not blamed on the server, once it lost %s', async (_, lose, reason) => {
    const directory = await snapshotPath();
    const { body, exitCode } = await damaged(directory, () => lose(join(directory, 'data')), drill);
    expect([body.verdict, exitCode, body.cleanup.status]).toEqual(['FAILED', 1, 'verified']);
    expect(body.reason).toMatch(reason);
    expect(body.reason).toContain(NEW);
  });

  it('is never PROVEN once an older one lies in its place', async () => {
    const directory = await snapshotPath();
    const swap = async () => {
      await rm(directory, { recursive: true });
      await cp(await snapshotPath(OLD), directory, { recursive: true });
      const record = join(directory, 'snapshot.json');
      await writeFile(record, (await readFile(record, 'utf8')).replaceAll(OLD, NEW), { mode: 0o600 });
    };
    const { body, exitCode } = await damaged(directory, swap, drill);
    expect([body.verdict, exitCode]).toEqual(['FAILED', 1]);
    expect(body.reason).toMatch(new RegExp(`${NEW}: its list of files is not the one recorded when it was taken`));
  });

  it('is FAILED, and named, when it is gone altogether', async () => {
    const directory = await snapshotPath();
    const { body, exitCode } = await damaged(directory, () => rm(directory, { recursive: true }), drill);
    expect([body.verdict, exitCode]).toEqual(['FAILED', 1]);
    expect(body.reason).toMatch(new RegExp(`snapshot ${NEW} does not exist`));
  });
});

/** Flips a bit in the unused middle of a page that is not the only one of its file. */
async function flipInFreeSpace(base: string): Promise<void> {
  for (const database of await readdir(base)) {
    for (const name of await readdir(join(base, database))) {
      const file = join(base, database, name);
      if (!/^\d+$/.test(name) || (await stat(file)).size < 8192) continue;
      const bytes = await readFile(file);
      const [lower, upper] = [bytes.readUInt16LE(12), bytes.readUInt16LE(14)];
      if (upper - lower < 200 || lower < 24) continue;
      bytes[lower + 100] = (bytes[lower + 100] ?? 0) ^ 1;
      await writeFile(file, bytes);
      return;
    }
  }
  throw new Error('no page with free space');
}
