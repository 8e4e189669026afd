import * as z from 'zod';
import { ConfigurationError, ObjectDamagedError } from '../errors.ts';

/**
 * The manifest is written last and never again: without one there is no backup. It binds every other file of the
 * backup by size and SHA-256. docs/format.md describes each field.
 */

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const instant = z.iso.datetime();

const File = z.strictObject({ key: z.string().min(1), bytes: z.int().nonnegative(), sha256 });

const Archive = File.extend({
  format: z.literal('custom'),
  compression: z.enum(['zstd', 'gzip', 'none']),
  /** Every part has this size, the last may be shorter. */
  partBytes: z.int().positive(),
  parts: z.array(z.strictObject({ bytes: z.int().positive(), sha256 })).min(1),
});

const Source = z.strictObject({
  /** Name of the database inside the server. */
  database: z.string().min(1),
  version: z.string(),
  major: z.int().min(9),
  superuser: z.string().min(1),
  systemIdentifier: z.string().optional(),
  lsn: z.string().optional(),
  /** Server settings that give data its meaning; the throwaway instance is started with them. */
  settings: z.record(z.string(), z.string()),
});

const Common = {
  format: z.literal(1),
  /** The database's name in pgproof.yml, as in the key. */
  database: z.string().min(1),
  backupId: z.string().min(1),
  beganAt: instant,
  /** The moment whose data this is. */
  takenAt: instant,
  endedAt: instant,
  source: Source,
  /** Versions of the programs that wrote it. */
  tools: z.record(z.string(), z.string()),
  /** Milliseconds per stage. */
  timings: z.record(z.string(), z.number()),
};

const DumpManifest = z.strictObject({
  ...Common,
  kind: z.literal('dump'),
  archive: Archive,
  globals: File,
  facts: File,
  /** Tables whose rows the archive must hold: schema, name and exact row count. */
  tables: z.array(z.strictObject({ schema: z.string(), name: z.string(), rows: z.string() })),
});

const SnapshotManifest = z.strictObject({
  ...Common,
  kind: z.literal('snapshot'),
  snapshot: z.strictObject({
    id: z.string().min(1),
    bytes: z.int().nonnegative(),
    /** SHA-256 of the snapshot's own list of files and checksums, where the service has one. */
    sha256: sha256.optional(),
  }),
  /** Structure of the source before the snapshot was taken, and after: it must lie between the two. */
  factsBefore: File,
  factsAfter: File,
});

export const Manifest = z.discriminatedUnion('kind', [DumpManifest, SnapshotManifest]);
export type Manifest = z.infer<typeof Manifest>;
export type DumpManifest = z.infer<typeof DumpManifest>;
export type SnapshotManifest = z.infer<typeof SnapshotManifest>;
export type StoredFile = z.infer<typeof File>;

/** @throws ObjectDamagedError when the text is no manifest, or not the one that belongs under `key` */
export function parseManifest(key: string, text: string): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ObjectDamagedError(key, 'is not JSON: truncated or overwritten', { cause });
  }
  const result = Manifest.safeParse(json);
  if (!result.success) {
    const first = result.error.issues[0];
    throw new ObjectDamagedError(key, `is not a manifest: ${first?.path.join('.')}: ${first?.message}`);
  }
  const manifest = result.data;
  const place = { kind: manifest.kind, database: manifest.database, backupId: manifest.backupId };
  if (key !== backupKey(place, 'manifest.json')) {
    throw new ObjectDamagedError(
      key,
      `belongs to ${manifest.kind} ${manifest.backupId} of ${manifest.database}: swapped with another backup's`,
    );
  }
  const problem = inconsistencyOf(manifest, place);
  if (problem !== undefined) throw new ObjectDamagedError(key, problem);
  return manifest;
}

/** A manifest speaks of the files beside it and of no others: else one backup could pass for another. */
function inconsistencyOf(manifest: Manifest, place: BackupPlace): string | undefined {
  const files: readonly (readonly [StoredFile, string])[] =
    manifest.kind === 'dump'
      ? [[manifest.archive, 'archive.dump'], [manifest.globals, 'globals.sql'], [manifest.facts, 'facts.json']]
      : [[manifest.factsBefore, 'facts-before.json'], [manifest.factsAfter, 'facts-after.json']];
  const stray = files.find(([{ key }, name]) => key !== backupKey(place, name));
  if (stray) return `names ${stray[0].key} for its ${stray[1]}: that is not beside it`;
  if (manifest.kind === 'snapshot') return undefined;
  const { bytes, partBytes, parts } = manifest.archive;
  const isWhole = parts.reduce((sum, part) => sum + part.bytes, 0) === bytes;
  const areFull = parts.every((part, index) => (index < parts.length - 1 ? part.bytes === partBytes : part.bytes <= partBytes));
  return isWhole && areFull ? undefined : `is inconsistent: the parts of its archive do not make up ${bytes} bytes`;
}

/** The oldest major of client programs that can read the backup: an archive is read by its pg_dump's own pg_restore. */
export function clientMajor({ source, tools }: Manifest): number {
  const written = Number.parseInt(tools.pg_dump ?? '', 10);
  return Number.isNaN(written) ? source.major : Math.max(source.major, written);
}

export interface BackupPlace {
  readonly kind: 'dump' | 'snapshot';
  readonly database: string;
  readonly backupId: string;
}

/** `v1/<database>/dumps/<backupId>/<file>`, the snapshots beside them. */
export function backupKey({ kind, database, backupId }: BackupPlace, file: string): string {
  return `v1/${database}/${kind}s/${backupId}/${file}`;
}

/** As `backupKey`, for whatever names a dump. */
export function dumpKey({ database, backupId }: { database: string; backupId: string }, file: string): string {
  return backupKey({ kind: 'dump', database, backupId }, file);
}

/** The place a key belongs to, or undefined when it is no backup's key. */
export function placeOfKey(key: string): (BackupPlace & { readonly file: string }) | undefined {
  const match = /^v1\/([^/]+)\/(dump|snapshot)s\/([^/]+)\/(.+)$/.exec(key);
  if (!match) return undefined;
  const [, database = '', kind = '', backupId = '', file = ''] = match;
  return { kind: kind === 'dump' ? 'dump' : 'snapshot', database, backupId, file };
}

/** Scheduled UTC time plus a short suffix: the same schedule meets its own name when it is retried. */
export function makeBackupId(scheduledAt: Date, suffix: string): string {
  if (!/^[a-z0-9]{1,12}$/.test(suffix)) {
    throw new ConfigurationError([`backup id suffix: expected 1 to 12 of a-z and 0-9, got ${JSON.stringify(suffix)}`]);
  }
  return `${compactTime(scheduledAt)}-${suffix}`;
}

/** `YYYYMMDDTHHMMSSZ` in UTC. */
export function compactTime(at: Date): string {
  return `${at.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}
