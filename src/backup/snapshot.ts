import type { Clock } from '../cloud/clock.ts';
import type { DatabaseService } from '../cloud/database-service.ts';
import type { ObjectStore } from '../cloud/object-store.ts';
import { NoBackupError, ObjectExistsError } from '../errors.ts';
import { PGPROOF_VERSION } from '../version.ts';
import { parseFacts, readManifest } from './archive.ts';
import { sha256Of } from './digest.ts';
import { backupKey, type SnapshotManifest, type StoredFile } from './manifest.ts';

/** A snapshot's own two readings of the source, and the manifest that binds them to it. */

const FILES = { begin: 'facts-before.json', end: 'facts-after.json' } as const;

/**
 * Binds a snapshot and the readings around it in a manifest: from then on it is a backup. One that is bound already is
 * returned as it is.
 * @throws NoBackupError when the snapshot is not there or not available
 */
export async function commitSnapshot(
  place: { readonly database: string; readonly snapshotId: string },
  setting: { readonly store: ObjectStore; readonly databases: DatabaseService; readonly clock: Clock },
): Promise<SnapshotManifest> {
  const key = snapshotKey(place, 'manifest.json');
  const earlier = await findManifest(key, setting.store);
  if (earlier) return earlier;
  const manifest = await describe(place, setting);
  try {
    await setting.store.put(key, `${JSON.stringify(manifest, null, 2)}\n`, { ifAbsent: true });
  } catch (error) {
    // Another event of the same snapshot was faster: its manifest is the one that counts.
    const other = error instanceof ObjectExistsError ? await findManifest(key, setting.store) : undefined;
    if (other) return other;
    throw error;
  }
  return manifest;
}

async function findManifest(key: string, store: ObjectStore): Promise<SnapshotManifest | undefined> {
  if (!(await store.head(key))) return undefined;
  const { manifest } = await readManifest(store, key);
  return manifest.kind === 'snapshot' ? manifest : undefined;
}

async function describe(
  place: Parameters<typeof commitSnapshot>[0],
  { store, databases, clock }: Parameters<typeof commitSnapshot>[1],
): Promise<SnapshotManifest> {
  const snapshot = await databases.describeSnapshot(place.snapshotId);
  if (snapshot?.status !== 'available') {
    throw new NoBackupError(`snapshot ${place.snapshotId} is ${snapshot?.status ?? 'not there'}`);
  }
  if (snapshot.database !== place.database) {
    throw new NoBackupError(`snapshot ${place.snapshotId} is one of ${snapshot.database}, not of ${place.database}`);
  }
  const verified = await databases.verifySnapshot(place.snapshotId);
  const before = await readFile(store, snapshotKey(place, FILES.begin));
  const after = await readFile(store, snapshotKey(place, FILES.end));
  const { server, readAt, sets } = parseFacts(before.file.key, before.text);
  const { systemIdentifier, ...source } = server;
  return {
    format: 1,
    kind: 'snapshot',
    database: place.database,
    backupId: place.snapshotId,
    beganAt: readAt,
    takenAt: snapshot.takenAt.toISOString(),
    endedAt: clock.now().toISOString(),
    source: { ...source, ...(systemIdentifier === undefined ? {} : { systemIdentifier }), settings: sets.settings },
    tools: { pgproof: PGPROOF_VERSION },
    timings: {},
    snapshot: {
      id: place.snapshotId,
      bytes: verified.bytes,
      ...(verified.sha256 === undefined ? {} : { sha256: verified.sha256 }),
    },
    factsBefore: before.file,
    factsAfter: after.file,
  };
}

async function readFile(store: ObjectStore, key: string): Promise<{ text: string; file: StoredFile }> {
  const bytes = Buffer.concat(await Array.fromAsync(await store.read(key)));
  return { text: bytes.toString('utf8'), file: { key, bytes: bytes.byteLength, sha256: sha256Of(bytes) } };
}

function snapshotKey({ database, snapshotId }: { database: string; snapshotId: string }, file: string): string {
  return backupKey({ kind: 'snapshot', database, backupId: snapshotId }, file);
}
