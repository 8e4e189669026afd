import { describe, expect, test } from 'vitest';
import { acceptFindings } from '../../../src/checks/acceptance.ts';
import type { Acceptance, Finding } from '../../../src/checks/finding.ts';
import { makeFinding } from '../../helpers/evidence.ts';

const NOW = new Date('2026-11-20T02:10:00.000Z');
const WHOLE: Acceptance = { check: 'grants', reason: 'role is being retired', owner: 'ops', expires: '2026-11-21' };
const FAILED = makeFinding({
  id: 'grants',
  status: 'failed',
  detail: '2 grants differ',
  items: ['app.orders: lost SELECT of app_rw', 'app.cart'],
});

function accept(finding: Finding, ...accepted: Acceptance[]): Finding | undefined {
  return acceptFindings([finding], accepted, NOW)[0];
}

describe('an acceptance of a whole check', () => {
  test('turns its failure into an accepted one that says who, why and until when', () => {
    expect(accept(FAILED, WHOLE)).toEqual({ ...FAILED, status: 'accepted', acceptances: [WHOLE] });
  });

  test('leaves other checks alone', () => {
    expect(accept(FAILED, { ...WHOLE, check: 'owners' })).toBe(FAILED);
  });

  test.each(['passed', 'could_not_verify', 'not_applicable', 'not_requested'] as const)('does not touch a finding that is %s', (status) => {
    const finding = { ...FAILED, status };
    expect(accept(finding, WHOLE)).toBe(finding);
  });
});

describe('an acceptance that does not hold', () => {
  test.each([
    { change: { expires: '2026-11-20' }, why: '2 grants differ; the acceptance by ops expired at 2026-11-20' },
    { change: { expires: '2026-11-20T02:10:00.000Z' }, why: '2 grants differ; the acceptance by ops expired at 2026-11-20T02:10:00.000Z' },
    { change: { expires: 'some day' }, why: '2 grants differ; the acceptance by ops has no readable expiry date: some day' },
    { change: { reason: '' }, why: '2 grants differ; the acceptance by ops names no reason' },
    { change: { owner: ' ' }, why: '2 grants differ; the acceptance by nobody names no owner' },
  ])('leaves the failure and says why: $why', ({ change, why }) => {
    const found = accept(FAILED, { ...WHOLE, ...change });
    expect(found).toMatchObject({ status: 'failed', detail: why });
    expect(found?.acceptances).toBeUndefined();
  });

  test('holds until the very last millisecond', () => {
    expect(accept(FAILED, { ...WHOLE, expires: '2026-11-20T02:10:00.001Z' })?.status).toBe('accepted');
  });
});

describe('an acceptance of single objects', () => {
  const orders: Acceptance = { ...WHOLE, object: 'app.orders' };
  const cart: Acceptance = { ...WHOLE, object: 'app.cart' };

  test('covers a finding when every object is accepted', () => {
    expect(accept(FAILED, orders, cart)).toMatchObject({ status: 'accepted', acceptances: [orders, cart] });
  });

  test('does not cover a finding with one object more', () => {
    expect(accept(FAILED, orders)).toBe(FAILED);
    expect(accept({ ...FAILED, items: [...(FAILED.items ?? []), 'app.users'] }, orders, cart)?.status).toBe('failed');
  });

  test('does not cover an object whose name only begins the same', () => {
    const archive = { ...FAILED, items: ['app.orders_archive: lost SELECT of app_rw'] };
    expect(accept(archive, orders)?.status).toBe('failed');
    expect(accept({ ...FAILED, items: ['app.orders: lost SELECT of app_rw'] }, orders)?.status).toBe('accepted');
  });

  test('does not cover a list that was cut, nor a failure without a list', () => {
    expect(accept({ ...FAILED, differences: 3 }, orders, cart)?.status).toBe('failed');
    expect(accept({ ...FAILED, items: [] }, orders)?.status).toBe('failed');
    expect(accept({ ...FAILED, items: [': nameless'] }, { ...orders, object: '' })?.status).toBe('failed');
  });
});
