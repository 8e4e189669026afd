import type pg from 'pg';
import { SourceUnreadableError } from '../errors.ts';

/**
 * Asks before anything is written whether this role may read everything a dump needs. pg_dump would find out by itself,
 * but only after minutes, and one object at a time.
 */

// Members of an extension are made by CREATE EXTENSION; pg_dump reads only those the extension registered.
const DUMPED = (relation: string) => `
  not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = ${relation}.oid and d.deptype = 'e'
                 and ${relation}.oid <> all (select unnest(coalesce(e.extconfig, '{}')) from pg_extension e))`;

// An extension's own schema matters only for what pg_dump reads in it.
const SCHEMAS = `
  select format('schema %I', n.nspname) as object,
         'run as an owner or administrator: ' || format('grant usage on schema %I to %I', n.nspname, current_user) as hint
    from pg_namespace n
   where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
     and not has_schema_privilege(n.oid, 'usage')
     and (exists (select from pg_class c where c.relnamespace = n.oid and c.relkind in ('r', 'p', 'S') and ${DUMPED('c')})
          or not exists (select from pg_depend m where m.classid = 'pg_namespace'::regclass and m.objid = n.oid and m.deptype = 'e'))
   order by 1 limit 1`;

const RELATIONS = `
  select format('%s %I.%I', case c.relkind when 'S' then 'sequence' else 'table' end, n.nspname, c.relname) as object,
         'run as an owner or administrator: ' || format('grant select on %s%I.%I to %I', case c.relkind when 'S' then 'sequence ' else '' end,
                n.nspname, c.relname, current_user) as hint
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p', 'S') and c.relpersistence <> 't'
     and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
     and not (case c.relkind when 'S' then has_sequence_privilege(c.oid, 'select') else has_table_privilege(c.oid, 'select') end)
     and ${DUMPED('c')}
   order by n.nspname, c.relname limit 1`;

const ROW_SECURITY = `
  select format('table %I.%I', n.nspname, c.relname) as object,
         'run as an owner or administrator: ' || format('alter role %I bypassrls', current_user) as hint
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p') and row_security_active(c.oid)
     and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
   order by n.nspname, c.relname limit 1`;

const LARGE_OBJECTS = `
  select format('large object %s', m.oid) as object,
         'run as an owner or administrator: ' || format('grant select on large object %s to %I', m.oid, current_user) as hint
    from pg_largeobject_metadata m
   where not (pg_has_role(m.lomowner, 'usage') or exists (
           select from aclexplode(m.lomacl) a
            where a.privilege_type = 'SELECT' and (a.grantee = 0 or pg_has_role(a.grantee, 'usage'))))
     and not (select rolsuper from pg_roles where rolname = current_user)
   order by m.oid limit 1`;

const UNLOGGED = `
  select format('%s %I.%I', case c.relkind when 'S' then 'sequence' else 'table' end, n.nspname, c.relname) as object,
         'back up the primary instead' as hint
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where pg_is_in_recovery() and c.relkind in ('r', 'S') and c.relpersistence = 'u'
     and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and ${DUMPED('c')}
   order by n.nspname, c.relname limit 1`;

const QUESTIONS = [
  { sql: UNLOGGED, problem: 'it is unlogged, and a standby has nothing of it' },
  { sql: SCHEMAS, problem: 'no USAGE' },
  { sql: RELATIONS, problem: 'no SELECT' },
  { sql: ROW_SECURITY, problem: 'row-level security would hide rows from this role' },
  { sql: LARGE_OBJECTS, problem: 'no SELECT' },
];

/** @throws SourceUnreadableError naming the first object that the role cannot read in full */
export async function requireReadable(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>('select current_user as name');
  const role = rows[0]?.name ?? '';
  for (const { sql, problem } of QUESTIONS) {
    const found = await client.query<{ object: string; hint: string }>(sql);
    const first = found.rows[0];
    if (!first) continue;
    throw new SourceUnreadableError(first.object, `role ${role} cannot read ${first.object}: ${problem}`, {
      hint: first.hint,
    });
  }
}
