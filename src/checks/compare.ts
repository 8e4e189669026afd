import type { TableResult } from '../drill/evidence.ts';
import type { Facts } from '../facts/facts.ts';
import { compareCatalogue } from './catalogue.ts';
import { compareLargeObjects } from './large-objects.ts';
import { allowForReaders } from './reader-version.ts';
import { compareServer } from './server-facts.ts';
import { compareSequences } from './sequences.ts';
import { compareContent, compareRowCounts, tabulate } from './tables.ts';
import type { Finding } from './finding.ts';

export interface Comparison {
  readonly findings: Finding[];
  readonly tables: TableResult[];
}

/**
 * Compares the copy with the facts of the dump's own snapshot, which it must equal exactly: checks 12 to 28, 40 and 41,
 * one finding for each.
 */
export function compareFacts(expected: Facts, actual: Facts): Comparison {
  const pairs = tabulate(expected, actual);
  const findings = [
    compareRowCounts(expected, pairs),
    compareContent(expected, actual, pairs),
    ...compareCatalogue(expected, actual),
    compareLargeObjects(expected, actual),
    compareSequences(expected, actual),
    ...compareServer(expected, actual),
  ];
  return {
    findings: allowForReaders(findings, expected, actual).sort((a, b) => a.number - b.number),
    tables: pairs.map(({ result }) => result),
  };
}
