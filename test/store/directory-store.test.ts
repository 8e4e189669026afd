import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EventQueue } from '../../local/events.ts';
import { DirectoryStore } from '../../local/store/directory-store.ts';
import { writeError } from '../../local/store/faults.ts';
import { InvalidKeyError, ObjectNotFoundError, StoreReadError, StoreWriteError } from '../../src/errors.ts';
import { testObjectStore } from './conformance.ts';
import { content, textOf } from './content.ts';

const PROGRAMS = join(import.meta.dirname, 'programs');

testObjectStore('the directory store', async () => {
  const root = await mkdtemp(join(tmpdir(), 'pgproof-store-'));
  return {
    store: new DirectoryStore({ root }),
    leftovers: async () => (existsSync(join(root, '.unfinished')) ? readdir(join(root, '.unfinished')) : []),
    close: () => rm(root, { recursive: true }),
  };
});

describe('the directory store on its disk', () => {
  let home: string;
  let store: DirectoryStore;
  const root = (): string => join(home, 'bucket');
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'pgproof-store-'));
    store = new DirectoryStore({ root: root() });
  });
  afterEach(() => rm(home, { recursive: true }));

  test('is a plain directory that only its owner can look into', async () => {
    await store.put('v1/shop/dumps/1/manifest.json', '{}');
    const modes = await Promise.all(
      ['', 'v1', 'v1/shop/dumps/1', 'v1/shop/dumps/1/manifest.json', '.unfinished'].map(
        async (path) => ((await stat(join(root(), path))).mode & 0o777).toString(8),
      ),
    );
    expect(modes).toEqual(['700', '700', '700', '600', '700']);
  });

  test('refuses keys among its unfinished files', async () => {
    await expect(store.put('.unfinished/x', 'x')).rejects.toBeInstanceOf(InvalidKeyError);
    await expect(store.read('.unfinished')).rejects.toBeInstanceOf(InvalidKeyError);
  });

  test('takes nothing for an object that is no plain file', async () => {
    await mkdir(join(root(), 'folder'), { recursive: true });
    await writeFile(join(home, 'secret'), 'outside');
    await symlink(join(home, 'secret'), join(root(), 'link'));
    expect(await store.head('folder')).toBeUndefined();
    expect(await store.head('link')).toBeUndefined();
    await expect(store.read('folder')).rejects.toBeInstanceOf(ObjectNotFoundError);
    await expect(store.read('link')).rejects.toThrow(/link/);
    expect(await Array.fromAsync(store.list(''))).toEqual([]);
  });

  test('names the object that is in the way of a key', async () => {
    await store.put('a', 'file');
    await store.put('b/c', 'file');
    await expect(store.put('a/b', 'x')).rejects.toBeInstanceOf(StoreWriteError);
    await expect(store.put('b', 'x')).rejects.toThrow('cannot write b: a directory of that name holds other objects');
    await expect(store.put('b', 'x', { ifAbsent: true })).rejects.toBeInstanceOf(StoreWriteError);
    expect(await readdir(join(root(), '.unfinished'))).toEqual([]);
  });

  test('notices that an object is cut while it is read', async () => {
    await store.put('large', content(1_000_000));
    const readAll = async (): Promise<void> => {
      for await (const chunk of await store.read('large')) if (chunk.length > 0) await truncate(join(root(), 'large'), 200_000);
    };
    await expect(readAll()).rejects.toBeInstanceOf(StoreReadError);
  });

  test('aborts the write and says so when the file may grow no further', async () => {
    // A limit on the size of files meets the same code as a full disk and needs no disk to fill.
    const script = join(PROGRAMS, 'write-object.ts');
    const command = `ulimit -f 8 && exec "${process.execPath}" "${script}" "${home}" v1/large "${'x'.repeat(60_000)}"`;
    const { code, stderr } = await run('/bin/bash', ['-c', command]);
    expect(stderr).toMatch(/^StoreWriteError raise the limit: ulimit -f/);
    expect(code).toBe(1);
    expect(await store.head('v1/large')).toBeUndefined();
    expect(await readdir(join(root(), '.unfinished'))).toEqual([]);
    expect(await readdir(join(home, 'events')).catch(() => [])).toEqual([]);
  });

  test.each([
    ['ENOSPC', 'cannot write v1/x: the disk is full', "df -h '/bucket'; df -i '/bucket'"],
    ['EDQUOT', 'cannot write v1/x: the disk quota is used up', 'quota -s'],
    ['EACCES', 'cannot write v1/x: permission denied', "ls -ld '/bucket'"],
    ['EROFS', 'cannot write v1/x: the file system is read-only', "findmnt --target '/bucket'"],
  ])('explains %s', (code, message, hint) => {
    const error = writeError('v1/x', '/bucket', Object.assign(new Error('errno'), { code }));
    expect(error).toBeInstanceOf(StoreWriteError);
    expect(error).toMatchObject({ message, key: 'v1/x', origin: 'environment' });
    expect((error as StoreWriteError).hint).toContain(hint);
  });

  test('streams 400 MiB in and out within 200 MiB of memory', async () => {
    const { stdout, code } = await run(process.execPath, [join(PROGRAMS, 'stream-through.ts'), 'directory', root(), '400']);
    expect(code).toBe(0);
    expect(Number(stdout)).toBeGreaterThan(20);
    expect(Number(stdout)).toBeLessThan(200);
  });
});

