import type { Facts, FactSetName } from '../facts/facts.ts';
import { countItems, describeDifference, findDifferences, type Difference } from './differences.ts';
import type { Finding } from './finding.ts';
import * as checks from './registry.ts';
import { count, makeFinding, type Check } from './registry.ts';

export interface CatalogueCheck {
  readonly check: Check;
  readonly sets: readonly FactSetName[];
  /** What it looks at, in the plural. */
  readonly what: string;
  /** True where no database is without any: none to look at is then no answer. */
  readonly always?: boolean;
}

/** Checks 14 to 23, 26 and 27. */
export const CATALOGUE_CHECKS: readonly CatalogueCheck[] = [
  { check: checks.RELATIONS, sets: ['relations'], what: 'tables and views', always: true },
  { check: checks.COLUMNS, sets: ['columns'], what: 'columns' },
  { check: checks.CONSTRAINTS, sets: ['constraints'], what: 'constraints' },
  { check: checks.INDEXES, sets: ['indexes'], what: 'indexes' },
  {
    check: checks.DEFINITIONS,
    sets: [
      'schemas-and-languages',
      'views',
      'routines',
      'triggers',
      'rules',
      'types',
      'operators',
      'text-search',
      'statistics',
      'event-triggers',
      'foreign-data',
      'comments',
    ],
    what: 'definitions',
  },
  { check: checks.EXTENSIONS, sets: ['extensions'], what: 'extensions' },
  { check: checks.GRANTS, sets: ['owners', 'grants', 'default-privileges'], what: 'owners and grants', always: true },
  { check: checks.PRIVILEGE_MATRIX, sets: ['privilege-matrix'], what: 'sets of effective privileges' },
  { check: checks.ROLES, sets: ['roles', 'memberships', 'role-settings'], what: 'roles, memberships and settings', always: true },
  { check: checks.DATABASE, sets: ['database'], what: 'properties', always: true },
  { check: checks.PUBLICATIONS, sets: ['publications'], what: 'publications and subscriptions' },
  { check: checks.ROW_SECURITY, sets: ['policies'], what: 'policies' },
];

export function compareCatalogue(expected: Facts, actual: Facts): Finding[] {
  return CATALOGUE_CHECKS.map((each) => compareSets(each, expected, actual));
}

/**
 * One check over one or more sets. Between two majors the same object is written differently, so there only what is
 * missing altogether counts as a failure.
 */
function compareSets({ check, sets, what, always }: CatalogueCheck, expected: Facts, actual: Facts): Finding {
  const examined = countItems(expected, sets);
  const majors = [expected.server.major, actual.server.major] as const;
  const differences = findDifferences(expected, actual, sets).filter((each) => majors[0] === majors[1] || !isNewWithMajor(each));
  if (differences.length === 0) return describeEqual(check, what, examined, always ?? false);
  const certain = majors[0] === majors[1] ? differences : differences.filter(isCertainAcrossMajors);
  if (certain.length === 0) {
    return makeFinding(check, {
      status: 'could_not_verify',
      cause: 'environment',
      examined,
      detail: `${count(differences.length, 'difference')} that may come from comparing PostgreSQL ${majors[0]} with ${majors[1]}`,
      items: differences.flatMap(describeDifference),
    });
  }
  const items = certain.flatMap(describeDifference);
  // A database that has none of them differs all the same when the copy has some.
  const looked = Math.max(examined, countItems(actual, sets));
  const detail = `${count(items.length, 'difference')} in ${looked.toLocaleString('en-US')} ${what}: ${items[0]}`;
  return makeFinding(check, { status: 'failed', cause: 'backup', examined: looked, detail, items });
}

/** Since 17, in tables since 18, "not null" is a constraint of its own; before it was only a property of the column. */
function isNewWithMajor({ expected, identity }: Difference): boolean {
  return expected === undefined && identity.startsWith('not null on ');
}

/** An object of the source that the copy does not have, unless only its name is written differently. */
function isCertainAcrossMajors({ set, actual }: Difference): boolean {
  return actual === undefined && !['comments', 'grants', 'owners', 'privilege-matrix', 'memberships'].includes(set);
}

function describeEqual(check: Check, what: string, examined: number, always: boolean): Finding {
  if (examined > 0) {
    return makeFinding(check, { status: 'passed', examined, detail: `${examined.toLocaleString('en-US')} ${what} are equal` });
  }
  if (always) return makeFinding(check, { status: 'could_not_verify', cause: 'source', examined, detail: `the source has no ${what}` });
  return makeFinding(check, { status: 'not_applicable', examined, detail: `neither the source nor the copy has ${what}` });
}
