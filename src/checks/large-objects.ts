import type { Facts } from '../facts/facts.ts';
import type { Finding } from './finding.ts';
import { count, LARGE_OBJECTS, makeFinding } from './registry.ts';

/** Check 24. With hashes it covers every byte, without only the number. Owners and grants are a matter of check 20. */
export function compareLargeObjects(expected: Facts, actual: Facts): Finding {
  const [before, after] = [expected.largeObjects, actual.largeObjects];
  const hashed = before.hash !== undefined && after.hash !== undefined;
  if (before.count === 0 && after.count === 0) {
    const detail = 'neither the source nor the copy has large objects';
    return makeFinding(LARGE_OBJECTS, { status: 'not_applicable', examined: 0, detail });
  }
  const examined = Math.max(before.count, after.count);
  if (before.count !== after.count) {
    const item = `large objects: ${after.count.toLocaleString('en-US')}, expected ${before.count.toLocaleString('en-US')}`;
    return makeFinding(LARGE_OBJECTS, { status: 'failed', cause: 'backup', examined, detail: item, items: [item] });
  }
  if (hashed && before.hash !== after.hash) {
    const item = 'large objects: content differs, with the same number of objects';
    return makeFinding(LARGE_OBJECTS, { status: 'failed', cause: 'backup', examined, detail: item, items: [item] });
  }
  const detail = hashed
    ? `every byte of ${count(examined, 'large object')} is equal`
    : `${count(examined, 'large object')} on both sides; contents were not compared`;
  return makeFinding(LARGE_OBJECTS, { status: 'passed', examined, detail });
}
