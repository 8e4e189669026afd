import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compareFacts } from '../../../src/checks/compare.ts';
import { leaveOutService, noteLeftOut } from '../../../src/checks/service-own.ts';
import type { FactSet, FactSetName } from '../../../src/facts/facts.ts';
import { SERVICE_ROLES } from '../../../src/postgres/service-roles.ts';
import { makeFacts } from '../../helpers/facts-made.ts';

type Sets = Partial<Record<FactSetName, FactSet>>;

const compare = (source: Sets, copy: Sets, major = 15) => {
  const own = { administrator: 'pgproof_drill', major };
  const { expected, actual, leftOut } = leaveOutService([makeFacts({ major, sets: source })], makeFacts({ major, sets: copy }), own);
  const findings = noteLeftOut(compareFacts(expected[0] ?? actual, actual).findings, leftOut);
  return (id: string) => findings.find((finding) => finding.id === id);
};

describe('what is the service’s own', () => {
  it('is left out on both sides, and counted', () => {
    const roles = compare(
      {
        roles: { app: 'login', rdsadmin: 'superuser login', rds_ad: 'inherit' },
        memberships: { 'rds_superuser in pg_monitor': 'member granted by rdsadmin' },
        'role-settings': { 'role rdsadmin: log_statement': 'none', 'role rdsadmin in the database: work_mem': '1MB' },
      },
      {
        roles: { app: 'login', rdsadmin: 'superuser', rds_superuser: 'inherit', pgproof_drill: 'createrole' },
        memberships: { 'pgproof_drill in app': 'member granted by pgproof_drill' },
      },
    )('roles');
    expect(roles).toMatchObject({ status: 'passed', examined: 1 });
    expect(roles?.detail).toBe(`1 roles, memberships and settings are equal; left out as the service's own: 5 items of the source, 4 items of the copy`);
  });

  it('is what was granted of PostgreSQL’s own objects, where their owner is the service’s', () => {
    const source = makeFacts({ sets: { owners: { 'table app.t': 'a' }, grants: { 'function pg_catalog.pg_ls_logdir() to app': 'EXECUTE', 'function app.f(pg_catalog.int4) to app': 'EXECUTE' } } });
    const kept = (isOfService: boolean) => Object.keys(leaveOutService([source], source, { major: 15, isOfService }).actual.sets.grants);
    expect(kept(true)).toEqual(['function app.f(pg_catalog.int4) to app']);
    expect(kept(false)).toHaveLength(2);
  });

  it('is nothing where the copy’s login is a superuser', () => {
    const source = makeFacts({ sets: { roles: { rdsadmin: 'superuser' } } });
    expect(leaveOutService([source], source, undefined)).toEqual({ expected: [source], actual: source, leftOut: new Map() });
  });

  it('is not a role that has the administrator’s name on the source', () => {
    expect(compare({ roles: { pgproof_drill: 'login', app: '' } }, { roles: { pgproof_drill: 'createrole', app: '' } })('roles')?.items).toEqual(['role pgproof_drill: missing']);
  });
});

describe('what is the user’s stays compared:', () => {
  it.each<[string, FactSetName, string, FactSet, FactSet, string]>([
    ['a role called alike', 'roles', 'roles', { rds_report: 'login' }, { rds_report: 'inherit' }, 'role rds_report: inherit, expected login'],
    ['a role in capitals', 'roles', 'roles', { '"RDSADMIN"': 'login', a: '' }, { a: '' }, 'role "RDSADMIN": missing'],
    ['a membership in the service’s role', 'memberships', 'roles', { 'app in rds_iam': 'member granted by rdsadmin' }, {}, 'membership of app in rds_iam: missing'],
    ['a membership of the service’s role in the user’s', 'memberships', 'roles', { 'rds_superuser in app': 'member granted by x' }, {}, 'membership of rds_superuser in app: missing'],
    ['a member called alike', 'memberships', 'roles', { '"rdsadmin in x" in y': 'member granted by z' }, {}, 'membership of "rdsadmin in x" in y: missing'],
    ['a setting of a role called alike', 'role-settings', 'roles', { 'role rds_iam2: work_mem': '1MB' }, {}, 'setting of role rds_iam2: work_mem: missing'],
    ['a setting of all roles', 'role-settings', 'roles', { 'all roles in the database: work_mem': '1MB' }, {}, 'setting of all roles in the database: work_mem: missing'],
    ['rights of a role called alike', 'privilege-matrix', 'privilege-matrix', { 'rds_report in schema app': '1 grants x' }, {}, 'privileges of rds_report in schema app: missing'],
    ['a grant to the service’s role', 'grants', 'grants', { 'table app.t to rds_superuser': 'SELECT' }, {}, 'grant SELECT on table app.t to rds_superuser: missing'],
    ['an owner who is the service’s', 'owners', 'grants', { 'table app.t': 'app' }, { 'table app.t': 'rdsadmin' }, 'owner of table app.t: rdsadmin, expected app'],
    ['a comment on a table', 'comments', 'definitions', { 'table rdsadmin.rdsadmin': 'x' }, {}, 'comment on table rdsadmin.rdsadmin: missing'],
  ])('%s', (_what, set, check, source, copy, item) => {
    const finding = compare({ [set]: source }, { [set]: copy })(check);
    expect(finding).toMatchObject({ status: 'failed', cause: 'backup' });
    expect(finding?.items).toContain(item);
  });
});

it.each(['checks.md', 'runbook.md'])('docs/%s names each role of the service, and no other', (page) => {
  const text = readFileSync(new URL(`../../../docs/${page}`, import.meta.url), 'utf8');
  const named = page === 'runbook.md' ? (/^own='(.*)'$/m.exec(text)?.[1] ?? '').split('|') : [...(/exact names \(([^)]*)\)/.exec(text)?.[1] ?? '').matchAll(/`(\w+)`/g)].map((match) => match[1]);
  expect(named.toSorted()).toEqual([...SERVICE_ROLES].toSorted());
});

describe('grantors of memberships', () => {
  const memberships = (set: FactSet): Sets => ({ memberships: set, roles: { a: '' } });

  it('are not compared up to 15, where only a superuser may name one; options are', () => {
    const source = memberships({ 'a in b': 'member admin granted by somebody' });
    expect(compare(source, memberships({ 'a in b': 'member admin granted by pgproof_drill' }))('roles')?.status).toBe('passed');
    expect(compare(source, memberships({ 'a in b': 'member granted by pgproof_drill' }))('roles')?.items).toEqual(['membership of a in b: member, expected member admin']);
  });

  it('are compared since 16, the administrator’s grants with those of the service, whatever their order', () => {
    const source = memberships({ 'a in b': 'member admin granted by rdsadmin', 'a in b (2)': 'member inherit set granted by c' });
    const same = memberships({ 'a in b': 'member admin granted by pgproof_drill', 'a in b (2)': 'member inherit set granted by c' });
    const other = memberships({ 'a in b': 'member admin granted by pgproof_drill', 'a in b (2)': 'member inherit set granted by pgproof_drill' });
    expect(compare(source, same, 17)('roles')?.status).toBe('passed');
    expect(compare(source, other, 17)('roles')?.items).toEqual(['membership of a in b (2): member inherit set granted by the administrator, expected member inherit set granted by c']);
  });
});
