import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';
import { dumpWith, forgeBackup } from '../helpers/forgery.ts';
import { makeTestHome, type Drilled, type TestHome } from '../helpers/home.ts';
import { createRdsShop, rdsLike, startRdsLikeSource, type RdsLikeSource } from '../helpers/rds-like.ts';

/** Dumps of a source as on RDS, restored to instances as on RDS, where nobody is a superuser. */
let source: RdsLikeSource;
let home: TestHome;

beforeAll(async () => {
  source = await startRdsLikeSource();
  await createRdsShop(source, source.programs.major);
  home = await makeTestHome({ config: CONFIG });
  home.source('shop', source.url('shop', source.reader));
  expect(await home.backUp('shop', GOOD)).toBe('valid');
});
afterAll(async () => {
  await home?.remove();
  await source?.end();
});

const CONFIG = `
databases:
  shop:
    drill:
      queries:
        - { name: secrets, sql: select count(*) from shop.secrets, expect: { value: 2 } }
        - { name: as the application, role: shop_app, sql: select count(*) from shop.secrets, expect: { value: 1 } }
`;

const GOOD = '20261120T010000Z-r';
let count = 0;
const nextId = (): string => `20261120T02${String((count += 1)).padStart(4, '0')}Z-r`;

const drill = (input: Parameters<TestHome['drill']>[0] = {}): Promise<Drilled> => {
  const over = { databases: rdsLike(home.laptop.databases) };
  return home.drill({ database: 'shop', backup: GOOD, ...input }, over, home.inProcess(over));
};

/** Drills a backup of the same facts with other globals, or another archive: what a faulty backup would hold. */
async function drillForged(changeGlobals: (sql: string) => string, archive?: Buffer): Promise<Drilled> {
  const place = { database: 'shop', backupId: nextId() };
  const bytes = archive ?? (await readFile(home.file('shop', GOOD, 'archive.dump')));
  expect((await forgeBackup(home, { database: 'shop', backupId: GOOD }, place, bytes, changeGlobals)).status).toBe('valid');
  return drill({ backup: place.backupId });
}

/** Replaces what must be there. */
const replacing = (text: string | RegExp, by: string) => (sql: string): string => {
  expect(sql).toMatch(text);
  return sql.replace(text, by);
};

const failed = ({ body }: Drilled): string[] => body.findings.filter(({ status, required }) => required && status === 'failed').map(({ id }) => id);
const items = ({ finding }: Drilled, id: string): string => (finding(id)?.items ?? []).join('\n');

