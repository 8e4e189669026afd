import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deliverEvents } from '../../local/session.ts';
import { commitSnapshot } from '../../src/backup/snapshot.ts';
import { makeTestHome, type Drilled, type TestHome } from '../helpers/home.ts';
import { createRdsShop, rdsLike, startRdsLikeSource, type RdsLikeSource } from '../helpers/rds-like.ts';

/** Snapshots of a source as on RDS: the copy's login is the source's own master user, who may not read everything by himself. */
let source: RdsLikeSource;
let home: TestHome;

beforeAll(async () => {
  source = await startRdsLikeSource();
  await createRdsShop(source, source.programs.major);
  // Of this role the master user is no member.
  await source.asMaster('postgres', 'create role vault', ...MEMBER(source.programs.major));
  await source.asMaster('shop', 'create schema vault authorization vault', 'set role vault', 'create table vault.keys as select i as id from generate_series(1, 9) i', 'reset role', 'revoke vault from owner_of_all');
  home = await makeTestHome();
  home.source('shop', source.url('shop', source.reader));
});
afterAll(async () => {
  await home?.remove();
  await source?.end();
});

const MEMBER = (major: number): string[] => [`grant vault to owner_of_all${major >= 16 ? ' with inherit true, set true' : ''}`];

async function takeSnapshot(snapshotId: string): Promise<void> {
  const task = { verb: 'snapshot-facts', database: 'shop', snapshotId } as const;
  await home.tasks.run({ ...task, moment: 'begin' });
  await home.laptop.databases.createSnapshot({ snapshotId, database: 'shop', source: source.address('shop'), tags: {} });
  await home.tasks.run({ ...task, moment: 'end' });
  await commitSnapshot({ database: 'shop', snapshotId }, home.laptop);
  await deliverEvents(home);
}

const drill = (input: Parameters<TestHome['drill']>[0] = {}): Promise<Drilled> => {
  const over = { databases: rdsLike(home.laptop.databases) };
  return home.drill({ database: 'shop', kind: 'snapshot', ...input }, over, home.inProcess(over));
};

describe('a snapshot of RDS', () => {
  it('is PROVEN on level 3 by an administrator who makes himself a member of what he must read', async () => {
    await takeSnapshot('s20261120t020001z-r');
    const { body, finding, exitCode } = await drill();
    const open = body.findings.filter(({ status, required }) => required && !['passed', 'not_applicable'].includes(status));
    expect(open).toEqual([]);
    expect([body.verdict, body.assurance, body.errors, exitCode]).toEqual(['PROVEN', 'L3', [], 0]);
    expect(finding('readable')?.detail).toBe('1231 rows in 7 tables read to the last value');
    expect(finding('roles')?.detail).toMatch(/equal; left out as the service's own: \d+ items of the source, \d+ items of the copy$/);
  });

  it('is FAILED by a lost grant', async () => {
    const { body, finding } = await drill({ break: 'drop-grant' });
    expect([body.verdict, finding('grants')?.status]).toEqual(['FAILED', 'failed']);
  });

  it('is PROVEN where policies bind the owners of tables too, and their state is compared as it was', async () => {
    await source.asMaster('shop', 'alter table shop.secrets force row level security');
    await takeSnapshot('s20261120t020002z-r');
    const { body, finding } = await drill();
    expect([body.verdict, body.assurance, finding('row-security')?.status]).toEqual(['PROVEN', 'L3', 'passed']);
  });

  it('is NOT PROVEN where a table stays closed to the administrator, and names it', async () => {
    await source.sql('shop', `create function public.watch() returns event_trigger language plpgsql as 'begin end'`, 'create event trigger watch on ddl_command_end execute function public.watch()');
    await takeSnapshot('s20261120t020003z-r');
    const { body, finding } = await drill();
    expect([body.verdict, finding('readable')?.status, finding('readable')?.cause]).toEqual(['NOT PROVEN', 'could_not_verify', 'environment']);
    expect(body.reason).toContain('cannot read table shop.secrets: row-level security would hide rows from this role');
  });
});
