import type pg from 'pg';

/** What a table holds: number of rows and the sum of their hashes, as text. */
export type Content = Readonly<Record<string, string>>;

/**
 * Every table and partition by itself, the materialised views and the large objects. Columns are taken by name: an
 * inherited table comes back from a dump with its columns in another order.
 */
export async function readContent(client: pg.Client): Promise<Content> {
  await client.query(`set search_path = pg_catalog; set timezone = 'UTC'; set datestyle = 'ISO, YMD';
    set intervalstyle = 'postgres'; set extra_float_digits = 3; set bytea_output = 'hex'`);
  const { rows } = await client.query<{ name: string; columns: string }>(`
    select format('%I.%I', nspname, relname) as name, string_agg(format('t.%I', attname), ', ' order by attname) as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
    where relkind in ('r', 'm') and nspname !~ '^pg_' and nspname <> 'information_schema' and attnum > 0 and not attisdropped
    group by nspname, relname order by 1`);
  const content: Record<string, string> = {};
  for (const { name, columns } of rows) {
    const hash = `hashtextextended(row(${columns})::text, 0)::numeric`;
    content[name] = await oneText(client, `select count(*) || ' ' || coalesce(sum(${hash}), 0) from only ${name} t`);
  }
  content['large objects'] = await oneText(
    client,
    `select count(*) || ' ' || coalesce(sum(hashtextextended(oid || encode(lo_get(oid), 'hex'), 0)::numeric), 0) from pg_largeobject_metadata`,
  );
  return content;
}

/** Foreign keys with rows that refer to nothing, whatever the constraint says of itself. */
export async function findOrphans(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string; check: string }>(`
    select conrelid::regclass || ' ' || conname as name,
      format('select count(*) from %s c where %s and not exists (select from %s p where %s)', conrelid::regclass,
        string_agg(format('c.%I is not null', child.attname), ' and '), confrelid::regclass,
        string_agg(format('p.%I = c.%I', parent.attname, child.attname), ' and ')) as check
    from pg_constraint
      cross join unnest(conkey, confkey) as key (child, parent)
      join pg_attribute as child on child.attrelid = conrelid and child.attnum = key.child
      join pg_attribute as parent on parent.attrelid = confrelid and parent.attnum = key.parent
    where contype = 'f' and conparentid = 0
    group by pg_constraint.oid, conrelid, conname, confrelid`);
  if (rows.length < 10) throw new Error(`only ${rows.length} foreign keys found`);
  const orphans: string[] = [];
  for (const { name, check } of rows) if ((await oneText(client, check)) !== '0') orphans.push(name);
  return orphans;
}

/** Sequences whose next value is in use or behind what is in use, for any column that draws from them. */
export async function findCollisions(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ sequence: string; fed: string; column: string; step: string }>(`
    with fed as (
      select refobjid as seq, adrelid as rel, adnum as num
        from pg_depend join pg_attrdef d on d.oid = objid
        where classid = 'pg_attrdef'::regclass and refclassid = 'pg_class'::regclass
      union
      select objid, refobjid, refobjsubid from pg_depend
        where classid = 'pg_class'::regclass and refclassid = 'pg_class'::regclass and deptype in ('a', 'i') and refobjsubid > 0
    )
    select s.seqrelid::regclass::text as sequence, rel::regclass::text as fed, quote_ident(attname) as column, s.seqincrement as step
    from fed join pg_sequence s on s.seqrelid = seq
      join pg_attribute a on a.attrelid = rel and a.attnum = num
      join pg_class c on c.oid = rel
    where c.relkind in ('r', 'p')`);
  if (rows.length < 15) throw new Error(`only ${rows.length} columns with sequences found`);
  const collisions: string[] = [];
  for (const { sequence, fed, column, step } of rows) {
    const [extreme, operator] = Number(step) > 0 ? ['max', '<='] : ['min', '>='];
    const collides = await oneText(
      client,
      `select coalesce((select last_value + case when is_called then ${step} else 0 end from ${sequence})
        ${operator} (select ${extreme}(${column}) from ${fed}), false)`,
    );
    if (collides === 'true') collisions.push(`${sequence} feeds ${fed}`);
  }
  return collisions;
}

async function oneText(client: pg.Client, sql: string): Promise<string> {
  const { rows } = await client.query<unknown[]>({ text: sql, rowMode: 'array' });
  return String(rows[0]?.[0]);
}
