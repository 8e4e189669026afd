import type { TableResult } from '../drill/evidence.ts';
import type { Facts, TableFacts, TableName } from '../facts/facts.ts';
import type { Finding } from './finding.ts';
import { CONTENT_HASH, count, makeFinding, ROW_COUNT } from './registry.ts';

/** A table of the source beside the copy's. */
export interface TablePair {
  readonly expected: TableFacts;
  readonly actual: TableFacts | undefined;
  /**
   * True where a hash-partitioned table above it has the same number of rows, and the same content, in all. pg_dump loads
   * such a table through its root, so rows may come back in another partition: the hash of an enum value, for one,
   * depends on a number that is new in the copy.
   */
  readonly sameRowsAbove: boolean;
  readonly sameContentAbove: boolean;
  readonly result: TableResult;
}

/** Every table of the source with its counterpart, in the source's order. */
export function tabulate(expected: Facts, actual: Facts): TablePair[] {
  const before = new Map(expected.tables.map((table) => [keyOf(table), table]));
  const after = new Map(actual.tables.map((table) => [keyOf(table), table]));
  const hashed = bothHashed(expected, actual);
  return expected.tables.map((table) => {
    const found = after.get(keyOf(table));
    const above = hashPartitionedAbove(table, before).map((parent) => ({ parent, found: after.get(keyOf(parent)) }));
    const sameRowsAbove = above.some(({ parent, found: total }) => total?.rows === parent.rows);
    const sameContentAbove = above.some(({ parent, found: total }) => total !== undefined && sameContent(parent, total));
    const result = resultOf(table, found, hashed && !sameContentAbove);
    return { expected: table, actual: found, sameRowsAbove, sameContentAbove, result };
  });
}

function resultOf(expected: TableFacts, actual: TableFacts | undefined, comparable: boolean): TableResult {
  const { schema, name, bytes } = expected;
  const hashes = comparable && expected.hash !== undefined && actual?.hash !== undefined;
  return {
    schema,
    name,
    bytes,
    ...(expected.rows === undefined ? {} : { expectedRows: expected.rows }),
    ...(actual?.rows === undefined ? {} : { foundRows: actual.rows }),
    ...(expected.kind === 'partitioned' ? { partitioned: true as const } : {}),
    content: !hashes ? 'not_compared' : sameContent(expected, actual) ? 'equal' : 'different',
  };
}

function hashPartitionedAbove(table: TableFacts, tables: ReadonlyMap<string, TableFacts>): TableFacts[] {
  const parent = table.parent && tables.get(keyOf(table.parent));
  if (!parent) return [];
  return [...(parent.strategy === 'hash' ? [parent] : []), ...hashPartitionedAbove(parent, tables)];
}

/** Check 12. A table that is missing altogether is missing rows too; one too many is a matter of check 14. */
export function compareRowCounts(expected: Facts, pairs: readonly TablePair[]): Finding {
  if (expected.scope === 'structure') {
    return makeFinding(ROW_COUNT, {
      status: 'could_not_verify',
      cause: 'configuration',
      examined: 0,
      detail: 'no rows were counted when the backup was taken',
    });
  }
  const counted = pairs.filter((pair) => pair.expected.rows !== undefined);
  if (counted.length === 0) {
    const detail = 'the source has no table whose rows could be counted';
    return makeFinding(ROW_COUNT, { status: 'could_not_verify', cause: 'source', examined: 0, detail });
  }
  const items = counted.flatMap(describeCount);
  const moved = describeMoved(counted.filter((pair) => pair.sameRowsAbove && pair.actual?.rows !== pair.expected.rows));
  const rows = counted
    .filter((pair) => pair.expected.kind !== 'partitioned')
    .reduce((sum, pair) => sum + BigInt(pair.expected.rows ?? 0), 0n);
  return makeFinding(ROW_COUNT, {
    examined: counted.length,
    items,
    ...(items.length > 0
      ? { status: 'failed', cause: 'backup', detail: `${count(items.length, 'table')} of ${counted.length}: ${items[0]}` }
      : { status: 'passed', detail: `${count(rows, 'row')} in ${count(counted.length, 'table')}, all equal${moved}` }),
  });
}

