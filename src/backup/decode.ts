import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { ObjectStore } from '../cloud/object-store.ts';
import { PostgresNotFoundError, SubprocessError, type PgproofError } from '../errors.ts';
import type { PostgresPrograms } from '../postgres/programs.ts';
import { runProgram } from '../postgres/subprocess.ts';
import { isAboutBackup, readArchive } from './archive.ts';
import type { StreamDigest } from './digest.ts';
import type { DumpManifest } from './manifest.ts';

export interface Decoding {
  /** Of the bytes that are stored now. */
  readonly digest: StreamDigest;
  /** Set when those bytes are not the recorded ones. */
  readonly damage: PgproofError | undefined;
  /** Set when pg_restore could not decode the archive to its end. */
  readonly undecodable: SubprocessError | undefined;
}

/**
 * Reads the stored archive once, hashing every byte and decoding every block (`pg_restore --file=/dev/null`; reading
 * only the table of contents misses truncation). A decoder that gives up early does not stop the hashing.
 *
 * @throws ObjectNotFoundError, StoreReadError, PostgresNotFoundError when pg_restore is too old for the archive
 */
export async function decodeArchive(
  store: ObjectStore,
  archive: DumpManifest['archive'],
  programs: PostgresPrograms,
  signal?: AbortSignal,
): Promise<Decoding> {
  const input = new PassThrough({ highWaterMark: 1024 * 1024 });
  const decoder = runProgram({
    path: programs.path('pg_restore'),
    args: ['--file=/dev/null'],
    input,
    ...(signal ? { signal } : {}),
  }).then(
    () => undefined,
    (error: unknown) => error,
  );
  const gone = decoder.then(() => void input.destroy());
  let digest: StreamDigest | undefined;
  let damage: PgproofError | undefined;
  try {
    const options = { ...(signal ? { signal } : {}), onDigest: (found: StreamDigest) => void (digest = found) };
    for await (const chunk of readArchive(store, archive, options)) {
      if (!input.destroyed && !input.write(chunk)) await Promise.race([once(input, 'drain'), gone]);
    }
  } catch (error) {
    // A digest that differs is known only after the last byte; anything else means there was no last byte.
    if (digest === undefined || !isAboutBackup(error)) {
      input.destroy();
      await decoder;
      throw error;
    }
    damage = error;
  }
  input.end();
  const failure = await decoder;
  if (digest === undefined) throw new TypeError('the archive ended without a digest');
  return { digest, damage, undecodable: asUndecodable(failure, programs, damage) };
}

/** What a program does to itself. */
const CRASHES: ReadonlySet<string> = new Set(['SIGSEGV', 'SIGBUS', 'SIGABRT', 'SIGFPE', 'SIGILL']);

function asUndecodable(
  failure: unknown,
  programs: PostgresPrograms,
  damage: PgproofError | undefined,
): SubprocessError | undefined {
  if (failure === undefined) return undefined;
  if (!(failure instanceof SubprocessError)) throw failure as Error;
  // Altered bytes explain whatever became of it: a wrong version, a crash, all memory asked for.
  if (damage) return failure;
  // One that could not be started, or was killed from outside, has said nothing about the archive.
  if (failure.failure.exitCode === undefined && !CRASHES.has(failure.failure.signal ?? '')) throw failure;
  if (/unsupported version|does not support compression/.test(failure.failure.stderr)) {
    throw new PostgresNotFoundError(`pg_restore ${programs.version} is too old for this archive`, { cause: failure });
  }
  return failure;
}

/** The archive's table of contents: one line per entry, without the comments. */
export async function listArchive(
  store: ObjectStore,
  archive: DumpManifest['archive'],
  programs: PostgresPrograms,
  signal?: AbortSignal,
): Promise<string[]> {
  const { stdout } = await runProgram({
    path: programs.path('pg_restore'),
    args: ['--list'],
    input: await store.read(archive.key, signal),
    ...(signal ? { signal } : {}),
  });
  return stdout.split('\n').filter((line) => line !== '' && !line.startsWith(';'));
}

/**
 * Tables of the manifest whose data the table of contents does not mention, as `schema.name`. pg_restore separates schema,
 * name and owner by spaces, which each may hold too, and prints a name's line breaks as spaces: a line is taken for the
 * table with the longest name that fits.
 */
export function missingFromContents(lines: readonly string[], tables: DumpManifest['tables']): string[] {
  const missing = new Map(tables.map(({ schema, name }) => [`${schema} ${name}`.replaceAll(/[\r\n]/g, ' '), `${schema}.${name}`]));
  const names = new Set(missing.keys());
  for (const line of lines) {
    let rest = /^\d+; \d+ \d+ TABLE DATA (.*)$/.exec(line)?.[1] ?? '';
    while (rest !== '' && !names.has(rest)) rest = rest.slice(0, Math.max(rest.lastIndexOf(' '), 0));
    missing.delete(rest);
  }
  return [...missing.values()];
}
