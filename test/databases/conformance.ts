import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Connection, DatabaseService, Instance, RecoverySource } from '../../src/cloud/database-service.ts';
import { ConfigurationError, InstanceFailedError, InstanceRefusedError, NoBackupError } from '../../src/errors.ts';

export interface DatabasesUnderTest {
  readonly service: DatabaseService;
  /** A major that the service can run. */
  readonly major: number;
  /** Of a whole snapshot of the database `shop`. */
  readonly snapshotId: string;
  readonly sources: { readonly withLog: RecoverySource; readonly withoutLog: RecoverySource };
  /** Something in the same place that is not a throwaway instance, where there can be such a thing. */
  readonly stranger?: string;
  /** Proves that the connection is one, as far as can be. */
  readonly logIn: (connection: Connection) => Promise<void>;
  /** Between two looks. */
  readonly pause: () => Promise<void>;
  readonly close: () => Promise<void>;
}

const TAGS = { 'pgproof:throwaway': 'true', 'pgproof:drill': 'd1', 'pgproof:expires-at': '2030-01-01T00:00:00.000Z' };
const NOT_IDS = ['', 'A', '-a', 'a/b', '../pgproof-drill-a', 'pgproof-drill-A', 'pgproof-drill-a.b', `pgproof-drill-${'a'.repeat(50)}`];

/** What src/cloud/database-service.ts promises, held against one implementation. Every database service must pass all of it. */
export function testDatabaseService(name: string, open: () => Promise<DatabasesUnderTest>): void {
  describe(`${name} keeps the promises of a database service`, () => {
    let subject: DatabasesUnderTest;
    let lastId = 0;
    beforeAll(async () => {
      subject = await open();
    });
    afterAll(() => subject?.close());
    const context: Context = {
      subject: () => subject,
      newId: () => `pgproof-drill-conform-${process.pid}-${(lastId += 1)}`,
      untilAvailable: async (instanceId) => {
        for (let look = 0; look < 400; look += 1) {
          const instance = await subject.service.describeInstance(instanceId);
          if (instance?.status !== 'creating') return instance;
          await subject.pause();
        }
        throw new Error(`${instanceId} never became available`);
      },
      untilGone: async (instanceId) => {
        for (let look = 0; look < 400; look += 1) {
          const instance = await subject.service.describeInstance(instanceId, { advance: false });
          if (!instance) return;
          if (instance.status !== 'deleting') await subject.service.deleteInstance(instanceId);
          await subject.pause();
        }
        throw new Error(`${instanceId} never went`);
      },
    };
    testLives(context);
    testIds(context);
    testSnapshots(context);
    testRecovery(context);
  });
}

interface Context {
  readonly subject: () => DatabasesUnderTest;
  readonly newId: () => string;
  readonly untilAvailable: (instanceId: string) => Promise<Instance | undefined>;
  readonly untilGone: (instanceId: string) => Promise<void>;
}

function testLives({ subject, newId, untilAvailable, untilGone }: Context): void {
  const listed = async (): Promise<string[]> => (await subject().service.listInstances()).map(({ instanceId }) => instanceId);

  test('an instance is created, asked for again, logged in to, listed with its tags, and gone', async () => {
    const { service, major, stranger } = subject();
    const instanceId = newId();
    const request = { instanceId, major, superuser: 'owner', parameters: {}, tags: TAGS, differences: {} };
    await service.createInstance(request);
    await service.createInstance(request);
    expect(await untilAvailable(instanceId)).toMatchObject({ instanceId, status: 'available', tags: TAGS });
    const connection = await service.connection(instanceId);
    await subject().logIn(connection);
    await service.createInstance(request);
    expect(await service.connection(instanceId)).toEqual(connection);
    const found = (await service.listInstances()).filter((each) => each.instanceId === instanceId);
    expect(found).toMatchObject([{ status: 'available', tags: TAGS }]);
    expect(found[0]?.createdAt).toBeInstanceOf(Date);
    if (stranger !== undefined) expect(await listed()).not.toContain(stranger);
    await service.deleteInstance(instanceId);
    await service.deleteInstance(instanceId);
    await untilGone(instanceId);
    expect(await listed()).not.toContain(instanceId);
    await expect(service.connection(instanceId)).rejects.toBeInstanceOf(InstanceFailedError);
  });

  test('what was never there is not described, cannot be logged in to, and is as good as deleted', async () => {
    const instanceId = newId();
    expect(await subject().service.describeInstance(instanceId)).toBeUndefined();
    await expect(subject().service.connection(instanceId)).rejects.toBeInstanceOf(InstanceFailedError);
    await subject().service.deleteInstance(instanceId);
    expect(await listed()).not.toContain(instanceId);
  });
}

