import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../src/checks/finding.ts';
import { compareStructure } from '../../../src/checks/structure.ts';
import type { Facts, FactSet } from '../../../src/facts/facts.ts';
import { makeFacts, makeSequence, makeTable } from '../../helpers/facts-made.ts';

/** A copy of the server's files lies between two readings of the source. */

function find(before: Facts, after: Facts, actual: Facts, id: string): Finding {
  const finding = compareStructure(before, after, actual).findings.find((each) => each.id === id);
  if (!finding) throw new Error(`no finding ${id}`);
  return finding;
}

const withIndexes = (indexes: FactSet) => makeFacts({ scope: 'structure', sets: { indexes: { 'app.k': 'kept', ...indexes } } });

describe('an index', () => {
  const cases = [
    { case: 'that did not change', before: { i: 'a' }, after: { i: 'a' }, actual: { i: 'a' }, status: 'passed', examined: 2 },
    { case: 'that did not change and is missing', before: { i: 'a' }, after: { i: 'a' }, actual: {}, status: 'failed', examined: 2 },
    { case: 'that did not change and is another', before: { i: 'a' }, after: { i: 'a' }, actual: { i: 'b' }, status: 'failed', examined: 2 },
    { case: 'that changed and has its old form', before: { i: 'a' }, after: { i: 'b' }, actual: { i: 'a' }, status: 'passed', examined: 2 },
    { case: 'that changed and has its new form', before: { i: 'a' }, after: { i: 'b' }, actual: { i: 'b' }, status: 'passed', examined: 2 },
    { case: 'that changed and has neither form', before: { i: 'a' }, after: { i: 'b' }, actual: { i: 'c' }, status: 'could_not_verify', examined: 2 },
    { case: 'that changed and is missing', before: { i: 'a' }, after: { i: 'b' }, actual: {}, status: 'could_not_verify', examined: 2 },
    { case: 'that was made and is missing', before: {}, after: { i: 'a' }, actual: {}, status: 'passed', examined: 2 },
    { case: 'that was dropped and is there', before: { i: 'a' }, after: {}, actual: { i: 'a' }, status: 'passed', examined: 2 },
    { case: 'that neither reading knew', before: {}, after: {}, actual: { i: 'a' }, status: 'could_not_verify', examined: 1 },
  ] as const;
  it.each(cases)('$case: $status', ({ before, after, actual, status, examined }) => {
    const finding = find(withIndexes(before), withIndexes(after), withIndexes(actual), 'indexes');
    expect(finding).toMatchObject({ status, examined, equality: true });
  });

  it('names what is wrong, and whose fault it is', () => {
    const wrong = find(withIndexes({ i: 'a' }), withIndexes({ i: 'a' }), withIndexes({}), 'indexes');
    expect(wrong).toMatchObject({ cause: 'backup', required: true, items: ['index i: missing'] });
    const unknown = find(withIndexes({ i: 'a' }), withIndexes({ i: 'b' }), withIndexes({ i: 'c' }), 'indexes');
    expect(unknown).toMatchObject({ cause: 'source', items: ['index i: c, expected b'] });
  });
});

describe('a set', () => {
  it('of which everything changed is not verified: nothing of it was held against the copy', () => {
    const facts = (definition: string) => makeFacts({ sets: { roles: { r: definition } } });
    expect(find(facts('a'), facts('b'), facts('a'), 'roles')).toMatchObject({ status: 'could_not_verify', examined: 0 });
  });

  it('that is empty on all sides does not apply, unless every database has one', () => {
    const none = makeFacts();
    expect(find(none, none, none, 'publications')).toMatchObject({ status: 'not_applicable', examined: 0 });
    expect(find(none, none, none, 'relations')).toMatchObject({ status: 'could_not_verify', examined: 0 });
  });

  it('of large objects is data, and not compared', () => {
    const facts = (objects: string) => makeFacts({ sets: { owners: { database: 'postgres', 'large objects of app': objects } } });
    expect(find(facts('1 objects a'), facts('1 objects a'), facts('2 objects b'), 'grants').status).toBe('passed');
  });
});

describe('rows', () => {
  it('are never claimed to be equal', () => {
    const facts = makeFacts({ tables: [makeTable('t', '3')] });
    const { findings, tables } = compareStructure(facts, facts, facts);
    expect(findings.map(({ id }) => id)).not.toContain('row-count');
    expect(findings.map(({ id }) => id)).not.toContain('content-hash');
    expect(findings.filter(({ level }) => level > 3)).toEqual([]);
    expect(tables).toEqual([{ schema: 'app', name: 't', bytes: 8192, foundRows: '3', content: 'not_compared' }]);
  });
});

describe('a sequence', () => {
  const cases = [
    { case: 'where it was', increment: '1', before: '10', after: '20', found: '10', status: 'passed' },
    { case: 'between the readings', increment: '1', before: '10', after: '20', found: '15', status: 'passed' },
    { case: 'as far ahead as is logged', increment: '1', before: '10', after: '20', found: '52', status: 'passed' },
    { case: 'further ahead than is logged', increment: '1', before: '10', after: '20', found: '53', status: 'failed' },
    { case: 'further back', increment: '1', before: '10', after: '20', found: '9', status: 'failed' },
    { case: 'descending as it should', increment: '-1', before: '-10', after: '-20', found: '-52', status: 'passed' },
    { case: 'descending, further back', increment: '-1', before: '-10', after: '-20', found: '-9', status: 'failed' },
    { case: 'somewhere, after it was set back', increment: '1', before: '90', after: '20', found: '60', status: 'could_not_verify' },
  ] as const;
  it.each(cases)('$case: $status', ({ increment, before, after, found, status }) => {
    const facts = (last: string) =>
      makeFacts({ sets: { sequences: { 'app.s': 'bigint' } }, sequences: [makeSequence('s', increment, [last, true])] });
    expect(find(facts(before), facts(after), facts(found), 'sequences')).toMatchObject({ status, examined: 1, level: 3 });
  });

  it('that is unlogged may begin anew, and must be there all the same', () => {
    const facts = (last: string) =>
      makeFacts({
        sets: { sequences: { 'app.s': 'unlogged bigint' } },
        sequences: [{ ...makeSequence('s', '1', [last, true]), unlogged: true }],
      });
    expect(find(facts('10'), facts('20'), facts('1'), 'sequences')).toMatchObject({ status: 'passed', examined: 1 });
    expect(find(facts('10'), facts('20'), makeFacts(), 'sequences').status).toBe('failed');
  });

  it('that is missing, or counts otherwise, fails', () => {
    const facts = makeFacts({ sets: { sequences: { 'app.s': 'increment 1' } }, sequences: [makeSequence('s', '1', ['1', true])] });
    expect(find(facts, facts, makeFacts(), 'sequences')).toMatchObject({ status: 'failed', cause: 'backup' });
    const other = makeFacts({ sets: { sequences: { 'app.s': 'increment 2' } }, sequences: [makeSequence('s', '2', ['1', true])] });
    expect(find(facts, facts, other, 'sequences').items).toEqual(['sequence app.s: increment 2, expected increment 1']);
  });
});
