import { parseFacts, readBound } from '../backup/archive.ts';
import { compactTime } from '../backup/manifest.ts';
import type { StoredMark } from '../backup/mark.ts';
import type { RecoverySource, RecoveryWindow } from '../cloud/database-service.ts';
import type { ObjectStore } from '../cloud/object-store.ts';
import type { DatabaseConfig } from '../config/config.ts';
import { ConfigurationError, ObjectExistsError } from '../errors.ts';
import type { DrillInput, DrillPlan } from './contract.ts';
import type { PlanSetting } from './plan.ts';
import { readRecovery, recoveryKey, type BoundReading, type RecoveryRecord } from './recovery.ts';
import { findSurroundings, inMicroseconds } from './surroundings.ts';

/** What a plan to a point in time adds to what all plans have. */
export type RecoveryPlan = Pick<
  DrillPlan,
  'backupId' | 'manifestKey' | 'manifestSha256' | 'selection' | 'takenAt' | 'instance' | 'readsSource' | 'recoverableUntil'
>;

interface Drill {
  readonly database: string;
  readonly drillId: string;
  readonly input: DrillInput;
  readonly config: DatabaseConfig;
}

/**
 * Chooses the moment and writes down what the recovery will be held against. Asked again, it keeps to what it wrote.
 * @throws ConfigurationError when the service keeps no log, when the moment is outside of it, or when there is nothing to
 * hold the recovery against
 */
export async function planRecovery(drill: Drill, setting: PlanSetting): Promise<RecoveryPlan> {
  const { store } = setting;
  const key = recoveryKey(drill);
  if (!(await store.head(key))) {
    const record = await describeRecovery(drill, setting);
    try {
      await store.put(key, `${JSON.stringify(record, null, 2)}\n`, { ifAbsent: true });
    } catch (error) {
      if (!(error instanceof ObjectExistsError)) throw error;
    }
  }
  const { record, sha256 } = await readRecovery(store, key);
  // The service makes the instance from what it keeps; of a server that was never read nothing needs to be known.
  const { major, superuser, settings } = record.server ?? { major: 0, superuser: '', settings: {} };
  return {
    backupId: `pitr-${compactTime(new Date(record.target))}`,
    manifestKey: key,
    manifestSha256: sha256,
    selection: { listed: record.marks.length, passedOver: [] },
    takenAt: record.target,
    recoverableUntil: record.window.latest,
    instance: { major, superuser, parameters: settings },
    readsSource: record.readsSource,
  };
}

async function describeRecovery({ database, drillId, input, config }: Drill, { store, databases, clock }: PlanSetting): Promise<RecoveryRecord> {
  refuse(input, database);
  const source = sourceOf(database, config);
  const window = await databases.recoveryWindow(source);
  if (!window) throw noLog(database, source);
  const requested = input.to ?? 'latest';
  const target = chooseTarget(requested, window, { database, now: clock.now(), source });
  const { before, after, marks } = await findSurroundings(store, database, target);
  // Rows of a table that pgproof.yml no longer names may have gone with it.
  const beats = marks.filter(({ mark }) => mark.heartbeat && [undefined, mark.heartbeat.table].includes(config.heartbeat));
  const hasLaterRow = beats.some(({ mark }) => (mark.heartbeat?.begunAt ?? '') > inMicroseconds(target));
  const readsSource = config.source !== undefined && (!after || (config.heartbeat !== undefined && !hasLaterRow));
  if (!before && !after && !readsSource) throw noReading(database, target);
  const { rds, aurora } = source;
  const server = await serverOf(store, before ?? after);
  return {
    format: 1,
    kind: 'pitr',
    database,
    drillId,
    source: { ...(rds === undefined ? {} : { rds }), ...(aurora === undefined ? {} : { aurora }) },
    window: { earliest: window.earliest.toISOString(), latest: window.latest.toISOString() },
    requested,
    target: target.toISOString(),
    ...(server ? { server } : {}),
    ...(before ? { before: bound(before) } : {}),
    ...(after ? { after: bound(after) } : {}),
    marks: beats.map(({ file }) => file).sort((one, other) => (one.key < other.key ? -1 : 1)),
    readsSource,
  };
}

/** What cannot be meant together with a point in time. */
function refuse({ backup, break: fault }: DrillInput, database: string): void {
  const faults = [
    ...(backup === undefined ? [] : [`backup: a drill of kind pitr takes no backup but a time: to, of ${database}`]),
    ...(fault === 'flip-byte' || fault === 'truncate-archive' ? [`break: ${fault} strikes the archive of a dump; a point in time has none`] : []),
  ];
  if (faults.length > 0) throw new ConfigurationError(faults, { hint: 'npx pgproof drill --kind pitr --to latest' });
}

export function sourceOf(database: string, { source }: DatabaseConfig): RecoverySource {
  return { database, rds: source?.rds, aurora: source?.aurora };
}

function chooseTarget(
  requested: string,
  { earliest, latest }: RecoveryWindow,
  { database, now, source }: { database: string; now: Date; source: RecoverySource },
): Date {
  const asked = requested === 'latest' ? latest : new Date(requested);
  // What the service does with a fraction of a second is not documented: none is asked for.
  const isRds = (source.rds ?? source.aurora) !== undefined;
  const target = isRds ? new Date(Math.floor(asked.getTime() / 1000) * 1000) : asked;
  if (target >= earliest && target <= latest) return target;
  const why = target > now ? 'is in the future' : target > latest ? 'is not archived yet, or never was' : 'is before the oldest base backup';
  throw new ConfigurationError(
    [`to: ${requested} ${why}: ${database} can be recovered to any time from ${earliest.toISOString()} to ${latest.toISOString()}`],
    { hint: `npx pgproof drill --database ${database} --kind pitr --to latest` },
  );
}

function noLog(database: string, { rds, aurora }: RecoverySource): ConfigurationError {
  const id = rds ?? aurora;
  const hint =
    id === undefined
      ? 'npx pgproof drill --kind dump; on the laptop the log is kept of the sample shop alone: npm start'
      : `aws rds modify-db-instance --db-instance-identifier ${id} --backup-retention-period 7`;
  const whose = id === undefined ? database : `${database} (${id})`;
  return new ConfigurationError([`kind pitr: no log of ${whose} is kept, so it can be recovered to no point in time`], { hint });
}

function noReading(database: string, target: Date): ConfigurationError {
  return new ConfigurationError([`kind pitr: nothing was read of ${database} before or after ${target.toISOString()} to hold the recovery against`], {
    hint: 'name the source in pgproof.yml, so that the drill can read it, or take snapshots: each leaves two readings',
  });
}

function bound({ file, mark }: StoredMark): BoundReading {
  return { mark: file, facts: mark.facts };
}

async function serverOf(store: ObjectStore, reading: StoredMark | undefined): Promise<RecoveryRecord['server']> {
  if (!reading) return undefined;
  const { server, sets } = parseFacts(reading.mark.facts.key, await readBound(store, reading.mark.facts));
  const { database, version, major, superuser } = server;
  return { database, version, major, superuser, settings: sets.settings };
}
