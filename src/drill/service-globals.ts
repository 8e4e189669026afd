import pg from 'pg';
import type { Administrator } from './administrator.ts';
import { ConfigurationError } from '../errors.ts';
import { isServiceMembership, isServiceRole } from '../postgres/service-roles.ts';
import { splitScript, type Statement, type Word } from '../postgres/sql-script.ts';

/** A statement that the server may well refuse, and what that would mean. */
export interface Doubtful {
  /** Where psql reports it: the line on which it ends. */
  readonly line: number;
  readonly meaning: string;
}

export interface AdaptedGlobals {
  readonly sql: string;
  /** How many statements speak of the service's own roles alone, and were left out. */
  readonly leftOut: number;
  readonly doubtful: readonly Doubtful[];
}

/** Attributes that only a superuser may name, whether or not they change anything. */
const DEFAULTS: ReadonlySet<string> = new Set(['nosuperuser', 'noreplication', 'nobypassrls']);
const SUPERUSERS: ReadonlySet<string> = new Set(['superuser', 'replication', 'bypassrls']);

/**
 * The globals in the form in which an administrator without superuser can run them: nothing of the service's own roles,
 * which are there already; no attribute that is the default and only a superuser may name; grantors that he may name, or none.
 * He becomes a member of each role he makes, because only members may give things to a role. Statements that are not
 * understood stay as they are: then the server says what it thinks of them.
 *
 * @throws ConfigurationError where a role of the source has the administrator's own name
 */
export function adaptGlobals(script: string, administrator: Administrator): AdaptedGlobals {
  const lines: string[] = [];
  const doubtful: Doubtful[] = [];
  let leftOut = 0;
  let line = 0;
  const write = (text: string) => {
    lines.push(text);
    line += text.split('\n').length;
    return line;
  };
  for (const statement of splitScript(script)) {
    if (speaksOfService(statement)) {
      leftOut += 1;
      continue;
    }
    const [first, second, third, fourth] = statement.words;
    if (is(first, 'create') && is(second, 'role') && third) {
      requireOther(third.value, administrator);
      write(statement.text);
      write(`GRANT ${pg.escapeIdentifier(third.value)} TO ${pg.escapeIdentifier(administrator.name)}${administrator.major >= 16 ? ' WITH INHERIT TRUE, SET TRUE' : ''};`);
    } else if (is(first, 'alter') && is(second, 'role') && third && is(fourth, 'with')) {
      const { text, attributes } = withoutAttributes(statement);
      write(text);
      for (const attribute of attributes) {
        const meaning = `role ${third.value} has ${attribute} on the source, which the administrator of this server may not give`;
        doubtful.push({ line: write(`ALTER ROLE ${pg.escapeIdentifier(third.value)} WITH ${attribute};`), meaning });
      }
    } else write(is(first, 'grant') ? withoutGrantor(statement, administrator) : statement.text);
  }
  return { sql: `${lines.join('\n')}\n`, leftOut, doubtful };
}

function requireOther(name: string, administrator: Administrator): void {
  if (name !== administrator.name) return;
  throw new ConfigurationError([`role ${name} of the source has the name of the throwaway server's administrator`], {
    hint: `rename it on the source (alter role ${pg.escapeIdentifier(name)} rename to …), or set drill.target: task for this database`,
  });
}

function is(word: Word | undefined, value: string): boolean {
  return word?.kind === 'bare' && word.value === value;
}

/** True for what makes one of the service's own roles or gives it something of its own. A grant of or to a user's role is the user's. */
function speaksOfService({ words }: Statement): boolean {
  const [first, second, third] = words;
  if ((is(first, 'create') || is(first, 'alter')) && is(second, 'role')) return named(third);
  if (is(first, 'comment') && is(second, 'on') && is(third, 'role')) return named(words[3]);
  if (is(first, 'security') && is(second, 'label')) return named(after(words, 'role'));
  if (is(first, 'grant') && is(third, 'to')) return isServiceMembership(words[3]?.value ?? '', second?.value ?? '');
  return is(first, 'grant') && named(after(words, 'to'));
}

function named(word: Word | undefined): boolean {
  return word !== undefined && word.kind !== 'literal' && isServiceRole(word.value);
}

function after(words: readonly Word[], keyword: string): Word | undefined {
  const index = words.findIndex((word) => is(word, keyword));
  return index < 0 ? undefined : words[index + 1];
}

function withoutAttributes(statement: Statement): { text: string; attributes: string[] } {
  const attributes: string[] = [];
  const kept = statement.words.filter((word, index) => {
    if (index < 4 || word.kind !== 'bare') return true;
    if (SUPERUSERS.has(word.value)) attributes.push(word.value.toUpperCase());
    return !DEFAULTS.has(word.value) && !SUPERUSERS.has(word.value);
  });
  return { text: kept.map(({ begin, end }) => statement.text.slice(begin, end)).join(' '), attributes };
}

/** Up to 15 only a superuser names a grantor; since 16 an administrator may name those that he is a member of. */
function withoutGrantor(statement: Statement, { name, major }: Administrator): string {
  const { words, text } = statement;
  const index = words.findIndex((word, at) => is(word, 'granted') && is(words[at + 1], 'by'));
  const grantor = words[index + 2];
  if (index < 0 || !grantor) return text;
  if (major >= 16 && !named(grantor) && grantor.value !== name) return text;
  return `${text.slice(0, words[index]?.begin).trimEnd()};`;
}
