import { isMarkKey, readMark, type StoredMark } from '../backup/mark.ts';
import type { ObjectStore, StoredObject } from '../cloud/object-store.ts';

/** What was read of a source around a moment. */
export interface Surroundings {
  /** The newest reading that ended before the moment. */
  readonly before: StoredMark | undefined;
  /** The oldest reading that began after it. */
  readonly after: StoredMark | undefined;
  /** All marks near the moment, on either side, in no order. */
  readonly marks: readonly StoredMark[];
}

/** A mark far from the moment says nothing that the nearer ones do not. */
const MARKS_EACH_SIDE = 40;

/** Finds the readings and marks around a moment, among those of readings by themselves and those around snapshots. */
export async function findSurroundings(store: ObjectStore, database: string, moment: Date): Promise<Surroundings> {
  const stored: StoredObject[] = [];
  for (const place of ['readings', 'snapshots']) {
    for await (const object of store.list(`v1/${database}/${place}/`)) if (isMarkKey(object.key)) stored.push(object);
  }
  const marks: StoredMark[] = [];
  for (const { key } of nearest(stored, moment)) {
    const found = await readMark(store, key);
    if (found) marks.push(found);
  }
  const at = inMicroseconds(moment);
  const earlier = marks.filter(({ mark }) => mark.endedAt <= at);
  const later = marks.filter(({ mark }) => mark.beganAt > at);
  return {
    before: earlier.toSorted((one, other) => (one.mark.endedAt < other.mark.endedAt ? 1 : -1))[0],
    after: later.toSorted((one, other) => (one.mark.beganAt < other.mark.beganAt ? -1 : 1))[0],
    marks,
  };
}

/** When a mark was stored says roughly when it was made; which side it is on is decided by what it says itself. */
function nearest(stored: readonly StoredObject[], moment: Date): StoredObject[] {
  const sorted = stored.toSorted((one, other) => one.modifiedAt.getTime() - other.modifiedAt.getTime());
  const index = sorted.findIndex(({ modifiedAt }) => modifiedAt > moment);
  const middle = index === -1 ? sorted.length : index;
  return sorted.slice(Math.max(0, middle - MARKS_EACH_SIDE), middle + MARKS_EACH_SIDE);
}

/** As marks write instants, so that texts compare as times do. */
export function inMicroseconds(moment: Date): string {
  return moment.toISOString().replace('Z', '000Z');
}
