import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openPlaces } from '../../local/database-service/places.ts';
import { processesIn } from '../../src/postgres/cluster/processes.ts';
import { makeTestHome, withPrograms, type TestHome } from '../helpers/home.ts';
import { isRunning, listProcesses, until } from '../helpers/process-list.ts';
import { SMALL_SHOP, startSource, type Source } from '../helpers/source.ts';
import { standingInstance } from '../helpers/standing-instance.ts';

/** A drill whose tools or server die under it has found out nothing about the backup, and says so. */
let source: Source;
let target: Source;
let home: TestHome;
let onStart: ((pid: number) => void) | undefined;

beforeAll(async () => {
  [source, target] = await Promise.all([startSource(), startSource()]);
  await source.createDatabase('shop', ...SMALL_SHOP);
  await source.createDatabase(
    'bulky',
    `create table bulk as select i, repeat(md5(i::text), 12) as text, md5((i * 7)::text) as more from generate_series(1, 100000) i`,
  );
  home = await makeTestHome({ onStart: (pid) => onStart?.(pid) });
  for (const database of ['shop', 'bulky']) {
    home.source(database, source.url(database));
    expect(await home.backUp(database, '20261120T020000Z-g')).toBe('valid');
  }
});
afterEach(() => {
  onStart = undefined;
});
afterAll(async () => {
  await home.remove();
  await Promise.all([source.end(), target.end()]);
});

async function drillWith(scripts: Parameters<typeof withPrograms>[1]) {
  const databases = standingInstance(target);
  const programsFor = async (major: number) => withPrograms(await home.laptop.programsFor(major), scripts);
  return await home.drill({ database: 'shop' }, { databases }, home.inProcess({ databases, programsFor }));
}

describe('a drill', () => {
  it('whose pg_restore is killed is NOT PROVEN', async () => {
    const { body, exitCode, finding } = await drillWith({ pg_restore: 'reads-some-then-is-killed' });
    expect([body.verdict, exitCode]).toEqual(['NOT PROVEN', 2]);
    expect(finding('restore-output')).toMatchObject({ status: 'could_not_verify', cause: 'environment' });
    expect(body.reason).toMatch(/the restore broke off: reads-some-then-is-killed was killed by SIGKILL/);
    expect(finding('archive-digest')).toMatchObject({ status: 'passed' });
  });

  it('whose psql is killed before it has restored the roles is NOT PROVEN', async () => {
    const { body, exitCode } = await drillWith({ psql: 'prints-then-is-killed' });
    expect([body.verdict, exitCode]).toEqual(['NOT PROVEN', 2]);
    expect(body.reason).toMatch(/prints-then-is-killed was killed by SIGKILL$/);
    expect(body.errors).toMatchObject([{ state: 'Prove', origin: 'tool' }]);
  });

  it('whose server is killed while the archive is restored is NOT PROVEN, and nothing is left', async () => {
    const { instances } = await openPlaces(home.home);
    let worker = 0;
    onStart = (pid) => void (worker = pid);
    const killing = until('the restore has begun', async () => {
      const [instance] = await home.laptop.databases.listInstances();
      const busy = listProcesses().some((each) => each.group === worker && isRunning(each, 'pg_restore'));
      if (!instance || !busy) return undefined;
      const servers = await processesIn(join(instances, instance.instanceId));
      for (const pid of servers) process.kill(pid, 'SIGKILL');
      return servers.length || undefined;
    });
    const { body, exitCode } = await home.drill({ database: 'bulky' });
    expect(await killing).toBeGreaterThan(0);
    expect([body.verdict, exitCode, body.cleanup.status]).toEqual(['NOT PROVEN', 2, 'verified']);
    expect(body.findings.filter(({ status }) => status === 'failed')).toEqual([]);
    expect(await home.laptop.databases.listInstances()).toEqual([]);
  });

  it('whose worker is killed is NOT PROVEN, and its instance is destroyed', async () => {
    let worker = 0;
    onStart = (pid) => {
      worker = pid;
      void until('the worker restores', () => listProcesses().some((each) => each.group === pid && isRunning(each, 'pg_restore')) || undefined).then(() =>
        process.kill(pid, 'SIGKILL'),
      );
    };
    const { body, exitCode } = await home.drill({ database: 'bulky' });
    expect([body.verdict, exitCode, body.cleanup.status]).toEqual(['NOT PROVEN', 2, 'verified']);
    expect(body.reason).toMatch(/the prove task ended with SIGKILL$/);
    expect(listProcesses().filter(({ group }) => group === worker)).toEqual([]);
  });
});

describe('the environment of the user', () => {
  const before = { ...process.env };
  afterEach(() => {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  });

  it('leads neither a dump nor a drill to another server, and colours no message', async () => {
    Object.assign(process.env, {
      PGSERVICE: 'no-such-service',
      PGHOSTADDR: '192.0.2.1',
      PGDATABASE: 'no-such-database',
      PGUSER: 'nobody-here',
      PGOPTIONS: '-c default_transaction_read_only=on',
      PG_COLOR: 'always',
    });
    expect(await home.backUp('shop', '20261120T030000Z-g')).toBe('valid');
    const { body, exitCode } = await home.drill({ database: 'shop' });
    expect([body.verdict, body.assurance, body.reason, exitCode]).toEqual(['PROVEN', 'L5', expect.any(String), 0]);
  });
});
