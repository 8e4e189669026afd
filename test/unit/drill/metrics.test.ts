import { describe, expect, test } from 'vitest';
import { aboutBackup, backupMetrics } from '../../../src/backup/metrics.ts';
import type { DrillPlan, DrillState } from '../../../src/drill/contract.ts';
import { aboutDrill, drillMetrics, outcomeOfDrill } from '../../../src/drill/metrics.ts';
import { makeBody } from '../../helpers/evidence.ts';

const STATE: DrillState = { input: { database: 'shop', kind: 'snapshot' }, drillId: 'drill-1', startedAt: '2026-11-20T12:00:00.000Z' };
const SHOP = { Database: 'shop', Kind: 'dump' };
const axis = (seconds: number | null) => ({ seconds, targetSeconds: null, status: 'no target' }) as const;
const counted = (state: DrillState, body?: Parameters<typeof outcomeOfDrill>[1]) => {
  const metrics = drillMetrics(outcomeOfDrill(state, body));
  return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
};

describe('what a drill is measured by', () => {
  test('is its verdict, both times and the cleanup, by database and kind', () => {
    const body = makeBody({ rto: axis(840), rpo: axis(21_600) });
    expect(drillMetrics(outcomeOfDrill(STATE, body))).toEqual([
      { name: 'DrillProven', value: 1, unit: 'Count', dimensions: SHOP },
      { name: 'DrillFailed', value: 0, unit: 'Count', dimensions: SHOP },
      { name: 'DrillNotProven', value: 0, unit: 'Count', dimensions: SHOP },
      { name: 'RestoreSeconds', value: 840, unit: 'Seconds', dimensions: SHOP },
      { name: 'RpoSeconds', value: 21_600, unit: 'Seconds', dimensions: SHOP },
      { name: 'CleanupFailed', value: 0, unit: 'Count', dimensions: SHOP },
    ]);
  });

  test.each([
    ['FAILED', { DrillProven: 0, DrillFailed: 1, DrillNotProven: 0 }],
    ['NOT PROVEN', { DrillProven: 0, DrillFailed: 0, DrillNotProven: 1 }],
  ] as const)('counts %s as that and as nothing else', (verdict, counts) => {
    expect(counted(STATE, makeBody({ verdict }))).toMatchObject(counts);
  });

  test('leaves out times that nobody knows', () => {
    expect(counted(STATE, makeBody({ rto: axis(null), rpo: axis(null) }))).toEqual({ DrillProven: 1, DrillFailed: 0, DrillNotProven: 0, CleanupFailed: 0 });
  });

  test('counts a drill without evidence as not proven, under what its input named', () => {
    expect(counted(STATE)).toEqual({ DrillProven: 0, DrillFailed: 0, DrillNotProven: 1, CleanupFailed: 0 });
    expect(outcomeOfDrill(STATE, undefined)).toMatchObject({ database: 'shop', kind: 'snapshot', verdict: 'UNSEALED' });
    expect(outcomeOfDrill({ ...STATE, input: 7 }, undefined)).toMatchObject({ database: 'unknown', kind: 'dump' });
  });

  test('is no verdict when a fault was planted: it says nothing about the backup, and still has to clean up', () => {
    const cleanup = { status: 'failed', detail: 'still there' } as const;
    expect(counted(STATE, makeBody({ verdict: 'FAILED', fault: 'lose-rows', cleanup }))).toEqual({ CleanupFailed: 1 });
  });
});

describe('the record of a drill', () => {
  test('names the drill, and with a plan what it drills', () => {
    const plan = { drillId: 'drill-1', database: 'shop', kind: 'dump', backupId: 'b-1', instanceId: 'pgproof-drill-x' } as DrillPlan;
    expect(aboutDrill({ plan })).toEqual({ drill: 'drill-1', database: 'shop', kind: 'dump', backup: 'b-1', instance: 'pgproof-drill-x' });
    expect(aboutDrill(STATE)).toEqual({ drill: 'drill-1' });
    expect(aboutDrill({})).toEqual({});
  });
});

describe('what a backup is measured by', () => {
  const backup = { database: 'shop', kind: 'dump', backupId: 'b-1' } as const;

  test('is whether it is valid, and its size', () => {
    expect(backupMetrics({ ...backup, status: 'valid', bytes: 9 })).toEqual([
      { name: 'BackupValid', value: 1, unit: 'Count', dimensions: SHOP },
      { name: 'BackupBytes', value: 9, unit: 'Bytes', dimensions: SHOP },
    ]);
    expect(aboutBackup({ ...backup, status: 'valid', bytes: 9 })).toEqual({ database: 'shop', kind: 'dump', backup: 'b-1', status: 'valid', bytes: 9 });
  });

  test('has no size when its manifest does not tell', () => {
    expect(backupMetrics({ ...backup, status: 'invalid' })).toEqual([{ name: 'BackupValid', value: 0, unit: 'Count', dimensions: SHOP }]);
    expect(aboutBackup({ ...backup, status: 'invalid' })).toEqual({ database: 'shop', kind: 'dump', backup: 'b-1', status: 'invalid' });
  });
});
