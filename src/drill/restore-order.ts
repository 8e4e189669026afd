import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SERVICE_SUPERUSER } from '../postgres/service-roles.ts';

/**
 * An archive gives objects to their owners before it grants anything. A superuser may; anybody else may make only him an
 * owner who may create things in the schema, and that he may is often granted. So an administrator restores the database
 * and its schemas with their grants first, and everything else after that.
 */
export interface RestoreOrder {
  readonly first: readonly string[];
  readonly rest: readonly string[];
}

/** The kind of an entry of the table of contents, and the name with the owner behind it. */
const ENTRY = /^\d+; \d+ \d+ (?:(?<made>DATABASE|DATABASE PROPERTIES|SCHEMA)|(?:ACL|COMMENT|SECURITY LABEL) - (?<about>DATABASE|SCHEMA)) (?:- )?(?<name>.*)$/;

/** What the service's superuser granted of PostgreSQL's own objects. Nobody else can have, and every server of its has them. */
const SERVICE_GRANTS = new RegExp(String.raw`^\d+; 0 0 ACL (pg_catalog .*|- SCHEMA pg_catalog) ${SERVICE_SUPERUSER}$`);

/** Divides the lines of `pg_restore --list`. The schemas of extensions are not there before their extension is. */
export function orderContents(all: readonly string[]): RestoreOrder {
  const lines = all.filter((line) => !SERVICE_GRANTS.test(line));
  const made = new Set(lines.map((line) => ENTRY.exec(line)?.groups).flatMap((entry) => (entry?.made === 'SCHEMA' ? [entry.name] : [])));
  const isFirst = (line: string) => {
    const { made: own, about, name } = ENTRY.exec(line)?.groups ?? {};
    if (about !== 'SCHEMA') return own !== undefined || about !== undefined;
    return made.has(name) || (name ?? '').startsWith('public ');
  };
  return { first: lines.filter(isFirst), rest: lines.filter((line) => !isFirst(line)) };
}

/** Both lists as files, for as long as `work` takes. */
export async function withLists<T>(order: RestoreOrder, work: (first: string, rest: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'pgproof-order-'));
  try {
    const [first, rest] = [join(directory, 'first'), join(directory, 'rest')];
    await writeFile(first, `${order.first.join('\n')}\n`);
    await writeFile(rest, `${order.rest.join('\n')}\n`);
    return await work(first, rest);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
