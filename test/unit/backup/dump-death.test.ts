import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { dump } from '../../../functions/dump/handler.ts';
import { taskStopped } from '../../../functions/task-stopped/handler.ts';
import { recordFailure } from '../../../src/backup/task-failure.ts';
import { ConfigurationError, SourceLockedError, TaskRefusedError } from '../../../src/errors.ts';
import { CLUSTER_ARN, taskEvent } from '../../helpers/aws-events.ts';
import { makeBackupWorld, type BackupWorld } from '../../helpers/backup-world.ts';
import { putValidatedDump } from '../../helpers/scripted-cloud.ts';

const SCHEDULED = { database: 'shop', scheduledAt: '2026-11-20T02:00:00Z' };
const TASK = { verb: 'dump', database: 'shop', backupId: '20261120T020000Z-sched' } as const;
const LOCKED = new SourceLockedError('table shop.orders was locked for 60 seconds', { hint: 'npx pgproof status' });

describe('a dump by schedule', () => {
  let world: BackupWorld;
  beforeEach(async () => {
    world = await makeBackupWorld();
  });
  afterEach(() => world.remove());

  test('begins one task under the name of its scheduled time, however often it is asked for', async () => {
    expect(await dump(SCHEDULED, world.cloud)).toBe('begun');
    expect(await dump({ ...SCHEDULED, scheduledAt: '2026-11-20T03:00:00+01:00' }, world.cloud)).toBe('begun');
    expect(world.tasks).toEqual([TASK]);
    await dump({ ...SCHEDULED, scheduledAt: '2026-11-21T02:00:00Z' }, world.cloud);
    expect(world.tasks.map((task) => 'backupId' in task && task.backupId)).toEqual([TASK.backupId, '20261121T020000Z-sched']);
  });

  test('is not begun again once it is there', async () => {
    await putValidatedDump({ store: world.store } as never, TASK.backupId);
    expect(await dump(SCHEDULED, world.cloud)).toBe('committed already');
    expect(world.tasks).toEqual([]);
  });

  test.each<[string, unknown, string]>([
    ['no time', { database: 'shop' }, 'input of the schedule: scheduledAt: expected the scheduled time'],
    ['a time that Scheduler did not fill in', { database: 'shop', scheduledAt: '<aws.scheduler.scheduled-time>' }, 'expected the scheduled time'],
    ['no database', { scheduledAt: '2026-11-20T02:00:00Z' }, 'database: expected the name of a database in pgproof.yml'],
    ['nothing', undefined, 'input of the schedule: (whole)'],
    ['a database that is not configured', { ...SCHEDULED, database: 'toString' }, 'database "toString" is not in pgproof.yml: it has shop, ledger, blog'],
  ])('says what is wrong with %s', async (_, input, message) => {
    const refused = dump(input, world.cloud);
    await expect(refused).rejects.toBeInstanceOf(ConfigurationError);
    await expect(refused).rejects.toThrow(message);
    expect(world.tasks).toEqual([]);
  });

  test('that cannot be begun fails after three pauses, and people are told once of it', async () => {
    await world.remove();
    let refusals = 0;
    const refused = new TaskRefusedError('RESOURCE:MEMORY', { retriable: true, hint: 'more subnets' });
    world = await makeBackupWorld({
      launch: () => {
        refusals += 1;
        throw refused;
      },
    });
    await expect(dump(SCHEDULED, world.cloud)).rejects.toBe(refused);
    await expect(dump(SCHEDULED, world.cloud)).rejects.toBe(refused);
    expect(refusals).toBe(8);
    expect(world.told).toMatchObject([{ event: 'dump.refused', severity: 'bad', facts: { backup: TASK.backupId } }]);
    expect(world.told[0]?.text).toContain('RESOURCE:MEMORY\nHINT: more subnets');
    expect(world.told[0]?.text).toContain('tried again');
  });

  test('is begun in the end when capacity comes back, and nobody is told of the wait', async () => {
    await world.remove();
    world = await makeBackupWorld({
      launch: (_, attempt) => {
        if (attempt < 4) throw new TaskRefusedError('Capacity is unavailable at this time', { retriable: true });
      },
    });
    expect(await dump(SCHEDULED, world.cloud)).toBe('begun');
    expect(world.pauses).toEqual([15_000, 30_000, 60_000]);
    expect([world.tasks, world.told]).toEqual([[TASK], []]);
  });

  test('is not asked for again when what is wrong does not pass', async () => {
    await world.remove();
    world = await makeBackupWorld({
      launch: () => {
        throw new TaskRefusedError('AccessDenied', { retriable: false });
      },
    });
    await expect(dump(SCHEDULED, world.cloud)).rejects.toThrow('AccessDenied');
    expect(world.pauses).toEqual([]);
    expect(world.told[0]?.text).not.toContain('tried again');
  });
});

