import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/cloud/system-clock.ts';
import { LocalDatabaseService } from '../../local/database-service.ts';
import { verify } from '../../local/verbs/verify.ts';
import type { DatabaseService } from '../../src/cloud/database-service.ts';
import { parseConfig } from '../../src/config/config.ts';
import { CleanupFailedError } from '../../src/errors.ts';
import { makeTestHome, type TestHome } from '../helpers/home.ts';
import { withoutExtension } from '../helpers/poor-programs.ts';
import { until } from '../helpers/process-list.ts';
import { SMALL_SHOP, startSource, type Source } from '../helpers/source.ts';
import { standingInstance } from '../helpers/standing-instance.ts';
import { startStandby } from '../helpers/standby.ts';

/** The day-one list where it is about the drill itself: what keeps it from finding out, and what it must not forget. */
const ID = '20261120T020000Z-e';

let source: Source;
let target: Source;
let home: TestHome;

beforeAll(async () => {
  [source, target] = await Promise.all([startSource(), startSource()]);
  await source.createDatabase('shop', ...SMALL_SHOP, 'create extension hstore', 'alter table shop.customers add column traits hstore');
  home = await makeTestHome();
  home.source('shop', source.url('shop'));
  expect(await home.backUp('shop', ID)).toBe('valid');
});
afterAll(async () => {
  await home.remove();
  await Promise.all([source.end(), target.end()]);
});

/** The home's own service, some of its methods replaced. */
function serviceWith(replaced: Partial<DatabaseService>, service: DatabaseService = home.laptop.databases): DatabaseService {
  return {
    createInstance: (request) => service.createInstance(request),
    restoreSnapshot: (request) => service.restoreSnapshot(request),
    restoreToPointInTime: (request) => service.restoreToPointInTime(request),
    recoveryWindow: (source) => service.recoveryWindow(source),
    describeInstance: (id) => service.describeInstance(id),
    deleteInstance: (id) => service.deleteInstance(id),
    listInstances: () => service.listInstances(),
    connection: (id) => service.connection(id),
    describeSnapshot: (id) => service.describeSnapshot(id),
    verifySnapshot: (id, signal) => service.verifySnapshot(id, signal),
    ...replaced,
  };
}

