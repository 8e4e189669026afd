import { describe, expect, it } from 'vitest';
import { compareFacts } from '../../../src/checks/compare.ts';
import type { Finding } from '../../../src/checks/finding.ts';
import type { Facts } from '../../../src/facts/facts.ts';
import { makeFacts, makeSequence, makeTable } from '../../helpers/facts-made.ts';

function find(expected: Facts, actual: Facts, id: string): Finding {
  const finding = compareFacts(expected, actual).findings.find((each) => each.id === id);
  if (!finding) throw new Error(`no finding ${id}`);
  return finding;
}

describe('what cannot be compared', () => {
  it('does not pass: nothing to count, no rows counted, no contents hashed', () => {
    const none = makeFacts();
    expect(find(none, none, 'row-count')).toMatchObject({ status: 'could_not_verify', examined: 0, cause: 'source' });
    expect(find(none, none, 'relations')).toMatchObject({ status: 'could_not_verify', examined: 0, cause: 'source' });
    const structure = makeFacts({ scope: 'structure', tables: [{ schema: 'a', name: 't', kind: 'table', bytes: 0 }] });
    expect(find(structure, structure, 'row-count')).toMatchObject({ status: 'could_not_verify', cause: 'configuration' });
    expect(find(structure, structure, 'content-hash')).toMatchObject({ status: 'not_requested', required: true });
  });

  it('is not asked for when the owner wants rows only, and could not be verified when the copy was not hashed', () => {
    const rows = makeFacts({ scope: 'rows', tables: [makeTable('t', '3')] });
    expect(find(rows, rows, 'content-hash')).toMatchObject({ status: 'not_requested', required: false, cause: 'configuration' });
    expect(find(rows, rows, 'row-count')).toMatchObject({ status: 'passed', examined: 1 });
    const full = makeFacts({ tables: [makeTable('t', '3')] });
    expect(find(full, rows, 'content-hash')).toMatchObject({ status: 'could_not_verify', cause: 'tool', examined: 0 });
  });

  it('is nothing when every table is empty', () => {
    const empty = makeFacts({ tables: [makeTable('t', '0', '0')] });
    expect(find(empty, empty, 'row-count')).toMatchObject({ status: 'passed', examined: 1 });
    expect(find(empty, empty, 'content-hash')).toMatchObject({ status: 'not_applicable', examined: 0, detail: 'every table of the source is empty' });
  });

  it('never counts a foreign table', () => {
    const far = makeFacts({ tables: [{ schema: 'a', name: 'far', kind: 'foreign', bytes: 0, unread: 'foreign' }] });
    expect(find(far, far, 'row-count')).toMatchObject({ status: 'could_not_verify', examined: 0 });
  });
});

describe('rows', () => {
  const expected = makeFacts({ tables: [makeTable('orders', '5000'), makeTable('customers', '1')] });

  it('are missed in numbers that a person can read', () => {
    const actual = makeFacts({ tables: [makeTable('orders', '4999', '8')] });
    const finding = find(expected, actual, 'row-count');
    expect(finding).toMatchObject({ status: 'failed', cause: 'backup', required: true, examined: 2, differences: 2 });
    expect(finding.items).toEqual(['app.orders: 4,999 rows, expected 5,000', 'app.customers: missing with its 1 row']);
    expect(find(expected, actual, 'content-hash').items).toEqual([
      'app.orders: content differs, and so does the number of rows',
      'app.customers: missing',
    ]);
  });

  it('are listed for fifty tables at most, and all of them counted', () => {
    const names = Array.from({ length: 60 }, (_, i) => `t${i}`);
    const many = makeFacts({ tables: names.map((name) => makeTable(name, '2')) });
    const finding = find(many, makeFacts(), 'row-count');
    expect(finding.items).toHaveLength(50);
    expect(finding.differences).toBe(60);
  });

  it('are tabulated for the report', () => {
    const actual = makeFacts({ tables: [makeTable('orders', '5000', '8')] });
    expect(compareFacts(expected, actual).tables).toEqual([
      { schema: 'app', name: 'orders', bytes: 8192, expectedRows: '5000', foundRows: '5000', content: 'different' },
      { schema: 'app', name: 'customers', bytes: 8192, expectedRows: '1', content: 'not_compared' },
    ]);
  });
});

