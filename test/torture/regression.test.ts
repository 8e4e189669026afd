import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding } from '../../src/checks/finding.ts';
import type { Facts } from '../../src/facts/facts.ts';
import { factsOf, findingOf, proveCopy, roundTrip, troubles } from '../helpers/facts-round-trip.ts';
import { buildRegressionDatabase, REGRESSION_SETTINGS, type RegressionResult } from '../helpers/regression-database.ts';
import { startSource, type Source } from '../helpers/source.ts';

/**
 * A large, strange, healthy database: what PostgreSQL's own regression tests leave behind. Dumped and restored it must
 * equal itself, down to the last check.
 */

let source: Source;
let copy: Source;
let result: RegressionResult;
let expected: Facts;
let findings: readonly Finding[];

beforeAll(async () => {
  [source, copy] = await Promise.all([startSource(REGRESSION_SETTINGS), startSource(REGRESSION_SETTINGS)]);
  result = await buildRegressionDatabase(source);
  expected = await factsOf(source, 'regression');
  await roundTrip(source, copy, 'regression');
  findings = await proveCopy(expected, copy, 'regression');
});
afterAll(async () => {
  await source.end();
  await copy.end();
});

describe('the regression database', () => {
  it('is there, with more than six hundred tables and something of everything', () => {
    expect(result.tests).toBeGreaterThan(200);
    expect(result.failed).toBeLessThan(result.tests / 20);
    expect(expected.tables.length).toBeGreaterThan(600);
    const empty = Object.entries(expected.sets).filter(([, set]) => Object.keys(set).length === 0);
    // Roles are dropped by the tests that made them, and with them what only roles have.
    const gone = ['default-privileges', 'event-triggers', 'memberships', 'privilege-matrix'];
    expect(empty.map(([name]) => name).filter((name) => !gone.includes(name))).toEqual([]);
  });

  it('comes back equal in every comparison with the source, with no false finding', () => {
    expect(findings.filter(({ equality }) => equality).flatMap(({ items = [] }) => items)).toEqual([]);
    expect(troubles(findings.filter(({ equality }) => equality))).toEqual([]);
    expect(findings.filter(({ equality, status }) => equality && status === 'passed').length).toBeGreaterThanOrEqual(18);
    expect(findingOf(findings, 'content-hash').examined).toBeGreaterThan(400);
    expect(findingOf(findings, 'columns').examined).toBeGreaterThan(2500);
  });

  it('has no defect that the source has not', () => {
    const inside = findings.filter(({ equality }) => !equality);
    expect(inside.filter(({ required, status }) => required && status !== 'passed' && status !== 'not_applicable')).toEqual([]);
    // What the tests leave broken on purpose is told apart as the source's own.
    expect(troubles(inside)).toEqual([
      'next-values-of-source: failed, source, not required',
      'usable-indexes-of-source: failed, source, not required',
      'valid-constraints-of-source: failed, source, not required',
    ]);
    expect(findingOf(findings, 'usable-indexes-of-source').items).toEqual([
      'index public.idxpart2_a_idx: not valid on public.idxpart2',
      'index public.idxpart_a_idx: not valid on public.idxpart',
    ]);
  });

  it('fails when the copy is changed in the smallest way', async () => {
    await copy.sql('regression', `update public.int4_tbl set f1 = f1 + 1 where f1 = 123456`);
    const changed = await proveCopy(expected, copy, 'regression');
    expect(troubles(changed.filter(({ required }) => required))).toEqual(['content-hash: failed, backup']);
    expect(findingOf(changed, 'content-hash').items).toEqual(['public.int4_tbl: content differs, with the same number of rows']);
  });
});
