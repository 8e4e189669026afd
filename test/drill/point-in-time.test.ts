import { glob, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatabaseService } from '../../src/cloud/database-service.ts';
import { verifyEvidence } from '../../src/drill/verify-evidence.ts';
import type { Finding } from '../../src/checks/finding.ts';
import { makeTestHome, type Drilled, type TestHome } from '../helpers/home.ts';
import { HEARTBEAT_CONFIG, keepLogOfShop, type KeptLog } from '../helpers/kept-log.ts';

/**
 * A small shop whose log was kept, with a row of its heartbeat before the moment that is drilled and two after it. All the
 * drills here restore for real; what differs is what they are made to restore.
 */
let home: TestHome;
let log: KeptLog;

beforeAll(async () => {
  home = await makeTestHome({ config: HEARTBEAT_CONFIG });
  log = await keepLogOfShop(home);
});
afterAll(() => home.remove());

const drill = (over: Parameters<TestHome['drill']>[1] = {}, input = {}): Promise<Drilled> =>
  home.drill({ database: 'shop', kind: 'pitr', to: log.between.toISOString(), ...input }, over);

/** The laptop's own service, which recovers to another moment than it is asked to. */
function astray(moment: () => Date): { databases: DatabaseService } {
  const own = home.laptop.databases;
  const databases = new Proxy(own, {
    get: (target, name) => {
      if (name === 'restoreToPointInTime') return (request: Parameters<DatabaseService['restoreToPointInTime']>[0]) => own.restoreToPointInTime({ ...request, to: moment() });
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
  return { databases };
}

async function withFile<T>(path: string, change: (text: string) => string | undefined, work: () => Promise<T>): Promise<T> {
  const text = await readFile(path, 'utf8');
  const changed = change(text);
  if (changed === undefined) await rm(path);
  else await writeFile(path, changed);
  try {
    return await work();
  } finally {
    await writeFile(path, text);
  }
}

const file = (key: string) => join(home.home, 'bucket', key);
const boundary = ({ finding }: Drilled): Finding | undefined => finding('boundary');

describe('a drill to a point in time', () => {
  it('is PROVEN on level 3 with the row from before the moment there and those from after it not', async () => {
    const drilled = await drill();
    expect([drilled.body.verdict, drilled.body.assurance, drilled.body.kind]).toEqual(['PROVEN', 'L3', 'pitr']);
    expect(boundary(drilled)).toMatchObject({ status: 'passed', examined: 3, number: 53, required: true });
    expect(boundary(drilled)?.detail).toMatch(/^1 row from before \S+ there, 2 rows from after it not; the server replayed to \S+Z$/);
    expect(drilled.body.backup).toMatchObject({ takenAt: log.between.toISOString(), bytes: 0 });
    expect(await home.laptop.databases.listInstances()).toEqual([]);
  });

  it('seals evidence that verifies, down to the readings', async () => {
    const { body } = await drill();
    const text = await readFile(file(`v1/shop/drills/${body.drillId}/evidence.json`));
    const publicKey = await readFile(join(home.home, 'keys', 'evidence-key.pub.pem'), 'utf8');
    const request = { text, publicKey, readObject: (key: string) => home.laptop.store.read(key) };
    const verified = await verifyEvidence(request);
    expect(verified.problems).toEqual([]);
    expect(verified.checked).toContain('v1/shop/readings/r1/facts.json');
    const altered = await withFile(file('v1/shop/readings/r2/mark.json'), (json) => json.replace('"id": "2"', '"id": "7"'), () => verifyEvidence(request));
    expect(altered.problems.map(({ part }) => part)).toEqual(['v1/shop/readings/r2/mark.json']);
  });

  it('to the latest moment is PROVEN by the reading after the end of the log', async () => {
    const drilled = await drill({}, { to: 'latest' });
    expect(drilled.body.verdict).toBe('PROVEN');
    expect(boundary(drilled)?.detail).toMatch(/^2 rows from before \S+ there, 1 row from after it not/);
  });

  it.each([
    ['further than asked', () => log.later, /row 2 of ops\.heartbeat, begun at \S+: there, although it is younger/],
    ['less far than asked', () => log.earlier, /row 1 of ops\.heartbeat, committed at \S+: missing/],
  ])('replayed %s FAILS at the boundary and names the row', async (_how, moment, problem) => {
    const drilled = await drill(astray(moment));
    expect([drilled.body.verdict, drilled.exitCode]).toEqual(['FAILED', 1]);
    expect(boundary(drilled)).toMatchObject({ status: 'failed', cause: 'backup' });
    expect(boundary(drilled)?.items?.join('\n')).toMatch(problem);
  });

  it.each([
    ['lose-rows', 'boundary', /missing/],
    ['change-value', 'boundary', /not as it was written/],
    ['drop-grant', 'grants', /missing/],
    ['drop-index', 'indexes', /missing/],
    ['lose-setting', 'roles', /work_mem/],
  ] as const)('with the fault %s planted FAILS in the check %s', async (fault, id, problem) => {
    const drilled = await drill({}, { break: fault });
    expect(drilled.body.verdict).toBe('FAILED');
    expect(drilled.finding(id)?.status).toBe('failed');
    expect(drilled.finding(id)?.items?.join('\n')).toMatch(problem);
  });
});

describe('a drill whose marks or log are not whole', () => {
  it('is NOT PROVEN without a row from before the moment', async () => {
    const drilled = await withFile(file('v1/shop/readings/r1/mark.json'), () => undefined, () => drill());
    expect([drilled.body.verdict, drilled.exitCode]).toEqual(['NOT PROVEN', 2]);
    expect(boundary(drilled)).toMatchObject({ status: 'could_not_verify', cause: 'configuration', detail: expect.stringMatching(/^no reading left a row in the heartbeat table before /) as string });
  });

  it('is NOT PROVEN where no heartbeat was ever left, and says how to have one', async () => {
    const silent = (json: string) => JSON.stringify({ ...(JSON.parse(json) as object), heartbeat: undefined });
    const bare = (['r1', 'r2', 'r3'] as const).reduce<() => Promise<Drilled>>(
      (work, id) => () => withFile(file(`v1/shop/readings/${id}/mark.json`), silent, work),
      () => home.drill({ database: 'shop', kind: 'pitr', to: log.between.toISOString() }, { config: { databases: {} } }, home.inProcess({ config: { databases: {} } })),
    );
    const drilled = await bare();
    expect(drilled.body.verdict).toBe('NOT PROVEN');
    expect(boundary(drilled)?.detail).toBe('no heartbeat table to tell the moment by: name one under databases.shop.heartbeat in pgproof.yml');
    expect(drilled.body.findings.filter(({ required, status }) => required && status === 'failed')).toEqual([]);
  });

  it('is NOT PROVEN with a reading on one side only, and no difference then counts as a failure', async () => {
    const without = (id: string, work: () => Promise<Drilled>) => withFile(file(`v1/shop/readings/${id}/mark.json`), () => undefined, work);
    const drilled = await without('r2', () => without('r3', () => drill({}, { break: 'drop-index' })));
    expect(drilled.body.verdict).toBe('NOT PROVEN');
    expect(boundary(drilled)?.detail).toMatch(/^no reading left a row in the heartbeat table after /);
    expect(drilled.finding('indexes')).toMatchObject({ status: 'could_not_verify', detail: expect.stringMatching(/^only one reading to compare with: /) as string });
    expect(drilled.finding('columns')?.status).toBe('passed');
  });

  it('is never PROVEN by a mark that is not a mark, and names it', async () => {
    const drilled = await withFile(file('v1/shop/readings/r2/mark.json'), (json) => json.slice(0, 40), () => drill());
    expect(drilled.body.verdict).toBe('FAILED');
    expect(drilled.body.reason).toMatch(/v1\/shop\/readings\/r2\/mark\.json: is not JSON/);
  });

  it('FAILS when a segment of the log is missing, and names it', async () => {
    const [archive] = await Array.fromAsync(glob('archives/shop/*/0000000100000000*', { cwd: home.home }));
    const path = join(home.home, archive ?? '');
    const kept = await readFile(path);
    await rm(path);
    const drilled = await drill().finally(() => writeFile(path, kept));
    expect([drilled.body.verdict, drilled.exitCode]).toEqual(['FAILED', 1]);
    expect(drilled.body.reason).toContain(`${archive}: the WAL segment is missing`);
  });
});