function describeCount({ expected, actual, sameRowsAbove }: TablePair): string[] {
  const name = `${expected.schema}.${expected.name}`;
  const wanted = BigInt(expected.rows ?? 0);
  if (actual === undefined) return [`${name}: missing with its ${count(wanted, 'row')}`];
  if (actual.rows === undefined) return [`${name}: not counted in the copy, expected ${count(wanted, 'row')}`];
  if (actual.rows === expected.rows || sameRowsAbove) return [];
  return [`${name}: ${count(BigInt(actual.rows), 'row')}, expected ${wanted.toLocaleString('en-US')}`];
}

/** Check 13. */
export function compareContent(expected: Facts, actual: Facts, pairs: readonly TablePair[]): Finding {
  const reason = whyNotCompared(expected, actual);
  if (reason) return makeFinding(CONTENT_HASH, { ...reason, examined: 0 });
  const hashed = pairs.filter((pair) => pair.expected.hash !== undefined && pair.expected.rows !== '0');
  if (hashed.length === 0) {
    const status = pairs.some((pair) => pair.expected.hash !== undefined) ? 'not_applicable' : 'could_not_verify';
    const detail = status === 'not_applicable' ? 'every table of the source is empty' : 'the source has no table to hash';
    return makeFinding(CONTENT_HASH, { status, examined: 0, detail, ...(status === 'could_not_verify' ? { cause: 'source' } : {}) });
  }
  const items = hashed.filter((pair) => !pair.sameContentAbove).flatMap(describeContent);
  const moved = hashed.filter((pair) => pair.sameContentAbove && pair.actual && !sameContent(pair.expected, pair.actual));
  return makeFinding(CONTENT_HASH, {
    examined: hashed.length,
    items,
    ...(items.length > 0
      ? { status: 'failed', cause: 'backup', detail: `${count(items.length, 'table')} of ${hashed.length}: ${items[0]}` }
      : { status: 'passed', detail: `every value of ${count(hashed.length, 'table')} is equal${describeMoved(moved)}` }),
  });
}

function whyNotCompared(expected: Facts, actual: Facts) {
  if (expected.scope !== 'content') {
    const detail = 'contents were not hashed when the backup was taken: dump.facts is not content';
    return { status: 'not_requested', cause: 'configuration', detail, required: expected.scope !== 'rows' } as const;
  }
  if (actual.scope !== 'content') {
    return { status: 'could_not_verify', cause: 'tool', detail: 'the copy was not hashed' } as const;
  }
  if (expected.server.major !== actual.server.major) {
    const detail = `values are written differently by PostgreSQL ${expected.server.major} and ${actual.server.major}`;
    return { status: 'could_not_verify', cause: 'environment', detail } as const;
  }
  return undefined;
}

function describeContent({ expected, actual }: TablePair): string[] {
  if (actual !== undefined && sameContent(expected, actual)) return [];
  const name = `${expected.schema}.${expected.name}`;
  if (actual?.hash === undefined) return [`${name}: missing`];
  const rows = actual.rows === expected.rows ? 'with the same number of rows' : 'and so does the number of rows';
  return [`${name}: content differs, ${rows}`];
}

function sameContent(expected: TableFacts, actual: TableFacts): boolean {
  return expected.rows === actual.rows && expected.hash === actual.hash;
}

function bothHashed(expected: Facts, actual: Facts): boolean {
  return whyNotCompared(expected, actual) === undefined;
}

/** Says so when rows changed places between hash partitions. */
function describeMoved(moved: readonly TablePair[]): string {
  if (moved.length === 0) return '';
  return `; rows changed places between ${count(moved.length, 'hash partition')}, whose totals are equal`;
}

function keyOf({ schema, name }: TableName): string {
  return JSON.stringify([schema, name]);
}
