import type { ObjectStore } from '../cloud/object-store.ts';
import type { BackupKind } from '../drill/contract.ts';
import { backupKey, placeOfKey, type BackupPlace } from './manifest.ts';
import { findValidation, type Validation } from './validation.ts';

/** The store is the catalog: a backup is a manifest, and its key says what it is a backup of. */

/** Newest first; a backup id begins with its time, so the order of keys is the order of time. */
export async function listBackups(store: ObjectStore, database: string, kind?: BackupKind): Promise<BackupPlace[]> {
  return (await listPlaces(store, database, kind)).filter(({ files }) => files.has('manifest.json')).map(({ place }) => place);
}

export interface OccupiedPlace {
  readonly place: BackupPlace;
  /** Names of the files that are there. */
  readonly files: ReadonlySet<string>;
}

/** Every place that holds anything, newest first: backups, and what is left of dumps that failed or lost their manifest. */
export async function listPlaces(store: ObjectStore, database: string, kind?: BackupKind): Promise<OccupiedPlace[]> {
  const places = new Map<string, { place: BackupPlace; files: Set<string> }>();
  const prefix = kind === undefined ? `v1/${database}/` : `v1/${database}/${kind}s/`;
  for await (const { key } of store.list(prefix)) {
    const found = placeOfKey(key);
    if (!found) continue;
    const { file, ...place } = found;
    const known = places.get(backupKey(place, '')) ?? { place, files: new Set() };
    known.files.add(file);
    places.set(backupKey(place, ''), known);
  }
  return [...places.values()].sort((one, other) => (one.place.backupId < other.place.backupId ? 1 : -1));
}

/** What is wrong with a place that has no manifest; undefined when there has never been a backup in it. */
export function whyNoBackup({ place, files }: OccupiedPlace): string | undefined {
  if (files.has('manifest.json') || !files.has('validation.json')) return undefined;
  return `${backupKey(place, 'manifest.json')} is missing although the backup was validated: deleted`;
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
  /** Why there is no result to rely on. */
  readonly problem?: string;
}

/** What is known of one backup's validity. */
export async function readCandidate(store: ObjectStore, place: BackupPlace): Promise<Candidate> {
  const found = await findValidation(store, place);
  if (found.validation) return { place, validation: found.validation };
  return { place, validation: undefined, problem: `${backupKey(place, 'validation.json')} ${found.problem}` };
}

/**
 * The newest backup whose validation says valid, and those newer ones that were passed over because theirs does not, or
 * because they have lost their manifest.
 */
export async function newestValidated(
  store: ObjectStore,
  database: string,
  kind: BackupKind,
): Promise<{ chosen: Candidate | undefined; passedOver: Candidate[]; listed: number }> {
  const places = await listPlaces(store, database, kind);
  const listed = places.filter(({ files }) => files.has('manifest.json')).length;
  const passedOver: Candidate[] = [];
  for (const occupied of places) {
    const { place, files } = occupied;
    const problem = whyNoBackup(occupied);
    if (problem === undefined && !files.has('manifest.json')) continue;
    const candidate = problem === undefined ? await readCandidate(store, place) : { place, validation: undefined, problem };
    if (candidate.validation?.status === 'valid') return { chosen: candidate, passedOver, listed };
    passedOver.push(candidate);
  }
  return { chosen: undefined, passedOver, listed };
}

export function manifestKeyOf(place: BackupPlace): string {
  return backupKey(place, 'manifest.json');
}
