import type { Facts, FactSet, FactSetName } from '../facts/facts.ts';
import { isServiceMembership, isServiceRole } from '../postgres/service-roles.ts';
import { CATALOGUE_CHECKS } from './catalogue.ts';
import type { Finding } from './finding.ts';
import { count } from './registry.ts';

/** How a copy on a service that gives nobody a superuser came about. */
export interface ServiceCopy {
  /** The login that restored it, where it was made for the drill; undefined where it is one of the source's own roles. */
  readonly administrator?: string | undefined;
  readonly major: number;
  /** True where the source's superuser is the service's too. */
  readonly isOfService?: boolean;
}

/** Where the service's superuser owns PostgreSQL's own objects, nobody else can grant anything of them. */
const SYSTEM_GRANT = /^(schema pg_catalog (to|from) |[a-z ]+ pg_catalog\.)/;

/** Numbers of items left out, of the source and of the copy. */
export type LeftOut = ReadonlyMap<FactSetName, readonly [number, number]>;

const NAME = String.raw`("(?:[^"]|"")*"|[^\s"]+)`;
/** Whose an item is, by its identity. */
const HOLDERS: Readonly<Partial<Record<FactSetName, RegExp>>> = {
  roles: new RegExp(`^${NAME}$`, 's'),
  memberships: new RegExp(String.raw`^${NAME} in ${NAME}(?: \(\d+\))?$`, 's'),
  'role-settings': new RegExp(String.raw`^role ${NAME}(?: in the database)?: `, 's'),
  comments: new RegExp(`^role ${NAME}$`, 's'),
  'privilege-matrix': new RegExp(`^${NAME} in schema `, 's'),
  grants: new RegExp(`^parameter .* to ${NAME}$`, 's'),
};

export interface Reduction {
  /** In the order in which they were given. */
  readonly expected: Facts[];
  readonly actual: Facts;
  readonly leftOut: LeftOut;
}

/**
 * Leaves out on both sides what is the service's own and no backup's: items of its roles and of the copy's administrator.
 * Everything else stays, also what users' roles were granted of the service's. Where only a superuser may name the grantor
 * of a membership, grantors are not compared; where the service granted one, its copy may be by the copy's administrator.
 *
 * @param copy undefined where the copy's login is a superuser: there nothing is left out
 */
export function leaveOutService(expected: readonly Facts[], actual: Facts, copy: ServiceCopy | undefined): Reduction {
  if (!copy) return { expected: [...expected], actual, leftOut: new Map() };
  const reduced = expected.map((facts) => reduce(facts, undefined, copy));
  const found = reduce(actual, copy.administrator, copy);
  const latest = reduced.at(-1);
  const counts = (Object.keys(HOLDERS) as FactSetName[]).map((set) => [set, [latest?.counts.get(set) ?? 0, found.counts.get(set) ?? 0]] as const);
  return { expected: reduced.map(({ facts }) => facts), actual: found.facts, leftOut: new Map(counts) };
}

interface Reduced {
  readonly facts: Facts;
  readonly counts: ReadonlyMap<FactSetName, number>;
}

function reduce(facts: Facts, administrator: string | undefined, copy: ServiceCopy): Reduced {
  const counts = new Map<FactSetName, number>();
  const sets: Record<FactSetName, FactSet> = { ...facts.sets };
  for (const [set, pattern] of Object.entries(HOLDERS) as [FactSetName, RegExp][]) {
    const all = Object.entries(facts.sets[set]);
    const kept = all.filter(([identity]) => {
      if (set === 'grants' && copy.isOfService && SYSTEM_GRANT.test(identity)) return false;
      const [holder, role] = (pattern.exec(identity)?.slice(1) ?? []).map(unquote);
      const isOwn = role === undefined ? isServiceRole : (name: string) => isServiceMembership(name, role);
      return holder === undefined || !(isOwn(holder) || holder === administrator);
    });
    counts.set(set, all.length - kept.length);
    sets[set] = Object.fromEntries(kept);
  }
  if (copy.administrator !== undefined) sets.memberships = settleGrantors(sets.memberships, administrator, copy.major);
  return { facts: { ...facts, sets }, counts };
}

function unquote(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}

/** Items that share an identity are numbered in the order of their definitions, which may be another one now. */
function settleGrantors(set: FactSet, administrator: string | undefined, major: number): FactSet {
  const byIdentity = new Map<string, string[]>();
  for (const [identity, definition] of Object.entries(set)) {
    const plain = identity.replace(/ \(\d+\)$/, '');
    const [, options = definition, by] = /^(.*) granted by (.*)$/s.exec(definition) ?? [];
    const grantor = unquote(by ?? '');
    const isOwn = isServiceRole(grantor) || grantor === administrator;
    const settled = major < 16 ? options : `${options} granted by ${isOwn ? 'the administrator' : by}`;
    byIdentity.set(plain, [...(byIdentity.get(plain) ?? []), settled]);
  }
  const entries = [...byIdentity].flatMap(([identity, definitions]) =>
    definitions.sort().map((definition, index) => [index === 0 ? identity : `${identity} (${index + 1})`, definition] as const),
  );
  return Object.fromEntries(entries);
}

/** Each finding says what was not looked at. */
export function noteLeftOut(findings: readonly Finding[], leftOut: LeftOut): Finding[] {
  return findings.map((finding) => {
    const sets = CATALOGUE_CHECKS.find(({ check }) => check.id === finding.id)?.sets ?? [];
    const counts = sets.map((set) => leftOut.get(set) ?? [0, 0]);
    const [source = 0, copy = 0] = [0, 1].map((side) => counts.reduce((sum, each) => sum + (each[side] ?? 0), 0));
    if (source === 0 && copy === 0) return finding;
    const note = `left out as the service's own: ${count(source, 'item')} of the source, ${count(copy, 'item')} of the copy`;
    return { ...finding, detail: finding.detail === undefined ? note : `${finding.detail}; ${note}` };
  });
}
