import { describe, expect, test } from 'vitest';
import type { CheckStatus, Finding } from '../../../src/checks/finding.ts';
import { deriveVerdict } from '../../../src/checks/verdict.ts';
import type { DrillError } from '../../../src/drill/evidence.ts';
import type { Origin } from '../../../src/errors.ts';
import { HEALTHY_FINDINGS, makeFinding } from '../../helpers/evidence.ts';

const REQUIRED = ['archive-digest', 'archive-decodes', 'restore-output', 'constraints', 'grants', 'large-objects', 'row-count', 'content-hash'];

function derive(findings: readonly Finding[], required: readonly string[] = REQUIRED, errors: readonly DrillError[] = []) {
  return deriveVerdict({ findings, required, errors });
}

/** The healthy findings with one of them changed. */
function changed(id: string, change: Partial<Finding>): Finding[] {
  return HEALTHY_FINDINGS.map((finding) => (finding.id === id ? { ...finding, ...change } : finding));
}

function without(id: string): Finding[] {
  return HEALTHY_FINDINGS.filter((finding) => finding.id !== id);
}

function drillError(origin: Origin, name = 'SomeError'): DrillError {
  return { state: 'Prove', name, origin, message: 'it went wrong' };
}

const ACCEPTANCE = { check: 'grants', reason: 'known', owner: 'ops', expires: '2027-01-01' };

describe('the word', () => {
  test('is PROVEN when every required check passed or is proved not to apply', () => {
    expect(derive(HEALTHY_FINDINGS)).toEqual({
      verdict: 'PROVEN',
      assurance: 'L5',
      reason: '7 required checks passed, 4 of them comparisons with the source; 1 does not apply',
    });
  });

  test.each(REQUIRED)('is never PROVEN when the finding %s is gone', (id) => {
    const { verdict, assurance, reason } = derive(without(id));
    expect({ verdict, assurance }).toEqual({ verdict: 'NOT PROVEN', assurance: 'L0' });
    expect(reason).toBe(`Required check ${id} was not requested`);
  });

  test.each(REQUIRED)('is FAILED when the required finding %s failed', (id) => {
    expect(derive(changed(id, { status: 'failed' })).verdict).toBe('FAILED');
  });

  test.each(REQUIRED.flatMap((id) => (['could_not_verify', 'not_requested'] as const).map((status) => ({ id, status }))))(
    'is NOT PROVEN when the required finding $id is $status',
    ({ id, status }) => {
      expect(derive(changed(id, { status })).verdict).toBe('NOT PROVEN');
    },
  );

  test.each(REQUIRED.filter((id) => id !== 'large-objects'))('is NOT PROVEN when %s passed without examining anything', (id) => {
    for (const examined of [0, -1, Number.NaN, 0.5]) {
      expect(derive(changed(id, { examined })).verdict).toBe('NOT PROVEN');
    }
  });

  test('is NOT PROVEN when a status is none that the model knows', () => {
    expect(derive(changed('grants', { status: 'ok' as CheckStatus })).verdict).toBe('NOT PROVEN');
  });

  test('is NOT PROVEN when a check is said not to apply without the fact that shows it', () => {
    expect(derive(changed('large-objects', { detail: ' ' })).verdict).toBe('NOT PROVEN');
  });

  test('is FAILED when a failure and a doubt stand side by side, in either order', () => {
    const both = changed('grants', { status: 'failed' }).map((finding) =>
      finding.id === 'archive-digest' ? { ...finding, status: 'could_not_verify' as const } : finding,
    );
    expect(derive(both).verdict).toBe('FAILED');
    expect(derive(both.toReversed()).verdict).toBe('FAILED');
    expect(derive(both.filter(({ id }) => id !== 'row-count')).verdict).toBe('FAILED');
  });

  test('is FAILED when a required finding failed that no policy names', () => {
    const extra = makeFinding({ id: 'extra', status: 'failed' });
    expect(derive([...HEALTHY_FINDINGS, extra]).verdict).toBe('FAILED');
  });

  test('needs every one of two findings of the same check', () => {
    const second = makeFinding({ status: 'could_not_verify' });
    expect(derive([...HEALTHY_FINDINGS, second]).verdict).toBe('NOT PROVEN');
    expect(derive([...HEALTHY_FINDINGS, makeFinding()]).verdict).toBe('PROVEN');
  });
});

describe('findings that are not required', () => {
  test.each(['passed', 'failed', 'could_not_verify', 'not_applicable', 'not_requested', 'accepted'] as const)(
    'leave the verdict as it is when they are %s',
    (status) => {
      const expected = derive(HEALTHY_FINDINGS);
      expect(derive(changed('invalid-indexes', { status }))).toEqual(expected);
      expect(derive(without('invalid-indexes'))).toEqual(expected);
    },
  );

  test('do not stand in for a required one', () => {
    expect(derive(changed('row-count', { required: false })).verdict).toBe('NOT PROVEN');
  });
});

