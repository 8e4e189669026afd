import { afterEach, describe, expect, test } from 'vitest';
import { snapshot } from '../../../functions/snapshot/handler.ts';
import { snapshotCreated } from '../../../functions/snapshot-created/handler.ts';
import { readManifest } from '../../../src/backup/archive.ts';
import { readValidation } from '../../../src/backup/validation.ts';
import { SnapshotRefusedError, SourceUnreachableError, TaskRefusedError } from '../../../src/errors.ts';
import { objectCreated, snapshotEvent, taskEvent } from '../../helpers/aws-events.ts';
import { makeBackupWorld, type BackupWorld, type WorldOptions } from '../../helpers/backup-world.ts';

const SCHEDULED = { database: 'shop', scheduledAt: '2026-11-20T02:00:00Z' };
const ID = 'pgproof-shop-20261120t020000z';
const PLACE = `v1/shop/snapshots/${ID}`;
const MANIFEST = objectCreated(`${PLACE}/manifest.json`);
const DEAD = { exitCode: 1, taskId: 'aaaa' };

describe('a snapshot by schedule', () => {
  let world: BackupWorld;
  const begin = async (options?: WorldOptions): Promise<void> => {
    world = await makeBackupWorld(options);
  };
  afterEach(() => world.remove());
  const deliverAll = async (events: readonly Record<string, unknown>[]): Promise<void> => {
    for (const event of events) await world.deliver(event);
  };
  const events = () => world.told.map(({ event }) => event);
  /** The whole chain; `relay` may deliver what happened as often and in whatever order it likes. */
  const play = async (relay: (events: Record<string, unknown>[]) => Promise<void>): Promise<void> => {
    await snapshot(SCHEDULED, world.cloud);
    const [before] = world.tasks;
    if (before) await relay(await world.read(before));
    await relay([snapshotEvent(ID)]);
    const after = world.tasks[1];
    if (after) await relay(await world.read(after));
    await relay([MANIFEST]);
  };
  /** Everything that has come of it. */
  const outcome = async () => {
    const { manifest } = await readManifest(world.store, `${PLACE}/manifest.json`);
    const validation = await readValidation(world.store, { kind: 'snapshot', database: 'shop', backupId: ID });
    return { tasks: world.tasks, snapshots: [...world.snapshots.values()], manifest, status: validation?.status, told: events() };
  };
  const BACKUP = {
    tasks: [
      { verb: 'snapshot-facts', database: 'shop', snapshotId: ID, moment: 'begin' },
      { verb: 'snapshot-facts', database: 'shop', snapshotId: ID, moment: 'end' },
    ],
    snapshots: [{ snapshotId: ID, source: { kind: 'rds', id: 'shop-production' }, tags: { 'pgproof:database': 'shop', 'pgproof:snapshot': 'true' } }],
    manifest: { kind: 'snapshot', backupId: ID, takenAt: '2026-11-20T02:02:00.000Z', snapshot: { id: ID, bytes: 21_474_836_480 } },
    status: 'valid',
    told: ['snapshot.taken', 'backup.valid'],
  };

  test('goes from the reading before it to a valid backup, and people hear of it twice', async () => {
    await begin();
    await play(deliverAll);
    expect(await outcome()).toMatchObject(BACKUP);
  });

  test('comes to the same end when every event arrives twice', async () => {
    await begin();
    await play(async (happened) => deliverAll(happened.flatMap((event) => [event, event])));
    await snapshot(SCHEDULED, world.cloud);
    expect(await outcome()).toMatchObject(BACKUP);
  });

  test('comes to the same end when events arrive in the other order, and all of them again afterwards', async () => {
    await begin();
    const seen: Record<string, unknown>[] = [];
    await play(async (happened) => {
      seen.push(...happened);
      await deliverAll(happened.toReversed());
    });
    await deliverAll([...seen, ...seen.toReversed()]);
    expect(await outcome()).toMatchObject(BACKUP);
  });

  test('is bound when RDS tells of it only after the second reading has landed', async () => {
    await begin();
    await snapshot(SCHEDULED, world.cloud);
    await deliverAll(await world.read(world.tasks[0] as never));
    await deliverAll([snapshotEvent(ID)]);
    await world.read(world.tasks[1] as never); // whose event is lost
    await deliverAll([snapshotEvent(ID), MANIFEST]);
    expect(await outcome()).toMatchObject(BACKUP);
  });

  test('is not taken anew by a late event when it was deleted in its time', async () => {
    await begin();
    await play(deliverAll);
    world.snapshots.clear();
    await deliverAll([objectCreated(`${PLACE}/facts-before.json`)]);
    expect(await snapshot(SCHEDULED, world.cloud)).toBe('committed already');
    expect(world.snapshots.size).toBe(0);
  });

  test('of a cluster of Aurora is taken and bound like that of an instance', async () => {
    await begin();
    const id = 'pgproof-ledger-20261120t020000z';
    await snapshot({ ...SCHEDULED, database: 'ledger' }, world.cloud);
    await deliverAll(await world.read(world.tasks[0] as never));
    expect(world.snapshots.get(id)?.source).toEqual({ kind: 'aurora', id: 'ledger-cluster' });
    await deliverAll([snapshotEvent(id, { cluster: true })]);
    await deliverAll(await world.read(world.tasks[1] as never));
    expect(events()).toEqual(['snapshot.taken']);
  });

  test('is taken all the same when the reading before it dies, and people hear that no drill can prove it', async () => {
    await begin();
    await snapshot(SCHEDULED, world.cloud);
    const dead = await world.fail(world.tasks[0] as never, new SourceUnreachableError('cannot connect to shop-production'), DEAD);
    expect(await world.deliver(dead)).toMatchObject({ 'snapshot/rule-reading-failed.json': 'snapshot begun', 'task-stopped/rule.json': 'told' });
    await deliverAll([dead, snapshotEvent(ID), snapshotEvent(ID)]);
    expect([...world.snapshots.keys()]).toEqual([ID]);
    expect(events()).toEqual(['snapshot-facts.died', 'snapshot.taken-unread']);
    expect(world.told[0]?.text).toContain('SourceUnreachableError: cannot connect to shop-production');
    expect(await world.keys()).not.toContain(`${PLACE}/manifest.json`);
  });

  test('is taken at once when no reading can be begun, after three pauses', async () => {
    await begin({
      launch: () => {
        throw new TaskRefusedError('Capacity is unavailable at this time', { retriable: true });
      },
    });
    expect(await snapshot(SCHEDULED, world.cloud)).toBe('snapshot begun');
    expect(world.pauses).toEqual([15_000, 30_000, 60_000]);
    expect([...world.snapshots.keys()]).toEqual([ID]);
    expect(world.told).toMatchObject([{ event: 'snapshot.unread', severity: 'warning', database: 'shop' }]);
    expect(world.told[0]?.text).toContain('Capacity is unavailable');
  });

  test('is taken also when people cannot be told, and they are told by the next attempt', async () => {
    let down = true;
    await begin({
      quota: () => ({ used: 90, limit: 100 }),
      launch: () => {
        throw new TaskRefusedError('AccessDenied', { retriable: false });
      },
      publish: () => {
        if (down) throw new Error('SNS is down');
      },
    });
    await expect(snapshot(SCHEDULED, world.cloud)).rejects.toThrow('SNS is down');
    expect([...world.snapshots.keys()]).toEqual([ID]);
    down = false;
    expect(await snapshot(SCHEDULED, world.cloud)).toBe('snapshot begun');
    expect(events()).toEqual(['snapshot.quota', 'snapshot.unread']);
  });

  test('stays without a manifest when the reading after it dies', async () => {
    await begin();
    await snapshot(SCHEDULED, world.cloud);
    await deliverAll([...(await world.read(world.tasks[0] as never)), snapshotEvent(ID)]);
    await deliverAll([await world.fail(world.tasks[1] as never, new Error('lost'), DEAD)]);
    expect(events()).toEqual(['snapshot-facts.died']);
    expect(world.told[0]?.text).toContain('can be restored by hand');
    expect(world.snapshots.size).toBe(1);
    expect(await world.keys()).not.toContain(`${PLACE}/manifest.json`);
  });

  test('waits for a source that is busy, and says so when it stays so', async () => {
    const busy = new SnapshotRefusedError('shop-production is backing-up', { hint: 'aws rds describe-db-instances' });
    await begin({
      take: (attempt) => {
        if (attempt <= 3) throw busy;
      },
    });
    await snapshot(SCHEDULED, world.cloud);
    await deliverAll(await world.read(world.tasks[0] as never));
    expect(world.pauses).toEqual([60_000, 60_000, 60_000]);
    expect(world.snapshots.size).toBe(1);
    await world.remove();
    await begin({
      take: () => {
        throw busy;
      },
    });
    await snapshot(SCHEDULED, world.cloud);
    const [landed = {}] = await world.read(world.tasks[0] as never);
    await expect(world.deliver(landed)).rejects.toBe(busy);
    await expect(world.deliver(landed)).rejects.toBe(busy);
    expect(world.pauses).toHaveLength(20);
    expect(world.told).toMatchObject([{ event: 'snapshot.refused', severity: 'bad', subject: 'snapshot of shop could not be begun' }]);
  });

  test.each([
    [79, undefined],
    [80, 'snapshot.quota'],
    [99, 'snapshot.quota'],
  ])('goes on with %i of 100 snapshots and warns from 80 on', async (used, warning) => {
    await begin({ quota: () => ({ used, limit: 100 }) });
    expect(await snapshot(SCHEDULED, world.cloud)).toBe('reading begun');
    await snapshot(SCHEDULED, world.cloud);
    expect(events()).toEqual(warning === undefined ? [] : [warning]);
  });

  test('is not begun when the quota is used up: it fails, and people are told once', async () => {
    await begin({ quota: () => ({ used: 100, limit: 100 }) });
    const refused = { name: 'SnapshotRefusedError', retriable: false };
    await expect(snapshot(SCHEDULED, world.cloud)).rejects.toMatchObject(refused);
    await expect(snapshot(SCHEDULED, world.cloud)).rejects.toMatchObject(refused);
    expect(world.tasks).toEqual([]);
    expect(world.told).toMatchObject([{ event: 'snapshot.quota-used-up', severity: 'bad' }]);
  });

  test('does not depend on the quota being told', async () => {
    await begin({
      quota: () => {
        throw new SnapshotRefusedError('RDS did not say', { hint: 'aws rds describe-account-attributes' });
      },
    });
    expect(await snapshot(SCHEDULED, world.cloud)).toBe('reading begun');
    expect(events()).toEqual(['snapshot.quota-unknown']);
  });

  test('tells people when asked again, if they could not be told the first time', async () => {
    let down = true;
    await begin({
      publish: () => {
        if (down) throw new Error('SNS is down');
      },
    });
    const silent = (event: Record<string, unknown>) => world.deliver(event).catch(() => undefined);
    await play(async (happened) => void (await Promise.all(happened.map(silent))));
    expect(events()).toEqual([]);
    down = false;
    await deliverAll([objectCreated(`${PLACE}/facts-after.json`), MANIFEST]);
    expect(await outcome()).toMatchObject(BACKUP);
  });

  test.each([
    ['a reading that another program left', objectCreated('v1/shop/snapshots/pgproof-shop-by-hand/facts-before.json')],
    ['a reading of a database that is not configured', objectCreated('v1/gone/snapshots/pgproof-gone-20261120t020000z/facts-before.json')],
    ["another database's snapshot", objectCreated('v1/ledger/snapshots/pgproof-shop-20261120t020000z/facts-before.json')],
    ['a snapshot that somebody named alike', snapshotEvent('pgproof-shop-before-the-upgrade')],
    ['the end of the reading after a snapshot', taskEvent({ verb: 'snapshot-facts', database: 'shop', snapshotId: ID, moment: 'end' }, { exitCode: 0 })],
  ])('leaves %s alone', async (_, event) => {
    await begin();
    const answers = Object.values(await world.deliver(event));
    expect(answers.every((answer) => answer === 'not ours' || answer === 'succeeded')).toBe(true);
    expect(answers.length).toBeGreaterThan(0);
    expect([world.tasks, world.told, [...world.snapshots]]).toEqual([[], [], []]);
  });

  test('is begun by no event that a wider rule would let through', async () => {
    await begin();
    const after = { verb: 'snapshot-facts', database: 'shop', snapshotId: ID, moment: 'end' } as const;
    expect(await snapshot(taskEvent(after, { exitCode: 1 }), world.cloud)).toBe('not ours');
    expect(await snapshot(objectCreated(`${PLACE}/manifest.json`), world.cloud)).toBe('not ours');
    expect(await snapshotCreated(snapshotEvent(ID, { eventId: 'RDS-EVENT-0040' }), world.cloud)).toBe('not ours');
    expect(await snapshotCreated(objectCreated(`${PLACE}/facts-before.json`), world.cloud)).toBe('not ours');
    expect([world.tasks, world.told, [...world.snapshots]]).toEqual([[], [], []]);
  });

  test("is no backup when RDS says that it is another database's", async () => {
    await begin();
    await snapshot(SCHEDULED, world.cloud);
    await deliverAll([...(await world.read(world.tasks[0] as never)), snapshotEvent(ID)]);
    const taken = world.snapshots.get(ID);
    if (taken) world.snapshots.set(ID, { ...taken, tags: { ...taken.tags, 'pgproof:database': 'ledger' } });
    const [landed = {}] = await world.read(world.tasks[1] as never);
    await expect(world.deliver(landed)).rejects.toThrow(`snapshot ${ID} is one of ledger, not of shop`);
    expect(await world.keys()).not.toContain(`${PLACE}/manifest.json`);
  });
});
