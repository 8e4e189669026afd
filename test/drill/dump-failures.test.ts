import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readManifest } from '../../src/backup/archive.ts';
import { parseConfig } from '../../src/config/config.ts';
import type { ObjectStore } from '../../src/cloud/object-store.ts';
import { describeError, StoreWriteError, TaskFailedError } from '../../src/errors.ts';
import { makeTestHome, withPrograms, type TestHome } from '../helpers/home.ts';
import { waiting, whileLocked } from '../helpers/locks.ts';
import { SMALL_SHOP, startSource, type Source } from '../helpers/source.ts';

/** What can go wrong while a dump is taken, each brought about for real and seen from a user's side of the store. */
let source: Source;
let home: TestHome;

beforeAll(async () => {
  source = await startSource();
  await source.createDatabase('shop', ...SMALL_SHOP);
  home = await makeTestHome({ config: 'databases: {shop: {dump: {lockTimeout: 1s}}}\n' });
  home.source('shop', source.url('shop'));
});
afterAll(async () => {
  await home.remove();
  await source.end();
});

let count = 0;
function nextTask() {
  count += 1;
  return { verb: 'dump', database: 'shop', backupId: `20261120T02${String(count).padStart(4, '0')}Z-f` } as const;
}

/** Takes a dump that must fail, and sees to it that nothing of it is left to be taken for a backup. */
async function failingDump(over: Parameters<TestHome['inProcess']>[0] = {}): Promise<string> {
  const task = nextTask();
  const before = await home.keys();
  const error = await home.inProcess(over).run(task).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TaskFailedError);
  expect(await home.keys()).toEqual(before);
  expect(await home.unfinished()).toEqual([]);
  return describeError(error);
}

/** Waits for a lock as long as it takes. */
const patient = { config: parseConfig('databases: {shop: {dump: {lockTimeout: 60s}}}', 'pgproof.yml') };

const withDump = (script: string) => ({
  programsFor: async (major: number) => withPrograms(await home.laptop.programsFor(major), { pg_dump: script }),
});

describe('a dump whose pg_dump', () => {
  it('fails after half of its output leaves nothing, and says why', async () => {
    expect(await failingDump(withDump('prints-then-fails'))).toBe(
      'prints-then-fails failed with exit code 1: pg_dump: error: query failed: ERROR:  could not read block 7',
    );
  });

  it('is killed after half of its output leaves nothing', async () => {
    expect(await failingDump(withDump('prints-then-is-killed'))).toBe('prints-then-is-killed was killed by SIGKILL');
  });

  it('closes its output early and fails later leaves nothing', async () => {
    expect(await failingDump(withDump('closes-stdout-then-fails'))).toMatch(/failed with exit code 3: too late/);
  });

  it('waits for a lock longer than it may says for which, and who holds it', async () => {
    await whileLocked(source, async (holder) => {
      const message = await failingDump();
      const expected = `pg_dump waited 1 s for a lock on shop.secrets, held by process ${holder} (migration), and gave up\nHINT: `;
      expect(message).toContain(expected);
      expect(message).toContain('raise dump.lockTimeout');
    });
  });
});

describe('a dump during which the source', () => {
  it('ends the session that holds the snapshot leaves nothing', async () => {
    const holders = `select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'pgproof' and state = 'idle in transaction' and backend_xmin is not null and query like '%pg_database_size%'`;
    await whileLocked(source, async () => {
      const failing = failingDump(patient);
      await waiting(source, 'pg_dump');
      expect(await source.sql('shop', holders)).toHaveLength(1);
      expect(await failing).toBe('the connection that holds the snapshot was lost');
    });
  });

  it('ends a session that reads facts leaves nothing', async () => {
    await whileLocked(source, async () => {
      const failing = failingDump(patient);
      await source.sql('shop', `select pg_terminate_backend(${await waiting(source, 'reader')})`);
      expect(await failing).toMatch(/^the connection was lost while facts were read: /);
    });
  });

  it('changes its roles leaves nothing, because globals and facts would speak of two moments', async () => {
    await whileLocked(source, async (_, release) => {
      const failing = failingDump(patient);
      await waiting(source, 'pg_dump');
      await source.sql('shop', 'alter role shop_app connection limit 7');
      await release();
      expect(await failing).toMatch(/^roles or their settings changed while the dump ran/);
    });
  });
});

