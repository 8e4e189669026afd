import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sweeper } from '../../../functions/sweeper/handler.ts';
import type { CreateInstance, Instance } from '../../../src/cloud/database-service.ts';
import type { Notification } from '../../../src/cloud/notifier.ts';
import type { DrillPlan } from '../../../src/drill/contract.ts';
import { beginRestore, LONGEST_LIFE_SECONDS } from '../../../src/drill/instance.ts';
import { CleanupFailedError } from '../../../src/errors.ts';
import { aboutSweep, isOverdue, sweepMetrics } from '../../../src/watch/sweep.ts';

const NOW = new Date('2026-11-20T12:00:00.000Z');
const HOURLY = { version: '0', id: '1', source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {} };

function instance(instanceId: string, changes: Partial<Instance> = {}): Instance {
  const tags = { 'pgproof:throwaway': 'true', 'pgproof:drill': 'drill-1', 'pgproof:database': 'shop', 'pgproof:expires-at': '2026-11-20T11:59:59.000Z' };
  return { instanceId, status: 'available', createdAt: new Date('2026-11-19T11:00:00.000Z'), tags, ...changes };
}

/** A database service that holds what it is given; `stuck` names what cannot be destroyed. */
function service(instances: Instance[], stuck: readonly string[] = []) {
  const deleted: string[] = [];
  const told: Notification[] = [];
  const waits: number[] = [];
  return {
    deleted,
    told,
    waits,
    instances,
    databases: {
      listInstances: async () => [...instances],
      deleteInstance: async (instanceId: string) => {
        if (stuck.includes(instanceId)) {
          throw new CleanupFailedError(instanceId, `RDS refused to delete ${instanceId}`, { hint: 'aws rds delete-db-instance' });
        }
        deleted.push(instanceId);
        const index = instances.findIndex((each) => each.instanceId === instanceId);
        instances[index] = { ...instances[index], status: 'deleting' } as Instance;
      },
    },
    notifier: { publish: async (message: Notification) => void told.push(message) },
    clock: { now: () => NOW, sleep: async (milliseconds: number) => void waits.push(milliseconds) },
  };
}
const run = (event: unknown, cloud: ReturnType<typeof service>) => sweeper(event, cloud as never);

describe('the hourly sweep', () => {
  test('destroys an instance whose time is over and tells people that a drill was cut off', async () => {
    const cloud = service([instance('pgproof-drill-old')]);
    expect(await run(HOURLY, cloud)).toEqual({ found: 1, destroyed: ['pgproof-drill-old'], left: [] });
    expect(cloud.deleted).toEqual(['pgproof-drill-old']);
    expect(cloud.told).toEqual([
      {
        subject: 'pgproof: destroyed a leftover of shop',
        text: 'The throwaway instance pgproof-drill-old had outlived its drill and is being destroyed. A leftover means that a drill was cut off before it could clean up.',
        severity: 'warning',
        database: 'shop',
        event: 'instance.orphaned',
        facts: { instance: 'pgproof-drill-old', drill: 'drill-1', created: '2026-11-19T11:00:00.000Z' },
      },
    ]);
  });

  test('leaves the instance of a running drill, and says nothing', async () => {
    const running = instance('pgproof-drill-running', { tags: { ...instance('x').tags, 'pgproof:expires-at': '2026-11-20T12:00:00.000Z' } });
    const cloud = service([running]);
    expect(await run(HOURLY, cloud)).toEqual({ found: 1, destroyed: [], left: [] });
    expect(cloud.deleted).toEqual([]);
    expect(cloud.told).toEqual([]);
  });

  test('asks again for one that is being destroyed, because clusters go in two steps, and says nothing', async () => {
    const cloud = service([instance('pgproof-drill-going', { status: 'deleting' })]);
    expect(await run(HOURLY, cloud)).toEqual({ found: 1, destroyed: [], left: [] });
    expect(cloud.deleted).toEqual(['pgproof-drill-going']);
    expect(cloud.told).toEqual([]);
  });

  test('goes on after one that cannot be destroyed, and says how to do it by hand', async () => {
    const cloud = service([instance('pgproof-drill-stuck'), instance('pgproof-drill-old')], ['pgproof-drill-stuck']);
    expect(await run(HOURLY, cloud)).toEqual({ found: 2, destroyed: ['pgproof-drill-old'], left: ['pgproof-drill-stuck'] });
    expect(cloud.told.map(({ event, severity }) => `${event} ${severity}`)).toEqual(['instance.orphaned warning', 'instance.left bad']);
    expect(cloud.told[1]?.text).toBe(
      'The throwaway instance pgproof-drill-stuck is due and still there; it costs money. RDS refused to delete pgproof-drill-stuck\nHINT: aws rds delete-db-instance',
    );
  });

  test('fails when people cannot be told', async () => {
    const cloud = service([instance('pgproof-drill-old')]);
    cloud.notifier.publish = async () => Promise.reject(new Error('no topic'));
    await expect(run(HOURLY, cloud)).rejects.toThrow('no topic');
  });

  test('measures what it destroyed and what it could not, zeros too', () => {
    expect(sweepMetrics({ found: 3, destroyed: ['a', 'b'], left: [] })).toEqual([
      { name: 'OrphansDestroyed', value: 2, unit: 'Count' },
      { name: 'OrphansLeft', value: 0, unit: 'Count' },
    ]);
    expect(aboutSweep({ found: 3, destroyed: ['a', 'b'], left: ['c'] })).toEqual({ found: 3, destroyed: 'a b', left: 'c' });
  });
});

