import { collationName, notOfExtension, qualified, settledLocale, userSchema } from './fragments.ts';

/** Check 18: types, operators and text search. */

/** Attributes of a composite type are among the columns, checks of a domain among the constraints. */
export function types(major: number): string {
  const multirange = major >= 14 ? `'multirange', r.rngmultitypid::regtype,` : '';
  return `
  select t.oid::regtype::text,
         case t.typtype
           when 'e' then 'enum ' || coalesce((select '(' || string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder) || ')'
                                                from pg_enum e where e.enumtypid = t.oid), '()')
           when 'd' then concat_ws(' ', 'domain over', format_type(t.typbasetype, t.typtypmod),
                           case when t.typcollation <> b.typcollation then 'collate ' || ${collationName('t.typcollation')} end,
                           case when t.typnotnull then 'not null' end,
                           'default ' || coalesce(pg_get_expr(t.typdefaultbin, 0), t.typdefault))
           when 'c' then 'composite'
           when 'r' then (select concat_ws(' ', 'range over', format_type(r.rngsubtype, null),
                                   'operators', ${qualified('pg_opclass', 'opcnamespace', 'opcname', 'r.rngsubopc')},
                                   'collate ' || ${collationName('r.rngcollation')},
                                   'canonical', r.rngcanonical, 'difference', r.rngsubdiff, ${multirange} '')
                            from pg_range r where r.rngtypid = t.oid)
           when 'p' then 'shell'
           when 'b' then concat_ws(' ', 'base', 'input', t.typinput, 'output', t.typoutput, 'receive', t.typreceive, 'send', t.typsend,
                           'modifier', t.typmodin, t.typmodout, 'analyze', t.typanalyze, 'length', t.typlen, 'by value', t.typbyval,
                           'alignment', t.typalign, 'storage', t.typstorage, 'category', t.typcategory, t.typispreferred,
                           'delimiter', t.typdelim, 'element', nullif(format_type(t.typelem, null), '-'),
                           'collatable', t.typcollation <> 0, 'default ' || t.typdefault)
         end
    from pg_type t join pg_namespace n on n.oid = t.typnamespace
    left join pg_type b on b.oid = t.typbasetype left join pg_class c on c.oid = t.typrelid
   where t.typtype in ('e', 'd', 'c', 'r', 'p', 'b') and coalesce(c.relkind, 'c') = 'c'
     and not exists (select from pg_type element where element.typarray = t.oid)
     and ${userSchema('n')} and ${notOfExtension('pg_type', 't.oid')}
  union all
  ${collations(major)}`;
}

// The version of a collation belongs to the server's libraries, not to the database: check 39 looks at it.
function collations(major: number): string {
  const locale = major >= 17 ? 'k.colllocale' : major >= 15 ? 'k.colliculocale' : 'null';
  const rules = major >= 16 ? `'rules ' || quote_literal(k.collicurules),` : '';
  return `
  select 'collation ' || ${collationName('k.oid')},
         concat_ws(' ', 'provider', k.collprovider, 'collate ' || quote_literal(k.collcollate), 'ctype ' || quote_literal(k.collctype),
           'locale ' || quote_literal(${settledLocale(locale)}), ${rules}
           case when not k.collisdeterministic then 'nondeterministic' end)
    from pg_collation k join pg_namespace n on n.oid = k.collnamespace
   where ${userSchema('n')} and ${notOfExtension('pg_collation', 'k.oid')}`;
}

export function operators(): string {
  return [OPERATORS, FAMILIES, CLASSES, CASTS, CONVERSIONS, TRANSFORMS, ACCESS_METHODS].join('\n  union all\n');
}

/** An operator that is only named by another one has no function yet, and pg_dump leaves it out. */
const OPERATORS = `
  select o.oid::regoperator::text,
         concat_ws(' ', 'function', o.oprcode, 'commutator', (select c.oid::regoperator from pg_operator c where c.oid = o.oprcom and c.oprcode <> 0),
           'negator', (select c.oid::regoperator from pg_operator c where c.oid = o.oprnegate and c.oprcode <> 0),
           'restrict', o.oprrest, 'join', o.oprjoin, case when o.oprcanhash then 'hashes' end, case when o.oprcanmerge then 'merges' end)
    from pg_operator o join pg_namespace n on n.oid = o.oprnamespace
   where o.oprcode <> 0 and (${userSchema('n')} or o.oid >= 16384) and ${notOfExtension('pg_operator', 'o.oid')}`;

