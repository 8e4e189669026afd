import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { snapshot } from '../../../functions/snapshot/handler.ts';
import { snapshotCreated } from '../../../functions/snapshot-created/handler.ts';
import { snapshotEvent, tick } from '../../helpers/aws-events.ts';
import { makeBackupWorld, type BackupWorld } from '../../helpers/backup-world.ts';

const ID = 'pgproof-shop-20261119t233000z';

describe('a snapshot that RDS does not tell of', () => {
  let world: BackupWorld;
  let now: string;
  beforeEach(async () => {
    now = '2026-11-19T23:30:05.000Z';
    world = await makeBackupWorld({ now: () => new Date(now) });
    await snapshot({ database: 'shop', scheduledAt: '2026-11-19T23:30:00Z' }, world.cloud);
    const [landed = {}] = await world.read(world.tasks[0] as never);
    await world.deliver(landed);
  });
  afterEach(() => world.remove());
  const look = async (at: string) => {
    now = at;
    return await snapshotCreated(tick(), world.cloud);
  };

  test('is looked after by the hour, also past midnight, until it is a backup', async () => {
    expect(await look('2026-11-20T00:10:00.000Z')).toEqual({ [ID]: 'reading begun' });
    expect(await look('2026-11-20T01:10:00.000Z')).toEqual({ [ID]: 'reading begun' });
    expect(world.tasks).toHaveLength(2);
    await world.read(world.tasks[1] as never); // whose event is lost too
    expect(await look('2026-11-20T02:10:00.000Z')).toEqual({ [ID]: 'committed' });
    expect(await look('2026-11-20T03:10:00.000Z')).toEqual({});
    expect(world.told.map(({ event }) => event)).toEqual(['snapshot.taken']);
  });

  test('is left to its event for half an hour, and to people after half a day', async () => {
    expect(await look('2026-11-19T23:59:59.000Z')).toEqual({});
    expect(await look('2026-11-20T11:30:01.000Z')).toEqual({});
    expect(await look('2026-11-20T11:29:00.000Z')).toEqual({ [ID]: 'reading begun' });
  });

  test('is waited for while RDS is still at it, or does not know it', async () => {
    const { databases } = world.cloud;
    const slow = { ...world.cloud, databases: { ...databases, describeSnapshot: async () => ({ snapshotId: ID, status: 'creating', database: 'shop', takenAt: new Date(0), bytes: 0 }) } };
    now = '2026-11-20T00:10:00.000Z';
    expect(await snapshotCreated(tick(), slow as never)).toEqual({});
    world.snapshots.clear();
    expect(await look(now)).toEqual({});
    expect(world.tasks).toHaveLength(1);
  });

  test('changes nothing for one that RDS told of', async () => {
    await world.deliver(snapshotEvent(ID));
    for (const event of await world.read(world.tasks[1] as never)) await world.deliver(event);
    expect(await look('2026-11-20T00:10:00.000Z')).toEqual({});
    expect(world.told.map(({ event }) => event)).toEqual(['snapshot.taken']);
  });
});
