import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { Snapshot } from '../../src/cloud/database-service.ts';
import { NoBackupError } from '../../src/errors.ts';
import { checkId, entriesIn, UNBORN } from './instance-record.ts';
import type { Places } from './places.ts';

const lsn = z.string().regex(/^[0-9A-F]+\/[0-9A-F]+$/);

/** What is kept of a snapshot beside its data; written last, so that a directory with a record is a whole snapshot. */
export const snapshotRecordSchema = z.strictObject({
  kind: z.literal('pgproof snapshot'),
  snapshotId: z.string(),
  /** The name in pgproof.yml. */
  database: z.string(),
  createdAt: z.iso.datetime(),
  /** The moment of its last transaction. */
  takenAt: z.iso.datetime(),
  major: z.number().int(),
  serverVersion: z.string(),
  superuser: z.string(),
  /** A database inside the cluster that is known to accept connections. */
  entrance: z.string(),
  /** All files, and SHA-256 of the list of them. */
  bytes: z.number().int(),
  manifestSha256: z.string(),
  /** Server settings of the source that give meaning to its data. */
  settings: z.record(z.string(), z.string()),
  tags: z.record(z.string(), z.string()),
  /** Where it stands in the log of its source, so that it can be the base of a recovery; absent where the role may not ask. */
  log: z
    .strictObject({
      systemIdentifier: z.string().regex(/^\d+$/),
      timeline: z.number().int().positive(),
      segmentBytes: z.number().int().positive(),
      startLsn: lsn,
      endLsn: lsn,
    })
    .optional(),
});
export type SnapshotRecord = z.infer<typeof snapshotRecordSchema>;

export const SNAPSHOT_RECORD = 'snapshot.json';
export const MANIFEST = 'backup_manifest';

export function snapshotDirectory(places: Places, snapshotId: string): string {
  return join(places.snapshots, checkId(snapshotId, 'snapshot'));
}

/** @throws NoBackupError when the record does not read as one */
export async function readSnapshot(places: Places, snapshotId: string): Promise<SnapshotRecord | undefined> {
  const directory = snapshotDirectory(places, snapshotId);
  const text = await readFile(join(directory, SNAPSHOT_RECORD), 'utf8').catch(async (error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return (await lstat(directory).catch(() => undefined)) ? '' : undefined;
  });
  if (text === undefined) return undefined;
  const record = snapshotRecordSchema.safeParse(parseJson(text));
  if (record.success && record.data.snapshotId === snapshotId) return record.data;
  throw new NoBackupError(`snapshot ${snapshotId} has no readable ${SNAPSHOT_RECORD}`, { hint: `ls -la ${directory}` });
}

/** Every whole snapshot of a database, in no order. */
export async function listSnapshots(places: Places, database: string): Promise<SnapshotRecord[]> {
  const names = (await entriesIn(places.snapshots)).filter((name) => !name.startsWith(UNBORN));
  const records = await Promise.all(names.map((name) => readSnapshot(places, name)));
  return records.filter((record) => record?.database === database).filter((record) => record !== undefined);
}

/** @throws NoBackupError when there is none */
export async function requireSnapshot(places: Places, snapshotId: string): Promise<SnapshotRecord> {
  const record = await readSnapshot(places, snapshotId);
  if (record) return record;
  throw new NoBackupError(`snapshot ${snapshotId} does not exist`, { hint: `ls ${places.snapshots}` });
}

export function publicSnapshot({ snapshotId, database, takenAt, bytes }: SnapshotRecord): Snapshot {
  return { snapshotId, status: 'available', database, takenAt: new Date(takenAt), bytes };
}

const manifestSchema = z.object({
  Files: z.array(z.object({ Size: z.number().int().nonnegative() })),
  'WAL-Ranges': z.array(z.object({ Timeline: z.number().int(), 'Start-LSN': z.string(), 'End-LSN': z.string() })),
});
export type BackupManifest = z.infer<typeof manifestSchema>;

/** PostgreSQL's own list of a base backup's files; undefined when it cannot be understood. */
export function parseManifest(text: string): BackupManifest | undefined {
  const parsed = manifestSchema.safeParse(parseJson(text));
  return parsed.success ? parsed.data : undefined;
}

export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
