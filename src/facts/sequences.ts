import type pg from 'pg';
import type { SequenceFacts, SequenceValue } from './facts.ts';
import { userSchema } from './sets/fragments.ts';

/** One reading of all sequences, by `schema.name` quoted. */
export type SequenceReading = ReadonlyMap<string, SequenceState>;

export interface SequenceState extends SequenceValue {
  readonly schema: string;
  readonly name: string;
  readonly increment: string;
  readonly cycle: boolean;
  readonly unlogged: boolean;
}

interface Row {
  id: string;
  oid: string;
  schema: string;
  name: string;
  increment: string;
  cycle: boolean;
  unlogged: boolean;
}

// The connection may have any search path here: everything is written out.
const LIST = `
  select format('%I.%I', n.nspname, c.relname) as id, c.oid::text as oid, n.nspname as schema, c.relname as name,
         s.seqincrement::text as increment, s.seqcycle as cycle, c.relpersistence = 'u' as unlogged
    from pg_catalog.pg_sequence s join pg_catalog.pg_class c on c.oid = s.seqrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where c.relpersistence <> 't' and ${userSchema('n')}
     and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                        and d.objid = c.oid and d.deptype = 'e'
                        and c.oid <> all (select unnest(coalesce(e.extconfig, '{}')) from pg_catalog.pg_extension e))
   order by n.nspname collate "C", c.relname collate "C"`;

/** Sequences per query: each is a relation of its own, and one query per sequence would take a round trip each. */
const BATCH = 200;

/**
 * The value of every sequence of the user's, as of now and not as of any snapshot. An extension's sequences count only
 * where pg_dump keeps them.
 */
export async function readSequences(client: pg.Client): Promise<SequenceReading> {
  const { rows: list } = await client.query<Row>(LIST);
  const reading = new Map<string, SequenceState>();
  for (let begin = 0; begin < list.length; begin += BATCH) {
    const batch = list.slice(begin, begin + BATCH);
    const selects = batch.map(({ id }, index) => `select ${index} as index, last_value::text as last, is_called as called from ${id}`);
    for (const { index, last, called } of await readBatch(client, selects.join(' union all '))) {
      const found = batch[index];
      if (!found) continue;
      const { id, schema, name, increment, cycle, unlogged } = found;
      reading.set(id, { schema, name, increment, cycle, unlogged, last, called });
    }
  }
  return reading;
}

interface Value {
  index: number;
  last: string;
  called: boolean;
}

/** Inside a transaction every relation that was read stays locked, and the server has room for so many locks only. */
async function readBatch(client: pg.Client, sql: string): Promise<Value[]> {
  const held = client.getTransactionStatus() === 'T';
  if (held) await client.query('savepoint sequences');
  const { rows } = await client.query<Value>(sql);
  if (held) await client.query('rollback to savepoint sequences; release savepoint sequences');
  return rows;
}

/**
 * Joins the reading from before the dump began with the one from after it ended: the dump holds a value in between.
 * Only sequences that were there at the beginning count, for the snapshot has no others.
 */
export function mergeSequences(before: SequenceReading, after: SequenceReading): SequenceFacts[] {
  return [...before].map(([id, { schema, name, increment, cycle, unlogged, last, called }]) => {
    const later = after.get(id) ?? { last, called };
    return {
      schema,
      name,
      increment,
      cycle,
      ...(unlogged ? { unlogged: true as const } : {}),
      before: { last, called },
      after: { last: later.last, called: later.called },
    };
  });
}
