import type { EvidenceBody, TableResult } from '../evidence.ts';
import { count, counted, size } from './wording.ts';

export type Outcome = 'equal' | 'different' | 'not_compared';

/** A table as the report shows it. */
export interface ShownTable {
  readonly table: TableResult;
  readonly outcome: Outcome;
}

/**
 * What may be said of each table, and no more: rows that were not expected of anyone were not compared, and where the
 * check of row counts passed, a partition with other rows than expected holds rows of its neighbour.
 */
export function judgeTables({ tables, findings }: EvidenceBody): ShownTable[] {
  const rowsHold = findings.some(({ id, status }) => id === 'row-count' && status === 'passed');
  return tables.map((table) => {
    const { content, expectedRows, foundRows } = table;
    const other = expectedRows !== undefined && expectedRows !== foundRows && !rowsHold;
    return { table, outcome: other ? 'different' : content };
  });
}

export function describeRows({ table, outcome }: ShownTable): string {
  const { expectedRows, foundRows, content } = table;
  if (expectedRows === undefined) return foundRows === undefined ? 'rows not counted' : counted(foundRows, 'row');
  if (foundRows === undefined) return `expected ${counted(expectedRows, 'row')}, not found in the copy`;
  if (expectedRows === foundRows) return `${counted(foundRows, 'row')}${content === 'different' ? ', other content' : ''}`;
  const gap = BigInt(foundRows) - BigInt(expectedRows);
  if (outcome !== 'different') return `found ${count(foundRows)} of ${count(expectedRows)}: moved between partitions`;
  if (gap < 0n) return `found ${count(foundRows)} of ${count(expectedRows)}: ${count(-gap)} missing`;
  return `found ${count(foundRows)}, expected ${count(expectedRows)}: ${count(gap)} too many`;
}

/** A partitioned table stores nothing itself: the rows read through it are those of its partitions. */
export function isPartitioned({ bytes, expectedRows, foundRows }: TableResult): boolean {
  return bytes === 0 && [expectedRows, foundRows].some((rows) => rows !== undefined && rows !== '0');
}

export function describeSize(table: TableResult): string {
  return isPartitioned(table) ? 'partitioned' : size(table.bytes);
}

/** Rows of all tables, each counted once; undefined when that side was not counted. */
export function sumRows(tables: readonly TableResult[], side: 'expectedRows' | 'foundRows'): bigint | undefined {
  const counts = tables.filter((table) => !isPartitioned(table)).map((table) => table[side]);
  const known = counts.filter((rows) => rows !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, rows) => sum + BigInt(rows), 0n);
}
