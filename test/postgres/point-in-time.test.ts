import { execFile, spawnSync } from 'node:child_process';
import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ARCHIVING_SETTINGS } from '../../local/database-service/archiving.ts';
import { ownerName } from '../../src/owner.ts';
import { postmasterPid } from '../../src/postgres/cluster/processes.ts';
import { addressOf, makeHome, using, valueOf, type Home } from './database-home.ts';

/**
 * A source that keeps its log, recovered by the local database service. Between any two rows the time is taken, so that
 * `moments[n]` is a moment at which exactly n rows were committed.
 */
const ROWS = 5;
const moments: Date[] = [];
let home: Home;
let archive: string;

beforeAll(async () => {
  home = await makeHome();
  await home.service.createInstance({ ...home.request('source'), archive: true });
  const source = await home.service.untilAvailable('source');
  await valueOf(source, 'create table written (n int)');
  await home.service.createSnapshot({ snapshotId: 'base', database: 'shop', source: addressOf(source), tags: {} });
  await using(source, async (client) => {
    for (let n = 0; n <= ROWS; n += 1) {
      if (n > 0) await client.query('insert into written values ($1)', [n]);
      await client.query('select pg_sleep(0.01)');
      moments.push(new Date());
      await client.query('select pg_sleep(0.01)');
    }
    await client.query('insert into written values (0)');
  });
  await home.service.keepLog({ instanceId: 'source', database: 'shop', source: addressOf(source) });
  await home.service.deleteInstance('source');
  const [identifier = ''] = await readdir(join(home.home, 'archives', 'shop'));
  archive = join(home.home, 'archives', 'shop', identifier);
});
afterAll(() => home.remove());

const source = { database: 'shop' };
const momentOf = (n: number) => moments[n] ?? new Date(Number.NaN);
const restore = (instanceId: string, to: Date) => home.service.restoreToPointInTime({ instanceId, source, to, tags: {} });

async function rowsAt(to: Date): Promise<string> {
  await restore('recovered', to);
  try {
    const rows = `select coalesce(string_agg(n::text, ',' order by n), 'none') from written`;
    return await valueOf(await home.service.untilAvailable('recovered'), rows);
  } finally {
    await home.service.deleteInstance('recovered');
  }
}

describe('a recovery to a point in time', () => {
  it.each([
    [0, 'none'],
    [1, '1'],
    [4, '1,2,3,4'],
  ])('to the moment after row %i has the rows up to there and none after', async (n, rows) => {
    expect(await rowsAt(momentOf(n))).toBe(rows);
    expect(await home.traces('recovered')).toEqual([]);
  });

  it('to the latest moment has all but the last transaction, which shows that the moment was reached', async () => {
    const window = await home.service.recoveryWindow(source);
    expect(await rowsAt(window?.latest ?? new Date(0))).toBe('1,2,3,4,5');
  });

  it('to the earliest moment has nothing that came after the base backup', async () => {
    const window = await home.service.recoveryWindow(source);
    expect(await rowsAt(window?.earliest ?? new Date(0))).toBe('none');
  });

  it('is a primary of its own that archives nothing, and its part of the log is gone', async () => {
    await restore('recovered', momentOf(3));
    const login = await home.service.untilAvailable('recovered');
    expect(await valueOf(login, `select concat_ws(' ', pg_is_in_recovery(), current_setting('archive_mode'), (select timeline_id from pg_control_checkpoint()) > 0)`)).toBe('f off t');
    expect(await readdir(join(home.places.instances, 'recovered'))).not.toContain('wal');
    await home.service.deleteInstance('recovered');
  });

  it.each([
    ['before the base backup', () => new Date(momentOf(0).getTime() - 3_600_000)],
    ['after the last commit of the log', () => new Date(momentOf(ROWS).getTime() + 3_600_000)],
  ])('%s is refused, naming the window, and makes nothing', async (_when, to) => {
    await expect(restore('refused', to())).rejects.toThrow(/^shop cannot be recovered to \S+: expected a time from \S+ to \S+$/);
    expect(await home.traces('refused')).toEqual([]);
  });

  it('of a database without a log is refused', async () => {
    expect(await home.service.recoveryWindow({ database: 'other' })).toBeUndefined();
    const asked = home.service.restoreToPointInTime({ instanceId: 'refused', source: { database: 'other' }, to: momentOf(1), tags: {} });
    await expect(asked).rejects.toThrow('other cannot be recovered');
  });
});

