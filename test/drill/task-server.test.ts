import { access, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openPlaces } from '../../local/database-service/places.ts';
import { openSession } from '../../local/session.ts';
import type { WorkerTask } from '../../src/drill/contract.ts';
import { planDrill } from '../../src/drill/plan.ts';
import { InterruptedError, InstanceRefusedError, PostgresNotFoundError, TaskFailedError } from '../../src/errors.ts';
import { connect } from '../../src/postgres/address.ts';
import { dataRoot, serverIdentity } from '../../src/postgres/cluster/identity.ts';
import { processesIn } from '../../src/postgres/cluster/processes.ts';
import { startTemporaryServer, sweepTemporaryServers } from '../../src/postgres/cluster/temporary-server.ts';
import { makeTestHome, type TestHome } from '../helpers/home.ts';
import { SMALL_SHOP, startSource, type Source } from '../helpers/source.ts';

/** `drill.target: task`: the copy is made on a server that the worker itself starts, and removes. */
const ID = '20261120T020000Z-t';
const CONFIG = 'databases: {shop: {drill: {target: task}}}';

let source: Source;
let home: TestHome;
let servers: string;
let onStart: ((pid: number) => void) | undefined;
let onStage: ((stage: string) => void) | undefined;

beforeAll(async () => {
  source = await startSource();
  await source.createDatabase('shop', ...SMALL_SHOP);
  home = await makeTestHome({
    config: CONFIG,
    onStart: (pid) => onStart?.(pid),
    onProgress: ({ stage }) => onStage?.(stage),
  });
  servers = join((await openPlaces(home.home)).instances, '../servers');
  home.source('shop', source.url('shop'));
  expect(await home.backUp('shop', ID)).toBe('valid');
});
afterEach(() => {
  onStart = onStage = undefined;
});
afterAll(async () => {
  await home.remove();
  await source.end();
});

async function isNothingLeft(): Promise<boolean> {
  const isThere = await access(servers).then(
    () => true,
    () => false,
  );
  return !isThere && (await processesIn(servers)).length === 0;
}

/** What every command does first; returns what it says. */
async function openHome(): Promise<string[]> {
  const said: string[] = [];
  const ignore = () => undefined;
  const console = { say: (text: string) => void said.push(text), progress: ignore, print: ignore, color: false };
  await openSession({ home: home.home, console, signal: new AbortController().signal });
  return said;
}

async function proveTask(): Promise<WorkerTask> {
  const request = { input: { database: 'shop' }, drillId: '20261121T030000Z-p', startedAt: '2026-11-21T03:00:00.000Z' };
  return { verb: 'prove', plan: { ...(await planDrill(request, home.laptop)), target: 'task' } };
}

describe('a drill with target task', () => {
  it('proves the dump on a server of its own, says so, and leaves nothing on disk', async () => {
    const { body, exitCode, end } = await home.drill({ database: 'shop' });
    expect([body.verdict, body.assurance, exitCode, end]).toEqual(['PROVEN', 'L5', 0, 'succeeded']);
    expect(body.scope.examined[0]).toBe(`a copy on a server of PostgreSQL ${source.programs.version} inside the drill's own task`);
    expect(body.scope.notExamined[0]).toBe('a server of the database service: the copy ran inside the task');
    const stages = body.timings.map(({ stage }) => stage);
    expect(stages.slice(0, 2)).toEqual(['start the task', 'start a server in the task']);
    expect(stages.at(-1)).toBe('remove the server');
    expect(body.cleanup).toEqual({ status: 'nothing to clean', detail: 'no instance was made: the copy ran inside the task' });
    expect(await home.laptop.databases.listInstances()).toEqual([]);
    expect(await isNothingLeft()).toBe(true);
  });

  it('fails when the copy is not what the source was', async () => {
    const { body } = await home.drill({ database: 'shop', break: 'lose-rows' });
    expect(body.verdict).toBe('FAILED');
    expect(await isNothingLeft()).toBe(true);
  });

  it('is NOT PROVEN where the worker has no server of that major, and names the setting that helps', async () => {
    const taskServers = { home: home.home, programsFor: () => Promise.reject(new PostgresNotFoundError('none of 15 here')) };
    const { body, exitCode } = await home.drill({ database: 'shop' }, {}, home.inProcess({ taskServers }));
    expect([body.verdict, exitCode]).toEqual(['NOT PROVEN', 2]);
    const error = body.errors.find(({ name }) => name === 'ConfigurationError');
    expect(error?.origin).toBe('configuration');
    expect(error?.message).toBe(
      `databases.shop.drill.target: task: the worker has no server of PostgreSQL ${source.programs.major}: none of 15 here\n` +
        'HINT: set databases.shop.drill.target: rds in pgproof.yml',
    );
  });
});