describe('two majors', () => {
  const sets = { relations: { 'app.t': 'table using heap' }, views: { 'app.v': ' SELECT 1' }, constraints: {} };
  const older = makeFacts({ major: 15, tables: [makeTable('t', '3')], sets });

  it('leave contents and spellings unverified, for a reason that lies with the environment', () => {
    const newer = makeFacts({ major: 17, tables: [makeTable('t', '3', '9')], sets: { ...sets, views: { 'app.v': 'SELECT 1' } } });
    expect(find(older, newer, 'row-count').status).toBe('passed');
    expect(find(older, newer, 'content-hash')).toMatchObject({ status: 'could_not_verify', cause: 'environment', required: true });
    expect(find(older, newer, 'definitions')).toMatchObject({ status: 'could_not_verify', cause: 'environment' });
    expect(find(older, newer, 'relations').status).toBe('passed');
  });

  it('do not excuse an object that is missing', () => {
    const newer = makeFacts({ major: 17, tables: [makeTable('t', '3')], sets: { ...sets, views: {} } });
    expect(find(older, newer, 'definitions')).toMatchObject({ status: 'failed', cause: 'backup', items: ['definition of view app.v: missing'] });
  });

  it('know that not-null became a constraint', () => {
    const newer = makeFacts({ major: 18, sets: { ...sets, constraints: { 'not null on app.t: NOT NULL a': 'NOT NULL a' } } });
    expect(find(older, newer, 'constraints').status).toBe('not_applicable');
    const same = makeFacts({ major: 15, sets: { ...sets, constraints: { 'not null on app.t: NOT NULL a': 'NOT NULL a' } } });
    expect(find(older, same, 'constraints').status).toBe('failed');
  });
});

describe('what the server brings along', () => {
  it('is reported and decides nothing', () => {
    const expected = makeFacts({ sets: { settings: { TimeZone: 'UTC', hidden: 'x' }, probes: { 'sort order of the database': 'a', 'time zone Asia/Amman': 'b' } } });
    const actual = makeFacts({ sets: { settings: { TimeZone: 'CET', extra: 'y' }, probes: { 'sort order of the database': 'z', 'time zone Asia/Amman': 'b' } } });
    expect(find(expected, actual, 'settings')).toMatchObject({
      status: 'failed',
      required: false,
      cause: 'environment',
      examined: 1,
      items: ['TimeZone: CET, expected UTC'],
    });
    expect(find(expected, actual, 'sort-order')).toMatchObject({ status: 'failed', required: false, examined: 1 });
    expect(find(expected, actual, 'time-zones')).toMatchObject({ status: 'passed', required: false, examined: 1 });
  });

  it('does not count against a source that dropped what every database begins with', () => {
    const sets = { relations: { 'app.t': 'table' }, extensions: {}, 'schemas-and-languages': { 'schema app': 'schema' } };
    const brought = {
      ...sets,
      extensions: { plpgsql: 'version 1.0' },
      'schemas-and-languages': { 'schema app': 'schema', 'schema public': 'schema' },
      grants: { 'schema public to PUBLIC': 'USAGE' },
    };
    const troubled = compareFacts(makeFacts({ sets }), makeFacts({ sets: brought })).findings.filter(({ status }) => status === 'failed');
    expect(troubled).toEqual([]);
    const other = { ...brought, 'schemas-and-languages': { 'schema app': 'schema', 'schema publicity': 'schema' } };
    expect(find(makeFacts({ sets }), makeFacts({ sets: other }), 'definitions').status).toBe('failed');
  });
});

