import { mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { DirectoryStore } from '../../../local/store/directory-store.ts';
import { sha256Of } from '../../../src/backup/digest.ts';
import type { RecoverySource, RecoveryWindow } from '../../../src/cloud/database-service.ts';
import { parseConfig } from '../../../src/config/config.ts';
import type { DrillPlan } from '../../../src/drill/contract.ts';
import { planDrill } from '../../../src/drill/plan.ts';
import { RecoveryRecord } from '../../../src/drill/recovery.ts';

const WINDOW: RecoveryWindow = { earliest: new Date('2026-11-10T00:00:00.500Z'), latest: new Date('2026-11-20T11:55:00.123Z') };
const RDS = 'databases: { shop: { heartbeat: ops.heartbeat, source: { rds: shop-1, database: shop, secret: "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop" }';
let root: string;
let store: DirectoryStore;
let asked: RecoverySource[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'pgproof-plan-'));
  store = new DirectoryStore({ root });
  asked = [];
  return () => rm(root, { recursive: true, force: true });
});

/** A reading that took one second from `at` on, its row written in the first tenth. */
async function putReading(key: string, at: string, heartbeat = true): Promise<void> {
  const second = at.slice(0, 19);
  const factsKey = key.replace('mark', 'facts');
  const facts = JSON.stringify({ format: 1, scope: 'structure', server: { version: '17.6', major: 17, database: 'shopdb', superuser: 'postgres' }, tables: [], sets: { settings: { timezone: 'UTC' } }, sequences: [] });
  const mark = {
    format: 1,
    kind: 'mark',
    database: 'shop',
    beganAt: `${second}.000000Z`,
    endedAt: `${second}.999999Z`,
    facts: { key: factsKey, bytes: facts.length, sha256: sha256Of(facts) },
    ...(heartbeat ? { heartbeat: { table: 'ops.heartbeat', id: '1', at: `${second}.050000Z`, begunAt: `${second}.000001Z`, committedAt: `${second}.100000Z` } } : {}),
  };
  await store.put(factsKey, facts);
  await store.put(key, JSON.stringify(mark));
  await utimes(join(root, key), new Date(at), new Date(at));
}

const reading = (id: string) => `v1/shop/readings/${id}/mark.json`;

async function plan(input: object, { yml = '', window = WINDOW, drillId = 'd1' }: { yml?: string; window?: RecoveryWindow | null; drillId?: string } = {}): Promise<DrillPlan> {
  const databases = {
    recoveryWindow: async (source: RecoverySource) => {
      asked.push(source);
      return window ?? undefined;
    },
  };
  const clock = { now: () => new Date('2026-11-20T12:00:00.000Z'), sleep: async () => undefined };
  return await planDrill({ input: { database: 'shop', kind: 'pitr', ...input }, drillId, startedAt: '2026-11-20T12:00:00Z' }, { store, databases, clock, config: parseConfig(yml, 'pgproof.yml') });
}

async function recordOf({ manifestKey }: DrillPlan): Promise<RecoveryRecord> {
  return RecoveryRecord.parse(JSON.parse(Buffer.concat(await Array.fromAsync(await store.read(manifestKey))).toString('utf8')));
}

