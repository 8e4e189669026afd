import type { DrillKind } from '../drill/contract.ts';
import {
  BOUNDARY,
  COLLATION_VERSIONS,
  COLUMNS,
  CONSTRAINTS,
  CONTENT_HASH,
  DATABASE,
  DEFINITIONS,
  EXTENSIONS,
  GRANTS,
  INDEXES,
  LARGE_OBJECTS,
  NEXT_VALUES,
  POPULATED_VIEWS,
  PRIVILEGE_MATRIX,
  PUBLICATIONS,
  RELATIONS,
  ROLES,
  ROW_COUNT,
  ROW_SECURITY,
  SEQUENCES,
  STATISTICS,
  USABLE_INDEXES,
  VALID_CONSTRAINTS,
  type Check,
} from './registry.ts';

const STRUCTURE: readonly Check[] = [
  RELATIONS,
  COLUMNS,
  CONSTRAINTS,
  INDEXES,
  DEFINITIONS,
  EXTENSIONS,
  GRANTS,
  PRIVILEGE_MATRIX,
  ROLES,
  DATABASE,
  SEQUENCES,
  PUBLICATIONS,
  ROW_SECURITY,
];
const INSIDE: readonly Check[] = [NEXT_VALUES, USABLE_INDEXES, VALID_CONSTRAINTS, COLLATION_VERSIONS, POPULATED_VIEWS];

const ids = (checks: readonly Check[]): readonly string[] => checks.map(({ id }) => id);

/**
 * Checks of the data that must have been made, by kind of drill; one without one of them is not PROVEN.
 * Server settings, sort order and time zones are the target's own and only reported, except that a snapshot carries
 * indexes that were sorted elsewhere.
 */
export const REQUIRED_CHECKS: Readonly<Record<DrillKind, readonly string[]>> = {
  dump: ids([ROW_COUNT, CONTENT_HASH, LARGE_OBJECTS, ...STRUCTURE, ...INSIDE, STATISTICS]),
  snapshot: ids([...STRUCTURE, ...INSIDE]),
  pitr: ids([...STRUCTURE, ...INSIDE, BOUNDARY]),
};

/** Not required where the owner asked for row counts only (`dump.facts: rows`). */
export const CONTENT_CHECKS: readonly string[] = ids([CONTENT_HASH]);
