import type { Clock } from '../cloud/clock.ts';
import type { DatabaseService, Instance } from '../cloud/database-service.ts';
import type { About, Metric } from '../cloud/metric.ts';
import type { Notifier } from '../cloud/notifier.ts';
import { EXPIRES_AT_TAG, LONGEST_LIFE_SECONDS } from '../drill/instance.ts';
import { announceCutOff, announceLeft, announceOrphan } from './announce.ts';
import type { CutOff } from './cut-off.ts';

export interface SweepSetting {
  readonly databases: Pick<DatabaseService, 'listInstances' | 'deleteInstance'>;
  readonly notifier: Notifier;
  readonly clock: Clock;
}

/** What a sweep did, by instance id. */
export interface Sweep {
  /** Throwaway instances of this installation that were there. */
  readonly found: number;
  readonly destroyed: readonly string[];
  /** Due, and still there: could not be destroyed. */
  readonly left: readonly string[];
}

/**
 * Destroys throwaway instances that have outlived every drill that could still need them: the last resort for drills that
 * were cut off.
 */
export async function sweep({ databases, notifier, clock }: SweepSetting): Promise<Sweep> {
  const instances = await databases.listInstances();
  const { destroyed, left } = await destroyAll(instances.filter((instance) => isOverdue(instance, clock.now())), databases);
  for (const instance of destroyed) await notifier.publish(announceOrphan(instance));
  for (const { instance, error } of left) await notifier.publish(announceLeft(instance, error));
  return summary(instances.length, destroyed, left);
}

/** Seconds before each look: ten minutes in all, twice what the state Restore has to begin an instance. */
const WAITS = [0, 15, 45, 60, 60, 60, 60, 60, 60, 60, 60, 60];

/**
 * Destroys the instance of one drill whose execution was stopped or timed out, for which no state of it will. Looks again
 * until it is seen to go, because it may appear late, may not be deletable while it is being created, and a cluster goes in
 * two steps.
 */
export async function sweepDrill(cutOff: CutOff, { databases, notifier, clock }: SweepSetting): Promise<Sweep> {
  const found = new Set<string>();
  const destroyed = new Map<string, Instance>();
  let left: Failure[] = [];
  for (const seconds of WAITS) {
    if (seconds > 0) await clock.sleep(seconds * 1000);
    const own = (await databases.listInstances()).filter(({ tags }) => tags['pgproof:drill'] === cutOff.drillId);
    for (const { instanceId } of own) found.add(instanceId);
    const result = await destroyAll(own, databases);
    for (const instance of result.destroyed) destroyed.set(instance.instanceId, instance);
    left = result.left;
    if (found.size > 0 && own.every(({ status }) => status === 'deleting')) break;
  }
  await notifier.publish(announceCutOff(cutOff, [...destroyed.values()]));
  for (const { instance, error } of left) await notifier.publish(announceLeft(instance, error));
  return summary(found.size, [...destroyed.values()], left);
}

export function sweepMetrics({ destroyed, left }: Sweep): Metric[] {
  return [
    { name: 'OrphansDestroyed', value: destroyed.length, unit: 'Count' },
    { name: 'OrphansLeft', value: left.length, unit: 'Count' },
  ];
}

export function aboutSweep({ found, destroyed, left }: Sweep): About {
  return { found, destroyed: destroyed.join(' '), left: left.join(' ') };
}

/**
 * Its tag says until when it may live. A tag that nobody can read, or that lies further ahead than any drill can last, says
 * nothing: then its age decides.
 */
export function isOverdue({ tags, createdAt }: Instance, now: Date): boolean {
  const longest = LONGEST_LIFE_SECONDS * 1000;
  const tagged = Date.parse(tags[EXPIRES_AT_TAG] ?? '');
  const isCredible = tagged <= now.getTime() + longest;
  return now.getTime() > (isCredible ? tagged : createdAt.getTime() + longest);
}

interface Failure {
  readonly instance: Instance;
  readonly error: unknown;
}

/**
 * One that cannot be destroyed does not keep the others. What is being destroyed is asked for again, because a cluster goes
 * in two steps, but somebody else began that and it counts for nothing here.
 */
async function destroyAll(
  due: readonly Instance[],
  databases: SweepSetting['databases'],
): Promise<{ destroyed: Instance[]; left: Failure[] }> {
  const destroyed: Instance[] = [];
  const left: Failure[] = [];
  for (const instance of due) {
    try {
      await databases.deleteInstance(instance.instanceId);
      if (instance.status !== 'deleting') destroyed.push(instance);
    } catch (error) {
      left.push({ instance, error });
    }
  }
  return { destroyed, left };
}

function summary(found: number, destroyed: readonly Instance[], left: readonly Failure[]): Sweep {
  return {
    found,
    destroyed: destroyed.map(({ instanceId }) => instanceId),
    left: left.map(({ instance }) => instance.instanceId),
  };
}
