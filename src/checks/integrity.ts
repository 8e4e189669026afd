import pg from 'pg';
import type { Facts } from '../facts/facts.ts';
import { checkCollationVersions } from './collation-versions.ts';
import type { Finding } from './finding.ts';
import { checkChecksums, checkPopulated, checkStatistics } from './condition.ts';
import { checkIndexes } from './usable-indexes.ts';
import { checkNextValues } from './next-values.ts';
import {
  COLLATION_VERSIONS,
  makeFinding,
  NEXT_VALUES,
  PAGE_CHECKSUMS,
  POPULATED_VIEWS,
  STATISTICS,
  USABLE_INDEXES,
  VALID_CONSTRAINTS,
  type Check,
} from './registry.ts';
import { checkConstraints } from './valid-constraints.ts';

/**
 * Checks 29 to 31, 38, 39, 43 and 49 inside the copy, after everything else was read from it: what an application would
 * trip over at once. A defect that the source has too is a finding of its own (`…-of-source`), reported and not
 * required; one that only the copy has counts against the backup. Everything happens in transactions that are rolled back.
 *
 * @param client a superuser of the copy or its administrator, outside any transaction; what he may not do was not found out
 */
export async function checkIntegrity(client: pg.Client, expected: Facts): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [check, examine] of CHECKS) {
    await client.query('begin');
    try {
      await client.query(`select set_config('search_path', 'pg_catalog', true), set_config('row_security', 'off', true),
                                 set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true)`);
      findings.push(...(await examine(client, expected)));
    } catch (error) {
      findings.push(refused(check, error));
    } finally {
      await client.query('rollback');
    }
  }
  return findings;
}

const CHECKS: readonly (readonly [Check, (client: pg.Client, expected: Facts) => Promise<Finding[]>])[] = [
  [NEXT_VALUES, checkNextValues],
  [USABLE_INDEXES, checkIndexes],
  [VALID_CONSTRAINTS, checkConstraints],
  [PAGE_CHECKSUMS, checkChecksums],
  [COLLATION_VERSIONS, checkCollationVersions],
  [POPULATED_VIEWS, checkPopulated],
  [STATISTICS, checkStatistics],
];

/** A right that the login lacks says nothing of the backup; any other error ends the drill. */
function refused(check: Check, error: unknown): Finding {
  if (!(error instanceof pg.DatabaseError) || error.code !== '42501') throw error;
  const detail = `the administrator of the copy may not find out: ${error.message}`;
  return makeFinding(check, { status: 'could_not_verify', cause: 'environment', examined: 0, detail, required: check !== PAGE_CHECKSUMS });
}
