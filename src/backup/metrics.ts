import type { ObjectStore } from '../cloud/object-store.ts';
import type { About, Metric } from '../cloud/metric.ts';
import { isAboutBackup, readManifest } from './archive.ts';
import { manifestKeyOf } from './catalog.ts';
import type { Manifest } from './manifest.ts';
import type { Validation } from './validation.ts';

/** A validated backup, as far as it is measured. */
export interface MeasuredBackup {
  readonly database: string;
  readonly kind: Validation['kind'];
  readonly backupId: string;
  readonly status: Validation['status'];
  /** Undefined when its manifest does not tell. */
  readonly bytes?: number;
}

/** Size as the manifest records it: of a dump all its files, of a snapshot what the service says. */
export function bytesOf(manifest: Manifest): number {
  if (manifest.kind === 'snapshot') return manifest.snapshot.bytes;
  return manifest.archive.bytes + manifest.globals.bytes + manifest.facts.bytes;
}

export async function measureBackup(validation: Validation, store: ObjectStore): Promise<MeasuredBackup> {
  const { database, kind, backupId, status } = validation;
  const measured = { database, kind, backupId, status };
  try {
    const { manifest } = await readManifest(store, manifestKeyOf(validation), validation.manifestSha256);
    return { ...measured, bytes: bytesOf(manifest) };
  } catch (error) {
    // That the manifest is unreadable is what the validation says already.
    if (isAboutBackup(error)) return measured;
    throw error;
  }
}

export function backupMetrics({ database, kind, status, bytes }: MeasuredBackup): Metric[] {
  const dimensions = { Database: database, Kind: kind };
  const valid: Metric = { name: 'BackupValid', value: status === 'valid' ? 1 : 0, unit: 'Count', dimensions };
  return bytes === undefined ? [valid] : [valid, { name: 'BackupBytes', value: bytes, unit: 'Bytes', dimensions }];
}

export function aboutBackup({ database, kind, backupId, status, bytes }: MeasuredBackup): About {
  return { database, kind, backup: backupId, status, ...(bytes === undefined ? {} : { bytes }) };
}
