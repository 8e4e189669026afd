import { digest, userSchema } from './fragments.ts';

/** Checks 21 and 22: what roles may do in effect, and the roles themselves with their settings. */

/**
 * What each role may really do through all it belongs to: one line per role and schema. A role that has nothing of its
 * own there is covered by the line of PUBLIC. Superusers may do everything and are left out.
 *
 * Asking has_table_privilege for every role and table would take minutes on a thousand roles; here each grant is looked
 * at once, and each pair of roles.
 */
export function privilegeMatrix(): string {
  const rights = `string_agg(a.privilege_type, ',' order by a.privilege_type)`;
  return `
  with held as materialized (
    select n.nspname, c.relname, a.grantee, ${rights} as rights
      from pg_class c join pg_namespace n on n.oid = c.relnamespace,
           aclexplode(coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's'::"char" else 'r' end, c.relowner))) a
     where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and c.relpersistence <> 't' and ${userSchema('n')}
     group by n.nspname, c.relname, a.grantee
    union all
    select n.nspname, '', a.grantee, ${rights}
      from pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a where ${userSchema('n')}
     group by n.nspname, a.grantee),
  share as materialized (
    select h.nspname, h.grantee, count(*) as objects, ${digest(`string_agg(h.relname || ' ' || h.rights, E'\n' order by h.relname)`)} as content
      from held h left join pg_roles g on g.oid = h.grantee where g.rolsuper is not true group by h.nspname, h.grantee),
  reach as materialized (
    select r.rolname, g.grantee from pg_roles r cross join (select distinct grantee from share where grantee <> 0) g
     where not r.rolsuper and left(r.rolname, 3) <> 'pg_' and pg_has_role(r.oid, g.grantee, 'usage'))
  select format('%I in schema %I', r.rolname, s.nspname),
         concat_ws(' ', sum(s.objects), 'grants', ${digest(`string_agg(s.content, ',' order by s.content)`)})
    from reach r join share s on s.grantee = r.grantee group by r.rolname, s.nspname
  union all
  select format('PUBLIC in schema %I', s.nspname), concat_ws(' ', s.objects, 'grants', s.content) from share s where s.grantee = 0`;
}

export function roles(): string {
  return `
  select quote_ident(r.rolname),
         concat_ws(' ', case when r.rolsuper then 'superuser' end, case when r.rolinherit then 'inherit' end,
           case when r.rolcreaterole then 'createrole' end, case when r.rolcreatedb then 'createdb' end,
           case when r.rolcanlogin then 'login' end, case when r.rolreplication then 'replication' end,
           case when r.rolbypassrls then 'bypassrls' end, 'connections ' || nullif(r.rolconnlimit, -1),
           'valid until ' || r.rolvaliduntil)
    from pg_roles r where left(r.rolname, 3) <> 'pg_'`;
}

/**
 * Up to PostgreSQL 15 a role that granted a membership may be gone since; a restore then grants it as the superuser that
 * initdb made.
 */
export function memberships(major: number): string {
  const options = major >= 16 ? `case when m.inherit_option then 'inherit' end, case when m.set_option then 'set' end,` : '';
  return `
  select format('%I in %I', pg_get_userbyid(m.member), pg_get_userbyid(m.roleid)),
         concat_ws(' ', 'member', case when m.admin_option then 'admin' end, ${options} 'granted by',
           quote_ident(coalesce(g.rolname, (select rolname from pg_roles where oid = 10))))
    from pg_auth_members m left join pg_roles g on g.oid = m.grantor
   where left(pg_get_userbyid(m.member), 3) <> 'pg_'`;
}

/**
 * Settings of roles and of this database. A custom setting (with a dot in its name) is a place where applications keep
 * tokens, so only a hash of its value is recorded.
 */
export function roleSettings(): string {
  return `
  select concat_ws(' ', case s.setrole when 0 then 'all roles' else 'role ' || quote_ident(pg_get_userbyid(s.setrole)) end,
           case when s.setdatabase <> 0 then 'in the database' end) || ': ' || split_part(item, '=', 1),
         case when strpos(split_part(item, '=', 1), '.') > 0 then 'hash ' || ${digest('item')}
              else substr(item, strpos(item, '=') + 1) end
    from pg_db_role_setting s, unnest(s.setconfig) item
   where s.setdatabase in (0, (select oid from pg_database where datname = current_database()))`;
}