describe('a task that died', () => {
  let world: BackupWorld;
  beforeEach(async () => {
    world = await makeBackupWorld();
  });
  afterEach(() => world.remove());

  test('is announced with its reason and in the words of the worker, once', async () => {
    await dump(SCHEDULED, world.cloud);
    const event = await world.fail(TASK, LOCKED, { exitCode: 1, reason: 'OutOfMemoryError: container killed' });
    expect(await world.deliver(event)).toEqual({ 'task-stopped/rule.json': 'told' });
    expect(await world.deliver(event)).toEqual({ 'task-stopped/rule.json': 'known' });
    expect(world.told).toEqual([
      {
        subject: 'dump of shop died',
        text:
          'The task ended with exit code 1: EssentialContainerExited; Essential container in task exited; OutOfMemoryError: container killed.\n' +
          'The worker says: SourceLockedError: table shop.orders was locked for 60 seconds\nHINT: npx pgproof status\n' +
          'There is no dump 20261120T020000Z-sched: what it left has no manifest and counts as nothing.',
        severity: 'bad',
        database: 'shop',
        event: 'dump.died',
        facts: {
          name: '20261120T020000Z-sched',
          task: 'c13b4cb40f1f4fe4a2971f76ae5a47ad',
          exitCode: '1',
          stopCode: 'EssentialContainerExited',
          error: 'SourceLockedError',
          origin: 'source',
        },
      },
    ]);
  });

  test('before its container ran is announced with why, without an exit code', async () => {
    const stoppedReason = 'CannotPullContainerError: pull image manifest has been retried 7 time(s)';
    await world.deliver(taskEvent(TASK, { stopCode: 'TaskFailedToStart', stoppedReason }));
    expect(world.told).toMatchObject([{ facts: { exitCode: 'none', stopCode: 'TaskFailedToStart' } }]);
    expect(world.told[0]?.text).toContain(`The task never started: TaskFailedToStart; ${stoppedReason}.\nThe worker left no word of it.`);
  });

  test('is not explained with what an earlier attempt said', async () => {
    const early = { store: world.store, clock: { now: () => new Date('2026-11-20T01:59:59.000Z') } };
    await recordFailure(TASK, LOCKED, early);
    await world.deliver(taskEvent(TASK, { exitCode: 137 }));
    expect(world.told[0]?.text).toContain('exit code 137');
    expect(world.told[0]?.text).not.toContain('SourceLockedError');
  });

  test('a second time under the same name is told of again', async () => {
    await world.deliver(taskEvent(TASK, { exitCode: 1, taskId: 'aaaa' }));
    await world.deliver(taskEvent(TASK, { exitCode: 1, taskId: 'bbbb' }));
    expect(world.told.map(({ facts }) => facts['task'])).toEqual(['aaaa', 'bbbb']);
  });

  test.each([
    ['a reading', { verb: 'reading', database: 'shop', readingId: 'drill-1' } as const, 'reading of shop died', 'v1/shop/readings/drill-1/failure.json'],
    ['a validation', { verb: 'validate', database: 'shop', manifestKey: 'v1/shop/dumps/1/manifest.json' } as const, 'validation of shop died', 'v1/shop/dumps/1/failure.json'],
  ])('as %s is announced too, and its words lie beside what it was about', async (_, task, subject, key) => {
    const event = await world.fail(task, new Error('lost'));
    expect(await world.keys()).toEqual([key]);
    await world.deliver(event);
    expect(world.told).toMatchObject([{ subject }]);
    expect(world.told[0]?.text).toContain('The worker says: Error: lost');
  });

  test('as a drill is left to the state machine', async () => {
    const plan = { drillId: 'd', database: 'shop', kind: 'dump', backupId: 'b', manifestKey: 'k', manifestSha256: 's', selection: { listed: 1, passedOver: [] } };
    const rest = { instanceId: 'i', takenAt: 't', decidedAt: 't', deadlineAt: 't', instance: { major: 17, superuser: 'p', parameters: {} } };
    const task = { verb: 'prove' as const, plan: { ...plan, ...rest, target: 'service', readsSource: false, differences: {} } };
    const family = 'pgproof-prod-source-shop';
    expect(await taskStopped(taskEvent(task, { exitCode: 1, family }), world.cloud)).toBe('not ours');
    await recordFailure(task as never, LOCKED, world.cloud);
    expect([world.told, await world.keys()]).toEqual([[], []]);
  });

  test('of which nobody can say what it was fails, so that the event is kept', async () => {
    const event = taskEvent({ verb: 'sing' } as never, { exitCode: 1 });
    await expect(taskStopped(event, world.cloud)).rejects.toThrow('nobody knows what it was');
    await expect(taskStopped(event, world.cloud)).rejects.toMatchObject({ hint: expect.stringContaining(CLUSTER_ARN) as string });
  });

  test('is not announced when it did its work', async () => {
    expect(await taskStopped(taskEvent(TASK, { exitCode: 0 }), world.cloud)).toBe('succeeded');
    expect(world.told).toEqual([]);
  });
});
