import type { AssuranceLevel, CheckStatus, Finding } from './finding.ts';
import type { Origin } from '../errors.ts';

/** What never changes about a check. docs/checks.md describes each under its number. */
export interface Check {
  readonly id: string;
  readonly name: string;
  readonly number: number;
  readonly level: AssuranceLevel;
  /** A comparison with the source. */
  readonly equality: boolean;
}

const equality = (number: number, id: string, name: string, level: AssuranceLevel): Check => ({
  id,
  name,
  number,
  level,
  equality: true,
});
const inside = (number: number, id: string, name: string): Check => ({ id, name, number, level: 3, equality: false });

export const ROW_COUNT = equality(12, 'row-count', 'Row counts', 4);
export const CONTENT_HASH = equality(13, 'content-hash', 'Content', 5);
export const RELATIONS = equality(14, 'relations', 'Tables, views and their kind', 3);
export const COLUMNS = equality(15, 'columns', 'Columns', 3);
export const CONSTRAINTS = equality(16, 'constraints', 'Constraints', 3);
export const INDEXES = equality(17, 'indexes', 'Indexes', 3);
export const DEFINITIONS = equality(18, 'definitions', 'Definitions', 3);
export const EXTENSIONS = equality(19, 'extensions', 'Extensions', 3);
export const GRANTS = equality(20, 'grants', 'Owners and grants', 3);
export const PRIVILEGE_MATRIX = equality(21, 'privilege-matrix', 'Effective privileges', 3);
export const ROLES = equality(22, 'roles', 'Roles, memberships and settings', 3);
export const DATABASE = equality(23, 'database', 'Database properties', 3);
export const LARGE_OBJECTS = equality(24, 'large-objects', 'Large objects', 4);
export const SEQUENCES = equality(25, 'sequences', 'Sequences', 3);
export const PUBLICATIONS = equality(26, 'publications', 'Publications and subscriptions', 3);
export const ROW_SECURITY = equality(27, 'row-security', 'Row-level security', 3);
export const SETTINGS = equality(28, 'settings', 'Server settings', 3);
export const SORT_ORDER = equality(40, 'sort-order', 'Sort order', 3);
export const TIME_ZONES = equality(41, 'time-zones', 'Time-zone data', 3);

/** Of level 2: it says whether the log was replayed to where it was asked to be. */
export const BOUNDARY = equality(53, 'boundary', 'Boundary of the point in time', 2);

export const NEXT_VALUES = inside(29, 'next-values', 'Next values of sequences');
export const USABLE_INDEXES = inside(30, 'usable-indexes', 'Usable indexes');
export const VALID_CONSTRAINTS = inside(31, 'valid-constraints', 'Constraints that were never validated');
export const PAGE_CHECKSUMS = inside(38, 'page-checksums', 'Page checksums');
export const COLLATION_VERSIONS = inside(39, 'collation-versions', 'Collation versions');
export const POPULATED_VIEWS = inside(43, 'populated-views', 'Materialised views');
export const STATISTICS = inside(49, 'planner-statistics', 'Planner statistics');

/** What one run of a check found. */
export interface Outcome {
  readonly status: CheckStatus;
  readonly examined: number;
  readonly cause?: Origin;
  readonly detail: string;
  readonly items?: readonly string[];
  /** Default true. */
  readonly required?: boolean;
}

/** A list longer than this says nothing more to a person. */
const ITEMS_SHOWN = 50;

export function makeFinding(check: Check, { items = [], required = true, ...outcome }: Outcome): Finding {
  const shown = items.slice(0, ITEMS_SHOWN);
  return { ...check, required, ...outcome, ...(items.length > 0 ? { items: shown, differences: items.length } : {}) };
}

/** `1 table`, `5,000 tables`. */
export function count(number: number | bigint, noun: string, plural = `${noun}s`): string {
  return `${number.toLocaleString('en-US')} ${number === 1 || number === 1n ? noun : plural}`;
}
