import type { Instance } from '../cloud/database-service.ts';
import type { Notification } from '../cloud/notifier.ts';
import { describeError } from '../errors.ts';
import type { CutOff } from './cut-off.ts';

/** What people are told of a throwaway instance that its drill left behind. */
export function announceOrphan(instance: Instance): Notification {
  const { instanceId, createdAt, tags } = instance;
  return {
    subject: `pgproof: destroyed a leftover of ${databaseOf(instance)}`,
    text:
      `The throwaway instance ${instanceId} had outlived its drill and is being destroyed. A leftover means that a drill was ` +
      'cut off before it could clean up.',
    severity: 'warning',
    database: databaseOf(instance),
    event: 'instance.orphaned',
    facts: { instance: instanceId, drill: tags['pgproof:drill'] ?? 'unknown', created: createdAt.toISOString() },
  };
}

/** What people are told of one that costs money and does not go away. */
export function announceLeft(instance: Instance, error: unknown): Notification {
  const { instanceId, status, createdAt, tags } = instance;
  return {
    subject: `pgproof: cannot destroy a leftover of ${databaseOf(instance)}`,
    text: `The throwaway instance ${instanceId} is due and still there; it costs money. ${describeError(error)}`,
    severity: 'bad',
    database: databaseOf(instance),
    event: 'instance.left',
    facts: { instance: instanceId, status, drill: tags['pgproof:drill'] ?? 'unknown', created: createdAt.toISOString() },
  };
}

/** What people are told of a drill that was stopped from outside: it has told nobody anything itself. */
export function announceCutOff({ drillId, status, executionArn, database: named }: CutOff, destroyed: readonly Instance[]): Notification {
  const how = status === 'TIMED_OUT' ? 'ran into its time limit' : 'was stopped';
  const ids = destroyed.map(({ instanceId }) => instanceId).join(', ');
  const instances = ids === '' ? 'It left nothing to destroy.' : `Being destroyed: ${ids}.`;
  const database = named ?? (destroyed[0] ? databaseOf(destroyed[0]) : 'unknown');
  return {
    subject: `pgproof: a drill of ${database} was cut off`,
    text: `Drill ${drillId} ${how} before its end and reported nothing, so it proves nothing. ${instances}`,
    severity: 'bad',
    database,
    event: 'drill.cut-off',
    facts: { drill: drillId, status, execution: executionArn },
  };
}

function databaseOf({ tags }: Instance): string {
  return tags['pgproof:database'] ?? 'unknown';
}
