import type pg from 'pg';
import type { Facts } from '../facts/facts.ts';
import { checkCollationVersions } from './collation-versions.ts';
import type { Finding } from './finding.ts';
import { checkChecksums, checkPopulated, checkStatistics } from './condition.ts';
import { checkIndexes } from './usable-indexes.ts';
import { checkNextValues } from './next-values.ts';
import { checkConstraints } from './valid-constraints.ts';

/**
 * Checks 29 to 31, 38, 39, 43 and 49 inside the copy, after everything else was read from it: what an application would
 * trip over at once. A defect that the source has too is a finding of its own (`…-of-source`), reported and not
 * required; one that only the copy has counts against the backup. Everything happens in transactions that are rolled back.
 *
 * @param client a superuser of the copy, outside any transaction
 */
export async function checkIntegrity(client: pg.Client, expected: Facts): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const check of CHECKS) {
    await client.query('begin');
    try {
      await client.query(`select set_config('search_path', 'pg_catalog', true), set_config('row_security', 'off', true),
                                 set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true)`);
      findings.push(...(await check(client, expected)));
    } finally {
      await client.query('rollback');
    }
  }
  return findings;
}

const CHECKS: readonly ((client: pg.Client, expected: Facts) => Promise<Finding[]>)[] = [
  checkNextValues,
  checkIndexes,
  checkConstraints,
  checkChecksums,
  checkCollationVersions,
  checkPopulated,
  checkStatistics,
];
