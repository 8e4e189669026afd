import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chown, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/cloud/system-clock.ts';
import { processesIn } from '../../src/postgres/cluster/processes.ts';
import { ownerName } from '../../src/owner.ts';
import { makePortable } from '../helpers/portable-program.ts';
import { addressOf, makeHome, valueOf, type Home } from './database-home.ts';
import type { ProcessRequest } from './database-process.ts';

let home: Home;
const children: ChildProcess[] = [];

beforeAll(async () => {
  home = await makeHome();
});

afterEach(async () => {
  for (const child of children.splice(0)) await end(child);
  for (const { instanceId } of await home.service.listInstances()) await home.service.deleteInstance(instanceId);
  for (const name of await readdir(home.places.snapshots)) await rm(join(home.places.snapshots, name), { recursive: true });
});

afterAll(() => home.remove());

const PROGRAM = { node: process.execPath, script: join(import.meta.dirname, 'database-process.ts') };

/** Starts a process and returns when it has printed its line. */
async function run(request: ProcessRequest, identity = {}, program = PROGRAM): Promise<{ child: ChildProcess; line: string }> {
  const child = spawn(program.node, [program.script, JSON.stringify(request)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: '/',
    ...identity,
  });
  children.push(child);
  let line = '';
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    line += chunk.toString();
    if (line.includes('\n')) break;
  }
  return { child, line };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

test('what a killed process left is found and swept; what a living one has is left alone', async () => {
  const request = { home: home.home, does: 'create', wait: true } as const;
  const dead = await run({ ...request, instanceIds: ['left-behind'] });
  await run({ ...request, instanceIds: ['in-use'] });
  await home.service.createInstance(home.request('our-own'));
  await home.service.untilAvailable('our-own');
  await end(dead.child);

  const listed = await home.service.listInstances();
  expect(listed.map(({ instanceId }) => instanceId)).toEqual(['in-use', 'left-behind', 'our-own']);
  expect(await home.service.sweep()).toEqual({ instances: ['left-behind'], unfinished: [] });
  expect(await home.traces('left-behind')).toEqual([]);
  expect(await home.service.describeInstance('left-behind')).toBeUndefined();
  expect(await valueOf(await home.service.connection('in-use'), 'SELECT 1')).toBe('1');
  expect(await valueOf(await home.service.connection('our-own'), 'SELECT 1')).toBe('1');
});

test.each([5, 60, 300, 700])('a creation whose process is killed after %i ms has failed and is swept', async (pause) => {
  const request = { home: home.home, does: 'create', wait: false } as const;
  const { child } = await run({ ...request, instanceIds: ['half'] });
  await systemClock.sleep(pause);
  await end(child);
  const state = await home.service.describeInstance('half');
  // The last moment may have been enough to finish.
  if (state?.status !== 'available') {
    expect(state).toMatchObject({ status: 'failed', detail: 'the process that was creating it ended' });
  }
  expect(await home.service.sweep()).toEqual({ instances: ['half'], unfinished: [] });
  expect(await home.traces('half')).toEqual([]);
});

test('a process number that was given to another process does not keep an instance alive', async () => {
  await home.service.createInstance(home.request('reused'));
  await home.service.untilAvailable('reused');
  const path = join(home.places.instances, 'reused/instance.json');
  const [host, pid] = ownerName().split('-');
  const record = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  expect(await home.service.sweep()).toEqual({ instances: [], unfinished: [] });
  await writeFile(path, JSON.stringify({ ...record, owner: `${host}-${pid}-1` }));
  expect(await home.service.sweep()).toEqual({ instances: ['reused'], unfinished: [] });
});