describe('a drill', () => {
  it('13: of a dump from a stale standby tells how old the data is', async () => {
    const standby = await startStandby(source);
    try {
      const rows = async () => (await source.sql('shop', 'select count(*)::int as rows from shop.customers'))[0]?.rows;
      const before = await rows();
      const [committed] = await source.sql('shop', 'update shop.secrets set secret = secret', 'select now() as at, pg_current_wal_insert_lsn()::text as lsn');
      const reached = `select pg_last_wal_replay_lsn() >= '${String(committed?.lsn)}' as done`;
      await until('the standby has replayed that', async () => (await standby.ask(reached)).done || undefined);
      const { at } = (await standby.ask('select pg_wal_replay_pause(), pg_last_xact_replay_timestamp() as at')) as { at: Date };
      expect(at.getTime()).toBeLessThanOrEqual((committed?.at as Date).getTime());
      await setTimeout(1100);
      await source.sql('shop', `insert into shop.customers (name) values ('too late for the standby')`);
      home.source('stale', standby.url('shop'));
      expect(await home.backUp('stale', ID)).toBe('valid');
      const databases = standingInstance(target);
      const config = parseConfig('databases: {stale: {drill: {rpoTarget: 1s}}}', 'pgproof.yml');
      const { body } = await home.drill({ database: 'stale' }, { databases, config }, home.inProcess({ databases }));
      expect(body.verdict).toBe('PROVEN');
      expect(body.backup?.takenAt).toBe(at.toISOString());
      expect(body.rpo).toMatchObject({ status: 'missed', targetSeconds: 1 });
      expect(body.tables.find(({ name }) => name === 'customers')?.foundRows).toBe(String(before));
      expect(await rows()).toBe(Number(before) + 1);
    } finally {
      await standby.end();
    }
  });

  it('14: on a server without one of the extensions is NOT PROVEN, and not FAILED either', async () => {
    const poor = await withoutExtension(source.programs, 'hstore');
    try {
      const databases = new LocalDatabaseService({ home: home.home, programs: [poor.programs], clock: systemClock });
      const { body, exitCode, finding } = await home.drill({ database: 'shop' }, { databases }, home.inProcess({ databases }));
      expect([body.verdict, exitCode, body.cleanup.status]).toEqual(['NOT PROVEN', 2, 'verified']);
      expect(finding('restore-output')).toMatchObject({ status: 'could_not_verify', cause: 'environment' });
      expect(body.reason).toMatch(/extension "hstore" is not available: the throwaway server lacks the extension/);
      expect(body.findings.filter(({ status }) => status === 'failed')).toEqual([]);
    } finally {
      await poor.remove();
    }
  });

  it('15: whose instance cannot be destroyed ends with exit code 4, and the evidence says so', async () => {
    let asked = 0;
    const deleteInstance = async (id: string) => {
      asked += 1;
      throw new CleanupFailedError(id, `instance ${id} is not destroyed: permission denied`);
    };
    const databases = serviceWith({ deleteInstance });
    const { body, exitCode, end } = await home.drill({ database: 'shop' }, { databases });
    expect([body.verdict, exitCode, end]).toEqual(['PROVEN', 4, 'DrillCleanupFailed']);
    expect(body.cleanup).toMatchObject({ status: 'failed', detail: expect.stringMatching(/is not destroyed: permission denied/) as string });
    expect(asked).toBe(7);
    const left = await home.laptop.databases.listInstances();
    expect(left).toHaveLength(1);
    await home.laptop.databases.deleteInstance(left[0]?.instanceId ?? '');
  });

  it('15: whose instance is still there an hour after its destruction ends with exit code 4', async () => {
    let now = Date.parse('2026-11-21T03:00:00Z');
    const clock = { ...systemClock, now: () => new Date((now += 300_000)) };
    const standing = standingInstance(target);
    const databases = serviceWith({ deleteInstance: async () => undefined }, standing);
    const { body, exitCode } = await home.drill({ database: 'shop' }, { databases, clock }, home.inProcess({ databases }));
    expect([body.verdict, exitCode]).toEqual(['PROVEN', 4]);
    expect(body.cleanup).toMatchObject({ status: 'failed', detail: expect.stringMatching(/still available after 60 minutes/) as string });
  });

  it('16: for which there is no capacity is NOT PROVEN, with sealed evidence and nothing left', async () => {
    const programs = [source.programs];
    const databases = new LocalDatabaseService({ home: home.home, programs, clock: systemClock, spareBytes: 2 ** 60 });
    const { body, exitCode, end } = await home.drill({ database: 'shop' }, { databases });
    expect([body.verdict, exitCode, end, body.cleanup.status]).toEqual(['NOT PROVEN', 2, 'DrillNotProven', 'verified']);
    expect(body.reason).toMatch(/MiB free and \d+ MiB are needed/);
    expect(body.errors).toMatchObject([{ name: 'InstanceRefusedError', origin: 'environment' }]);
    expect(await verify(evidenceFile(body.drillId), { home: home.home })).toMatchObject({ ok: true, problems: [] });
  });

  it('17: whose evidence, manifest or policy is altered afterwards is found out by the verifier', async () => {
    const databases = standingInstance(target);
    const { body } = await home.drill({ database: 'shop' }, { databases }, home.inProcess({ databases }));
    const file = evidenceFile(body.drillId);
    const text = await readFile(file, 'utf8');
    expect(await verify(file, { home: home.home })).toMatchObject({ ok: true });
    for (const [from, to] of [['"PROVEN"', '"FAILED"'], ['"row-count"', '"row-counts"'], ['"required":[', '"required":["x",']] as const) {
      expect(text).toContain(from);
      await writeFile(file, text.replace(from, to));
      expect((await verify(file, { home: home.home })).ok, from).toBe(false);
    }
    await writeFile(file, text);
    const manifest = home.file('shop', ID, 'manifest.json');
    const kept = await readFile(manifest, 'utf8');
    await writeFile(manifest, kept.replace('"format": 1', '"format":  1'));
    const { ok, problems } = await verify(file, { home: home.home });
    await writeFile(manifest, kept);
    expect([ok, problems.map(({ part }) => part).join()]).toEqual([false, expect.stringContaining('manifest')]);
  });

  it('18: that requires less than the one before says what it no longer requires', async () => {
    const databases = standingInstance(target);
    const query = 'databases: {shop: {drill: {queries: [{name: customers, sql: select count(*) from shop.customers, expect: {min: 1}}]}}}';
    const config = parseConfig(query, 'pgproof.yml');
    const first = await home.drill({ database: 'shop' }, { databases, config }, home.inProcess({ databases, config }));
    expect([first.body.verdict, first.body.assurance, first.body.policy.dropped]).toEqual(['PROVEN', 'L6', []]);
    const second = await home.drill({ database: 'shop' }, { databases }, home.inProcess({ databases }));
    expect([second.body.verdict, second.body.assurance, second.body.policy.dropped]).toEqual(['PROVEN', 'L5', ['sanity']]);
  });

  it('19: in which a required check examined nothing is NOT PROVEN', async () => {
    await source.createDatabase('views', 'create view v as select 1 as one');
    home.source('views', source.url('views'));
    expect(await home.backUp('views', ID)).toBe('valid');
    const databases = standingInstance(target);
    const { body, exitCode, finding } = await home.drill({ database: 'views' }, { databases }, home.inProcess({ databases }));
    expect([body.verdict, exitCode]).toEqual(['NOT PROVEN', 2]);
    expect(finding('row-count')).toMatchObject({ status: 'could_not_verify', examined: 0 });
    expect(finding('relations')).toMatchObject({ status: 'passed', examined: 1 });
  });
});

function evidenceFile(drillId: string): string {
  return join(home.home, 'bucket', 'v1', 'shop', 'drills', drillId, 'evidence.json');
}
