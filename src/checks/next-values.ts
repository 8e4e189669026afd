import type pg from 'pg';
import type { Facts } from '../facts/facts.ts';
import type { Finding } from './finding.ts';
import { judgeDefects, type Defect } from './of-source.ts';
import { count, NEXT_VALUES } from './registry.ts';
import { next } from './sequences.ts';

interface FedColumn {
  /** The sequence's schema and name, and both quoted. */
  schema: string;
  name: string;
  sequence: string;
  table: string;
  column: string;
  partitioned: boolean;
  increment: string;
  minimum: string;
  maximum: string;
}

/**
 * Every integer column that a sequence feeds: as its identity, as its owner, or by a default that is just nextval().
 * A default is found by its dependency on the sequence, so several tables that share one are all found. A sequence that
 * cycles meets its old values by design and is left out, as is a default that computes something from the value.
 */
const FED = `
  with fed(seq, rel, att) as (
    select d.objid, d.refobjid, d.refobjsubid from pg_depend d
     where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i') and d.refobjsubid > 0
    union
    select d.refobjid, a.adrelid, a.adnum from pg_depend d join pg_attrdef a on a.oid = d.objid
     where d.classid = 'pg_attrdef'::regclass and d.refclassid = 'pg_class'::regclass
       and pg_get_expr(a.adbin, a.adrelid) ~ '^\\(?nextval\\(''.*''::regclass\\)\\)?(::[a-z]+)?$')
  select sn.nspname as schema, sc.relname as name, format('%I.%I', sn.nspname, sc.relname) as sequence, format('%I.%I', n.nspname, c.relname) as "table",
         quote_ident(a.attname) as "column", c.relkind = 'p' as partitioned,
         s.seqincrement::text as increment, s.seqmin::text as minimum, s.seqmax::text as maximum
    from fed join pg_sequence s on s.seqrelid = fed.seq join pg_class sc on sc.oid = fed.seq join pg_namespace sn on sn.oid = sc.relnamespace
    join pg_class c on c.oid = fed.rel join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = fed.rel and a.attnum = fed.att
   where c.relkind in ('r', 'p') and sc.relpersistence <> 't' and not s.seqcycle
     and a.atttypid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype)
   order by sequence, "table", "column"`;

/** Check 29: does the next value of a sequence meet one that is already there? */
export async function checkNextValues(client: pg.Client, expected: Facts): Promise<Finding[]> {
  const { rows: fed } = await client.query<FedColumn>(FED);
  const source = new Map(expected.sequences.map((sequence) => [keyOf(sequence), next(sequence.after, sequence)]));
  const defects: Defect[] = [];
  for (const column of fed) defects.push(...(await examine(client, column, source.get(keyOf(column)))));
  return judgeDefects({
    check: NEXT_VALUES,
    examined: fed.length,
    defects,
    what: 'columns fed by a sequence',
    fine: `the next value of every sequence is free, in ${count(fed.length, 'column')}`,
    none: 'no column is fed by a sequence that does not cycle',
  });
}

interface Answer {
  next: string;
  extreme: string | null;
  collides: boolean | null;
  exhausted: boolean;
  source_collides: boolean | null;
  source_exhausted: boolean | null;
}

/**
 * The next value is the last one plus the increment, or the last one itself when it was never handed out. It collides
 * when it is not beyond the greatest value there is, or the least one where the sequence descends. The source has the
 * same defect when its own sequence, as recorded, would meet the same value.
 */
async function examine(client: pg.Client, column: FedColumn, source: bigint | undefined): Promise<Defect[]> {
  const ascending = !column.increment.startsWith('-');
  const meets = (value: string) => `${value} ${ascending ? '<=' : '>='} t.extreme`;
  const beyond = (value: string) => `${value} not between ${column.minimum} and ${column.maximum}`;
  const { rows } = await client.query<Answer>(
    `select s.next::text as next, t.extreme::text as extreme, ${meets('s.next')} as collides, ${beyond('s.next')} as exhausted,
            ${meets('$1::numeric')} as source_collides, ${beyond('$1::numeric')} as source_exhausted
       from (select last_value::numeric + case when is_called then ${column.increment} else 0 end as next from ${column.sequence}) s,
            (select ${ascending ? 'max' : 'min'}(${column.column})::numeric as extreme
               from ${column.partitioned ? '' : 'only'} ${column.table}) t`,
    [source === undefined ? null : String(source)],
  );
  const row = rows[0];
  const place = `${column.table}.${column.column}`;
  if (row?.exhausted) {
    const item = `sequence ${column.sequence}: exhausted, ${place} can take no further value`;
    return [{ item, inSource: row.source_exhausted ?? false }];
  }
  if (!row?.collides) return [];
  const item = `sequence ${column.sequence}: next value ${row.next}, but ${place} already has ${row.extreme}`;
  return [{ item, inSource: row.source_collides ?? false }];
}

function keyOf({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return JSON.stringify([schema, name]);
}
