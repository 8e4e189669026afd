import { Readable } from 'node:stream';
import { execa, ExecaError, type Options } from 'execa';
import { InterruptedError, SubprocessError, type SubprocessFailure } from '../errors.ts';

/**
 * The one way to run a program. A subprocess has succeeded only when it exited 0, all its streams ended and what
 * consumed them finished; every other outcome is one SubprocessError. Secrets travel in `env`, never in `args`.
 */
export interface Program {
  readonly path: string;
  readonly args: readonly string[];
  /** Added to the environment of this process, of which PostgreSQL's own variables are left out. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Identity to run under; only root can change it. */
  readonly identity?: { readonly uid: number; readonly gid: number };
  readonly input?: string | AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal;
  readonly timeoutMilliseconds?: number;
  /**
   * The program starts processes of its own (pg_basebackup does) that hold its streams open and outlive it when it is
   * killed. It then leads a process group, and an abort ends them all.
   */
  readonly hasChildren?: boolean;
}

/** Enough of stderr to explain any failure, little enough to hold in memory. */
const STDERR_LINES = 200;

/** Runs a program to its end and returns what it printed. For output that is small: it is held in memory. */
export async function runProgram(program: Program): Promise<{ stdout: string; stderr: string }> {
  try {
    const options = { ...optionsOf(program), ...inputOf(program), detached: program.hasChildren ?? false };
    const child = execa(program.path, [...program.args], options);
    if (program.hasChildren) program.signal?.addEventListener('abort', () => killGroup(child.pid), { once: true });
    const { stdout, stderr } = await child;
    return { stdout: String(stdout), stderr: String(stderr) };
  } catch (error) {
    throw failureOf(program, error, String(error instanceof ExecaError ? error.stderr : ''));
  }
}

function killGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, 'SIGKILL');
  } catch (error) {
    // It had ended by itself in the meantime.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Runs a program and yields its stdout chunk by chunk with back-pressure. The iteration ends normally only after the
 * program exited 0 with both streams ended; otherwise it throws, so whoever consumes it cannot mistake a broken stream
 * for a short one. Leaving the iteration early kills the program.
 */
export async function* streamProgram(program: Program): AsyncGenerator<Uint8Array, void> {
  const stderr = new LastLines(STDERR_LINES);
  const child = execa(program.path, [...program.args], {
    ...optionsOf(program),
    ...inputOf(program),
    buffer: false,
    encoding: 'buffer',
  });
  // Awaited below on every way out; this only keeps an early exit from being an unhandled rejection meanwhile.
  const ended = child.then(
    () => undefined,
    (error: unknown) => error,
  );
  child.stderr.setEncoding('utf8').on('data', (text: string) => stderr.add(text));
  let complete = false;
  try {
    for await (const chunk of child.stdout as AsyncIterable<Uint8Array>) yield chunk;
    complete = true;
  } catch (error) {
    const reason = (await ended) ?? error;
    throw failureOf(program, reason, stderr.text());
  } finally {
    if (!complete) {
      child.kill('SIGTERM');
      await ended;
    }
  }
  const error = await ended;
  if (error !== undefined) throw failureOf(program, error, stderr.text());
}

/**
 * Where a program connects to, and as whom, is for its caller to say alone: a PGSERVICE or PGHOSTADDR of the user's would
 * win over the address that was meant, and a restore would go to whatever server it names. PG_COLOR would put escape
 * codes into messages, and PGPROOF_SOURCE_URL holds a password that is no business of theirs.
 */
function inheritedEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('PG') || name === 'PGPASSFILE'),
  );
}

function optionsOf(program: Program) {
  return {
    extendEnv: false,
    env: { ...inheritedEnvironment(), LC_MESSAGES: 'C', LANGUAGE: 'C', ...program.env },
    ...(program.cwd === undefined ? {} : { cwd: program.cwd }),
    ...(program.identity ?? {}),
    ...(program.signal ? { cancelSignal: program.signal } : {}),
    ...(program.timeoutMilliseconds === undefined ? {} : { timeout: program.timeoutMilliseconds }),
    forceKillAfterDelay: 5000,
    stripFinalNewline: false,
  } satisfies Options;
}

function inputOf(program: Program) {
  if (program.input === undefined) return { stdin: 'ignore' } as const;
  const { input } = program;
  return typeof input === 'string' || input instanceof Readable ? { input } : { stdin: input };
}

function failureOf(program: Program, error: unknown, stderr: string): Error {
  if (program.signal?.aborted) {
    const reason: unknown = program.signal.reason;
    return reason instanceof InterruptedError
      ? reason
      : new InterruptedError(`${nameOf(program)} was stopped`, { cause: error });
  }
  if (!(error instanceof ExecaError)) return error instanceof Error ? error : new Error(String(error));
  const failure: SubprocessFailure = {
    command: [program.path, ...program.args].join(' '),
    exitCode: error.exitCode,
    signal: error.signal,
    stderr: stderr.trim(),
  };
  return new SubprocessError(`${nameOf(program)} ${howItEnded(error)}${reasonIn(failure.stderr)}`, failure, {
    cause: error,
  });
}

function howItEnded(error: Pick<ExecaError, 'timedOut' | 'isMaxBuffer' | 'signal' | 'exitCode' | 'code'>): string {
  if (error.timedOut) return 'timed out';
  // Whatever it says then is about the pipe that was closed on it.
  if (error.isMaxBuffer) return 'printed more than can be held in memory';
  if (error.signal) return `was killed by ${error.signal}`;
  if (error.exitCode === undefined) return `could not be run (${error.code ?? 'unknown reason'})`;
  return error.exitCode === 0 ? 'ended before its streams were read' : `failed with exit code ${error.exitCode}`;
}

function nameOf(program: Program): string {
  return program.path.split('/').at(-1) ?? program.path;
}

/** The first line that is an error; what follows it may be the statement it happened in. Else the last line. */
function reasonIn(stderr: string): string {
  const lines = stderr.split('\n').filter((text) => text.trim() !== '');
  const line = lines.find((text) => /\b(error|fatal|ERROR|FATAL|PANIC):/.test(text)) ?? lines.at(-1);
  return line === undefined ? '' : `: ${line.trim()}`;
}

class LastLines {
  readonly #limit: number;
  #lines: string[] = [];
  #partial = '';

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(text: string): void {
    const lines = (this.#partial + text).split('\n');
    this.#partial = (lines.pop() ?? '').slice(-10_000);
    this.#lines = [...this.#lines, ...lines].slice(-this.#limit);
  }

  text(): string {
    return [...this.#lines, this.#partial].join('\n');
  }
}
