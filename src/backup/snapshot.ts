import type { Clock } from '../cloud/clock.ts';
import type { DatabaseService } from '../cloud/database-service.ts';
import type { ObjectStore } from '../cloud/object-store.ts';
import type { SnapshotFactsTask } from '../drill/contract.ts';
import { NoBackupError, ObjectExistsError } from '../errors.ts';
import type { Facts } from '../facts/facts.ts';
import { readFacts } from '../facts/read.ts';
import { mergeSequences, readSequences } from '../facts/sequences.ts';
import { connect, type Address } from '../postgres/address.ts';
import { steadySession } from '../postgres/exported-snapshot.ts';
import { PGPROOF_VERSION } from '../version.ts';
import { parseFacts, readManifest } from './archive.ts';
import { sha256Of } from './digest.ts';
import { backupKey, type SnapshotManifest, type StoredFile } from './manifest.ts';

/** A snapshot's own two readings of the source, and the manifest that binds them to it. */

const FILES = { begin: 'facts-before.json', end: 'facts-after.json' } as const;

interface ReadSetting {
  readonly store: ObjectStore;
  readonly address: Address;
  readonly signal: AbortSignal;
}

/**
 * Reads the structure of the source, quickly and without its rows, and keeps it beside the snapshot to be. A reading that
 * is there already is kept: it was made at its moment too, and the manifest may be bound to it.
 */
export async function readSnapshotFacts(task: SnapshotFactsTask, setting: ReadSetting): Promise<void> {
  const { store, address, signal } = setting;
  const facts = await readFacts({ connect: () => connect(address), scope: 'structure', parallel: 2, signal });
  const client = await connect(address);
  try {
    await steadySession(client);
    const reading = await readSequences(client);
    const text = JSON.stringify({ ...facts, sequences: mergeSequences(reading, reading) } satisfies Facts);
    await store.put(snapshotKey(task, FILES[task.moment]), `${text}\n`, { ifAbsent: true, signal });
  } catch (error) {
    if (!(error instanceof ObjectExistsError)) throw error;
  } finally {
    await client.end();
  }
}

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
  if (await setting.store.head(key)) {
    const { manifest } = await readManifest(setting.store, key);
    if (manifest.kind === 'snapshot') return manifest;
  }
  const manifest = await describe(place, setting);
  await setting.store.put(key, `${JSON.stringify(manifest, null, 2)}\n`, { ifAbsent: true });
  return manifest;
}

async function describe(
  place: Parameters<typeof commitSnapshot>[0],
  { store, databases, clock }: Parameters<typeof commitSnapshot>[1],
): Promise<SnapshotManifest> {
  const snapshot = await databases.describeSnapshot(place.snapshotId);
  if (snapshot?.status !== 'available') {
    throw new NoBackupError(`snapshot ${place.snapshotId} is ${snapshot?.status ?? 'not there'}`);
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