describe('a dump into a store that', () => {
  it('has no room leaves nothing and says so', async () => {
    const put: ObjectStore['put'] = async (key, body) => {
      for await (const chunk of body as AsyncIterable<Uint8Array>) {
        const cause = Object.assign(new Error('write ENOSPC'), { code: 'ENOSPC' });
        if (chunk.length > 0) throw new StoreWriteError(key, `cannot write ${key}: the disk is full`, { cause });
      }
      throw new Error('the body was empty');
    };
    const { store } = home.laptop;
    const full: ObjectStore = { put, read: store.read.bind(store), head: store.head.bind(store), list: store.list.bind(store) };
    expect(await failingDump({ store: full })).toMatch(/archive\.dump: the disk is full$/);
  });

  it('keeps fewer bytes than it was given leaves no backup', async () => {
    const { store } = home.laptop;
    const put: ObjectStore['put'] = async (key, body, options) => {
      const stored = await store.put(`tmp/${key}`, body, options);
      return { ...stored, bytes: stored.bytes - 1 };
    };
    const short: ObjectStore = { put, read: store.read.bind(store), head: store.head.bind(store), list: store.list.bind(store) };
    expect(await failingDump({ store: short })).toMatch(/archive\.dump: the store kept \d+ of \d+ bytes$/);
  });
});

describe('after all that', () => {
  it('the next dump of the same home is valid and PROVEN', async () => {
    const { backupId } = nextTask();
    expect(await home.backUp('shop', backupId)).toBe('valid');
    const { body, exitCode } = await home.drill({});
    expect([body.verdict, body.assurance, body.backup?.id, exitCode]).toEqual(['PROVEN', 'L5', backupId, 0]);
  });

  it('a task that is run again under the same name changes nothing of the backup that is there', async () => {
    const task = nextTask();
    expect(await home.backUp('shop', task.backupId)).toBe('valid');
    const key = `v1/shop/dumps/${task.backupId}/manifest.json`;
    const first = await readManifest(home.laptop.store, key);
    await home.tasks.run(task);
    expect(await readManifest(home.laptop.store, key)).toEqual(first);
    expect((await home.drill({ backup: task.backupId })).body.verdict).toBe('PROVEN');
  });

  it('of two tasks of one name at once one makes the backup, and the other does not touch it', async () => {
    const task = nextTask();
    const ends = await Promise.allSettled([home.tasks.run(task), home.tasks.run(task)]);
    const refusals = ends.flatMap((end) => (end.status === 'rejected' ? [describeError(end.reason)] : []));
    // One that came late enough has found the finished backup and was content.
    expect(refusals.length).toBeLessThan(2);
    for (const refusal of refusals) expect(refusal).toMatch(/archive\.dump exists already and is never rewritten$/);
    expect(await home.backUp('shop', task.backupId)).toBe('valid');
    expect((await home.drill({ backup: task.backupId })).body.verdict).toBe('PROVEN');
  });

  it('an archive that an earlier attempt left without a manifest is not mixed into a new one', async () => {
    const task = nextTask();
    const file = (name: string) => home.file('shop', task.backupId, name);
    await home.backUp('shop', task.backupId);
    await copyFile(file('archive.dump'), join(home.home, 'kept.dump'));
    for (const name of ['manifest.json', 'validation.json']) await rm(file(name));
    const error = await home.tasks.run(task).catch((reason: unknown) => reason);
    expect(describeError(error)).toMatch(`object v1/shop/dumps/${task.backupId}/archive.dump exists already and is never rewritten`);
    expect(await home.keys(`v1/shop/dumps/${task.backupId}/manifest`)).toEqual([]);
  });
});

describe('a pg_dump that claims success for half an archive', () => {
  it('makes a backup that is found invalid when it lands, and is never PROVEN', async () => {
    const { backupId } = nextTask();
    process.env.FIXTURE_FILE = join(home.home, 'kept.dump');
    process.env.FIXTURE_BYTES = '9000';
    const before = await home.keys('v1/shop/drills/');
    await home.inProcess(withDump('prints-part-of-a-file')).run({ verb: 'dump', database: 'shop', backupId });
    await home.backUp('shop', backupId);
    const { body, exitCode } = await home.drill({ backup: backupId });
    expect([body.verdict, exitCode]).toEqual(['FAILED', 1]);
    expect(body.reason).toMatch(new RegExp(`dump ${backupId} is invalid: .*archive.dump: cannot be decoded`));
    expect(before).not.toHaveLength(0);
    expect((await home.drill({})).body).toMatchObject({ verdict: 'PROVEN' });
  });
});
