import type { DeployedCloud } from '../cloud/cloud.ts';
import type { Notification } from '../cloud/notifier.ts';
import { PgproofError, SnapshotRefusedError } from '../errors.ts';
import { announceNoReading, announceQuota, announceRefusal, announceUnknownQuota } from './announce-backup.ts';
import { announceOnce } from './announce-once.ts';
import { launchPatiently, tryAgain } from './launch.ts';
import { backupKey } from './manifest.ts';
import { databaseOfSnapshot, scheduledSnapshotId, snapshotSource, type Scheduled } from './scheduled.ts';

/**
 * How a snapshot begins. A reading of the source is begun first; its landing, or its end without success, is the event
 * that takes the snapshot. Each step finds out what is there already, so events may come twice and in any order.
 */

export type BeginCloud = Pick<DeployedCloud, 'store' | 'notifier' | 'clock' | 'config' | 'snapshots' | 'launcher'>;

export type BeginResult = 'reading begun' | 'snapshot begun' | 'committed already' | 'not ours';

/** A source that is being backed up or changed is busy for minutes: ten of them are waited for. */
const BUSY_PAUSES = Array.from({ length: 10 }, () => 60_000);

interface SnapshotPlace {
  readonly database: string;
  readonly snapshotId: string;
}

/**
 * The schedule's own step: looks at the quota, then begins the reading. A nightly backup depends neither on a reading nor
 * on people being told: when none can be begun, the snapshot is taken at once, and then they hear that it cannot be drilled.
 * @throws SnapshotRefusedError when the quota is used up, or the snapshot itself is refused
 */
export async function beginSnapshot(scheduled: Scheduled, cloud: BeginCloud): Promise<BeginResult> {
  const { database } = scheduled;
  const place = { database, snapshotId: scheduledSnapshotId(scheduled) };
  const source = snapshotSource(cloud.config, database);
  if (await isThere(place, 'manifest.json', cloud)) return 'committed already';
  if (await isThere(place, 'facts-before.json', cloud)) return await takeNow(place, cloud);
  const warnings = await checkQuota(place, source.kind, cloud);
  const result = await launchPatiently({ verb: 'snapshot-facts', ...place, moment: 'begin' }, cloud).then(
    () => 'reading begun' as const,
    async (error: unknown) => {
      if (!(error instanceof PgproofError)) throw error;
      const begun = await takeNow(place, cloud);
      warnings.push(announceNoReading(database, place.snapshotId, error));
      return begun;
    },
  );
  for (const warning of warnings) await announceOnce(markOf(place, warning.event), warning, cloud);
  return result;
}

/** The reading has landed, or its task has ended without one: takes the snapshot either way. */
export async function continueSnapshot(place: SnapshotPlace, cloud: BeginCloud): Promise<BeginResult> {
  if (databaseOfSnapshot(cloud.config, place.snapshotId) !== place.database) return 'not ours';
  // A late duplicate must not take a snapshot anew that was deleted in its time.
  if (await isThere(place, 'manifest.json', cloud)) return 'committed already';
  return await takeNow(place, cloud);
}

async function takeNow({ database, snapshotId }: SnapshotPlace, cloud: BeginCloud): Promise<BeginResult> {
  const source = snapshotSource(cloud.config, database);
  const tags = { 'pgproof:database': database, 'pgproof:snapshot': 'true' };
  try {
    await tryAgain(BUSY_PAUSES, cloud.clock, () => cloud.snapshots.takeSnapshot({ snapshotId, source, tags }));
  } catch (error) {
    if (error instanceof SnapshotRefusedError) {
      await announceOnce(markOf({ database, snapshotId }, 'snapshot.refused'), announceRefusal('snapshot', database, snapshotId, error), cloud);
    }
    throw error;
  }
  return 'snapshot begun';
}

/** @returns what people are to be told once the snapshot is on its way */
async function checkQuota(place: SnapshotPlace, kind: 'rds' | 'aurora', cloud: BeginCloud): Promise<Notification[]> {
  let quota: { readonly used: number; readonly limit: number };
  try {
    quota = await cloud.snapshots.snapshotQuota(kind);
  } catch (error) {
    if (!(error instanceof SnapshotRefusedError)) throw error;
    return [announceUnknownQuota(place.database, error)];
  }
  const warning = announceQuota(place.database, quota);
  if (warning?.severity !== 'bad') return warning ? [warning] : [];
  await announceOnce(markOf(place, warning.event), warning, cloud);
  throw new SnapshotRefusedError(`snapshot ${place.snapshotId} is not asked for: all ${quota.limit} manual snapshots are used`, {
    retriable: false,
    hint: 'delete old snapshots, or ask for more: aws service-quotas get-service-quota --service-code rds --quota-code L-272F1212',
  });
}

async function isThere({ database, snapshotId }: SnapshotPlace, file: string, { store }: Pick<BeginCloud, 'store'>): Promise<boolean> {
  return (await store.head(backupKey({ kind: 'snapshot', database, backupId: snapshotId }, file))) !== undefined;
}

/** Where it is kept that people were told. */
function markOf({ database, snapshotId }: SnapshotPlace, what: string): string {
  return backupKey({ kind: 'snapshot', database, backupId: snapshotId }, `told/${what}.json`);
}