describe('a plan to a point in time', () => {
  it('names the moment, and binds the record that it wrote', async () => {
    await putReading(reading('r1'), '2026-11-20T10:00:00Z');
    const planned = await plan({ to: '2026-11-20T12:00:00.250+01:00' });
    expect(planned).toMatchObject({
      kind: 'pitr',
      backupId: 'pitr-20261120T110000Z',
      takenAt: '2026-11-20T11:00:00.250Z',
      recoverableUntil: '2026-11-20T11:55:00.123Z',
      manifestKey: 'v1/shop/drills/d1/recovery.json',
      instance: { major: 17, superuser: 'postgres', parameters: { timezone: 'UTC' } },
      target: 'service',
      readsSource: false,
    });
    const text = Buffer.concat(await Array.fromAsync(await store.read(planned.manifestKey)));
    expect(planned.manifestSha256).toBe(sha256Of(text));
    expect(await recordOf(planned)).toMatchObject({ requested: '2026-11-20T12:00:00.250+01:00', target: '2026-11-20T11:00:00.250Z', server: { database: 'shopdb' } });
  });

  it('takes the newest reading before the moment and the oldest after it, also of those around snapshots', async () => {
    await putReading(reading('r1'), '2026-11-20T08:00:00Z');
    await putReading('v1/shop/snapshots/s1/mark-after.json', '2026-11-20T09:00:00Z');
    await putReading('v1/shop/snapshots/s2/mark-before.json', '2026-11-20T11:00:00Z');
    await putReading(reading('r2'), '2026-11-20T11:30:00Z');
    const record = await recordOf(await plan({ to: '2026-11-20T10:00:00Z' }));
    expect(record.before?.mark.key).toBe('v1/shop/snapshots/s1/mark-after.json');
    expect(record.after?.facts.key).toBe('v1/shop/snapshots/s2/facts-before.json');
    expect(record.marks).toHaveLength(4);
  });

  it('takes no reading for before or after that was under way at the moment', async () => {
    await putReading(reading('r1'), '2026-11-20T08:00:00Z');
    await putReading(reading('r2'), '2026-11-20T10:00:00Z');
    await putReading(reading('r3'), '2026-11-20T11:00:00Z');
    const record = await recordOf(await plan({ to: '2026-11-20T10:00:00.500Z' }));
    expect([record.before?.mark.key, record.after?.mark.key]).toEqual([reading('r1'), reading('r3')]);
  });

  it('planned again keeps to the moment that it chose first', async () => {
    await putReading(reading('r1'), '2026-11-20T08:00:00Z');
    const first = await plan({});
    const again = await plan({}, { window: { earliest: WINDOW.earliest, latest: new Date('2026-11-20T11:59:00Z') } });
    expect(again).toEqual(first);
    expect(first.takenAt).toBe('2026-11-20T11:55:00.123Z');
  });

  it('asks RDS by the name of the instance, and for whole seconds', async () => {
    await putReading(reading('r1'), '2026-11-20T08:00:00Z');
    expect((await plan({}, { yml: `${RDS} } }` })).takenAt).toBe('2026-11-20T11:55:00.000Z');
    expect(asked).toEqual([{ database: 'shop', rds: 'shop-1', aurora: undefined }]);
  });

  it.each([
    ['nothing was read after the moment', ['2026-11-20T08:00:00Z'], true],
    ['a reading with its row was made after it', ['2026-11-20T08:00:00Z', '2026-11-20T11:57:00Z'], false],
    ['nothing was ever read', [], true],
  ])('has the source read when %s: %j', async (_when, times, reads) => {
    for (const [index, at] of times.entries()) await putReading(reading(`r${index}`), at);
    expect((await plan({}, { yml: `${RDS} } }` })).readsSource).toBe(reads);
  });

  it('has the source read when the reading after the moment left no row', async () => {
    await putReading(reading('r1'), '2026-11-20T08:00:00Z');
    await putReading(reading('r2'), '2026-11-20T11:57:00Z', false);
    expect((await plan({}, { yml: `${RDS} } }` })).readsSource).toBe(true);
  });

  it('reads no source that pgproof.yml does not name', async () => {
    await putReading(reading('r1'), '2026-11-20T08:00:00Z');
    expect((await plan({}, { yml: 'databases: { shop: { heartbeat: ops.heartbeat } }' })).readsSource).toBe(false);
  });

  it('looks for no row of a table that pgproof.yml does not name any more', async () => {
    await putReading(reading('r1'), '2026-11-20T08:00:00Z');
    const planned = await plan({}, { yml: 'databases: { shop: { heartbeat: ops.newer } }' });
    expect((await recordOf(planned)).marks).toEqual([]);
  });

  it('hands on where its instance differs from the others', async () => {
    await putReading(reading('r1'), '2026-11-20T08:00:00Z');
    const yml = `${RDS}, drill: { target: task, instance: { class: db.r8g.large, storageGib: 200 } } } }`;
    expect(await plan({}, { yml })).toMatchObject({ differences: { class: 'db.r8g.large', storageGib: 200 }, target: 'service' });
  });
});

describe('a point in time that cannot be planned', () => {
  beforeEach(() => putReading(reading('r1'), '2026-11-20T08:00:00Z'));

  it.each([
    ['in the future', '2026-11-20T12:00:01Z', 'is in the future'],
    ['not archived yet', '2026-11-20T11:58:00Z', 'is not archived yet, or never was'],
    ['before the window', '2026-11-09T00:00:00Z', 'is before the oldest base backup'],
  ])('because it is %s is one error that names the window', async (_why, to, problem) => {
    await expect(plan({ to })).rejects.toMatchObject({
      name: 'ConfigurationError',
      message: `to: ${to} ${problem}: shop can be recovered to any time from 2026-11-10T00:00:00.500Z to 2026-11-20T11:55:00.123Z`,
    });
    expect(await Array.fromAsync(store.list('v1/shop/drills/'))).toEqual([]);
  });

  it.each([
    ['on the laptop', '', /^kind pitr: no log of shop is kept, so it can be recovered to no point in time$/, /npm start/],
    ['in RDS', `${RDS} } }`, /^kind pitr: no log of shop \(shop-1\) is kept/, /--backup-retention-period 7/],
  ])('because no log is kept %s is told with what to do', async (_where, yml, message, hint) => {
    await expect(plan({}, { yml, window: null })).rejects.toMatchObject({ message: expect.stringMatching(message) as string, hint: expect.stringMatching(hint) as string });
  });

  it.each([
    [{ kind: 'dump', to: 'latest' }, 'to: a dump holds one moment only; expected kind pitr'],
    [{ backup: 's1' }, 'backup: a drill of kind pitr takes no backup but a time'],
    [{ break: 'truncate-archive' }, 'break: truncate-archive strikes the archive of a dump'],
    [{ to: 'yesterday' }, 'drill input: to: '],
  ])('because %j cannot be meant is refused', async (input, message) => {
    await expect(plan(input)).rejects.toThrow(message);
  });

  it('because there is nothing to hold it against is refused', async () => {
    await rm(join(root, 'v1'), { recursive: true });
    await expect(plan({})).rejects.toThrow('nothing was read of shop before or after 2026-11-20T11:55:00.123Z');
  });
});

it('a time alone means a point in time', async () => {
  await putReading(reading('r1'), '2026-11-20T08:00:00Z');
  expect((await plan({ kind: undefined, to: 'latest' })).kind).toBe('pitr');
});
