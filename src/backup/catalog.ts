import type { ObjectStore } from '../cloud/object-store.ts';
import type { BackupKind } from '../drill/contract.ts';
import { backupKey, placeOfKey, type BackupPlace } from './manifest.ts';
import { readValidation, type Validation } from './validation.ts';

/** The store is the catalog: a backup is a manifest, and its key says what it is a backup of. */

/** Newest first; a backup id begins with its time, so the order of keys is the order of time. */
export async function listBackups(store: ObjectStore, database: string, kind?: BackupKind): Promise<BackupPlace[]> {
  const places: BackupPlace[] = [];
  const prefix = kind === undefined ? `v1/${database}/` : `v1/${database}/${kind}s/`;
  for await (const { key } of store.list(prefix)) {
    const place = placeOfKey(key);
    if (place?.file === 'manifest.json') places.push(place);
  }
  return places.sort((one, other) => (one.backupId < other.backupId ? 1 : -1));
}

/** Names of all databases that have something in the store. */
export async function listDatabases(store: ObjectStore): Promise<string[]> {
  const names = new Set<string>();
  for await (const { key } of store.list('v1/')) names.add(key.split('/')[1] ?? '');
  return [...names].sort();
}

export interface Candidate {
  readonly place: BackupPlace;
  readonly validation: Validation | undefined;
}

/**
 * The newest backup whose validation says valid, and those newer ones that were passed over because theirs does not.
 */
export async function newestValidated(
  store: ObjectStore,
  database: string,
  kind: BackupKind,
): Promise<{ chosen: Candidate | undefined; passedOver: Candidate[]; listed: number }> {
  const places = await listBackups(store, database, kind);
  const passedOver: Candidate[] = [];
  for (const place of places) {
    const validation = await readValidation(store, place);
    if (validation?.status === 'valid') return { chosen: { place, validation }, passedOver, listed: places.length };
    passedOver.push({ place, validation });
  }
  return { chosen: undefined, passedOver, listed: places.length };
}

export function manifestKeyOf(place: BackupPlace): string {
  return backupKey(place, 'manifest.json');
}
