import { hashedOptions, notOfExtension, relationName, sortedList, userSchema } from './fragments.ts';

/** Schemas, extensions, sequences, publications, foreign data, comments. */

/** The name of any object, as PostgreSQL itself writes it. */
const IDENTITY = `(select i.type || ' ' || i.identity from pg_identify_object(d.classoid, d.objoid, d.objsubid) i)`;

export function schemasAndLanguages(): string {
  return `
  select format('schema %I', n.nspname), 'schema'
    from pg_namespace n where ${userSchema('n')} and ${notOfExtension('pg_namespace', 'n.oid')}
  union all
  select format('language %I', l.lanname),
         concat_ws(' ', case when l.lanpltrusted then 'trusted' end, 'handler', nullif(l.lanplcallfoid::oid, 0)::regproc,
           'inline', nullif(l.laninline::oid, 0)::regproc, 'validator', nullif(l.lanvalidator::oid, 0)::regproc)
    from pg_language l where l.oid >= 16384 and ${notOfExtension('pg_language', 'l.oid')}`;
}

export function extensions(): string {
  return `
  select quote_ident(e.extname), format('version %s schema %I', e.extversion, n.nspname)
    from pg_extension e join pg_namespace n on n.oid = e.extnamespace`;
}

/** A sequence belongs to a column by hand (a) or as its identity (i). */
export function sequences(): string {
  return `
  select format('%I.%I', n.nspname, c.relname),
         concat_ws(' ', case c.relpersistence when 'u' then 'unlogged' end, format_type(s.seqtypid, null), 'start', s.seqstart,
           'increment', s.seqincrement, 'minimum', s.seqmin, 'maximum', s.seqmax, 'cache', s.seqcache,
           case when s.seqcycle then 'cycle' end,
           (select case d.deptype when 'i' then 'identity of ' else 'owned by ' end || ${relationName('d.refobjid')} || '.' || quote_ident(a.attname)
              from pg_depend d join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
             where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_class'::regclass
               and d.refobjsubid > 0 and d.deptype in ('a', 'i')))
    from pg_sequence s join pg_class c on c.oid = s.seqrelid join pg_namespace n on n.oid = c.relnamespace
   where c.relpersistence <> 't' and ${userSchema('n')} and ${notOfExtension('pg_class', 'c.oid')}`;
}

export function publications(major: number): string {
  return [publicationSet(major), publicationTables(major), major >= 15 ? PUBLICATION_SCHEMAS : '', SUBSCRIPTIONS]
    .filter(Boolean)
    .join('\n  union all\n');
}

function publicationSet(major: number): string {
  const generated = major >= 18 ? `'generated columns', p.pubgencols,` : '';
  return `
  select format('publication %I', p.pubname),
         concat_ws(' ', case when p.puballtables then 'all tables' end, case when p.pubinsert then 'insert' end,
           case when p.pubupdate then 'update' end, case when p.pubdelete then 'delete' end,
           case when p.pubtruncate then 'truncate' end, ${generated} case when p.pubviaroot then 'via root' end)
    from pg_publication p where ${notOfExtension('pg_publication', 'p.oid')}`;
}

function publicationTables(major: number): string {
  const extras =
    major >= 15
      ? `'(' || (select string_agg(quote_ident(a.attname), ', ' order by a.attname) from unnest(r.prattrs) k
                   join pg_attribute a on a.attrelid = r.prrelid and a.attnum = k) || ')',
         'where ' || pg_get_expr(r.prqual, r.prrelid)`
      : 'null';
  return `
  select format('publication %I of table %s', p.pubname, ${relationName('r.prrelid')}), concat_ws(' ', 'published', ${extras})
    from pg_publication_rel r join pg_publication p on p.oid = r.prpubid`;
}

const PUBLICATION_SCHEMAS = `
  select format('publication %I of schema %I', p.pubname, n.nspname), 'published'
    from pg_publication_namespace r join pg_publication p on p.oid = r.pnpubid join pg_namespace n on n.oid = r.pnnspid`;

/**
 * A subscription is restored switched off, so whether it is on is not compared. Its connection string holds a password
 * and is never read.
 */
const SUBSCRIPTIONS = `
  select format('subscription %I', s.subname),
         concat_ws(' ', 'to', ${sortedList('s.subpublications')}, 'slot ' || quote_ident(s.subslotname))
    from pg_subscription s where s.subdbid = (select oid from pg_database where datname = current_database())`;

/** Of a user mapping only that it exists: its options are credentials. */
export function foreignData(): string {
  return `
  select format('wrapper %I', w.fdwname),
         concat_ws(' ', 'handler', nullif(w.fdwhandler::oid, 0)::regproc, 'validator', nullif(w.fdwvalidator::oid, 0)::regproc, ${hashedOptions('w.fdwoptions')})
    from pg_foreign_data_wrapper w where ${notOfExtension('pg_foreign_data_wrapper', 'w.oid')}
  union all
  select format('server %I', s.srvname),
         concat_ws(' ', 'wrapper', w.fdwname, 'type ' || s.srvtype, 'version ' || s.srvversion, ${hashedOptions('s.srvoptions')})
    from pg_foreign_server s join pg_foreign_data_wrapper w on w.oid = s.srvfdw
   where ${notOfExtension('pg_foreign_server', 's.oid')}
  union all
  select format('user mapping of %I on %I', m.usename, m.srvname), 'mapped' from pg_user_mappings m`;
}

/**
 * Comments and security labels. pg_dump keeps none on what initdb or an extension made; on the schema public it does.
 * The database's own name is not part of the identity.
 */
export function comments(): string {
  const kept = `not exists (select from pg_depend ext where ext.classid = d.classoid and ext.objid = d.objoid
                              and ext.refclassid = 'pg_extension'::regclass and ext.deptype = 'e')`;
  return `
  select ${IDENTITY}, d.description
    from pg_description d where (d.objoid >= 16384 or d.classoid = 'pg_largeobject'::regclass or d.classoid = 'pg_namespace'::regclass
      and d.objoid = (select oid from pg_namespace where nspname = 'public')) and ${kept}
  union all
  select 'database', d.description from pg_shdescription d
   where d.classoid = 'pg_database'::regclass and d.objoid = (select oid from pg_database where datname = current_database())
  union all
  select format('role %I', r.rolname), d.description from pg_shdescription d join pg_roles r on r.oid = d.objoid
   where d.classoid = 'pg_authid'::regclass and left(r.rolname, 3) <> 'pg_'
  union all
  select concat_ws(' ', 'label', d.provider, 'on', ${IDENTITY}), d.label from pg_seclabel d where ${kept} and d.objoid >= 16384`;
}
