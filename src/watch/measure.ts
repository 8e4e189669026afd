import { isAboutBackup, readManifest } from '../backup/archive.ts';
import { manifestKeyOf, newestValidated } from '../backup/catalog.ts';
import { bytesOf } from '../backup/metrics.ts';
import type { Clock } from '../cloud/clock.ts';
import type { About, Metric } from '../cloud/metric.ts';
import type { ObjectStore } from '../cloud/object-store.ts';
import type { Config, DatabaseConfig } from '../config/config.ts';
import { listEvidence, readEvidence } from '../drill/chain.ts';
import type { BackupKind, DrillKind } from '../drill/contract.ts';

export interface MeasureSetting {
  readonly store: ObjectStore;
  readonly config: Config;
  readonly clock: Pick<Clock, 'now'>;
}

/** One thing that is scheduled, as the store alone shows it. What cannot be measured has a reason instead of numbers. */
export interface Measured {
  readonly database: string;
  readonly kind: DrillKind;
  readonly of: 'backup' | 'proof';
  /** Of the newest valid backup since the moment that it holds; of the last drill that said PROVEN since it was sealed. */
  readonly ageSeconds?: number;
  readonly bytes?: number;
  readonly problem?: string;
}

/** Drills without a PROVEN before the search gives up; the answer is the same then, and each is an object to read. */
const DRILLS_LOOKED_AT = 100;

/** More than this and the clocks disagree: an age below zero would keep an alarm quiet. */
const CLOCK_TOLERANCE_SECONDS = 300;

/**
 * How old the newest valid backup and the last proof are, of every database and every kind that pgproof.yml schedules. The
 * ages grow while nothing happens, which is what alarms need: an event that never comes raises nothing.
 * @throws StoreReadError when the store cannot be read
 */
export async function measureStore({ store, config, clock }: MeasureSetting): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const [database, settings] of Object.entries(config.databases)) {
    for (const kind of backupKinds(settings)) measured.push(await measureBackups(store, { database, kind }, clock.now()));
    const kinds = settings.schedules.drill ? settings.drill.kinds : [];
    measured.push(...(await measureProofs(store, { database, kinds }, clock.now())));
  }
  return measured;
}

/** Nothing is said of what could not be measured: alarms take a missing metric for a breach. */
export function measuredMetrics(measured: readonly Measured[]): Metric[] {
  return measured.flatMap(({ database, kind, of, ageSeconds, bytes }): Metric[] => {
    const dimensions = { Database: database, Kind: kind };
    const name = of === 'backup' ? 'BackupAgeSeconds' : 'ProvenAgeSeconds';
    return [
      ...(ageSeconds === undefined ? [] : [{ name, value: ageSeconds, unit: 'Seconds', dimensions } as const]),
      ...(bytes === undefined ? [] : [{ name: 'BackupBytes', value: bytes, unit: 'Bytes', dimensions } as const]),
    ];
  });
}

export function aboutMeasured(measured: readonly Measured[]): About {
  const missing = measured.filter(({ ageSeconds }) => ageSeconds === undefined);
  const lines = missing.map(({ database, kind, of, problem }) => `${of} of ${database} ${kind}: ${problem ?? 'unknown'}`);
  return { measured: measured.length - missing.length, missing: lines.join('; ') };
}

function backupKinds({ schedules }: DatabaseConfig): BackupKind[] {
  return [...(schedules.dump ? (['dump'] as const) : []), ...(schedules.snapshot ? (['snapshot'] as const) : [])];
}

async function measureBackups(
  store: ObjectStore,
  { database, kind }: { database: string; kind: BackupKind },
  now: Date,
): Promise<Measured> {
  const about = { database, kind, of: 'backup' } as const;
  const { chosen, listed } = await newestValidated(store, database, kind);
  if (!chosen) return { ...about, problem: listed === 0 ? 'there is none' : `none of ${listed} is valid` };
  try {
    const { manifest } = await readManifest(store, manifestKeyOf(chosen.place), chosen.validation?.manifestSha256);
    return { ...about, ...ageOf(manifest.takenAt, now), bytes: bytesOf(manifest) };
  } catch (error) {
    // A backup that was altered since it was validated is none.
    if (isAboutBackup(error)) return { ...about, problem: error.message };
    throw error;
  }
}

/** One walk over the evidence, newest first, that ends when every kind has been found. */
async function measureProofs(
  store: ObjectStore,
  { database, kinds }: { database: string; kinds: readonly DrillKind[] },
  now: Date,
): Promise<Measured[]> {
  const sealed = new Map<DrillKind, string>();
  const evidence = kinds.length === 0 ? [] : await listEvidence(store, database);
  for (const { key } of evidence.slice(0, DRILLS_LOOKED_AT)) {
    if (kinds.every((kind) => sealed.has(kind))) break;
    const { body } = await readEvidence(store, key);
    if (body?.verdict === 'PROVEN' && body.fault === null && !sealed.has(body.kind)) sealed.set(body.kind, body.sealedAt);
  }
  return kinds.map((kind) => {
    const at = sealed.get(kind);
    const about = { database, kind, of: 'proof' } as const;
    if (at !== undefined) return { ...about, ...ageOf(at, now) };
    return { ...about, problem: evidence.length === 0 ? 'there is none' : `none of the newest ${Math.min(evidence.length, DRILLS_LOOKED_AT)} drills` };
  });
}

function ageOf(at: string, now: Date): Pick<Measured, 'ageSeconds' | 'problem'> {
  const seconds = Math.floor((now.getTime() - Date.parse(at)) / 1000);
  if (seconds < -CLOCK_TOLERANCE_SECONDS) return { problem: `${at} is in the future` };
  return { ageSeconds: Math.max(0, seconds) };
}