describe('names that mislead', () => {
  it('an object called constructor is an object like any other', () => {
    const expected = makeFacts({ sets: { relations: { 'app.t': 'table', constructor: 'table' } } });
    const actual = makeFacts({ sets: { relations: { 'app.t': 'table' } } });
    expect(find(expected, actual, 'relations').items).toEqual(['table constructor: missing']);
  });
});

describe('sequences', () => {
  const cases = [
    { case: 'stands still', sequence: makeSequence('s', '1', ['5', true]), found: ['5', true], status: 'passed' },
    { case: 'is one behind', sequence: makeSequence('s', '1', ['5', true]), found: ['4', true], status: 'failed' },
    { case: 'gives the same value out again', sequence: makeSequence('s', '1', ['5', true]), found: ['5', false], status: 'failed' },
    { case: 'gives the same next value in another way', sequence: makeSequence('s', '1', ['5', true]), found: ['6', false], status: 'failed' },
    { case: 'moved during the dump', sequence: makeSequence('s', '1', ['5', true], ['9', true]), found: ['7', true], status: 'passed' },
    { case: 'moved, and is before both readings', sequence: makeSequence('s', '1', ['5', true], ['9', true]), found: ['4', true], status: 'failed' },
    { case: 'moved, and is beyond both readings', sequence: makeSequence('s', '1', ['5', true], ['9', true]), found: ['10', true], status: 'failed' },
    { case: 'descends', sequence: makeSequence('s', '-2', ['-5', true], ['-9', true]), found: ['-7', true], status: 'passed' },
    { case: 'descends, and is beyond both readings', sequence: makeSequence('s', '-2', ['-5', true], ['-9', true]), found: ['-11', true], status: 'failed' },
    { case: 'was set back during the dump', sequence: makeSequence('s', '1', ['9', true], ['2', true]), found: ['2', true], status: 'passed' },
    { case: 'was set back, and is neither', sequence: makeSequence('s', '1', ['9', true], ['2', true]), found: ['1', true], status: 'could_not_verify' },
    { case: 'is beyond what a double holds', sequence: makeSequence('s', '1', ['9223372036854775806', true]), found: ['9223372036854775805', true], status: 'failed' },
  ] as const;
  it.each(cases)('one that $case: $status', ({ sequence, found, status }) => {
    const sets = { sequences: { 'app.s': 'bigint' } };
    const actual = makeSequence('s', sequence.increment, found);
    const finding = find(makeFacts({ sets, sequences: [sequence] }), makeFacts({ sets, sequences: [actual] }), 'sequences');
    expect(finding).toMatchObject({ status, examined: 1 });
  });

  it('are missed', () => {
    const sets = { sequences: { 'app.s': 'bigint' } };
    const finding = find(makeFacts({ sets, sequences: [makeSequence('s', '1', ['1', true])] }), makeFacts(), 'sequences');
    expect(finding).toMatchObject({ status: 'failed', items: ['sequence app.s: missing'], differences: 1 });
  });
});

describe('large objects', () => {
  it.each([
    { case: 'neither side has any', before: { count: 0 }, after: { count: 0 }, status: 'not_applicable' },
    { case: 'equal', before: { count: 2, hash: '1' }, after: { count: 2, hash: '1' }, status: 'passed' },
    { case: 'changed', before: { count: 2, hash: '1' }, after: { count: 2, hash: '2' }, status: 'failed' },
    { case: 'lost', before: { count: 2, hash: '1' }, after: { count: 1, hash: '1' }, status: 'failed' },
    { case: 'only the copy has some', before: { count: 0, hash: '0' }, after: { count: 1, hash: '1' }, status: 'failed' },
    { case: 'counted only', before: { count: 2 }, after: { count: 2 }, status: 'passed' },
  ])('$case: $status', ({ before, after, status }) => {
    expect(find(makeFacts({ largeObjects: before }), makeFacts({ largeObjects: after }), 'large-objects').status).toBe(status);
  });
});
