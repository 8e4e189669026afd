import { createHash } from 'node:crypto';
import type { FactSet, FactSetName } from './facts.ts';
import { settleSpelling } from './spelling.ts';
import { runProbes, type Item } from './probes.ts';
import type { Reader } from './session.ts';
import { eventTriggers, policies, routines, rules, statistics, triggers, views } from './sets/code.ts';
import type { SetQuery } from './sets/fragments.ts';
import { columns, constraints, indexes, relations } from './sets/relations.ts';
import { defaultPrivileges, grants, owners } from './sets/rights.ts';
import { memberships, privilegeMatrix, roles, roleSettings } from './sets/roles.ts';
import { database, settings } from './sets/server.ts';
import { comments, extensions, foreignData, publications, schemasAndLanguages, sequences } from './sets/surroundings.ts';
import { operators, textSearch, types } from './sets/types.ts';

/** The query of each set; two are no single query: `settings` must run before settings are pinned, `probes` try things. */
const QUERIES: Readonly<Record<Exclude<FactSetName, 'settings' | 'probes'>, SetQuery>> = {
  relations,
  columns,
  constraints,
  indexes,
  views,
  routines,
  triggers,
  rules,
  policies,
  types,
  operators,
  'text-search': textSearch,
  statistics,
  'event-triggers': eventTriggers,
  'foreign-data': foreignData,
  'schemas-and-languages': schemasAndLanguages,
  comments,
  extensions,
  owners,
  grants,
  'default-privileges': defaultPrivileges,
  'privilege-matrix': privilegeMatrix,
  roles,
  memberships,
  'role-settings': roleSettings,
  database,
  sequences,
  publications,
};

export type CatalogueSetName = Exclude<FactSetName, 'settings'>;
export const CATALOGUE_SETS: readonly CatalogueSetName[] = [...(Object.keys(QUERIES) as (keyof typeof QUERIES)[]), 'probes'];

/** A definition longer than this is kept as a hash: the facts of a large database must stay small. */
const LONGEST_DEFINITION = 300;

/** Reads one set of the catalogue in the reader's snapshot. */
export async function readSet(reader: Reader, name: CatalogueSetName): Promise<FactSet> {
  return toSet(name === 'probes' ? await runProbes(reader) : await readItems(reader, QUERIES[name](reader.major)));
}

/** The server's own settings; the connection must not have changed any yet. */
export async function readSettings(query: Reader['query']): Promise<FactSet> {
  return toSet(await readItems({ query }, settings()));
}

async function readItems({ query }: Pick<Reader, 'query'>, sql: string): Promise<Item[]> {
  return await query<{ identity: string; definition: string } & Item>(
    // A comment can outlive its object, and then has none to speak of.
    `select identity, coalesce(definition, '') as definition from (${sql}) as item(identity, definition) where identity is not null`,
  );
}

/** Sorts by identity and numbers those that share one, so that the set is the same whatever order the rows came in. */
function toSet(items: readonly Item[]): FactSet {
  const sorted = items
    .map(({ identity, definition }) => ({ identity, definition: shorten(settleSpelling(definition)) }))
    .sort((a, b) => compare(a.identity, b.identity) || compare(a.definition, b.definition));
  const entries: [string, string][] = [];
  let count = 0;
  for (const [index, { identity, definition }] of sorted.entries()) {
    count = sorted[index - 1]?.identity === identity ? count + 1 : 1;
    entries.push([count === 1 ? identity : `${identity} (${count})`, definition]);
  }
  return Object.fromEntries(entries);
}

function shorten(definition: string): string {
  if (definition.length <= LONGEST_DEFINITION) return definition;
  return `sha256 ${createHash('sha256').update(definition).digest('hex')} of ${definition.length} characters`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
