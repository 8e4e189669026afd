import type { Facts, FactSet, FactSetName } from '../facts/facts.ts';

export interface Difference {
  readonly set: FactSetName;
  readonly identity: string;
  /** Undefined: the copy has it and the source has not. */
  readonly expected: string | undefined;
  /** Undefined: the source has it and the copy has not. */
  readonly actual: string | undefined;
}

/** Every object of the given sets that is not the same on both sides, in the order of sets and names. */
export function findDifferences(expected: Facts, actual: Facts, sets: readonly FactSetName[]): Difference[] {
  return sets.flatMap((set) => {
    const before = expected.sets[set];
    const after = actual.sets[set];
    const identities = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return identities
      .map((identity) => ({ set, identity, expected: valueOf(before, identity), actual: valueOf(after, identity) }))
      .filter((each) => each.expected !== each.actual && !comesWithEveryDatabase(each, expected));
  });
}

export function countItems(facts: Facts, sets: readonly FactSetName[]): number {
  return sets.reduce((sum, set) => sum + Object.keys(facts.sets[set]).length, 0);
}

/** Object.hasOwn because an identity may be called `constructor`. */
function valueOf(set: FactSet, identity: string): string | undefined {
  return Object.hasOwn(set, identity) ? set[identity] : undefined;
}

/**
 * Every new database has the schema public and the language plpgsql, and pg_dump does not drop what the source dropped.
 * Whoever dropped them finds them again, empty.
 */
function comesWithEveryDatabase({ identity, expected, actual }: Difference, source: Facts): boolean {
  if (expected !== undefined || actual === undefined) return false;
  const has = (set: FactSetName, name: string) => valueOf(source.sets[set], name) !== undefined;
  if (!has('schemas-and-languages', 'schema public') && /(^|\s)schema public($|\s)/.test(identity)) return true;
  return !has('extensions', 'plpgsql') && /^(extension )?plpgsql$/.test(identity);
}

/** What an object of a set is called in front of its name; empty where the name says it already. */
const NOUNS: Readonly<Partial<Record<FactSetName, string>>> = {
  columns: 'column',
  constraints: 'constraint',
  indexes: 'index',
  views: 'definition of view',
  routines: 'routine',
  triggers: 'trigger',
  rules: 'rule',
  policies: 'policy',
  types: 'type',
  operators: 'operator',
  'text-search': 'text search',
  statistics: 'statistics',
  'event-triggers': 'event trigger',
  extensions: 'extension',
  owners: 'owner of',
  grants: 'grants on',
  'default-privileges': 'default privileges of',
  'privilege-matrix': 'privileges of',
  roles: 'role',
  memberships: 'membership of',
  'role-settings': 'setting of',
  sequences: 'sequence',
  comments: 'comment on',
};
const SELF_EXPLAINED = /^(row security of|operator (family|class)|cast|conversion|transform|access method|collation|aggregate|label|large objects of) /;

/** What a definition looks like when it is short enough to be shown beside another. */
const SHORT = 80;

/** One line per difference, beginning with the object's name. */
export function describeDifference(difference: Difference): string[] {
  const { set, identity, expected, actual } = difference;
  if (set === 'grants' && !identity.startsWith('large objects ')) return describeGrants(difference);
  const name = nameOf(difference);
  if (actual === undefined) return [`${name}: missing`];
  if (expected === undefined) return [`${name}: not in the source`];
  const bothShort = Math.max(expected.length, actual.length) <= SHORT && !/\n/.test(expected + actual);
  return [bothShort ? `${name}: ${actual || 'nothing'}, expected ${expected || 'nothing'}` : `${name}: differs from the source`];
}

function nameOf({ set, identity, expected, actual }: Difference): string {
  if (SELF_EXPLAINED.test(identity)) return identity;
  const noun = set === 'relations' ? kindOf(expected ?? actual ?? '') : NOUNS[set];
  return noun === undefined ? identity : `${noun} ${identity}`;
}

function kindOf(definition: string): string {
  return /(partitioned table|materialized view|foreign table|view|table)/.exec(definition)?.[0] ?? 'relation';
}

/** `table app.customer to app_rw` with its privileges, told one by one; `from` means a default that was revoked. */
function describeGrants({ identity, expected = '', actual = '' }: Difference): string[] {
  const match = /^(.*) (to|from) (\S+|".*")$/s.exec(identity);
  const [object = identity, word = 'to', role = ''] = match?.slice(1) ?? [];
  const verb = word === 'from' ? 'revoke' : 'grant';
  const split = (list: string) => list.split(', ').filter(Boolean);
  const line = (privilege: string, what: string) => `${verb} ${privilege} on ${object} ${word} ${role}: ${what}`;
  const [wanted, found] = [split(expected), split(actual)];
  return [
    ...wanted.filter((each) => !found.includes(each)).map((each) => line(each, 'missing')),
    ...found.filter((each) => !wanted.includes(each)).map((each) => line(each, 'not in the source')),
  ];
}
