import { digest, notOfExtension, relationName, userSchema } from './fragments.ts';

/** Check 20: who owns what, and who was granted what. */

interface Owned {
  readonly catalog: string;
  readonly owner: string;
  /** Condition beside `o`, the object's row. */
  readonly where: string;
}

const inUserSchema = (column: string) =>
  `exists (select from pg_namespace n where n.oid = o.${column} and ${userSchema('n')})`;

/** Every catalogue whose objects have an owner. Indexes and composite types follow their relation. */
const OWNED: readonly Owned[] = [
  { catalog: 'pg_class', owner: 'relowner', where: `o.relkind in ('r','p','v','m','f','S') and o.relpersistence <> 't' and ${inUserSchema('relnamespace')}` },
  { catalog: 'pg_namespace', owner: 'nspowner', where: `left(o.nspname, 3) <> 'pg_' and o.nspname <> 'information_schema'` },
  { catalog: 'pg_proc', owner: 'proowner', where: inUserSchema('pronamespace') },
  {
    catalog: 'pg_type',
    owner: 'typowner',
    // A multirange follows its range; older majors leave its owner behind when a dump gives the range its own back.
    where: `o.typtype <> 'm' and not exists (select from pg_type e where e.typarray = o.oid) and ${inUserSchema('typnamespace')}
            and (o.typrelid = 0 or exists (select from pg_class c where c.oid = o.typrelid and c.relkind = 'c'))`,
  },
  { catalog: 'pg_operator', owner: 'oprowner', where: `o.oprcode <> 0 and ${inUserSchema('oprnamespace')}` },
  { catalog: 'pg_opclass', owner: 'opcowner', where: inUserSchema('opcnamespace') },
  { catalog: 'pg_opfamily', owner: 'opfowner', where: inUserSchema('opfnamespace') },
  { catalog: 'pg_collation', owner: 'collowner', where: inUserSchema('collnamespace') },
  { catalog: 'pg_conversion', owner: 'conowner', where: inUserSchema('connamespace') },
  { catalog: 'pg_ts_dict', owner: 'dictowner', where: inUserSchema('dictnamespace') },
  { catalog: 'pg_ts_config', owner: 'cfgowner', where: inUserSchema('cfgnamespace') },
  { catalog: 'pg_statistic_ext', owner: 'stxowner', where: inUserSchema('stxnamespace') },
  { catalog: 'pg_foreign_data_wrapper', owner: 'fdwowner', where: 'true' },
  { catalog: 'pg_foreign_server', owner: 'srvowner', where: 'true' },
  { catalog: 'pg_event_trigger', owner: 'evtowner', where: 'true' },
  { catalog: 'pg_publication', owner: 'pubowner', where: 'true' },
  { catalog: 'pg_language', owner: 'lanowner', where: 'o.oid >= 16384' },
];

export function owners(): string {
  const one = ({ catalog, owner, where }: Owned) => `
  select ${identity(catalog)},
         quote_ident(pg_get_userbyid(o.${owner}))
    from ${catalog} o where ${where} and ${notOfExtension(catalog, 'o.oid')}`;
  return [
    ...OWNED.map(one),
    LARGE_OBJECT_OWNERS,
    `
  select 'subscription ' || quote_ident(s.subname), quote_ident(pg_get_userbyid(s.subowner)) from pg_subscription s
   where s.subdbid = (select oid from pg_database where datname = current_database())`,
    `
  select 'database', quote_ident(pg_get_userbyid(d.datdba)) from pg_database d where d.datname = current_database()`,
  ].join('\n  union all');
}

function identity(catalog: string): string {
  return `(select concat_ws(' ', i.type, i.identity) from pg_identify_object('${catalog}'::regclass, o.oid, 0) i)`;
}

/** There may be millions of large objects: each owner has one line for all of his. */
const LARGE_OBJECT_OWNERS = `
  select 'large objects of ' || quote_ident(pg_get_userbyid(o.lomowner)),
         concat_ws(' ', count(*), 'objects', ${digest(`string_agg(o.oid::text, ',' order by o.oid)`)})
    from pg_largeobject_metadata o group by o.lomowner`;

interface Granted {
  readonly catalog: string;
  readonly acl: string;
  readonly owner: string;
  /** The letter of acldefault. */
  readonly kind: string;
  readonly where?: string;
}

// pg_dump keeps no grants on the information schema, and initdb does not record those it made there.
const KEPT_RELATION = `o.relpersistence <> 't' and o.relnamespace <> (select oid from pg_namespace where nspname = 'information_schema')`;

const GRANTED: readonly Granted[] = [
  { catalog: 'pg_class', acl: 'relacl', owner: 'relowner', kind: 'r', where: `o.relkind <> 'S' and ${KEPT_RELATION}` },
  { catalog: 'pg_class', acl: 'relacl', owner: 'relowner', kind: 's', where: `o.relkind = 'S' and ${KEPT_RELATION}` },
  { catalog: 'pg_namespace', acl: 'nspacl', owner: 'nspowner', kind: 'n', where: `left(o.nspname, 8) not in ('pg_temp_', 'pg_toast') and o.nspname <> 'information_schema'` },
  { catalog: 'pg_proc', acl: 'proacl', owner: 'proowner', kind: 'f' },
  { catalog: 'pg_type', acl: 'typacl', owner: 'typowner', kind: 'T' },
  { catalog: 'pg_language', acl: 'lanacl', owner: 'lanowner', kind: 'l' },
  { catalog: 'pg_foreign_data_wrapper', acl: 'fdwacl', owner: 'fdwowner', kind: 'F' },
  { catalog: 'pg_foreign_server', acl: 'srvacl', owner: 'srvowner', kind: 'S' },
];

