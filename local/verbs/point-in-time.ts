import { formatCount } from '../format.ts';
import { nameNow, stopIfAsked, type Session } from '../session.ts';
import type { SampleSource } from '../source.ts';

/** A moment that the sample can be recovered to, with rows left in it before and after. */
export interface PointInTime {
  readonly to: string;
}

/**
 * Leaves a row, takes the time, leaves another row, and keeps the log up to there. The last reading comes after the end
 * of the log, so that there is a row which no recovery may have, to whatever moment it goes.
 */
export async function keepPointInTime(session: Session, database: string, sample: SampleSource): Promise<PointInTime> {
  const { laptop, console, signal } = session;
  console.say(`point in time of ${database}: leaving rows before and after it`);
  await leaveReading(session, database);
  const to = laptop.clock.now().toISOString();
  await leaveReading(session, database);
  const { instanceId, address } = sample;
  const window = await laptop.databases.keepLog({ instanceId, database, source: address, signal });
  await leaveReading(session, database);
  const seconds = window ? (window.latest.getTime() - window.earliest.getTime()) / 1000 : 0;
  console.say(`point in time of ${database}: ${to}; the log is kept, ${formatCount(Math.round(seconds))} s of it`);
  return { to };
}

async function leaveReading({ laptop, tasks, signal }: Session, database: string): Promise<void> {
  stopIfAsked(signal);
  await tasks.run({ verb: 'reading', database, readingId: nameNow(laptop) }, signal);
}
