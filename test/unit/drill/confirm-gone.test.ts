import { expect, test } from 'vitest';
import type { DatabaseService, Instance } from '../../../src/cloud/database-service.ts';
import type { DrillPlan } from '../../../src/drill/contract.ts';
import { confirmGone, observeInstance } from '../../../src/drill/instance.ts';
import { CleanupFailedError } from '../../../src/errors.ts';

const ID = 'pgproof-drill-a';
const PLAN = { instanceId: ID, kind: 'dump', deadlineAt: '2026-11-20T13:00:00.000Z' } as DrillPlan;
const DESTROYED = { at: '2026-11-20T12:00:00.000Z' };

/** A database service in which the instance is as it is said, and which writes down what it is asked. */
function setting(state: Partial<Instance> | undefined, { at = '2026-11-20T12:10:00.000Z', refusal }: { at?: string; refusal?: Error } = {}) {
  const asked: string[] = [];
  const databases = {
    describeInstance: async (id: string, { advance = true } = {}) => {
      asked.push(advance ? 'describe and advance' : 'describe');
      return state && { instanceId: id, status: 'deleting', createdAt: new Date(0), tags: {}, ...state };
    },
    deleteInstance: async () => {
      asked.push('delete');
      if (refusal) throw refusal;
    },
  } as Partial<DatabaseService> as DatabaseService;
  return { asked, databases, store: undefined as never, clock: { now: () => new Date(at), sleep: async () => undefined } };
}

test('what is not found is gone', async () => {
  const cloud = setting(undefined);
  expect(await confirmGone(PLAN, DESTROYED, cloud)).toEqual({ status: 'verified', at: '2026-11-20T12:10:00.000Z' });
  expect(cloud.asked).toEqual(['describe']);
});

test('what is on its way is waited for and not asked again', async () => {
  const cloud = setting({ status: 'deleting' });
  expect(await confirmGone(PLAN, DESTROYED, cloud)).toEqual({ status: 'waiting', at: '2026-11-20T12:10:00.000Z' });
  expect(cloud.asked).toEqual(['describe']);
});

test.each(['creating', 'available', 'failed'] as const)('what is %s is asked to go once more, and is never brought up', async (status) => {
  const cloud = setting({ status });
  expect(await confirmGone(PLAN, DESTROYED, cloud)).toMatchObject({ status: 'waiting' });
  expect(cloud.asked).toEqual(['describe', 'delete']);
});

test('a refusal is told and may be over at the next look, until the time is up', async () => {
  const refusal = new CleanupFailedError(ID, 'RDS refused to delete pgproof-drill-a: InvalidDBInstanceState');
  const early = await confirmGone(PLAN, DESTROYED, setting({ status: 'creating' }, { refusal }));
  expect(early).toMatchObject({ status: 'waiting', detail: 'RDS refused to delete pgproof-drill-a: InvalidDBInstanceState' });
  const late = await confirmGone(PLAN, DESTROYED, setting({ status: 'creating' }, { refusal, at: '2026-11-20T13:00:00.000Z' }));
  expect(late).toEqual({
    status: 'failed',
    at: '2026-11-20T13:00:00.000Z',
    detail: 'still creating after 60 minutes: RDS refused to delete pgproof-drill-a: InvalidDBInstanceState',
  });
});

test('any other error is thrown: it says nothing about the instance', async () => {
  await expect(confirmGone(PLAN, DESTROYED, setting({ status: 'available' }, { refusal: new TypeError('no network') }))).rejects.toThrow('no network');
});

test('an available instance is told with what is known of its storage', async () => {
  const loading = setting({ status: 'available', loadingPercent: 40 });
  expect(await observeInstance(PLAN, loading)).toEqual({ status: 'available', at: '2026-11-20T12:10:00.000Z', loadingPercent: 40 });
  expect(loading.asked).toEqual(['describe and advance']);
  expect(await observeInstance(PLAN, setting({ status: 'available' }))).toEqual({ status: 'available', at: '2026-11-20T12:10:00.000Z' });
});