describe('a damaged log', () => {
  async function damaged<T>(damage: (segment: string) => Promise<unknown>, work: (segment: string) => Promise<T>): Promise<T> {
    const kept = `${archive}.kept`;
    await cp(archive, kept, { recursive: true });
    const segment = (await readdir(archive)).filter((name) => /^[0-9A-F]{24}$/.test(name)).sort().at(-1) ?? '';
    try {
      await damage(join(archive, segment));
      return await work(segment);
    } finally {
      await rm(archive, { recursive: true, force: true });
      await rename(kept, archive);
    }
  }

  const flipAt = async (file: string, position: number) => {
    const bytes = await readFile(file);
    bytes[position] = (bytes[position] ?? 0) ^ 1;
    await writeFile(file, bytes);
  };
  const flip = (file: string) => flipAt(file, 4096);

  it.each([
    ['missing', (file: string) => rm(file), /: the WAL segment is missing$/],
    ['altered in one bit', flip, /: the WAL segment does not have the SHA-256 it was archived with$/],
    ['longer', (file: string) => appendFile(file, 'x'), /: the WAL segment does not have the SHA-256 it was archived with$/],
  ])('whose segment is %s is not replayed, and the segment is named', async (_how, damage, problem) => {
    await damaged(damage, async (segment) => {
      await expect(restore('refused', momentOf(2))).rejects.toThrow(problem);
      await expect(restore('refused', momentOf(2))).rejects.toThrow(segment);
    });
    expect(await home.traces('refused')).toEqual([]);
  });

  it('is not replayed over a base backup with one altered bit, and that is named', async () => {
    const file = join(home.places.snapshots, 'base', 'data', 'base', '1', 'PG_VERSION');
    const kept = await readFile(file);
    await flipAt(file, 0);
    await expect(restore('refused', momentOf(2))).rejects.toThrow(/^base backup base: .*PG_VERSION/);
    await writeFile(file, kept);
    expect(await home.traces('refused')).toEqual([]);
  });

  it('whose record is cut is said to be so', async () => {
    const cut = async () => writeFile(join(archive, 'archive.json'), '{"kind":');
    await damaged(cut, async () => {
      await expect(home.service.recoveryWindow(source)).rejects.toThrow('archive.json: does not read as the record');
    });
  });

  it('that the server finds out about itself ends the instance with the reason', async () => {
    const hide = async (file: string) => {
      // The record says that this is how it was archived: only replaying shows otherwise.
      await writeFile(file, Buffer.alloc(16 * 1_048_576));
      const record = JSON.parse(await readFile(join(archive, 'archive.json'), 'utf8')) as { segments: Record<string, string> };
      const name = file.slice(-24);
      record.segments[name] = '080acf35a507ac9849cfcba47dc2ad83e01b75663a516279c8b9d243b719643e';
      await writeFile(join(archive, 'archive.json'), JSON.stringify(record));
    };
    await damaged(hide, async () => {
      await restore('unreached', momentOf(ROWS));
      await expect(home.service.untilAvailable('unreached')).rejects.toThrow(/recovery ended before configured recovery target was reached|invalid/);
    });
    await home.service.deleteInstance('unreached');
    expect(await home.traces('unreached')).toEqual([]);
  });
});