describe('the time that an instance may live', () => {
  const born = new Date('2026-11-20T00:00:00.000Z');
  const at = (text: string) => new Date(`${text}.000Z`);
  const tagged = (expires: string) => instance('pgproof-drill-x', { createdAt: born, tags: { 'pgproof:expires-at': expires } });

  test('ends with its tag', () => {
    expect(isOverdue(tagged('2026-11-20T08:00:00.000Z'), at('2026-11-20T08:00:00'))).toBe(false);
    expect(isOverdue(tagged('2026-11-20T08:00:00.000Z'), at('2026-11-20T08:00:01'))).toBe(true);
  });

  test.each(['', 'soon', '2099-01-01T00:00:00.000Z'])('ends 25 hours after its birth when its tag says %j', (expires) => {
    expect(isOverdue(tagged(expires), at('2026-11-21T01:00:00'))).toBe(false);
    expect(isOverdue(tagged(expires), at('2026-11-21T01:00:01'))).toBe(true);
  });

  test('ends 25 hours after its birth when it has no such tag', () => {
    const untagged = instance('pgproof-drill-x', { createdAt: born, tags: {} });
    expect(isOverdue(untagged, at('2026-11-21T01:00:00'))).toBe(false);
    expect(isOverdue(untagged, at('2026-11-21T01:00:01'))).toBe(true);
  });

  test('ends with its tag also when the service gives it the age of what it was made of', () => {
    const old = { ...tagged('2026-11-21T01:00:00.000Z'), createdAt: new Date('2020-01-01T00:00:00.000Z') };
    expect(isOverdue(old, at('2026-11-21T01:00:00'))).toBe(false);
    expect(isOverdue(old, at('2026-11-21T01:00:01'))).toBe(true);
  });

  test('is written on it 25 hours after the decision to restore', async () => {
    const asked: CreateInstance[] = [];
    const plan = { kind: 'dump', drillId: 'drill-1', database: 'shop', instanceId: 'pgproof-drill-x', decidedAt: '2026-11-20T12:00:00.000Z' };
    const databases = { createInstance: async (request: CreateInstance) => void asked.push(request) };
    await beginRestore(plan as DrillPlan, { databases, clock: { now: () => NOW } } as never);
    expect(asked.map(({ tags }) => tags)).toEqual([
      { 'pgproof:drill': 'drill-1', 'pgproof:database': 'shop', 'pgproof:throwaway': 'true', 'pgproof:expires-at': '2026-11-21T13:00:00.000Z' },
    ]);
  });

  test('is longer than any execution of the state machine', () => {
    const machine = readFileSync(join(import.meta.dirname, '../../../functions/restore-drill/restore-drill.asl.json'), 'utf8');
    const { TimeoutSeconds } = JSON.parse(machine) as { TimeoutSeconds: number };
    expect(TimeoutSeconds).toBeGreaterThan(0);
    expect(LONGEST_LIFE_SECONDS).toBeGreaterThanOrEqual(TimeoutSeconds + 3600);
  });
});

