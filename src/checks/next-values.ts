import type pg from 'pg';
import type { Facts } from '../facts/facts.ts';
import type { Finding } from './finding.ts';
import { judgeDefects, type Defect } from './of-source.ts';
import { NEXT_VALUES } from './registry.ts';

interface FedColumn {
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
  select format('%I.%I', sn.nspname, sc.relname) as sequence, format('%I.%I', n.nspname, c.relname) as "table",
         quote_ident(a.attname) as "column", c.relkind = 'p' as partitioned,
         s.seqincrement::text as increment, s.seqmin::text as minimum, s.seqmax::text as maximum
    from fed join pg_sequence s on s.seqrelid = fed.seq join pg_class sc on sc.oid = fed.seq join pg_namespace sn on sn.oid = sc.relnamespace
    join pg_class c on c.oid = fed.rel join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = fed.rel and a.attnum = fed.att
   where c.relkind in ('r', 'p') and sc.relpersistence <> 't' and not s.seqcycle
     and a.atttypid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype)
   order by 1, 2, 3`;

/** Check 29: does the next value of a sequence meet one that is already there? */
export async function checkNextValues(client: pg.Client, expected: Facts): Promise<Finding[]> {
  const { rows: fed } = await client.query<FedColumn>(FED);
  const defects: Defect[] = [];
  for (const column of fed) {
    const item = await examine(client, column);
    if (item === undefined) continue;
    defects.push({ item, inSource: await isAsInSource(client, column, expected) });
  }
  return judgeDefects({
    check: NEXT_VALUES,
    examined: fed.length,
    defects,
    what: 'columns fed by a sequence',
    fine: `the next value of every sequence is free, in ${fed.length} columns`,
    none: 'no column is fed by a sequence',
  });
}

/**
 * The next value is the last one plus the increment, or the last one itself when it was never handed out. It collides
 * when it is not beyond the greatest value there is, or the least one where the sequence descends.
 */
async function examine(client: pg.Client, column: FedColumn): Promise<string | undefined> {
  const ascending = !column.increment.startsWith('-');
  const extreme = ascending ? 'max' : 'min';
  const only = column.partitioned ? '' : 'only';
  const { rows } = await client.query<{ next: string; extreme: string | null; collides: boolean | null; exhausted: boolean }>(`
    select s.next::text as next, t.extreme::text as extreme, s.next ${ascending ? '<=' : '>='} t.extreme as collides,
           s.next not between ${column.minimum} and ${column.maximum} as exhausted
      from (select last_value::numeric + case when is_called then ${column.increment} else 0 end as next from ${column.sequence}) s,
           (select ${extreme}(${column.column})::numeric as extreme from ${only} ${column.table}) t`);
  const row = rows[0];
  const place = `${column.table}.${column.column}`;
  if (row?.exhausted) return `sequence ${column.sequence}: exhausted, ${place} can take no further value`;
  if (!row?.collides) return undefined;
  return `sequence ${column.sequence}: next value ${row.next}, but ${place} already has ${row.extreme}`;
}

/** True when the copy's sequence stands where the source's stood: then the source collides in the same way. */
async function isAsInSource(client: pg.Client, { sequence }: FedColumn, expected: Facts): Promise<boolean> {
  const { rows } = await client.query<{ schema: string; name: string; last: string; called: boolean }>(
    `select n.nspname as schema, c.relname as name, s.last_value::text as last, s.is_called as called
       from ${sequence} s, pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = s.tableoid`,
  );
  const row = rows[0];
  const fact = expected.sequences.find(({ schema, name }) => schema === row?.schema && name === row.name);
  return [fact?.before, fact?.after].some((value) => value?.last === row?.last && value?.called === row?.called);
}