describe('a recovery that is stopped', () => {
  it('by its deletion leaves nothing', async () => {
    await restore('stopped', momentOf(4));
    await home.service.deleteInstance('stopped');
    expect(await home.traces('stopped')).toEqual([]);
  });

  it('by the death of its server fails with the reason, and leaves nothing', async () => {
    await restore('killed', momentOf(4));
    const data = join(home.places.instances, 'killed', 'data');
    let pid: number | undefined;
    while ((pid = await postmasterPid(data)) === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    process.kill(pid, 'SIGKILL');
    await expect(home.service.untilAvailable('killed')).rejects.toThrow(/not available but failed/);
    await home.service.deleteInstance('killed');
    expect(await home.traces('killed')).toEqual([]);
  });
});

describe('the command that archives', () => {
  it('keeps a segment, accepts the same one again, and refuses another one under its name', async () => {
    const cluster = await mkdtemp(join(tmpdir(), 'pgproof-archiving-'));
    for (const name of ['data', 'wal']) await mkdir(join(cluster, name));
    const archiveSegment = async (content: string) => {
      await writeFile(join(cluster, 'data', 'segment'), content);
      const command = (ARCHIVING_SETTINGS['archive_command'] ?? '').replaceAll('%p', 'segment').replaceAll('%f', '000000010000000000000001');
      await promisify(execFile)('sh', ['-c', command], { cwd: join(cluster, 'data') });
    };
    await archiveSegment('one');
    await archiveSegment('one');
    await expect(archiveSegment('two')).rejects.toThrow(/Command failed/);
    expect(await readdir(join(cluster, 'wal'))).toEqual(['000000010000000000000001']);
    expect(await readFile(join(cluster, 'wal', '000000010000000000000001'), 'utf8')).toBe('one');
    await rm(cluster, { recursive: true, force: true });
  });
});

describe('what is swept', () => {
  it('is a log whose base backups are gone, and no other', async () => {
    const orphan = join(home.home, 'archives', 'shop', '42');
    await mkdir(orphan);
    await writeFile(join(orphan, '000000010000000000000001'), 'log');
    expect((await home.service.sweep()).unfinished).toEqual(['log of shop 42']);
    expect(await readdir(join(home.home, 'archives', 'shop'))).toEqual([archive.split('/').at(-1)]);
  });

  it('is a segment that a dead process was taking, and not one that a living process takes', async () => {
    const [host] = ownerName().split('-');
    const dead = `.new-${host}-${spawnSync('true').pid}-1-0123456789ab`;
    const living = `.new-${ownerName()}-0123456789ab`;
    for (const name of [dead, living]) await writeFile(join(archive, name), 'half');
    expect((await home.service.sweep()).unfinished).toEqual([dead]);
    expect((await readdir(archive)).filter((name) => name.startsWith('.new-'))).toEqual([living]);
    await rm(join(archive, living));
  });
});

it.runIf(process.getuid?.() === 0)('works in a home that the server cannot reach', async () => {
  const closed = await makeHome(0o700);
  try {
    await closed.service.createInstance({ ...closed.request('source'), archive: true });
    const login = await closed.service.untilAvailable('source');
    await closed.service.createSnapshot({ snapshotId: 'base', database: 'shop', source: addressOf(login), tags: {} });
    await valueOf(login, 'create table one ()');
    await valueOf(login, 'select pg_sleep(0.02)');
    await valueOf(login, 'create table two ()');
    const window = await closed.service.keepLog({ instanceId: 'source', database: 'shop', source: addressOf(login) });
    await closed.service.restoreToPointInTime({ instanceId: 'recovered', source, to: window?.latest ?? new Date(0), tags: {} });
    const recovered = await closed.service.untilAvailable('recovered');
    expect(await valueOf(recovered, `select concat_ws(' ', to_regclass('one') is not null, to_regclass('two') is not null)`)).toBe('t f');
  } finally {
    await closed.remove();
  }
});