describe('several processes on one directory', () => {
  let home: string;
  const script = join(PROGRAMS, 'write-object.ts');
  const open = (): { store: DirectoryStore; events: EventQueue } => {
    const clock = { now: () => new Date('2026-11-20T02:00:00Z') };
    const events = new EventQueue({ directory: join(home, 'events'), bucket: 'bucket', clock });
    return { store: new DirectoryStore({ root: join(home, 'bucket'), events }), events };
  };
  const keysOfEvents = async (events: EventQueue): Promise<string[]> => {
    const keys: string[] = [];
    const handle = async (event: { detail: { object: { key: string } } }): Promise<void> => {
      keys.push(event.detail.object.key);
    };
    await events.drain([{ pattern: { source: ['aws.s3'] }, handle }]);
    return keys;
  };
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'pgproof-store-'));
  });
  afterEach(() => rm(home, { recursive: true }));

  test('let exactly one create an object', async () => {
    const texts = ['one', 'two', 'three', 'four', 'five', 'six'];
    const results = await Promise.all(texts.map((text) => run(process.execPath, [script, home, 'v1/race', text])));
    expect(results.map(({ code }) => code).toSorted()).toEqual([0, 1, 1, 1, 1, 1]);
    expect(results.flatMap(({ stderr }) => (stderr ? [stderr.split(' ')[0]] : []))).toEqual(
      Array.from({ length: 5 }, () => 'ObjectExistsError'),
    );
    const { store, events } = open();
    expect(await textOf(await store.read('v1/race'))).toBe(texts[results.findIndex(({ code }) => code === 0)]);
    expect(await keysOfEvents(events)).toEqual(['v1/race']);
  });

  test('leave nothing after kill -9 once the next one has swept, and sweep only the dead', async () => {
    const children = ['first', 'second'].map((text) =>
      spawn(process.execPath, [script, home, `v1/${text}`, text, 'endless'], { stdio: ['ignore', 'pipe', 'inherit'] }),
    );
    await Promise.all(children.map((child) => once(child.stdout, 'data')));
    const { store, events } = open();
    const unfinished = join(home, 'bucket', '.unfinished');
    expect(await store.sweepUnfinished()).toBe(0);
    expect(await readdir(unfinished)).toHaveLength(2);
    for (const [index, child] of children.entries()) {
      child.kill('SIGKILL');
      await once(child, 'exit');
      expect(await store.sweepUnfinished()).toBe(1);
      expect(await readdir(unfinished)).toHaveLength(1 - index);
    }
    expect(await Array.fromAsync(store.list(''))).toEqual([]);
    expect(await keysOfEvents(events)).toEqual([]);
    await store.put('v1/first', 'again', { ifAbsent: true });
  });

  test.each([
    ['die-before-landing', [], []],
    ['die-after-landing', ['v1/a'], ['v1/a']],
  ])('agree on what landed after %s', async (manner, objects, delivered) => {
    await run(process.execPath, [script, home, 'v1/a', 'text', manner]);
    const { store, events } = open();
    expect(await keysOfEvents(events)).toEqual([]);
    expect((await Array.fromAsync(store.list(''))).map(({ key }) => key)).toEqual(objects);
    expect(await store.sweepUnfinished()).toBe(1);
    expect(await keysOfEvents(events)).toEqual(delivered);
    expect(await readdir(join(home, 'events'))).toEqual([]);
    expect(await readdir(join(home, 'bucket', '.unfinished'))).toEqual([]);
  });
});

async function run(program: string, args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text) => (stdout += String(text)));
  child.stderr.on('data', (text) => (stderr += String(text)));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}