test('a snapshot broken off by kill -9 is swept, with the program that still writes it', async () => {
  await home.service.createInstance(home.request('source'));
  const source = addressOf(await home.service.untilAvailable('source'));
  const { child } = await run({ home: home.home, does: 'snapshot', source });
  const unfinished = async () => (await readdir(home.places.snapshots)).filter((name) => name.startsWith('.new-'));
  while ((await unfinished()).length === 0) await systemClock.sleep(5);
  await end(child);
  const [name = ''] = await unfinished();
  const directory = join(home.places.snapshots, name);
  const writer = spawn('sleep', ['600'], { cwd: directory, stdio: 'ignore' });
  children.push(writer);
  expect(await processesIn(directory)).toContain(writer.pid);
  expect(await home.service.describeSnapshot('broken-off')).toBeUndefined();
  expect(await home.service.sweep()).toEqual({ instances: [], unfinished: [name] });
  expect(await readdir(home.places.snapshots)).toEqual([]);
  expect(await processesIn(directory)).toEqual([]);
  expect(await home.service.createSnapshot({ snapshotId: 'whole', database: 'shop', source, tags: {} })).toMatchObject({
    status: 'available',
  });
});

test('an unfinished snapshot of a living process is left alone', async () => {
  const name = `.new-${ownerName()}-0123456789ab`;
  await mkdir(join(home.places.snapshots, name));
  expect(await home.service.sweep()).toEqual({ instances: [], unfinished: [] });
  expect(await readdir(home.places.snapshots)).toEqual([name]);
});

test('a leftover that cannot be destroyed does not keep the others from being swept', async () => {
  const { child } = await run({ home: home.home, does: 'create', wait: true, instanceIds: ['left-behind'] });
  await end(child);
  await mkdir(join(home.places.instances, 'foreign'));
  await writeFile(join(home.places.instances, 'foreign/data'), 'the only copy');
  await expect(home.service.sweep()).rejects.toThrow('foreign is no throwaway instance of pgproof');
  expect(await readdir(home.places.instances)).toEqual(['foreign']);
  await rm(join(home.places.instances, 'foreign'), { recursive: true });
});

test('an ordinary user can do everything, and nothing is left of it but the snapshot', async () => {
  const own = await realpath(await mkdtemp(join(tmpdir(), 'pgproof-ordinary-')));
  const isRoot = process.getuid?.() === 0;
  const identity = isRoot ? { uid: 65_534, gid: 65_534 } : {};
  if (isRoot) await chown(own, 65_534, 65_534);
  const portable = await makePortable(PROGRAM.script);
  const { line } = await run({ home: own, does: 'everything' }, identity, portable);
  const { examined, ...rest } = JSON.parse(line) as { examined: number };
  const uid = isRoot ? 65_534 : process.getuid?.();
  expect(rest).toEqual({ uid, problems: [], answer: 'owner answered', left: [] });
  expect(examined).toBeGreaterThan(900);
  expect((await readdir(own, { recursive: true })).filter((name) => !name.startsWith('snapshots/kept/'))).toEqual([
    'instances',
    'snapshots',
    'snapshots/kept',
  ]);
  expect(await processesIn(own)).toEqual([]);
  await rm(own, { recursive: true });
  await portable.remove();
});

test('a home that only we can enter serves as well', async () => {
  const closed = await makeHome(0o700);
  try {
    await closed.service.createInstance(closed.request('inside'));
    const source = addressOf(await closed.service.untilAvailable('inside'));
    await closed.service.createSnapshot({ snapshotId: 'kept', database: 'shop', source, tags: {} });
    expect((await closed.open().verifySnapshot('kept')).problems).toEqual([]);
    await closed.service.restoreSnapshot({ instanceId: 'copy', snapshotId: 'kept', tags: {} });
    expect(await valueOf(await closed.service.untilAvailable('copy'), 'SELECT 1')).toBe('1');
    await closed.service.destroyOwn();
    expect(await closed.traces('inside')).toEqual([]);
    // What cannot be in the home because the server's user could not reach it leaves no directory either.
    expect(await readdir(closed.home)).toEqual(process.getuid?.() === 0 ? ['snapshots'] : ['instances', 'snapshots']);
    expect(existsSync(join(closed.places.instances, '..'))).toBe(process.getuid?.() !== 0);
  } finally {
    await closed.remove();
  }
});