const FAMILIES = `
  select format('operator family %I.%I using %I', n.nspname, f.opfname, am.amname),
         concat_ws(' ',
           (select string_agg(concat_ws(' ', 'operator', o.amopstrategy, o.amopopr::regoperator, o.amoppurpose,
                      ${qualified('pg_opfamily', 'opfnamespace', 'opfname', 'o.amopsortfamily')}), ', '
                      order by o.amopstrategy, o.amopopr::regoperator::text)
              from pg_amop o where o.amopfamily = f.oid),
           (select string_agg(concat_ws(' ', 'function', p.amprocnum, format_type(p.amproclefttype, null),
                      format_type(p.amprocrighttype, null), p.amproc::regprocedure), ', '
                      order by p.amprocnum, format_type(p.amproclefttype, null), format_type(p.amprocrighttype, null))
              from pg_amproc p where p.amprocfamily = f.oid))
    from pg_opfamily f join pg_namespace n on n.oid = f.opfnamespace join pg_am am on am.oid = f.opfmethod
   where ${userSchema('n')} and ${notOfExtension('pg_opfamily', 'f.oid')}`;

const CLASSES = `
  select format('operator class %I.%I using %I', n.nspname, k.opcname, am.amname),
         concat_ws(' ', case when k.opcdefault then 'default' end, 'for', format_type(k.opcintype, null),
           'family', ${qualified('pg_opfamily', 'opfnamespace', 'opfname', 'k.opcfamily')},
           'storage ' || format_type(nullif(k.opckeytype::oid, 0), null))
    from pg_opclass k join pg_namespace n on n.oid = k.opcnamespace join pg_am am on am.oid = k.opcmethod
   where ${userSchema('n')} and ${notOfExtension('pg_opclass', 'k.oid')}`;

/** Casts have no schema; those of initdb have low numbers. */
const CASTS = `
  select format('cast (%s as %s)', format_type(k.castsource, null), format_type(k.casttarget, null)),
         concat_ws(' ', 'context', k.castcontext, 'method', k.castmethod, nullif(k.castfunc::oid, 0)::regprocedure)
    from pg_cast k where k.oid >= 16384 and ${notOfExtension('pg_cast', 'k.oid')}`;

const CONVERSIONS = `
  select format('conversion %I.%I', n.nspname, k.conname),
         concat_ws(' ', case when k.condefault then 'default' end, pg_encoding_to_char(k.conforencoding), 'to',
           pg_encoding_to_char(k.contoencoding), k.conproc::regproc)
    from pg_conversion k join pg_namespace n on n.oid = k.connamespace
   where ${userSchema('n')} and ${notOfExtension('pg_conversion', 'k.oid')}`;

const TRANSFORMS = `
  select format('transform for %s language %I', format_type(x.trftype, null), l.lanname),
         concat_ws(' ', 'from', nullif(x.trffromsql::oid, 0)::regprocedure, 'to', nullif(x.trftosql::oid, 0)::regprocedure)
    from pg_transform x join pg_language l on l.oid = x.trflang where ${notOfExtension('pg_transform', 'x.oid')}`;

const ACCESS_METHODS = `
  select format('access method %I', a.amname), concat_ws(' ', a.amtype, a.amhandler)
    from pg_am a where a.oid >= 16384 and ${notOfExtension('pg_am', 'a.oid')}`;

export function textSearch(): string {
  return `
  select format('configuration %I.%I', n.nspname, g.cfgname),
         concat_ws(' ', 'parser', ${qualified('pg_ts_parser', 'prsnamespace', 'prsname', 'g.cfgparser')},
           (select string_agg(concat_ws(' ', 'token', m.maptokentype, ${qualified('pg_ts_dict', 'dictnamespace', 'dictname', 'm.mapdict')}), ', '
                              order by m.maptokentype, m.mapseqno)
              from pg_ts_config_map m where m.mapcfg = g.oid))
    from pg_ts_config g join pg_namespace n on n.oid = g.cfgnamespace
   where ${userSchema('n')} and ${notOfExtension('pg_ts_config', 'g.oid')}
  union all
  select format('dictionary %I.%I', n.nspname, d.dictname),
         concat_ws(' ', 'template', ${qualified('pg_ts_template', 'tmplnamespace', 'tmplname', 'd.dicttemplate')}, d.dictinitoption)
    from pg_ts_dict d join pg_namespace n on n.oid = d.dictnamespace
   where ${userSchema('n')} and ${notOfExtension('pg_ts_dict', 'd.oid')}
  union all
  select format('parser %I.%I', n.nspname, p.prsname),
         concat_ws(' ', p.prsstart, p.prstoken, p.prsend, p.prsheadline, p.prslextype)
    from pg_ts_parser p join pg_namespace n on n.oid = p.prsnamespace
   where ${userSchema('n')} and ${notOfExtension('pg_ts_parser', 'p.oid')}
  union all
  select format('template %I.%I', n.nspname, t.tmplname), concat_ws(' ', t.tmplinit, t.tmpllexize)
    from pg_ts_template t join pg_namespace n on n.oid = t.tmplnamespace
   where ${userSchema('n')} and ${notOfExtension('pg_ts_template', 't.oid')}`;
}