/**
 * One line per object and role: what it may do beyond the built-in default, or what of the default it lost. An empty
 * ACL and one that spells out the default mean the same and so say the same. What initdb or an extension granted on its
 * own objects counts only where somebody changed it since.
 */
export function grants(major: number): string {
  const all = [...GRANTED.map(grantedOn), COLUMNS, DATABASE, ...(major >= 15 ? [PARAMETERS] : [])];
  return `
  with holder(object, owner, acl, standard) as (${all.join('\n  union all')}),
  entry as (
    select object, a.grantee, a.privilege_type, a.is_grantable, a.grantor, h.owner, false as lost
      from holder h, aclexplode(acl) a
     where not exists (select from aclexplode(standard) s
                        where (s.grantee, s.privilege_type, s.is_grantable, s.grantor) = (a.grantee, a.privilege_type, a.is_grantable, a.grantor))
    union all
    select object, s.grantee, s.privilege_type, false, s.grantor, h.owner, true
      from holder h, aclexplode(standard) s
     where not exists (select from aclexplode(acl) a where (a.grantee, a.privilege_type) = (s.grantee, s.privilege_type)))
  select object || case when lost then ' from ' else ' to ' end
           || case grantee when 0 then 'PUBLIC' else quote_ident(pg_get_userbyid(grantee)) end,
         string_agg(privilege_type || case when is_grantable then ' with grant option' else '' end
           || case when grantor <> owner then ' by ' || quote_ident(pg_get_userbyid(grantor)) else '' end,
           ', ' order by privilege_type, pg_get_userbyid(grantor))
    from entry group by object, grantee, lost
  union all
  ${LARGE_OBJECT_GRANTS}`;
}

const LARGE_OBJECT_GRANTS = `
  select 'large objects to ' || holder, string_agg(concat_ws(' ', rights, 'on', objects, 'objects', content), ', ' order by rights)
    from (select case a.grantee when 0 then 'PUBLIC' else quote_ident(pg_get_userbyid(a.grantee)) end as holder, count(*) as objects,
                 a.privilege_type || case when a.is_grantable then ' with grant option' else '' end as rights,
                 ${digest(`string_agg(o.oid::text, ',' order by o.oid)`)} as content
            from pg_largeobject_metadata o, aclexplode(coalesce(o.lomacl, acldefault('L', o.lomowner))) a
           where a.grantee <> o.lomowner or a.is_grantable
           group by a.grantee, a.privilege_type, a.is_grantable) g
   group by holder`;

function grantedOn({ catalog, acl, owner, kind, where }: Granted): string {
  return `
  select ${identity(catalog)},
         o.${owner}, o.${acl}, acldefault('${kind}', o.${owner})
    from ${catalog} o
   where o.${acl} is not null and ${where ?? 'true'}
     and (${catalog === 'pg_namespace' ? `o.nspname = 'public' or` : ''} not exists (select from pg_init_privs p where p.classoid = '${catalog}'::regclass and p.objoid = o.oid
            and p.objsubid = 0 and (select array_agg(x order by x::text) from unnest(p.initprivs) x)
              = (select array_agg(x order by x::text) from unnest(o.${acl}) x)))`;
}

const COLUMNS = `
  select format('column %s.%I', ${relationName('a.attrelid')}, a.attname), c.relowner, a.attacl, null::aclitem[]
    from pg_attribute a join pg_class c on c.oid = a.attrelid
   where a.attacl is not null and not a.attisdropped and c.relpersistence <> 't'
     and not exists (select from pg_init_privs p where p.classoid = 'pg_class'::regclass and p.objoid = c.oid
            and p.objsubid = a.attnum and p.initprivs = a.attacl)`;

const DATABASE = `
  select 'database', d.datdba, d.datacl, acldefault('d', d.datdba) from pg_database d
   where d.datname = current_database() and d.datacl is not null`;

const PARAMETERS = `
  select 'parameter ' || p.parname, 10, p.paracl, null::aclitem[] from pg_parameter_acl p`;

export function defaultPrivileges(): string {
  return `
  select format('%I%s: %s', pg_get_userbyid(d.defaclrole), coalesce(' in ' || quote_ident(n.nspname), ''),
           case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'routines' when 'T' then 'types'
                                when 'n' then 'schemas' when 'L' then 'large objects' else d.defaclobjtype::text end),
         (select string_agg(concat_ws(' ', a.privilege_type, 'to', case a.grantee when 0 then 'PUBLIC' else quote_ident(pg_get_userbyid(a.grantee)) end,
                    case when a.is_grantable then 'with grant option' end), ', '
                    order by a.grantee <> 0, pg_get_userbyid(a.grantee), a.privilege_type)
            from aclexplode(d.defaclacl) a)
    from pg_default_acl d left join pg_namespace n on n.oid = d.defaclnamespace`;
}
