import type pg from 'pg';
import type { Clock } from '../cloud/clock.ts';
import type { DumpTask } from '../drill/contract.ts';
import { StoreWriteError } from '../errors.ts';
import type { Facts } from '../facts/facts.ts';
import { readFacts } from '../facts/read.ts';
import { mergeSequences, readSequences, type SequenceReading } from '../facts/sequences.ts';
import { connect } from '../postgres/address.ts';
import { exportSnapshot, steadySession, type ExportedSnapshot } from '../postgres/exported-snapshot.ts';
import { explainLockTimeout } from '../postgres/lock-holders.ts';
import { requireReadable } from '../postgres/readability.ts';
import { together } from '../postgres/together.ts';
import { readManifest } from './archive.ts';
import { hashing, StreamHasher, type StreamDigest } from './digest.ts';
import { commitDump, type DumpSetting, type SourceReading } from './dump-manifest.ts';
import { Progress } from './dump-progress.ts';
import { digestGlobals, readGlobals, requireSameGlobals } from './globals.ts';
import { dumpKey, type DumpManifest } from './manifest.ts';
import { chooseCompression, choosePartBytes, pgDump, type Compression } from './pg-dump.ts';

/**
 * Streams one dump into the store and writes its manifest last. Whatever fails on the way, pg_dump, the store, the
 * connection, a signal: the upload is aborted, there is no manifest, and the cause is thrown. A dump that is there already
 * is left as it is: a retried schedule meets its own name.
 *
 * @throws SourceUnreachableError, SourceUnreadableError, SourceLockedError, SubprocessError, StoreWriteError,
 *   ObjectExistsError, GlobalsChangedError, InterruptedError
 */
export async function takeDump(task: DumpTask, setting: DumpSetting): Promise<DumpManifest> {
  const earlier = await findEarlier(task, setting);
  if (earlier) return earlier;
  const beganAt = setting.clock.now();
  const client = await connect(setting.address);
  let reading: SourceReading;
  try {
    await steadySession(client);
    await requireReadable(client);
    reading = await readSource(client, task, setting);
  } catch (error) {
    throw await explainLockTimeout(error, setting.address, setting.config.lockTimeout);
  } finally {
    await client.end().catch(() => undefined);
  }
  return await commitDump(task, setting, reading, beganAt);
}

async function findEarlier(task: DumpTask, { store }: DumpSetting): Promise<DumpManifest | undefined> {
  const key = dumpKey(task, 'manifest.json');
  if (!(await store.head(key))) return undefined;
  const { manifest } = await readManifest(store, key);
  return manifest.kind === 'dump' ? manifest : undefined;
}

async function readSource(client: pg.Client, task: DumpTask, setting: DumpSetting): Promise<SourceReading> {
  const { clock, config, programs, address } = setting;
  const begin = clock.now().getTime();
  const snapshot = await exportSnapshot(client);
  const globalsBefore = await digestGlobals(client);
  const before = await readSequences(client);
  const partBytes = choosePartBytes(await sizeOf(client));
  const compression = chooseCompression(config.compression, programs.major);
  const timings: Record<string, number> = { open: clock.now().getTime() - begin };
  const progress = new Progress(setting);
  const beside = Promise.withResolvers<readonly [Facts, string]>();
  // Its failure is that of the work itself; the upload, which waits for it, may have ended before.
  beside.promise.catch(() => undefined);
  const finish = async () => {
    const [facts, globals] = await beside.promise;
    const after = await readAfterwards(setting);
    await snapshot.release();
    requireSameGlobals(globalsBefore, after.globals);
    return { facts: withSequences(facts, before, after.sequences, snapshot.takenAt), globals };
  };
  const [uploaded] = await together(setting.signal, [snapshot.lost], [
    (signal) => upload(task, setting, snapshot, { partBytes, compression, signal, progress, timings, finish }),
    async (signal) => {
      try {
        const works = [
          timed('facts', clock, timings, (inner) => readTables(setting, snapshot, inner, progress)),
          timed('globals', clock, timings, (inner) => readGlobals(address, programs.path('pg_dumpall'), inner)),
        ] as const;
        beside.resolve(await together(signal, [], works));
      } catch (error) {
        beside.reject(error);
        throw error;
      }
    },
  ]);
  return { takenAt: snapshot.takenAt, compression, partBytes, timings, ...uploaded };
}

interface UploadOptions<T> {
  readonly partBytes: number;
  readonly compression: Compression;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  readonly timings: Record<string, number>;
  /** What is still to be done when the last byte has come; the upload is completed only after it succeeded. */
  readonly finish: () => Promise<T>;
}

async function upload<T>(
  task: DumpTask,
  setting: DumpSetting,
  snapshot: ExportedSnapshot,
  { partBytes, compression, signal, progress, timings, finish }: UploadOptions<T>,
): Promise<T & { archive: StreamDigest }> {
  const { clock, address, programs, config } = setting;
  const begin = clock.now().getTime();
  const hasher = new StreamHasher(partBytes);
  const archive = pgDump({
    address,
    program: programs.path('pg_dump'),
    major: programs.major,
    compression,
    snapshot: snapshot.id,
    lockTimeoutSeconds: config.lockTimeout,
    signal,
  });
  let finished: T | undefined;
  // A store keeps what came to its end: nothing else must be able to fail any more when this ends.
  const body = async function* () {
    yield* progress.counting(hashing(archive, hasher));
    timings.archive = clock.now().getTime() - begin;
    finished = await finish();
  };
  const key = dumpKey(task, 'archive.dump');
  const stored = await setting.store.put(key, body(), { partBytes, signal, ifAbsent: true });
  const digest = hasher.digest();
  if (stored.bytes !== digest.bytes || finished === undefined) throw shortWrite(key, stored.bytes, digest.bytes);
  return { ...finished, archive: digest };
}

function shortWrite(key: string, stored: number, written: number): Error {
  return new StoreWriteError(key, `${key}: the store kept ${stored} of ${written} bytes`);
}

function readTables(setting: DumpSetting, snapshot: ExportedSnapshot, signal: AbortSignal, progress: Progress) {
  return readFacts({
    connect: () => connect(setting.address),
    snapshot: snapshot.id,
    scope: setting.config.facts,
    parallel: setting.config.readers,
    signal,
    onTable: (done, total) => progress.tables(done, total),
  });
}

/** Sequences and roles do not obey snapshots: they are read again, by a fresh connection, after pg_dump has ended. */
async function readAfterwards({ address }: DumpSetting): Promise<{ sequences: SequenceReading; globals: string }> {
  const client = await connect(address);
  try {
    await steadySession(client);
    return { sequences: await readSequences(client), globals: await digestGlobals(client) };
  } finally {
    await client.end().catch(() => undefined);
  }
}

function withSequences(facts: Facts, before: SequenceReading, after: SequenceReading, takenAt: Date): Facts {
  return { ...facts, readAt: takenAt.toISOString(), sequences: mergeSequences(before, after) };
}

/** Bytes of the whole database. */
async function sizeOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ bytes: string }>('select pg_database_size(current_database()) as bytes');
  return Number(rows[0]?.bytes ?? 0);
}

/** Times a piece of work into `timings`, in milliseconds. */
function timed<T>(
  stage: string,
  clock: Clock,
  timings: Record<string, number>,
  work: (signal: AbortSignal) => Promise<T>,
): (signal: AbortSignal) => Promise<T> {
  return async (signal) => {
    const begin = clock.now().getTime();
    const result = await work(signal);
    timings[stage] = clock.now().getTime() - begin;
    return result;
  };
}