describe('a drill whose task has no room for the copy', () => {
  it('is NOT PROVEN before anything is restored, and says how much is needed', async () => {
    // Linux keeps nothing there and says that nothing is free.
    const taskServers = { home: '/proc/self', programsFor: async () => source.programs };
    const { body } = await home.drill({ database: 'shop' }, {}, home.inProcess({ taskServers }));
    expect(body.verdict).toBe('NOT PROVEN');
    const error = body.errors.find(({ name }) => name === 'InstanceRefusedError');
    expect(error?.message).toMatch(/^\/proc\/\d+ has 0 MiB free and 1025 MiB are needed\n/);
    expect(error?.message).toContain('HINT: raise aws.worker.ephemeralStorageGib, or set databases.shop.drill.target: rds in pgproof.yml');
    expect(body.timings.map(({ stage }) => stage)).toEqual(['start the task', 'start a server in the task']);
  });
});

describe('the server inside the task', () => {
  it('is removed when the task is stopped in the middle', async () => {
    const controller = new AbortController();
    onStage = (stage) => stage === 'restore archive' && controller.abort(new InterruptedError('enough'));
    await expect(home.tasks.run(await proveTask(), controller.signal)).rejects.toThrow(InterruptedError);
    expect(await isNothingLeft()).toBe(true);
  });

  it('outlives a worker that is killed, and is swept by the next command', async () => {
    let worker = 0;
    onStart = (pid) => void (worker = pid);
    onStage = (stage) => stage === 'restore archive' && process.kill(worker, 'SIGKILL');
    await expect(home.tasks.run(await proveTask())).rejects.toThrow(TaskFailedError);
    expect(await readdir(servers)).toHaveLength(1);
    expect((await processesIn(servers)).length).toBeGreaterThan(0);
    expect(await openHome()).toEqual(['destroyed a server that an earlier drill left running']);
    expect(await isNothingLeft()).toBe(true);
    expect(await openHome()).toEqual([]);
  });

  it('of a living process is left alone by a sweep', async () => {
    const server = await start(0);
    try {
      expect(await sweepTemporaryServers(home.home)).toBe(0);
      const client = await connect({ ...server.login, database: 'postgres' });
      const { rows } = await client.query('select current_user as name, current_setting($1) as zone', ['TimeZone']);
      await client.end();
      expect(rows).toEqual([{ name: 'shop-keeper', zone: 'Asia/Tokyo' }]);
    } finally {
      await server.remove();
    }
    expect(await isNothingLeft()).toBe(true);
  });

  it('stands elsewhere for a home that its user cannot enter, and leaves nothing there', async () => {
    const closed = await mkdtemp(join(tmpdir(), 'pgproof-closed-'));
    const { programs } = source;
    const signal = new AbortController().signal;
    const server = await startTemporaryServer(closed, { programs, superuser: 'postgres', parameters: {}, bytes: 0, signal });
    const root = await dataRoot(closed, await serverIdentity());
    expect((await processesIn(join(root, 'servers'))).length).toBeGreaterThan(0);
    await server.remove();
    expect(await processesIn(join(root, 'servers'))).toEqual([]);
    expect(await readdir(closed)).toEqual([]);
    await rm(closed, { recursive: true });
    await expect(access(root)).rejects.toThrow('ENOENT');
  });

  it('is not begun where there is no room for the copy', async () => {
    const refused = start(1024 ** 6);
    await expect(refused).rejects.toThrow(InstanceRefusedError);
    await expect(refused).rejects.toThrow('1099511627776 MiB are needed');
    expect(await isNothingLeft()).toBe(true);
  });

  it('leaves nothing when it does not come up', async () => {
    await expect(start(0, { TimeZone: 'Nowhere/Atall' })).rejects.toThrow('invalid value for parameter "TimeZone"');
    expect(await isNothingLeft()).toBe(true);
  });
});

function start(bytes: number, parameters: Readonly<Record<string, string>> = { TimeZone: 'Asia/Tokyo' }) {
  const { programs } = source;
  const signal = new AbortController().signal;
  return startTemporaryServer(home.home, { programs, superuser: 'shop-keeper', parameters, bytes, signal });
}