describe('an execution that was cut off', () => {
  const cutOff = (status: string, input: string | null = '{"database":"shop"}') => ({
    version: '0',
    id: '2',
    source: 'aws.states',
    'detail-type': 'Step Functions Execution Status Change',
    detail: {
      executionArn: 'arn:aws:states:eu-central-1:123456789012:execution:pgproof-prod-restore-drill:drill-1',
      stateMachineArn: 'arn:aws:states:eu-central-1:123456789012:stateMachine:pgproof-prod-restore-drill',
      name: 'drill-1',
      status,
      startDate: 1,
      stopDate: 2,
      input,
    },
  });
  const young = { 'pgproof:throwaway': 'true', 'pgproof:database': 'shop', 'pgproof:expires-at': '2026-11-21T12:00:00.000Z' };
  const own = () => instance('pgproof-drill-own', { tags: { ...young, 'pgproof:drill': 'drill-1' } });
  const other = () => instance('pgproof-drill-other', { tags: { ...young, 'pgproof:drill': 'drill-2' } });

  test('has its instance destroyed at once, and no other, and people are told that it proves nothing', async () => {
    const cloud = service([own(), other()]);
    expect(await run(cutOff('ABORTED'), cloud)).toEqual({ found: 1, destroyed: ['pgproof-drill-own'], left: [] });
    // Once more when it was seen to go: a cluster goes in two steps.
    expect(cloud.deleted).toEqual(['pgproof-drill-own', 'pgproof-drill-own']);
    expect(cloud.waits).toEqual([15_000]);
    expect(cloud.told).toEqual([
      {
        subject: 'pgproof: a drill of shop was cut off',
        text: 'Drill drill-1 was stopped before its end and reported nothing, so it proves nothing. Being destroyed: pgproof-drill-own.',
        severity: 'bad',
        database: 'shop',
        event: 'drill.cut-off',
        facts: { drill: 'drill-1', status: 'ABORTED', execution: 'arn:aws:states:eu-central-1:123456789012:execution:pgproof-prod-restore-drill:drill-1' },
      },
    ]);
  });

  test('is looked after for up to ten minutes, because its instance may appear late', async () => {
    const cloud = service([]);
    const sleep = cloud.clock.sleep;
    cloud.clock.sleep = async (milliseconds) => {
      await sleep(milliseconds);
      if (cloud.waits.length === 5) cloud.instances.push(own());
    };
    expect(await run(cutOff('TIMED_OUT', null), cloud)).toEqual({ found: 1, destroyed: ['pgproof-drill-own'], left: [] });
    expect(cloud.waits).toEqual([15_000, 45_000, 60_000, 60_000, 60_000, 60_000]);
    expect(cloud.told).toEqual([expect.objectContaining({ database: 'shop', text: expect.stringContaining('ran into its time limit') as string })]);
  });

  test('is told of even when it left nothing and names no database', async () => {
    const cloud = service([other()]);
    expect(await run(cutOff('TIMED_OUT', 'not json'), cloud)).toEqual({ found: 0, destroyed: [], left: [] });
    expect(cloud.told).toEqual([expect.objectContaining({ database: 'unknown', text: expect.stringContaining('It left nothing to destroy.') as string })]);
    expect(cloud.waits).toEqual([15_000, 45_000, 60_000, 60_000, 60_000, 60_000, 60_000, 60_000, 60_000, 60_000, 60_000]);
  });

  test('leaves what cannot be destroyed with a word to people', async () => {
    const cloud = service([own()], ['pgproof-drill-own']);
    expect(await run(cutOff('ABORTED'), cloud)).toEqual({ found: 1, destroyed: [], left: ['pgproof-drill-own'] });
    expect(cloud.told.map(({ event }) => event)).toEqual(['drill.cut-off', 'instance.left']);
  });

  test('is not taken for the hourly event when nobody can read which it was', async () => {
    const cloud = service([instance('pgproof-drill-old')]);
    const { detail, ...rest } = cutOff('ABORTED');
    await expect(run({ ...rest, detail: { ...detail, name: undefined } }, cloud)).rejects.toThrow('name');
    expect(cloud.deleted).toEqual([]);
  });

  test.each(['FAILED', 'SUCCEEDED', 'RUNNING'])('is none when it is %s: that drill cleans up itself', async (status) => {
    const cloud = service([own()]);
    expect(await run(cutOff(status), cloud)).toEqual({ found: 1, destroyed: [], left: [] });
    expect(cloud.deleted).toEqual([]);
  });
});
