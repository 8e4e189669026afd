import { fileURLToPath } from 'node:url';
import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { InterruptedError, SubprocessError } from '../../../src/errors.ts';
import { runProgram, streamProgram, type Program } from '../../../src/postgres/subprocess.ts';

function fixture(name: string, more: Partial<Program> = {}): Program {
  return { path: fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url)), args: [], ...more };
}

/** What arrived of a stream, and how it ended. */
async function consume(program: Program): Promise<{ text: string; error: unknown }> {
  let text = '';
  try {
    for await (const chunk of streamProgram(program)) text += Buffer.from(chunk).toString();
    return { text, error: undefined };
  } catch (error) {
    return { text, error };
  }
}

async function failureOf(promise: Promise<unknown>): Promise<SubprocessError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof SubprocessError)) throw new Error(`expected a SubprocessError, got ${String(error)}`);
  return error;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function isGoneWithin(seconds: number, pid: number): Promise<boolean> {
  for (let left = seconds * 20; left > 0 && isAlive(pid); left -= 1) await setTimeout(50);
  return !isAlive(pid);
}

describe('a program whose output is streamed', () => {
  it('throws after what it printed when it fails, naming the error and not the statement below it', async () => {
    const { text, error } = await consume(fixture('prints-then-fails', { args: ['--snapshot=1'] }));
    expect(text).toBe('PGDMP first half');
    expect(error).toBeInstanceOf(SubprocessError);
    const { message, failure } = error as SubprocessError;
    expect(message).toBe(
      'prints-then-fails failed with exit code 1: pg_dump: error: query failed: ERROR:  could not read block 7',
    );
    expect(failure).toMatchObject({ exitCode: 1, command: expect.stringMatching(/prints-then-fails --snapshot=1$/) as string });
    expect(failure.stderr.split('\n')).toHaveLength(3);
  });

  it('throws when it was killed, although its output ended like any other', async () => {
    const { text, error } = await consume(fixture('prints-then-is-killed'));
    expect(text).toBe('PGDMP first half');
    expect((error as SubprocessError).message).toBe('prints-then-is-killed was killed by SIGKILL');
    expect((error as SubprocessError).failure).toMatchObject({ exitCode: undefined, signal: 'SIGKILL' });
  });

  it('waits for the exit code of one that closed its output before it failed', async () => {
    const { error } = await consume(fixture('closes-stdout-then-fails'));
    expect((error as SubprocessError).message).toBe(
      'closes-stdout-then-fails failed with exit code 3: too late: error: the rest is missing',
    );
  });

  it('throws when it cannot be started', async () => {
    const { error } = await consume(fixture('no-such-program'));
    expect((error as SubprocessError).message).toBe('no-such-program could not be run (ENOENT)');
    expect((error as SubprocessError).failure.exitCode).toBeUndefined();
  });

  it('is read to its end however much it complains, and keeps the last 200 lines', async () => {
    expect(await consume(fixture('floods-stderr'))).toEqual({ text: 'done', error: undefined });
    const { error } = await consume(fixture('floods-stderr', { env: { FLOOD_EXIT: '1' } }));
    const lines = (error as SubprocessError).failure.stderr.split('\n');
    expect(lines).toHaveLength(200);
    expect(lines.at(-1)).toMatch(/line 3999 /);
  });

  it('is killed when its reader stops reading', async () => {
    let pid = 0;
    for await (const chunk of streamProgram(fixture('prints-for-ever'))) {
      pid = Number(Buffer.from(chunk).toString().split('\n')[0]);
      break;
    }
    expect(pid).toBeGreaterThan(1);
    expect(isAlive(pid)).toBe(false);
  });

  it('is killed by force when it ignores being asked to end', async () => {
    let pid = 0;
    for await (const chunk of streamProgram(fixture('ignores-sigterm'))) {
      pid = Number(Buffer.from(chunk).toString());
      break;
    }
    expect(pid).toBeGreaterThan(1);
    expect(isAlive(pid)).toBe(false);
  });

  it('ends with the reason of the signal that stopped it', async () => {
    const controller = new AbortController();
    const reason = new InterruptedError('the worker was stopped: SIGTERM');
    let pid = 0;
    const reading = (async () => {
      for await (const chunk of streamProgram(fixture('prints-for-ever', { signal: controller.signal }))) {
        pid ||= Number(Buffer.from(chunk).toString().split('\n')[0]);
        controller.abort(reason);
      }
    })();
    await expect(reading).rejects.toBe(reason);
    expect(await isGoneWithin(5, pid)).toBe(true);
  });
});

describe('a program that is run to its end', () => {
  it('fails by its own reason when it does not read its input', async () => {
    const endless = async function* () {
      for (;;) yield Buffer.alloc(65_536);
    };
    const error = await failureOf(runProgram(fixture('never-reads-input', { input: endless() })));
    expect(error.message).toBe('never-reads-input failed with exit code 1: never-reads-input: error: this is no archive');
  });

  it('has succeeded when it exits 0, even with input left over, and says what it printed', async () => {
    const input = (async function* () {
      yield Buffer.from('PGDMP and more');
    })();
    expect(await runProgram(fixture('reads-little-then-succeeds', { input }))).toEqual({ stdout: 'PGDMP', stderr: '' });
  });

  it('is stopped when it takes too long', async () => {
    const error = await failureOf(runProgram({ path: '/bin/sleep', args: ['60'], timeoutMilliseconds: 300 }));
    expect(error.message).toBe('sleep timed out');
  });

  it('is stopped when it prints more than can be held in memory', async () => {
    const error = await failureOf(runProgram(fixture('prints-for-ever')));
    expect(error.message).toMatch(/^prints-for-ever printed more than can be held in memory/);
  });
});

describe('the environment of a program', () => {
  const before = { ...process.env };
  afterEach(() => {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  });

  it('has none of the variables that would lead it to another server or colour its messages', async () => {
    Object.assign(process.env, {
      PGSERVICE: 'production',
      PGHOSTADDR: '192.0.2.1',
      PGOPTIONS: '-c role=other',
      PG_COLOR: 'always',
      PGPROOF_SOURCE_URL: 'postgres://u:secret@h/d',
      PGPASSFILE: '/home/u/.pgpass',
      UNRELATED: 'kept',
    });
    const { stdout } = await runProgram(fixture('prints-environment', { env: { PGHOST: '127.0.0.1' } }));
    const names = stdout.split('\n').filter((line) => /^(PG|UNRELATED|LC_MESSAGES)/.test(line)).sort();
    expect(names).toEqual(['LC_MESSAGES=C', 'PGHOST=127.0.0.1', 'PGPASSFILE=/home/u/.pgpass', 'UNRELATED=kept']);
  });
});
