import type pg from 'pg';
import type { Clock } from '../cloud/clock.ts';
import type { DumpTask } from '../drill/contract.ts';
import type { Facts } from '../facts/facts.ts';
import { readFacts } from '../facts/read.ts';
import { mergeSequences, readSequences, type SequenceReading } from '../facts/sequences.ts';
import { connect, type Address } from '../postgres/address.ts';
import { exportSnapshot, type ExportedSnapshot } from '../postgres/exported-snapshot.ts';
import { requireReadable } from '../postgres/readability.ts';
import { together } from '../postgres/together.ts';
import { StoreWriteError } from '../errors.ts';
import { hashing, StreamHasher, type StreamDigest } from './digest.ts';
import { digestGlobals, readGlobals, requireSameGlobals } from './globals.ts';
import { commitDump, type DumpProgress, type DumpSetting, type SourceReading } from './dump-manifest.ts';
import { dumpKey, type DumpManifest } from './manifest.ts';
import { chooseCompression, choosePartBytes, pgDump, type Compression } from './pg-dump.ts';

/**
 * Streams one dump into the store and writes its manifest last. Whatever fails on the way, pg_dump, the store, the
 * connection, a signal: the upload is aborted, there is no manifest, and the cause is thrown.
 *
 * @throws SourceUnreachableError, SourceUnreadableError, SubprocessError, StoreWriteError, GlobalsChangedError,
 *   InterruptedError
 */
export async function takeDump(task: DumpTask, setting: DumpSetting): Promise<DumpManifest> {
  const beganAt = setting.clock.now();
  const client = await connect(setting.address);
  let reading: SourceReading;
  try {
    await requireReadable(client);
    reading = await readSource(client, task, setting);
  } finally {
    await client.end().catch(() => undefined);
  }
  return await commitDump(task, setting, reading, beganAt);
}

async function readSource(client: pg.Client, task: DumpTask, setting: DumpSetting): Promise<SourceReading> {
  const begin = setting.clock.now().getTime();
  const snapshot = await exportSnapshot(client);
  const globalsBefore = await digestGlobals(client);
  const before = await readSequences(client);
  const { databaseBytes } = await sizeOf(client);
  const partBytes = choosePartBytes(databaseBytes);
  const compression = chooseCompression(setting.config.compression, setting.programs.major);
  const timings: Record<string, number> = { open: setting.clock.now().getTime() - begin };
  const progress = new Progress(setting);
  const [archive, facts, globals] = await together(setting.signal, [snapshot.lost], [
    timed('archive', setting.clock, timings, (signal) =>
      upload(task, setting, snapshot, { partBytes, compression, signal, progress }),
    ),
    timed('facts', setting.clock, timings, (signal) => readTables(setting, snapshot, signal, progress)),
    timed('globals', setting.clock, timings, (signal) =>
      readGlobals(setting.address, setting.programs.path('pg_dumpall'), signal),
    ),
  ]);
  const { after, globalsAfter } = await readAfterwards(setting.address);
  await snapshot.release();
  requireSameGlobals(globalsBefore, globalsAfter);
  return {
    takenAt: snapshot.takenAt,
    archive,
    compression,
    partBytes,
    globals,
    facts: withSequences(facts, before, after, snapshot.takenAt),
    timings,
  };
}

function upload(
  task: DumpTask,
  setting: DumpSetting,
  snapshot: ExportedSnapshot,
  options: { partBytes: number; compression: Compression; signal: AbortSignal; progress: Progress },
): Promise<StreamDigest> {
  const { partBytes, signal, progress } = options;
  const hasher = new StreamHasher(partBytes);
  const archive = pgDump({
    address: setting.address,
    program: setting.programs.path('pg_dump'),
    major: setting.programs.major,
    compression: options.compression,
    snapshot: snapshot.id,
    lockTimeoutSeconds: setting.config.lockTimeout,
    signal,
  });
  const body = progress.counting(hashing(archive, hasher));
  const key = dumpKey(task, 'archive.dump');
  return setting.store.put(key, body, { partBytes, signal }).then((stored) => {
    const digest = hasher.digest();
    if (stored.bytes !== digest.bytes) throw shortWrite(key, stored.bytes, digest.bytes);
    return digest;
  });
}

function shortWrite(key: string, stored: number, written: number): Error {
  return new StoreWriteError(key, `${key}: the store kept ${stored} of ${written} bytes`);
}

function readTables(
  setting: DumpSetting,
  snapshot: ExportedSnapshot,
  signal: AbortSignal,
  progress: Progress,
): Promise<Facts> {
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
async function readAfterwards(address: Address): Promise<{ after: SequenceReading; globalsAfter: string }> {
  const client = await connect(address);
  try {
    return { after: await readSequences(client), globalsAfter: await digestGlobals(client) };
  } finally {
    await client.end().catch(() => undefined);
  }
}

function withSequences(facts: Facts, before: SequenceReading, after: SequenceReading, takenAt: Date): Facts {
  return { ...facts, readAt: takenAt.toISOString(), sequences: mergeSequences(before, after) };
}

async function sizeOf(client: pg.Client): Promise<{ databaseBytes: number }> {
  const { rows } = await client.query<{ bytes: string }>('select pg_database_size(current_database()) as bytes');
  return { databaseBytes: Number(rows[0]?.bytes ?? 0) };
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

/** Tells the caller how far the dump is, at most every 250 ms of the clock. */
class Progress {
  readonly #setting: DumpSetting;
  #state: DumpProgress = { archiveBytes: 0, tablesRead: 0, tables: 0 };
  #toldAt = 0;

  constructor(setting: DumpSetting) {
    this.#setting = setting;
  }

  async *counting(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    for await (const chunk of source) {
      this.#tell({ archiveBytes: this.#state.archiveBytes + chunk.byteLength });
      yield chunk;
    }
  }

  tables(tablesRead: number, tables: number): void {
    this.#tell({ tablesRead, tables });
  }

  #tell(change: Partial<DumpProgress>): void {
    this.#state = { ...this.#state, ...change };
    const now = this.#setting.clock.now().getTime();
    if (now - this.#toldAt < 250) return;
    this.#toldAt = now;
    this.#setting.onProgress?.(this.#state);
  }
}
