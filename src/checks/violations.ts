import type pg from 'pg';
import type { UncheckedConstraint } from './valid-constraints.ts';

interface Parts {
  relation: string;
  /** `only`, where partitions and children are not covered. */
  only: string;
  /** Text of a CHECK. */
  condition: string | null;
  /** Columns of the constraint, quoted. */
  columns: string[];
  referenced: string | null;
  referenced_only: string;
  referenced_columns: string[] | null;
  /** Equality operators between referenced and referencing columns. */
  operators: string[] | null;
  full: boolean;
}

const PARTS = `
  select format('%I.%I', n.nspname, c.relname) as relation,
         case when k.connoinherit and k.contype = 'c' then 'only' when k.contype = 'f' and c.relkind = 'r' then 'only' else '' end as only,
         pg_get_expr(k.conbin, k.conrelid) as condition,
         (select array_agg(quote_ident(a.attname) order by p.position) from unnest(k.conkey) with ordinality p(number, position)
            join pg_attribute a on a.attrelid = k.conrelid and a.attnum = p.number) as columns,
         (select format('%I.%I', rn.nspname, r.relname) from pg_class r join pg_namespace rn on rn.oid = r.relnamespace where r.oid = k.confrelid) as referenced,
         (select case r.relkind when 'r' then 'only' else '' end from pg_class r where r.oid = k.confrelid) as referenced_only,
         (select array_agg(quote_ident(a.attname) order by p.position) from unnest(k.confkey) with ordinality p(number, position)
            join pg_attribute a on a.attrelid = k.confrelid and a.attnum = p.number) as referenced_columns,
         (select array_agg(format('operator(%I.%s)', opn.nspname, o.oprname) order by p.position)
            from unnest(k.conpfeqop) with ordinality p(number, position) join pg_operator o on o.oid = p.number
            join pg_namespace opn on opn.oid = o.oprnamespace) as operators,
         k.confmatchtype = 'f' as full
    from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace where k.oid = $1`;

/** How many rows a constraint of a table is violated by. */
export async function countViolations(client: pg.Client, constraint: UncheckedConstraint): Promise<bigint | undefined> {
  const { rows } = await client.query<Parts>(PARTS, [constraint.oid]);
  const parts = rows[0];
  if (!parts) return undefined;
  const condition = violation(constraint.type, parts);
  if (condition === undefined) return undefined;
  const counted = await client.query<{ rows: string }>(
    `select count(*)::text as rows from ${parts.only} ${parts.relation} as referencing where ${condition}`,
  );
  return BigInt(counted.rows[0]?.rows ?? 0);
}

function violation(type: UncheckedConstraint['type'], parts: Parts): string | undefined {
  if (type === 'c') return parts.condition === null ? undefined : `(${parts.condition}) is false`;
  const columns = parts.columns.map((column) => `referencing.${column}`);
  if (type === 'n') return `${columns[0]} is null`;
  const { referenced, referenced_columns: keys, operators } = parts;
  if (referenced === null || keys === null || operators === null) return undefined;
  const same = columns.map((column, index) => `referenced.${keys[index]} ${operators[index]} ${column}`).join(' and ');
  const orphan = `not exists (select from ${parts.referenced_only} ${referenced} as referenced where ${same})`;
  const present = columns.map((column) => `${column} is not null`);
  // MATCH FULL also forbids rows of which only some columns are null.
  const whole = parts.full ? `(${present.join(' or ')})` : `(${present.join(' and ')})`;
  return `${whole} and ${orphan}`;
}
