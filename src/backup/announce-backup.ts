import type { Notification } from '../cloud/notifier.ts';
import type { LaunchedTask } from '../cloud/task-launcher.ts';
import { describeError, PgproofError } from '../errors.ts';
import type { SnapshotManifest } from './manifest.ts';
import type { TaskFailure } from './task-failure.ts';

/** What people are told of backups on their way: that one was refused, that one died, that one is taken. */

const SHARE_TO_WARN_OF = 0.8;

/** Undefined while there is room. */
export function announceQuota(database: string, { used, limit }: { readonly used: number; readonly limit: number }): Notification | undefined {
  if (used < limit * SHARE_TO_WARN_OF) return undefined;
  const isFull = used >= limit;
  return {
    subject: isFull ? `no snapshot of ${database}: the quota is used up` : `${used} of ${limit} manual snapshots are used`,
    text: isFull
      ? `All ${limit} manual snapshots that this Region may have are used, so RDS would refuse the one of ${database} that is due.`
      : `This Region may have ${limit} manual snapshots and has ${used}. When none is left, the snapshots of ${database} end.`,
    severity: isFull ? 'bad' : 'warning',
    database,
    event: isFull ? 'snapshot.quota-used-up' : 'snapshot.quota',
    facts: { used: String(used), limit: String(limit), hint: 'delete old snapshots or ask for more: Service Quotas, RDS, L-272F1212' },
  };
}

export function announceUnknownQuota(database: string, error: unknown): Notification {
  return {
    subject: `the quota of snapshots is unknown`,
    text: `The snapshot of ${database} is taken all the same. ${describeError(error)}`,
    severity: 'warning',
    database,
    event: 'snapshot.quota-unknown',
    facts: {},
  };
}

/** A snapshot is asked for although nothing can be read of the source before it. */
export function announceNoReading(database: string, snapshotId: string, error: unknown): Notification {
  return {
    subject: `snapshot of ${database} cannot be drilled`,
    text:
      `The source could not be read before snapshot ${snapshotId}, so there is nothing to compare a restore with. ` +
      `The snapshot is taken all the same. ${describeError(error)}`,
    severity: 'warning',
    database,
    event: 'snapshot.unread',
    facts: { snapshot: snapshotId },
  };
}

export function announceUnreadSnapshot(database: string, snapshotId: string): Notification {
  return {
    subject: `snapshot of ${database} taken without a reading`,
    text: `Snapshot ${snapshotId} is there and can be restored by hand. No reading of the source was made before it, so no drill can prove it.`,
    severity: 'warning',
    database,
    event: 'snapshot.taken-unread',
    facts: { snapshot: snapshotId },
  };
}

export function announceSnapshot({ database, backupId, takenAt, source }: SnapshotManifest): Notification {
  return {
    subject: `snapshot of ${database} taken`,
    text: `Snapshot ${backupId} is there, with readings of the source from before and after it. Its validation follows.`,
    severity: 'good',
    database,
    event: 'snapshot.taken',
    facts: { backup: backupId, takenAt, server: source.version },
  };
}

/** A backup that could not even be begun. */
export function announceRefusal(kind: 'dump' | 'snapshot', database: string, backupId: string, error: unknown): Notification {
  const again = error instanceof PgproofError && error.retriable ? ' It is tried again in a few minutes.' : '';
  return {
    subject: `${kind} of ${database} could not be begun`,
    text: `There is no ${kind} ${backupId} yet.${again} ${describeError(error)}`,
    severity: 'bad',
    database,
    event: `${kind}.refused`,
    facts: { backup: backupId },
  };
}

export interface TaskEnd {
  readonly taskId: string;
  readonly exitCode: number | undefined;
  readonly stopCode: string | undefined;
  /** ECS's own words, of the task and of the container. */
  readonly reasons: readonly string[];
}

/** A task that ended in any way other than success, with everything that is known of why. */
export function announceTaskEnd(task: LaunchedTask, end: TaskEnd, failure: TaskFailure | undefined): Notification {
  const { subject, consequence, name } = lost(task);
  const how = end.exitCode === undefined ? 'never started' : `ended with exit code ${end.exitCode}`;
  const words = failure ? `\nThe worker says: ${failure.error.name}: ${failure.error.message}` : '\nThe worker left no word of it.';
  return {
    subject,
    text: `The task ${how}: ${[end.stopCode, ...end.reasons].filter(Boolean).join('; ') || 'no reason given'}.${words}\n${consequence}`,
    severity: 'bad',
    database: task.database,
    event: `${task.verb}.died`,
    facts: {
      name,
      task: end.taskId,
      exitCode: end.exitCode === undefined ? 'none' : String(end.exitCode),
      ...(end.stopCode === undefined ? {} : { stopCode: end.stopCode }),
      ...(failure ? { error: failure.error.name, origin: failure.error.origin } : {}),
    },
  };
}

function lost(task: LaunchedTask): { readonly subject: string; readonly consequence: string; readonly name: string } {
  const { database } = task;
  switch (task.verb) {
    case 'dump':
      return { subject: `dump of ${database} died`, name: task.backupId, consequence: `There is no dump ${task.backupId}: what it left has no manifest and counts as nothing.` };
    case 'snapshot-facts': {
      const consequence =
        task.moment === 'begin'
          ? `Snapshot ${task.snapshotId} is taken all the same, and no drill can prove it.`
          : `Snapshot ${task.snapshotId} is there and can be restored by hand, and no drill can prove it.`;
      return { subject: `reading of ${database} for a snapshot died`, name: task.snapshotId, consequence };
    }
    case 'reading':
      return { subject: `reading of ${database} died`, name: task.readingId, consequence: 'Drills to a point in time have one moment less to be held against.' };
    case 'validate':
      return { subject: `validation of ${database} died`, name: task.manifestKey, consequence: 'The backup is there and was not validated, so no drill takes it.' };
  }
}
