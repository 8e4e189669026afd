import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPlaces } from '../../local/database-service/places.ts';
import { makeTestHome, type TestHome } from '../helpers/home.ts';
import { waiting, whileLocked } from '../helpers/locks.ts';
import { childOf, isGroupGone, isRunning, listProcesses, until } from '../helpers/process-list.ts';
import { SMALL_SHOP, startSource, type Source } from '../helpers/source.ts';

/** The program as a user runs it: what goes wrong must reach the exit code and the last lines of stderr. */
const MAIN = fileURLToPath(new URL('../../local/main.ts', import.meta.url));

let source: Source;
let home: TestHome;

beforeAll(async () => {
  source = await startSource();
  await source.createDatabase(
    'shop',
    ...SMALL_SHOP,
    `create table shop.noise as select i, md5(i::text) || md5((i * 3)::text) as text from generate_series(1, 60000) i`,
  );
  home = await makeTestHome();
});
afterAll(async () => {
  await home.remove();
  await source.end();
});

function pgproof(verb: string, args: readonly string[] = [], env: Record<string, string> = {}) {
  const common = ['--home', home.home, '--source', source.url('shop')];
  return execa(process.execPath, [MAIN, verb, ...common, ...args], { env, reject: false });
}

async function manifests(): Promise<string[]> {
  return (await home.keys()).filter((key) => key.endsWith('manifest.json'));
}

describe('pgproof backup', () => {
  it('exits 1 when pg_dump fails, and says what pg_dump said', async () => {
    const directory = await realpath(await mkdtemp(join(tmpdir(), 'pgproof-programs-')));
    for (const name of ['pg_dumpall', 'pg_restore', 'psql'] as const) {
      await writeFile(join(directory, name), `#!/bin/sh\nexec '${source.programs.path(name)}' "$@"\n`, { mode: 0o755 });
    }
    await symlink(fileURLToPath(new URL('../fixtures/fails-as-pg-dump', import.meta.url)), join(directory, 'pg_dump'));
    const { exitCode, stderr } = await pgproof('backup', ['--json'], { PGPROOF_POSTGRES: directory });
    await rm(directory, { recursive: true });
    expect(stderr.split('\n').at(-1)).toBe(
      'pgproof: pg_dump failed with exit code 1: pg_dump: error: Dumping the contents of table "orders" failed: PQgetResult() failed.',
    );
    expect(exitCode).toBe(1);
    expect(await home.keys()).toEqual([]);
  });

  it('exits 1 on a full file system, keeps nothing there, and works again when there is room', async () => {
    const bucket = join(home.home, 'bucket');
    await mkdir(bucket, { recursive: true });
    const isMounted = mountSmall(bucket);
    // Without the right to mount, a limit on the size of files stands in for the full disk; the kernel kills for that.
    const limited = ['-c', `ulimit -f 1000; exec "$0" "$@"`, process.execPath, MAIN, 'backup', '--home', home.home];
    const failed = isMounted
      ? await pgproof('backup')
      : await execa('sh', [...limited, '--source', source.url('shop')], { reject: false });
    try {
      expect(failed.stderr).toMatch(
        isMounted ? /archive\.dump: the disk is full\nHINT: .*df -h/ : /the dump task ended with SIGXFSZ/,
      );
      expect(failed.exitCode).toBe(1);
      expect(await home.keys()).toEqual([]);
      if (isMounted) expect(await home.unfinished()).toEqual([]);
    } finally {
      if (isMounted) execFileSync('umount', [bucket]);
    }
    expect((await pgproof('backup')).exitCode).toBe(0);
    expect(await manifests()).toHaveLength(1);
  });

  it('that is told to stop stops its worker, keeps nothing and exits 130', async () => {
    const before = await home.keys();
    await whileLocked(source, async () => {
      const running = pgproof('backup');
      await waiting(source, 'pg_dump');
      const worker = await childOf(running.pid ?? 0, 'worker-main');
      running.kill('SIGTERM');
      const { exitCode, stderr } = await running;
      expect(stderr).toMatch(/pgproof: the dump task was stopped/);
      expect(exitCode).toBe(130);
      expect(await isGroupGone(worker.pid, 0.5)).toBe(true);
    });
    expect(await home.keys()).toEqual(before);
    expect(await home.unfinished()).toEqual([]);
  });

  it('that is killed takes its worker and pg_dump with it', async () => {
    const before = await home.keys();
    await whileLocked(source, async () => {
      const running = pgproof('backup');
      await waiting(source, 'pg_dump');
      const worker = await childOf(running.pid ?? 0, 'worker-main');
      running.kill('SIGKILL');
      await running;
      expect(await isGroupGone(worker.pid, 10)).toBe(true);
    });
    expect(await home.keys()).toEqual(before);
  });

  it('exits 1 when its worker is killed, and says so', async () => {
    const before = await home.keys();
    const running = pgproof('backup');
    const worker = await childOf(running.pid ?? 0, 'worker-main');
    await until('the worker leads its group', () => worker.group === worker.pid || undefined);
    process.kill(worker.pid, 'SIGKILL');
    const { exitCode, stderr } = await running;
    expect(stderr).toMatch(/pgproof: the dump task ended with SIGKILL/);
    expect(exitCode).toBe(1);
    expect(await home.keys()).toEqual(before);
  });
});

describe('pgproof drill', () => {
  it('that is told to stop destroys its instance, seals NOT PROVEN and exits 2', async () => {
    const { instances } = await openPlaces(home.home);
    const running = execa(process.execPath, [MAIN, 'drill', '--home', home.home, '--json'], { reject: false });
    await until('the restore runs', () => listProcesses().some((each) => isRunning(each, 'pg_restore') && isBelow(each.group, running.pid)) || undefined);
    running.kill('SIGINT');
    const { exitCode, stdout } = await running;
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'NOT PROVEN', cleanup: 'verified', errors: [{ name: 'InterruptedError' }] });
    expect(exitCode).toBe(2);
    expect(await readdir(instances)).toEqual([]);
  });
});

/** A worker leads a group of its own; its parent is the program. */
function isBelow(group: number, program: number | undefined): boolean {
  return listProcesses().some(({ pid, parent }) => pid === group && parent === program);
}

describe('pgproof run', () => {
  it('sweeps what was left and ends PROVEN with exit code 0', async () => {
    const { exitCode, stdout } = await pgproof('run', ['--json']);
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'PROVEN', assurance: 'L5', database: 'shop', cleanup: 'verified' });
    expect(exitCode).toBe(0);
    expect(await home.unfinished()).toEqual([]);
    expect(await home.laptop.databases.listInstances()).toEqual([]);
  });
});

/** True when a file system of 2 MiB was put over the directory. */
function mountSmall(directory: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'pgproof-test', directory], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
