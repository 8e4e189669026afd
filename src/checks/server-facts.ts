import type { Facts } from '../facts/facts.ts';
import { describeDifference, findDifferences, type Difference } from './differences.ts';
import type { Finding } from './finding.ts';
import { makeFinding, SETTINGS, SORT_ORDER, TIME_ZONES, type Check } from './registry.ts';

/**
 * Checks 28, 40 and 41: the server that the copy runs on. None of this is in a dump, so a difference says nothing
 * against the backup: it says what the server one recovers to must have, and is reported without deciding the verdict.
 */
export function compareServer(expected: Facts, actual: Facts): Finding[] {
  const probes = findDifferences(expected, actual, ['probes']);
  const isZone = ({ identity }: { identity: string }) => identity.startsWith('time zone');
  const identities = Object.keys(expected.sets.probes).map((identity) => ({ identity }));
  // A setting that one side lacks was hidden from the role there, or set for the role or the database.
  const settings = findDifferences(expected, actual, ['settings']).filter((each) => each.expected !== undefined && each.actual !== undefined);
  const shared = Object.keys(expected.sets.settings).filter((name) => Object.hasOwn(actual.sets.settings, name));
  return [
    report(SETTINGS, 'server settings', shared.length, settings),
    report(SORT_ORDER, 'collations', identities.filter((each) => !isZone(each)).length, probes.filter((each) => !isZone(each))),
    report(TIME_ZONES, 'time zones', identities.filter(isZone).length, probes.filter(isZone)),
  ];
}

function report(check: Check, what: string, examined: number, differences: readonly Difference[]): Finding {
  const items = differences.flatMap(describeDifference);
  if (items.length > 0) {
    const detail = `the copy's server differs in ${items.length} of ${examined} ${what}: ${items[0]}`;
    return makeFinding(check, { status: 'failed', cause: 'environment', required: false, examined, detail, items });
  }
  const status = examined > 0 ? 'passed' : 'could_not_verify';
  const detail = examined > 0 ? `${examined} ${what} are equal` : `no ${what} were recorded`;
  return makeFinding(check, { status, required: false, examined, detail, ...(examined > 0 ? {} : { cause: 'tool' }) });
}