describe('a dump taken from RDS by a role that only reads', () => {
  it('is PROVEN to the owner’s own queries on an instance whose administrator is no superuser', async () => {
    const drilled = await drill();
    const { body } = drilled;
    const open = body.findings.filter(({ status, required }) => required && !['passed', 'not_applicable'].includes(status));
    expect(open).toEqual([]);
    expect([body.verdict, body.assurance, body.errors, drilled.exitCode]).toEqual(['PROVEN', 'L6', [], 0]);
    expect(drilled.finding('content-hash')?.detail).toBe('every value of 6 tables is equal');
    expect(drilled.finding('restore-output')?.detail).toBe(source.programs.major < 16 ? 'no message at all' : '7 messages, all explained');
    expect(drilled.finding('roles')?.detail).toMatch(/equal; left out as the service's own: \d+ items of the source, \d+ items of the copy$/);
    expect(await home.laptop.databases.listInstances()).toEqual([]);
  });

  it('is PROVEN inside the task too, where the login is a superuser and nothing is left out', async () => {
    const config = parseConfig('databases: { shop: { drill: { target: task } } }', 'pgproof.yml');
    const { body, finding } = await home.drill({ database: 'shop', backup: GOOD }, { config }, home.inProcess({ config }));
    expect([body.verdict, body.assurance]).toEqual(['PROVEN', 'L5']);
    expect(finding('roles')?.detail).toMatch(/ are equal$/);
  });

  it('is FAILED by a changed row', async () => {
    const drilled = await drill({ break: 'change-value' });
    expect([drilled.body.verdict, failed(drilled)]).toEqual(['FAILED', ['content-hash']]);
  });

  it.each(['flip-byte', 'truncate-archive', 'lose-rows'] as const)('is FAILED by the fault %s', async (fault) => {
    expect((await drill({ break: fault })).body.verdict).toBe('FAILED');
  });

  it('is FAILED by a lost grant', async () => {
    const drilled = await drill({ break: 'drop-grant' });
    expect(drilled.body.verdict).toBe('FAILED');
    expect(failed(drilled)).toEqual(['grants', 'privilege-matrix']);
  });

  it('is FAILED by an owner who is another one', async () => {
    await source.sql('shop', 'alter table shop.loads owner to shop_owner');
    const archive = dumpWith(source, 'shop', '-Fc');
    await source.sql('shop', 'alter table shop.loads owner to shop_etl');
    const drilled = await drillForged((sql) => sql, archive);
    expect(drilled.body.verdict).toBe('FAILED');
    expect(items(drilled, 'grants')).toContain('owner of table shop.loads: shop_owner, expected shop_etl');
  });
});

describe('what is left out as the service’s own hides nothing of', () => {
  it.each([
    ['a role of the user’s that is only called alike', / CONNECTION LIMIT 3/, '', 'role rds_report: inherit login, expected inherit login connections 3'],
    ['a setting of such a role', /ALTER ROLE rds_report SET.*\n/, '', 'setting of role rds_report: statement_timeout: missing'],
    ['a membership', /GRANT shop_app TO rds_report.*\n/, '', 'membership of rds_report in shop_app: missing'],
    ['a membership in a role of the service’s', /GRANT rds_iam TO shop_app.*\n/, '', 'membership of shop_app in rds_iam: missing'],
  ])('%s', async (_what, text, by, item) => {
    const drilled = await drillForged(replacing(text, by));
    expect(drilled.body.verdict).toBe('FAILED');
    expect(failed(drilled)).toContain('roles');
    expect(items(drilled, 'roles')).toContain(item);
  });

  it('an option of a membership', async () => {
    const drilled = await drillForged((sql) => replacing(/(GRANT rds_report TO "odd ""role""" WITH )ADMIN (OPTION|TRUE),? ?/, '$1')(sql).replace(' WITH GRANTED', ' GRANTED'));
    expect(drilled.body.verdict).toBe('FAILED');
    expect(items(drilled, 'roles')).toMatch(/^membership of "odd ""role""" in rds_report: .*, expected member admin/);
  });

  it('a role that is missing altogether', async () => {
    const drilled = await drillForged((sql) => sql.replaceAll(/^(?!--).*\brds_report\b.*\n/gm, ''));
    expect([drilled.body.verdict, failed(drilled)]).toEqual(['FAILED', ['restore-output', 'definitions', 'grants', 'privilege-matrix', 'roles']]);
    expect(items(drilled, 'restore-output')).toContain('role "rds_report" does not exist');
  });
});

describe('what only a superuser could restore is NOT PROVEN and names', () => {
  it('a role that sees through row-level security', async () => {
    const { body, finding } = await drillForged(replacing(/(ALTER ROLE rds_report WITH.*) NOBYPASSRLS/, '$1 BYPASSRLS'));
    expect([body.verdict, finding('restore-output')?.status, finding('restore-output')?.cause]).toEqual(['NOT PROVEN', 'could_not_verify', 'environment']);
    expect(body.reason).toContain('role rds_report has BYPASSRLS on the source, which the administrator of this server may not give');
  });

  it('a publication of all tables', async () => {
    await source.sql('shop', 'create publication everything for all tables');
    const archive = dumpWith(source, 'shop', '-Fc');
    await source.sql('shop', 'drop publication everything');
    const { body, finding } = await drillForged((sql) => sql, archive);
    expect([body.verdict, finding('restore-output')?.cause]).toEqual(['NOT PROVEN', 'environment']);
    expect(body.reason).toContain('must be superuser to create FOR ALL TABLES publication');
  });

  it('a role that has the administrator’s own name', async () => {
    const { body } = await drillForged((sql) => sql.replace('CREATE ROLE rds_report;', 'CREATE ROLE pgproof_drill;\nCREATE ROLE rds_report;'));
    expect(body.verdict).toBe('NOT PROVEN');
    expect(body.errors[0]).toMatchObject({ name: 'ConfigurationError', origin: 'configuration' });
    expect(body.errors[0]?.message).toContain(`role pgproof_drill of the source has the name of the throwaway server's administrator`);
  });

  it('a role of the service’s that is not known yet', async () => {
    const { body } = await drillForged((sql) => sql.replace('CREATE ROLE rds_report;', 'CREATE ROLE template_owner;\nCREATE ROLE rds_report;\nCREATE ROLE template_owner;'));
    expect(body.verdict).toBe('NOT PROVEN');
    expect(body.reason).toContain('role "template_owner" already exists: this server had a role of that name before');
  });
});
