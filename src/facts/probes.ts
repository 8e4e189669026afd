import type { Reader } from './session.ts';
import { COLLATIONS_IN_USE, sortProbe, ZONE_PROBES, type Probe } from './sets/server.ts';

/** One object of a set: who it is and what it is. */
export interface Item {
  readonly identity: string;
  readonly definition: string;
}

/**
 * Checks 40 and 41: how this server sorts, under the database's collation and each that a column or an index uses, and
 * what it knows of time zones. The same data answer differently on a server whose libraries differ.
 */
export async function runProbes(reader: Reader): Promise<Item[]> {
  const collations = await reader.query<{ name: string }>(COLLATIONS_IN_USE);
  const items: Item[] = [];
  for (const probe of [sortProbe('"default"'), ...collations.map(({ name }) => sortProbe(name)), ...ZONE_PROBES]) {
    items.push({ identity: probe.identity, definition: await runProbe(reader, probe) });
  }
  return items;
}

/** A locale or a zone that this server does not know is an answer too, and must not end the transaction. */
async function runProbe(reader: Reader, { sql }: Probe): Promise<string> {
  await reader.query('savepoint probe');
  try {
    const rows = await reader.query<{ definition: string }>(sql);
    return rows[0]?.definition ?? '';
  } catch (error) {
    if (!(error instanceof Error && 'severity' in error)) throw error;
    await reader.query('rollback to savepoint probe');
    return `unknown to this server: ${error.message}`;
  }
}
