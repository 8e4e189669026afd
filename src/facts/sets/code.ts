import { notOfExtension, relationName, userSchema } from './fragments.ts';

/** Check 18: what the database does by itself. Check 27: who sees which rows. */

export function views(): string {
  return `
  select format('%I.%I', n.nspname, c.relname), pg_get_viewdef(c.oid)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('v', 'm') and c.relpersistence <> 't' and ${userSchema('n')} and ${notOfExtension('pg_class', 'c.oid')}`;
}

export function routines(): string {
  return `
  select p.oid::regprocedure::text, pg_get_functiondef(p.oid)
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
   where p.prokind <> 'a' and (${userSchema('n')} or p.oid >= 16384 and n.nspname = 'pg_catalog')
     and ${notOfExtension('pg_proc', 'p.oid')}
  union all
  select 'aggregate ' || p.oid::regprocedure::text,
         concat_ws(' ',
           pg_get_function_result(p.oid), 'kind', a.aggkind, a.aggnumdirectargs, 'parallel', p.proparallel,
           'sfunc', a.aggtransfn, 'stype', format_type(a.aggtranstype, null), a.aggtransspace, 'init', quote_literal(a.agginitval),
           'final', nullif(a.aggfinalfn::oid, 0)::regproc, a.aggfinalextra, a.aggfinalmodify,
           'combine', nullif(a.aggcombinefn::oid, 0)::regproc, 'serial', nullif(a.aggserialfn::oid, 0)::regproc, nullif(a.aggdeserialfn::oid, 0)::regproc,
           'moving', nullif(a.aggmtransfn::oid, 0)::regproc, nullif(a.aggminvtransfn::oid, 0)::regproc, format_type(nullif(a.aggmtranstype::oid, 0), null),
           a.aggmtransspace, nullif(a.aggmfinalfn::oid, 0)::regproc, a.aggmfinalextra, a.aggmfinalmodify, quote_literal(a.aggminitval),
           'sort', (select oid::regoperator from pg_operator where oid = a.aggsortop),
           'arguments', pg_get_function_arguments(p.oid))
    from pg_proc p join pg_aggregate a on a.aggfnoid = p.oid join pg_namespace n on n.oid = p.pronamespace
   where ${userSchema('n')} and ${notOfExtension('pg_proc', 'p.oid')}`;
}

/** Triggers that keep foreign keys are PostgreSQL's own; copies of a trigger in partitions are included. */
export function triggers(): string {
  return `
  select format('%I on %s', t.tgname, ${relationName('t.tgrelid')}),
         pg_get_triggerdef(t.oid)
           || case t.tgenabled when 'D' then ' disabled' when 'R' then ' enabled replica' when 'A' then ' enabled always' else '' end
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
   where (not t.tgisinternal or t.tgparentid <> 0)
     and not exists (select from pg_constraint k where k.oid = t.tgconstraint and k.contype in ('f', 'p', 'u', 'x'))
     and ${userSchema('n')} and ${notOfExtension('pg_class', 'c.oid')} and ${notOfExtension('pg_trigger', 't.oid')}`;
}

export function rules(): string {
  return `
  select format('%I on %I.%I', r.rulename, n.nspname, c.relname),
         pg_get_ruledef(r.oid)
           || case r.ev_enabled when 'D' then ' disabled' when 'R' then ' enabled replica' when 'A' then ' enabled always' else '' end
    from pg_rewrite r join pg_class c on c.oid = r.ev_class join pg_namespace n on n.oid = c.relnamespace
   where r.rulename <> '_RETURN' and ${userSchema('n')} and ${notOfExtension('pg_class', 'c.oid')}
     and ${notOfExtension('pg_rewrite', 'r.oid')}`;
}

export function policies(): string {
  return `
  select format('row security of %I.%I', n.nspname, c.relname),
         concat_ws(' ', case when c.relrowsecurity then 'enabled' end, case when c.relforcerowsecurity then 'forced' end)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where (c.relrowsecurity or c.relforcerowsecurity) and c.relpersistence <> 't'
     and ${userSchema('n')} and ${notOfExtension('pg_class', 'c.oid')}
  union all
  select format('%I on %I.%I', p.polname, n.nspname, c.relname),
         concat_ws(' ', case when p.polpermissive then 'permissive' else 'restrictive' end, 'for', p.polcmd, 'to',
           (select string_agg(case r when 0 then 'PUBLIC' else quote_ident(pg_get_userbyid(r)) end, ', '
                              order by r = 0 desc, pg_get_userbyid(r)) from unnest(p.polroles) r),
           'using ' || pg_get_expr(p.polqual, p.polrelid), 'with check ' || pg_get_expr(p.polwithcheck, p.polrelid))
    from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
   where ${userSchema('n')} and ${notOfExtension('pg_class', 'c.oid')} and ${notOfExtension('pg_policy', 'p.oid')}`;
}

export function statistics(): string {
  return `
  select format('%I.%I', n.nspname, s.stxname),
         concat_ws(' ', pg_get_statisticsobjdef(s.oid), 'target ' || nullif(s.stxstattarget, -1))
    from pg_statistic_ext s join pg_namespace n on n.oid = s.stxnamespace
   where ${userSchema('n')} and ${notOfExtension('pg_statistic_ext', 's.oid')} and ${notOfExtension('pg_class', 's.stxrelid')}`;
}

export function eventTriggers(): string {
  return `
  select quote_ident(e.evtname),
         concat_ws(' ', 'on', e.evtevent, 'execute', e.evtfoid::regproc, 'enabled', e.evtenabled,
           'when tag in (' || (select string_agg(tag, ', ' order by tag) from unnest(e.evttags) tag) || ')')
    from pg_event_trigger e
   where ${notOfExtension('pg_event_trigger', 'e.oid')}`;
}