function testIds({ subject }: Context): void {
  test.each(NOT_IDS)('%j is no instance, whatever is asked of it', async (instanceId) => {
    const { service, major, snapshotId, sources } = subject();
    const asking = [
      () => service.createInstance({ instanceId, major, superuser: 'owner', parameters: {}, tags: TAGS }),
      () => service.restoreSnapshot({ instanceId, snapshotId, tags: TAGS }),
      async () => {
        const { latest: to } = (await service.recoveryWindow(sources.withLog)) ?? { latest: new Date(0) };
        await service.restoreToPointInTime({ instanceId, source: sources.withLog, to, tags: TAGS });
      },
      () => service.describeInstance(instanceId),
      () => service.deleteInstance(instanceId),
      () => service.connection(instanceId),
    ];
    for (const ask of asking) await expect(ask()).rejects.toBeInstanceOf(ConfigurationError);
  });
}

function testSnapshots({ subject, newId, untilAvailable, untilGone }: Context): void {
  test('a snapshot is described, verified, and restored under tags of its own', async () => {
    const { service, snapshotId, logIn } = subject();
    const described = await service.describeSnapshot(snapshotId);
    expect(described).toMatchObject({ snapshotId, status: 'available', database: 'shop' });
    expect(described?.bytes).toBeGreaterThan(0);
    expect(described?.takenAt.getTime()).toBeGreaterThan(Date.parse('2020-01-01T00:00:00Z'));
    const { method, examined, problems } = await service.verifySnapshot(snapshotId);
    expect(method).not.toBe('');
    expect(examined).toBeGreaterThan(0);
    expect(problems).toEqual([]);
    const instanceId = newId();
    await service.restoreSnapshot({ instanceId, snapshotId, tags: TAGS });
    await service.restoreSnapshot({ instanceId, snapshotId, tags: TAGS });
    const restored = await untilAvailable(instanceId);
    expect(restored).toMatchObject({ instanceId, status: 'available' });
    expect(restored?.tags).toEqual(TAGS);
    await logIn(await service.connection(instanceId));
    // Once, whatever it consists of.
    const parts = (await service.listInstances()).filter((each) => each.instanceId.startsWith(instanceId));
    expect(parts).toMatchObject([{ instanceId, status: 'available', tags: TAGS }]);
    await service.deleteInstance(instanceId);
    await untilGone(instanceId);
    expect((await service.listInstances()).filter((each) => each.instanceId.startsWith(instanceId))).toEqual([]);
    expect(await service.describeSnapshot(snapshotId)).toEqual(described);
  });

  test('a snapshot that is not there is not described, and is no backup to verify or restore', async () => {
    const { service } = subject();
    const instanceId = newId();
    expect(await service.describeSnapshot('no-such-snapshot')).toBeUndefined();
    await expect(service.verifySnapshot('no-such-snapshot')).rejects.toBeInstanceOf(NoBackupError);
    await expect(service.restoreSnapshot({ instanceId, snapshotId: 'no-such-snapshot', tags: TAGS })).rejects.toBeInstanceOf(NoBackupError);
    expect(await service.describeInstance(instanceId)).toBeUndefined();
  });
}

function testRecovery({ subject, newId, untilAvailable, untilGone }: Context): void {
  const DAY = 86_400_000;

  test('a source whose log nobody keeps has no recovery window', async () => {
    expect(await subject().service.recoveryWindow(subject().sources.withoutLog)).toBeUndefined();
  });

  test('a source is restored to a moment in its recovery window', async () => {
    const { service, sources, logIn } = subject();
    const window = await service.recoveryWindow(sources.withLog);
    expect(window?.earliest.getTime()).toBeLessThanOrEqual(window?.latest.getTime() ?? 0);
    const instanceId = newId();
    const request = { instanceId, source: sources.withLog, to: window?.latest ?? new Date(0), tags: TAGS, differences: {} };
    await service.restoreToPointInTime(request);
    await service.restoreToPointInTime(request);
    const restored = await untilAvailable(instanceId);
    expect(restored).toMatchObject({ instanceId, status: 'available' });
    expect(restored?.tags).toEqual(TAGS);
    await logIn(await service.connection(instanceId));
    await service.deleteInstance(instanceId);
    await untilGone(instanceId);
  });

  test('a moment before or after the recovery window is refused, and leaves nothing', async () => {
    const { service, sources } = subject();
    const { earliest, latest } = (await service.recoveryWindow(sources.withLog)) ?? { earliest: new Date(0), latest: new Date(0) };
    for (const to of [new Date(earliest.getTime() - DAY), new Date(latest.getTime() + DAY)]) {
      const instanceId = newId();
      const restoring = service.restoreToPointInTime({ instanceId, source: sources.withLog, to, tags: TAGS });
      await expect(restoring).rejects.toBeInstanceOf(InstanceRefusedError);
      expect(await service.describeInstance(instanceId)).toBeUndefined();
    }
  });
}
