import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Facts } from '../../src/facts/facts.ts';
import { EVERYDAY } from '../helpers/facts-databases.ts';
import { MUTATIONS, RARE, type Mutation } from '../helpers/facts-mutations.ts';
import { factsOf, findingOf, proveCopy } from '../helpers/facts-round-trip.ts';
import { SMALL_SHOP, startSource, type Source } from '../helpers/source.ts';

/** The twin of every comparison: a copy that differs in one thing, which exactly the right checks must notice. */

let server: Source;
let expected: Facts;
let copies = 0;

beforeAll(async () => {
  server = await startSource({ wal_level: 'logical' });
  await server.createDatabase('base', ...SMALL_SHOP, ...EVERYDAY, ...RARE);
  expected = await factsOf(server, 'base');
});
afterAll(() => server.end());

/** A copy of the base, as good as the base itself, settings of the database included. */
async function copyBase(): Promise<string> {
  const name = `copy_${++copies}`;
  await server.sql(
    'postgres',
    `create database ${name} template base`,
    `alter database ${name} set work_mem = '8MB'`,
    `comment on database ${name} is 'a database'`,
  );
  return name;
}

describe('a copy', () => {
  it('without a difference passes every check', async () => {
    const findings = await proveCopy(expected, server, await copyBase());
    expect(findings.filter(({ status }) => status !== 'passed').map(({ id, status }) => `${id}: ${status}`)).toEqual([]);
  });

  it.each(groups())('in which $what fails', async ({ mutations, ...group }) => {
    const fails = server.programs.major >= 18 ? group.failsSince18 : group.fails;
    const name = await copyBase();
    try {
      for (const { sql } of mutations) await server.sql(name, ...sql);
      const findings = await proveCopy(expected, server, name);
      const failed = findings.filter(({ status }) => status !== 'passed' && status !== 'not_applicable');
      expect(failed.map(({ id, status }) => `${id}: ${status}`).sort()).toEqual(fails.map((id) => `${id}: failed`).sort());
      expect(failed.every(({ cause, required }) => cause === 'backup' && required)).toBe(true);
      const { items = [], differences } = findingOf(findings, fails[0] ?? '');
      expect(mutations.map(({ item }) => item).filter((item) => !items.includes(item)), items.join('\n')).toEqual([]);
      expect(differences).toBe(mutations.reduce((sum, { items: count = 1 }) => sum + count, 0));
    } finally {
      await server.sql('postgres', ...mutations.flatMap(({ undo = [] }) => undo));
      await server.sql('postgres', `drop database ${name}`);
    }
  });
});

/** Those that the same checks must notice share one copy, because making copies is what takes the time. */
function groups() {
  const found = new Map<string, Mutation[]>();
  for (const mutation of MUTATIONS) {
    const key = [...mutation.fails, '|', ...(mutation.failsSince18 ?? [])].join();
    found.set(key, [...(found.get(key) ?? []), mutation]);
  }
  return [...found.values()].map((mutations) => ({
    what: mutations.map(({ what }) => what).join(', and '),
    fails: mutations[0]?.fails ?? [],
    failsSince18: mutations[0]?.failsSince18 ?? mutations[0]?.fails ?? [],
    mutations,
  }));
}
