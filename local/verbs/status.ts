import { listBackups, listDatabases } from '../../src/backup/catalog.ts';
import { readValidation } from '../../src/backup/validation.ts';
import { readManifest } from '../../src/backup/archive.ts';
import { databaseConfig } from '../../src/config/config.ts';
import { formatDuration } from '../../src/config/duration.ts';
import { listEvidenceBodies } from '../../src/drill/chain.ts';
import type { BackupPlace } from '../../src/backup/manifest.ts';
import type { EvidenceBody } from '../../src/drill/evidence.ts';
import { isAboutBackup } from '../../src/backup/archive.ts';
import type { ExitCode } from '../exit-code.ts';
import { formatBytes } from '../format.ts';
import type { Laptop } from '../laptop.ts';
import { readRecoveryStatus, renderRecovery, type RecoveryStatus } from './recovery-status.ts';

export interface BackupStatus {
  readonly id: string;
  readonly kind: 'dump' | 'snapshot';
  /** Null when the manifest cannot be read any more. */
  readonly takenAt: string | null;
  readonly bytes: number | null;
  readonly validation: 'valid' | 'invalid' | 'not validated';
  /** Of the newest drill of this backup without a planted fault. */
  readonly verdict: string;
  readonly drilledAt: string | null;
}

export interface DatabaseStatus {
  readonly database: string;
  readonly backups: readonly BackupStatus[];
  /** Recovery to a point in time; null where no log was ever kept. */
  readonly recovery: RecoveryStatus | null;
  /** Age in seconds of the newest backup that a drill proved; null when there is none. */
  readonly provenAge: number | null;
  readonly rpoTarget: number | null;
  readonly state: 'proven' | 'overdue' | 'failed' | 'not proven';
}

/** What is backed up, validated and proven, how old, against the targets. Reads only. */
export async function readStatus(laptop: Laptop): Promise<DatabaseStatus[]> {
  const configured = Object.keys(laptop.config.databases);
  const names = new Set([...configured, ...(await listDatabases(laptop.store))]);
  return await Promise.all([...names].sort().map((database) => statusOf(laptop, database)));
}

async function statusOf(laptop: Laptop, database: string): Promise<DatabaseStatus> {
  const drills = (await listEvidenceBodies(laptop.store, database)).filter(({ fault }) => fault === null);
  const places = await listBackups(laptop.store, database);
  const backups = await Promise.all(places.map((place) => backupStatus(laptop, place, drills)));
  const target = databaseConfig(laptop.config, database).drill.rpoTarget ?? null;
  const proven = backups.find(({ verdict }) => verdict === 'PROVEN');
  const provenAge = proven?.takenAt ? (laptop.clock.now().getTime() - Date.parse(proven.takenAt)) / 1000 : null;
  const recovery = await readRecoveryStatus(laptop, database, drills);
  return { database, backups, recovery, provenAge, rpoTarget: target, state: stateOf(drills, provenAge, target) };
}

function stateOf(drills: readonly EvidenceBody[], age: number | null, target: number | null): DatabaseStatus['state'] {
  if (drills[0]?.verdict === 'FAILED') return 'failed';
  if (age === null || drills[0]?.verdict !== 'PROVEN') return 'not proven';
  return target !== null && age > target ? 'overdue' : 'proven';
}

async function backupStatus(laptop: Laptop, place: BackupPlace, drills: readonly EvidenceBody[]): Promise<BackupStatus> {
  const newest = drills.find(({ backup, kind }) => backup?.id === place.backupId && kind === place.kind);
  const validation = await readValidation(laptop.store, place);
  const { takenAt, bytes } = await sizeOf(laptop, place);
  return {
    id: place.backupId,
    kind: place.kind,
    takenAt,
    bytes,
    validation: validation?.status ?? 'not validated',
    verdict: newest?.verdict ?? 'not drilled',
    drilledAt: newest?.sealedAt ?? null,
  };
}

async function sizeOf({ store }: Laptop, place: BackupPlace): Promise<{ takenAt: string | null; bytes: number | null }> {
  try {
    const { manifest } = await readManifest(store, `v1/${place.database}/${place.kind}s/${place.backupId}/manifest.json`);
    return { takenAt: manifest.takenAt, bytes: manifest.kind === 'dump' ? manifest.archive.bytes : manifest.snapshot.bytes };
  } catch (error) {
    if (isAboutBackup(error)) return { takenAt: null, bytes: null };
    throw error;
  }
}

export function renderStatus(statuses: readonly DatabaseStatus[], now: Date): string {
  if (statuses.length === 0) return 'no backups yet\nHINT: npx pgproof backup --source postgres://user@host:5432/database';
  return statuses.map((status) => renderDatabase(status, now)).join('\n\n');
}

function renderDatabase({ database, backups, recovery, provenAge, rpoTarget, state }: DatabaseStatus, now: Date): string {
  const target = rpoTarget === null ? '' : `, target ${formatDuration(rpoTarget)}`;
  const age = provenAge === null ? 'no backup is proven' : `newest proven backup is ${formatDuration(provenAge)} old`;
  const rows = backups.slice(0, 10).map((backup) => {
    const old = backup.takenAt === null ? 'unreadable' : formatDuration((now.getTime() - Date.parse(backup.takenAt)) / 1000);
    const size = backup.bytes === null ? '' : formatBytes(backup.bytes);
    return `  ${backup.kind.padEnd(9)}${backup.id.padEnd(24)}${old.padEnd(14)}${size.padStart(10)}  ${backup.validation.padEnd(14)}${backup.verdict}`;
  });
  const more = backups.length > 10 ? [`  … and ${backups.length - 10} older`] : [];
  const head = `  ${'kind'.padEnd(9)}${'backup'.padEnd(24)}${'age'.padEnd(14)}${'size'.padStart(10)}  ${'validation'.padEnd(14)}drill`;
  const points = recovery ? [renderRecovery(recovery, now)] : [];
  return [`${database}: ${state.toUpperCase()} (${age}${target})`, ...(rows.length > 0 ? [head, ...rows, ...more] : []), ...points].join('\n');
}

/** 1 when a newest drill failed, 2 when something is unproven or overdue, else 0. */
export function statusExitCode(statuses: readonly DatabaseStatus[]): ExitCode {
  if (statuses.some(({ state }) => state === 'failed')) return 1;
  return statuses.some(({ state }) => state !== 'proven') ? 2 : 0;
}
