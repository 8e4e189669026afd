import type { Clock } from '../cloud/clock.ts';
import type { ObjectStore } from '../cloud/object-store.ts';
import type { DatabaseConfig } from '../config/config.ts';
import type { DumpTask } from '../drill/contract.ts';
import type { Facts } from '../facts/facts.ts';
import type { Address } from '../postgres/address.ts';
import type { PostgresPrograms } from '../postgres/programs.ts';
import { PGPROOF_VERSION } from '../version.ts';
import { sha256Of, type StreamDigest } from './digest.ts';
import { dumpKey, type DumpManifest, type StoredFile } from './manifest.ts';
import type { Compression } from './pg-dump.ts';

export interface DumpSetting {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly address: Address;
  /** Of the server's major or newer. */
  readonly programs: PostgresPrograms;
  readonly config: DatabaseConfig['dump'];
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: DumpProgress) => void;
}

export interface DumpProgress {
  readonly archiveBytes: number;
  readonly tablesRead: number;
  readonly tables: number;
}

/** What was learned of the source while its snapshot was open. */
export interface SourceReading {
  readonly takenAt: Date;
  readonly archive: StreamDigest;
  readonly compression: Compression;
  readonly partBytes: number;
  readonly globals: string;
  readonly facts: Facts;
  readonly timings: Readonly<Record<string, number>>;
}

/**
 * Writes the small files, then the manifest: from that moment on, and not before, there is a backup. Each is new: what
 * another attempt under the same name has left is never mixed into this one.
 */
export async function commitDump(task: DumpTask, setting: DumpSetting, reading: SourceReading, beganAt: Date): Promise<DumpManifest> {
  const put = async (file: string, text: string): Promise<StoredFile> => {
    const key = dumpKey(task, file);
    const { bytes } = await setting.store.put(key, text, { ifAbsent: true, signal: setting.signal });
    return { key, bytes, sha256: sha256Of(text) };
  };
  const globals = await put('globals.sql', reading.globals);
  const facts = await put('facts.json', `${JSON.stringify(reading.facts)}\n`);
  const manifest = describe(task, setting, reading, { globals, facts, beganAt });
  const key = dumpKey(task, 'manifest.json');
  await setting.store.put(key, `${JSON.stringify(manifest, null, 2)}\n`, { ifAbsent: true, signal: setting.signal });
  return manifest;
}

function describe(
  task: DumpTask,
  setting: DumpSetting,
  { facts, archive, takenAt, timings, ...reading }: SourceReading,
  files: { globals: StoredFile; facts: StoredFile; beganAt: Date },
): DumpManifest {
  return {
    format: 1,
    kind: 'dump',
    database: task.database,
    backupId: task.backupId,
    beganAt: files.beganAt.toISOString(),
    takenAt: takenAt.toISOString(),
    endedAt: setting.clock.now().toISOString(),
    source: sourceOf(facts),
    tools: { pgproof: PGPROOF_VERSION, pg_dump: setting.programs.version },
    archive: {
      key: dumpKey(task, 'archive.dump'),
      format: 'custom',
      compression: reading.compression,
      partBytes: reading.partBytes,
      bytes: archive.bytes,
      sha256: archive.sha256,
      parts: archive.parts.map((part) => ({ ...part })),
    },
    globals: files.globals,
    facts: files.facts,
    tables: facts.tables
      .filter(({ kind, rows }) => kind !== 'partitioned' && rows !== undefined)
      .map(({ schema, name, rows = '' }) => ({ schema, name, rows })),
    timings: { ...timings, ...inFacts(facts.timings) },
  };
}

function sourceOf({ server, sets }: Facts): DumpManifest['source'] {
  return {
    database: server.database,
    version: server.version,
    major: server.major,
    superuser: server.superuser,
    ...(server.systemIdentifier === undefined ? {} : { systemIdentifier: server.systemIdentifier }),
    ...(server.lsn === undefined ? {} : { lsn: server.lsn }),
    settings: sets.settings,
  };
}

function inFacts(timings: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(timings).map(([stage, milliseconds]) => [`facts ${stage}`, milliseconds]));
}