describe('a comparison with the source', () => {
  test('must be among what passed: intact and restorable is not proven', () => {
    const intact = HEALTHY_FINDINGS.filter(({ equality }) => !equality);
    const required = intact.filter((finding) => finding.required).map(({ id }) => id);
    expect(derive(intact, required)).toEqual({ verdict: 'NOT PROVEN', assurance: 'L2', reason: 'Nothing was compared with the source' });
    expect(derive([...intact, makeFinding()], [...required, 'row-count']).verdict).toBe('PROVEN');
  });

  test('does not count when it does not apply, is accepted or is not required', () => {
    const intact = HEALTHY_FINDINGS.filter(({ level, required }) => level <= 2 && required);
    const required = intact.map(({ id }) => id);
    const na = makeFinding({ status: 'not_applicable', examined: 0, detail: 'no tables' });
    const accepted = makeFinding({ status: 'accepted', acceptances: [ACCEPTANCE] });
    expect(derive([...intact, na], required).verdict).toBe('NOT PROVEN');
    expect(derive([...intact, accepted], required).verdict).toBe('NOT PROVEN');
    expect(derive([...intact, makeFinding({ required: false })], required).verdict).toBe('NOT PROVEN');
    expect(derive([...intact, makeFinding()], required).verdict).toBe('PROVEN');
  });

  test('is missing when nothing at all was required or found', () => {
    expect(derive([], [])).toEqual({ verdict: 'NOT PROVEN', assurance: 'L0', reason: 'Nothing was compared with the source' });
  });
});

describe('accepted failures', () => {
  test('do not stand in the way, and are said', () => {
    const { verdict, assurance, reason } = derive(changed('grants', { status: 'accepted', acceptances: [ACCEPTANCE] }));
    expect({ verdict, assurance }).toEqual({ verdict: 'PROVEN', assurance: 'L5' });
    expect(reason).toContain('1 failed and is accepted for now');
  });

  test('are failures when nobody accepted them', () => {
    expect(derive(changed('grants', { status: 'accepted' })).verdict).toBe('FAILED');
    expect(derive(changed('grants', { status: 'accepted', acceptances: [] })).verdict).toBe('FAILED');
  });
});

describe('errors of the drill', () => {
  test('make it FAILED when the backup is at fault', () => {
    expect(derive(HEALTHY_FINDINGS, REQUIRED, [drillError('environment'), drillError('backup', 'ObjectDamagedError')])).toMatchObject({
      verdict: 'FAILED',
      reason: 'Prove ended with ObjectDamagedError: it went wrong',
    });
  });

  test.each(['source', 'environment', 'configuration', 'tool'] as const)('make it NOT PROVEN when the fault is of origin %s', (origin) => {
    expect(derive(HEALTHY_FINDINGS, REQUIRED, [drillError(origin)])).toMatchObject({
      verdict: 'NOT PROVEN',
      reason: 'Prove ended with SomeError: it went wrong',
    });
  });

  test('never hide a failure', () => {
    expect(derive(changed('grants', { status: 'failed' }), REQUIRED, [drillError('environment')]).verdict).toBe('FAILED');
  });

  test('do not change the word when only the cleanup failed: that is an axis of its own', () => {
    expect(derive(HEALTHY_FINDINGS, REQUIRED, [drillError('environment', 'CleanupFailedError')]).verdict).toBe('PROVEN');
  });
});

describe('the assurance level', () => {
  test.each([
    { id: 'archive-decodes', level: 'L0' },
    { id: 'restore-output', level: 'L1' },
    { id: 'grants', level: 'L2' },
    { id: 'row-count', level: 'L3' },
    { id: 'content-hash', level: 'L4' },
  ])('is $level when $id failed, whatever passed above', ({ id, level }) => {
    expect(derive(changed(id, { status: 'failed' })).assurance).toBe(level);
    expect(derive(changed(id, { status: 'could_not_verify' })).assurance).toBe(level);
    expect(derive(changed(id, { examined: 0 })).assurance).toBe(level);
  });

  test('steps over a level that has no checks', () => {
    const few = HEALTHY_FINDINGS.filter(({ level }) => level !== 3 && level !== 4);
    expect(derive(few, ['archive-digest', 'content-hash']).assurance).toBe('L5');
  });

  test('stops at a level where checks exist and nothing passed', () => {
    const na = changed('row-count', { status: 'not_applicable', examined: 0, detail: 'no table has rows' });
    expect(derive(na).assurance).toBe('L3');
  });

  test('is not raised by a check that is not required', () => {
    const bonus = makeFinding({ id: 'application', level: 6, required: false });
    expect(derive([...HEALTHY_FINDINGS, bonus]).assurance).toBe('L5');
    expect(derive([...HEALTHY_FINDINGS, { ...bonus, required: true }]).assurance).toBe('L6');
  });
});

describe('the reason', () => {
  test('names the first failure, its first object and how many more there are', () => {
    const findings = changed('grants', { status: 'failed', detail: 'app.orders lost SELECT of app_rw\nsecond line' });
    expect(derive(findings).reason).toBe('Grants: app.orders lost SELECT of app_rw second line');
    const two = findings.map((finding) => (finding.id === 'row-count' ? { ...finding, status: 'failed' as const } : finding));
    expect(derive(two).reason).toBe('Grants: app.orders lost SELECT of app_rw second line (and 1 more failed)');
  });

  test('says why a pass was not believed', () => {
    expect(derive(changed('row-count', { examined: 0 })).reason).toBe('Row counts: it examined nothing');
  });
});
