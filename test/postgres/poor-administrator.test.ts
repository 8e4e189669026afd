import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkIntegrity } from '../../src/checks/integrity.ts';
import { checkSanity } from '../../src/checks/sanity.ts';
import { findAdministrator, openToAdministrator, unreadableFinding } from '../../src/drill/administrator.ts';
import { connect } from '../../src/postgres/address.ts';
import { makeFacts } from '../helpers/facts-made.ts';
import { startSource, type Source } from '../helpers/source.ts';

/** Checks of a copy whose login may do little: what it is refused was not found out, and is never a fault of the backup. */
const POOR = { user: 'poor', password: 'only-for-this-test' };

let source: Source;
let client: pg.Client;

beforeAll(async () => {
  source = await startSource();
  await source.createDatabase(
    'shop',
    `create role poor login password '${POOR.password}'`,
    'create table closed (id int generated always as identity, name text)',
    `insert into closed (name) values ('a'), ('b')`,
    'create table seen (name text, id serial)',
    `insert into seen values ('poor'), ('other')`,
    'alter table seen enable row level security',
    'create policy own on seen using (name = current_user)',
    'grant select on seen, seen_id_seq to poor',
    'analyze',
  );
  client = await connect(source.address('shop', POOR));
});
afterAll(async () => {
  await client?.end();
  await source?.end();
});

const ask = async (as: pg.Client, role?: string) => {
  const query = { name: 'all seen', sql: 'select count(*) from seen', timeout: 5, expect: { value: 2 }, ...(role ? { role } : {}) };
  return checkSanity(as, [query]);
};

describe('a login without rights', () => {
  it('is known for what it is', async () => {
    expect(await findAdministrator(client)).toEqual({ name: 'poor', major: source.programs.major });
    expect(await findAdministrator(await source.connect('shop'))).toBeUndefined();
  });

  it('leaves open what it may not check inside the copy', async () => {
    const findings = await checkIntegrity(client, makeFacts({ major: source.programs.major }));
    const byId = new Map(findings.map((finding) => [finding.id, finding]));
    expect(byId.get('next-values')).toMatchObject({ status: 'could_not_verify', cause: 'environment', required: true, examined: 0 });
    expect(byId.get('next-values')?.detail).toContain('permission denied for');
    expect(byId.get('planner-statistics')).toMatchObject({ status: 'could_not_verify', cause: 'environment' });
    expect(findings.filter(({ status }) => status === 'failed')).toEqual([]);
    expect((await checkIntegrity(await source.connect('shop'), makeFacts({ major: source.programs.major })))[0]).toMatchObject({ id: 'next-values', status: 'passed' });
  });

  it('gets no smaller answer to a sanity query, and a refusal is no fault of the backup', async () => {
    expect(await ask(client)).toMatchObject({ status: 'could_not_verify' });
    expect(await ask(await source.connect('shop'))).toMatchObject({ status: 'passed' });
    expect(await ask(await source.connect('shop'), 'poor')).toMatchObject({ status: 'failed', cause: 'backup' });
  });

  it('names the first thing that it cannot read', async () => {
    const finding = await unreadableFinding(client);
    expect(finding).toMatchObject({ id: 'readable', status: 'could_not_verify', cause: 'environment' });
    expect(finding?.detail).toContain('role poor cannot read table public.closed: no SELECT');
    expect(await unreadableFinding(await source.connect('shop'))).toBeUndefined();
  });

  it('is given what it may have, and what that would change was read before', async () => {
    const opened = await openToAdministrator(client, source.address('shop', POOR));
    expect(Object.keys(opened.sets)).toEqual(['memberships', 'privilege-matrix', 'policies']);
    expect(opened.unreadable?.detail).toContain('public.closed');
    expect(await openToAdministrator(await source.connect('shop'), source.address('shop'))).toEqual({ sets: {}, copy: undefined });
  });
});
