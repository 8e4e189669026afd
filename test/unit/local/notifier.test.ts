import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFileInbox, createTerminalNotifier, notifyAll } from '../../../local/notifier.ts';
import type { Notification } from '../../../src/cloud/notifier.ts';

const MESSAGE: Notification = {
  subject: 'PROVEN L5: shop',
  text: '23 required checks passed.\nThe throwaway instance is gone.',
  severity: 'good',
  database: 'shop',
  event: 'drill.proven',
  facts: { backup: '20261120T020000Z-a1', rto: '17 s' },
};

let home: string;
let now: number;
const clock = { now: () => new Date(now) };

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'pgproof-inbox-'));
  now = Date.parse('2026-11-20T02:10:20.500Z');
});

afterEach(() => rm(home, { recursive: true, force: true }));

function written(): { stream: Writable; text: () => string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString() };
}

describe('the file inbox', () => {
  test('keeps a message as JSON for programs and as text for people', async () => {
    await createFileInbox(home, clock).publish(MESSAGE);
    const stem = join(home, 'inbox', '20261120T021020.500Z-drill.proven');
    expect(JSON.parse(await readFile(`${stem}.json`, 'utf8'))).toEqual({ at: '2026-11-20T02:10:20.500Z', ...MESSAGE });
    expect(await readFile(`${stem}.txt`, 'utf8')).toBe(
      'Subject: PROVEN L5: shop\nDate: 2026-11-20T02:10:20.500Z\nDatabase: shop\nEvent: drill.proven (good)\n\n' +
        '23 required checks passed.\nThe throwaway instance is gone.\n\nbackup: 20261120T020000Z-a1\nrto: 17 s\n',
    );
  });

  test('names messages so that they sort by time', async () => {
    const inbox = createFileInbox(home, clock);
    for (const at of ['2026-11-20T02:10:20.500Z', '2026-11-19T23:00:00.000Z', '2026-11-20T02:10:20.499Z']) {
      now = Date.parse(at);
      await inbox.publish({ ...MESSAGE, subject: at });
    }
    const files = (await readdir(join(home, 'inbox'))).filter((name) => name.endsWith('.json')).sort();
    const subjects = await Promise.all(files.map(async (name) => (JSON.parse(await readFile(join(home, 'inbox', name), 'utf8')) as Notification).subject));
    expect(subjects).toEqual(['2026-11-19T23:00:00.000Z', '2026-11-20T02:10:20.499Z', '2026-11-20T02:10:20.500Z']);
  });

  test('loses none of many messages of one instant, and leaves no drafts', async () => {
    const inbox = createFileInbox(home, clock);
    await Promise.all(Array.from({ length: 12 }, (_, number) => inbox.publish({ ...MESSAGE, subject: `message ${number}` })));
    const files = await readdir(join(home, 'inbox'));
    expect(files).toHaveLength(24);
    const jsons = files.filter((name) => name.endsWith('.json'));
    const subjects = await Promise.all(jsons.map(async (name) => (JSON.parse(await readFile(join(home, 'inbox', name), 'utf8')) as Notification).subject));
    expect(new Set(subjects).size).toBe(12);
  });

  test('stays inside its directory whatever the event is called', async () => {
    await createFileInbox(home, clock).publish({ ...MESSAGE, event: '../../etc/x y' });
    expect(await readdir(join(home, 'inbox'))).toHaveLength(2);
    expect(await readdir(home)).toEqual(['inbox']);
  });

  test('fails its caller when it cannot write', async () => {
    await writeFile(join(home, 'inbox'), 'a file where the directory should be');
    await expect(createFileInbox(home, clock).publish(MESSAGE)).rejects.toMatchObject({ code: 'EEXIST' });
  });
});

describe('the terminal', () => {
  test('shows subject and text, indented', async () => {
    const { stream, text } = written();
    await createTerminalNotifier(stream).publish(MESSAGE);
    expect(text()).toBe('✔ PROVEN L5: shop\n  23 required checks passed.\n  The throwaway instance is gone.\n');
  });

  test('shows a bad message as one', async () => {
    const { stream, text } = written();
    await createTerminalNotifier(stream).publish({ ...MESSAGE, severity: 'bad', subject: 'FAILED' });
    expect(text()).toMatch(/^✘ FAILED\n/);
  });

  test('is not steered by control characters in a name from the database', async () => {
    const { stream, text } = written();
    await createTerminalNotifier(stream).publish({ ...MESSAGE, subject: 'a\u001b[2Jb\nc', text: 'd\u0007\u202ee' });
    expect(text()).toBe('✔ a\ufffd[2Jb c\n  d\ufffd\ufffde\n');
  });

  test('fails its caller when it is closed', async () => {
    const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error('broken pipe')) });
    broken.on('error', () => undefined);
    await expect(createTerminalNotifier(broken).publish(MESSAGE)).rejects.toThrow('broken pipe');
  });
});

describe('several notifiers', () => {
  test('are all told', async () => {
    const { stream, text } = written();
    await notifyAll([createTerminalNotifier(stream), createFileInbox(home, clock)]).publish(MESSAGE);
    expect(text()).toContain('PROVEN');
    expect(await readdir(join(home, 'inbox'))).toHaveLength(2);
  });

  test('fail their caller when one of them fails, and the others are still told', async () => {
    const { stream, text } = written();
    const failing = { publish: () => Promise.reject(new Error('no topic')) };
    await expect(notifyAll([failing, createTerminalNotifier(stream)]).publish(MESSAGE)).rejects.toThrow('no topic');
    expect(text()).toContain('PROVEN');
  });
});
