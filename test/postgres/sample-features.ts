/**
 * What the sample must contain, each as a condition over the catalogue or the rows that is false in an empty database.
 * Tables are named only where the feature lies in their rows.
 */
export interface Feature {
  readonly feature: string;
  readonly condition: string;
  /** Asks the sample's own tables, so it cannot be asked of an empty database. */
  readonly inRows?: true;
}

const shop = `n.nspname in ('shop', 'inventory', 'analytics', 'audit')`;
const relation = (condition: string) =>
  `exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${shop} and ${condition})`;
const column = (condition: string) =>
  `exists (select from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
    where ${shop} and attnum > 0 and c.relkind in ('r', 'p') and ${condition})`;
const columnOf = (type: string) => column(`a.atttypid = '${type}'::regtype`);
const constraint = (condition: string) =>
  `exists (select from pg_constraint co join pg_namespace n on n.oid = co.connamespace where ${shop} and ${condition})`;
const index = (condition: string) =>
  `exists (select from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am am on am.oid = c.relam
    join pg_namespace n on n.oid = c.relnamespace where ${shop} and ${condition})`;
const type = (condition: string) =>
  `exists (select from pg_type t join pg_namespace n on n.oid = t.typnamespace where ${shop} and ${condition})`;
const routine = (condition: string) =>
  `exists (select from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
    where ${shop} and ${condition})`;
const trigger = (condition: string) => `exists (select from pg_trigger where not tgisinternal and ${condition})`;
const sequence = (condition: string) =>
  `exists (select from pg_sequence s join pg_class c on c.oid = s.seqrelid join pg_namespace n on n.oid = c.relnamespace
    where ${shop} and ${condition})`;
const fedColumns = (seq: string) => `(select count(distinct adrelid) from pg_depend join pg_attrdef d on d.oid = objid
  where classid = 'pg_attrdef'::regclass and refobjid = to_regclass('${seq}'))`;
const ownerOf = (seq: string) => `exists (select from pg_depend where classid = 'pg_class'::regclass and objid = to_regclass('${seq}')
  and deptype in ('a', 'i'))`;
const described = (catalogue: string) => `exists (select from pg_description where classoid = '${catalogue}'::regclass and objoid >= 16384)`;

const catalogue: Readonly<Record<string, string>> = {
  'range partitions': relation(`c.relkind = 'p' and (select partstrat from pg_partitioned_table where partrelid = c.oid) = 'r'`),
  'list partitions': relation(`c.relkind = 'p' and (select partstrat from pg_partitioned_table where partrelid = c.oid) = 'l'`),
  'hash partitions': relation(`c.relkind = 'p' and (select partstrat from pg_partitioned_table where partrelid = c.oid) = 'h'`),
  'a default partition': relation(`c.relispartition and pg_get_expr(relpartbound, c.oid) = 'DEFAULT'`),
  'a partition that is partitioned itself': relation(`c.relispartition and c.relkind = 'p'`),
  'a composite foreign key': constraint(`contype = 'f' and cardinality(conkey) = 2 and conparentid = 0`),
  'a deferred foreign key': constraint(`contype = 'f' and condeferred`),
  'a deferrable unique key': constraint(`contype = 'u' and condeferrable`),
  'an exclusion constraint over ranges': constraint(`contype = 'x' and pg_get_constraintdef(co.oid) like '%during WITH &&%'`),
  'a stored generated column': column(`attgenerated = 's'`),
  'an identity column always': column(`attidentity = 'a'`),
  'an identity column by default': column(`attidentity = 'd'`),
  'a serial column': `coalesce(${ownerOf('shop.products_id_seq')}, false)`,
  'a dropped column': column('attisdropped'),
  'an enum with a label added in the middle': `exists (select from pg_enum where enumsortorder <> trunc(enumsortorder))`,
  'a domain with a check': `exists (select from pg_constraint where contypid <> 0 and contype = 'c' and oid >= 16384)`,
  'a domain over a domain': type(`typtype = 'd' and exists (select from pg_type b where b.oid = t.typbasetype and b.typtype = 'd')`),
  'a composite type': type(`typtype = 'c' and (select relkind from pg_class where oid = t.typrelid) = 'c'`),
  'a range type': type(`typtype = 'r'`),
  'a descending sequence': sequence('s.seqincrement = -1'),
  'a sequence in steps of ten': sequence('s.seqincrement = 10'),
  'a sequence that goes round': sequence('s.seqcycle'),
  'a sequence that was never called': sequence(
    `(select last_value from pg_sequences where schemaname = n.nspname and sequencename = c.relname) is null`,
  ),
  'a sequence used by default only, owned by nobody': `${fedColumns('shop.order_number')} > 0 and not ${ownerOf('shop.order_number')}`,
  'a sequence shared by two tables': `${fedColumns('shop.document_number')} = 2`,
  'a view': relation(`c.relkind = 'v'`),
  'a security-barrier view': relation(`c.relkind = 'v' and 'security_barrier=true' = any (c.reloptions)`),
  'a view with check option': relation(`c.relkind = 'v' and 'check_option=cascaded' = any (c.reloptions)`),
  'a view that depends on a primary key': `exists (select from pg_depend join pg_constraint co on co.oid = refobjid
    where classid = 'pg_rewrite'::regclass and refclassid = 'pg_constraint'::regclass and contype = 'p')`,
  'a populated materialised view with a unique index': relation(
    `c.relkind = 'm' and c.relispopulated and exists (select from pg_index where indrelid = c.oid and indisunique)`,
  ),
  'an SQL function': routine(`p.prokind = 'f' and lanname = 'sql'`),
  'a PL/pgSQL function': routine(`p.prokind = 'f' and lanname = 'plpgsql'`),
  'a security-definer function': routine('p.prosecdef and p.proconfig is not null'),
  'a procedure': routine(`p.prokind = 'p'`),
  'an aggregate': routine(`p.prokind = 'a'`),
  'an operator': `exists (select from pg_operator where oid >= 16384 and oprname = '=~=')`,
  'a row trigger on a partitioned table': trigger(`(select relkind from pg_class where oid = tgrelid) = 'p'`),
  'a constraint trigger': trigger('tgdeferrable and tginitdeferred'),
  'a trigger with a transition table': trigger('tgnewtable is not null'),
  'a trigger enabled always': trigger(`tgenabled = 'A'`),
  'an audit trigger': trigger(`tgname = 'customers_audit'`),
  'a rule': `exists (select from pg_rewrite where rulename = 'coupons_retire')`,
  'an event trigger': `exists (select from pg_event_trigger where evtenabled = 'O')`,
  'row-level security, forced': relation('c.relrowsecurity and c.relforcerowsecurity'),
  'a policy for the application role': `exists (select from pg_policy where polroles @> array[(select oid from pg_roles where rolname = 'shop_app')])`,
  'a restrictive policy': `exists (select from pg_policy where not polpermissive)`,
  'a grant on a table': relation('c.relacl is not null'),
  'a grant on a column': column('attacl is not null'),
  'a grant with grant option by somebody who is not the owner': `exists (select from pg_class c, aclexplode(c.relacl) x
    where c.oid >= 16384 and x.grantor <> c.relowner)`,
  'default privileges': `exists (select from pg_default_acl)`,
  'the owner is not the superuser': relation(`c.relowner <> 10`),
  'an extended statistic': `exists (select from pg_statistic_ext)`,
  'a partial index': index('i.indpred is not null'),
  'an expression index': index('i.indexprs is not null'),
  'a covering index': index('i.indnatts > i.indnkeyatts'),
  'a GIN index': index(`amname = 'gin'`),
  'a GiST index': index(`amname = 'gist'`),
  'a BRIN index': index(`amname = 'brin'`),
  'a hash index': index(`amname = 'hash'`),
  'an inherited child that is no partition': `exists (select from pg_inherits join pg_class c on c.oid = inhrelid
    where not c.relispartition and c.relkind = 'r')`,
  'a child whose columns stand in another order': `(select a.attnum from pg_attribute a where attrelid = to_regclass('shop.support_tickets_archive')
    and attname = 'priority') <> (select attnum from pg_attribute where attrelid = to_regclass('shop.support_tickets') and attname = 'priority')`,
  'an unlogged table': relation(`c.relpersistence = 'u' and c.relkind = 'r'`),
  'a table name that needs quotes': relation(`c.relname ~ '[^a-z0-9_]' and c.relkind = 'r'`),
  'a picture column that is never NULL': column(`a.atttypid = 'bytea'::regtype and attnotnull and attstorage = 'e'`),
  'a column name with quotes and other scripts': column(`attname ~ '"' or attname ~ '日本'`),
  'a text-search configuration': `exists (select from pg_ts_config where oid >= 16384)`,
  'a publication': `exists (select from pg_publication_rel)`,
  'a table without primary key': relation(`c.relkind = 'r' and not c.relispartition
    and not exists (select from pg_constraint where conrelid = c.oid and contype = 'p')`),
  'a wide table': relation(`c.relkind = 'r' and c.relnatts > 70`),
  'a large object of several chunks': `exists (select from pg_largeobject where pageno > 50)`,
  'a large object with an owner and a grant': `exists (select from pg_largeobject_metadata where lomowner <> 10 and lomacl is not null)`,
  'settings of the database': `exists (select from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase
    where d.datname = current_database() and s.setrole = 0)`,
  'settings of a role in the database': `exists (select from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase
    where d.datname = current_database() and s.setrole <> 0)`,
  'a connection limit and grants of the database': `exists (select from pg_database where datname = current_database()
    and datconnlimit > 0 and datacl is not null)`,
  'comments on relations and columns': `exists (select from pg_description where classoid = 'pg_class'::regclass and objoid >= 16384 and objsubid > 0)`,
  'a comment on a constraint': described('pg_constraint'),
  'a comment on a function': described('pg_proc'),
  'a comment on a policy': described('pg_policy'),
  'a comment on a large object': `exists (select from pg_description where classoid = 'pg_largeobject'::regclass)`,
  ...Object.fromEntries(
    ['jsonb', 'json', 'text[]', 'numeric', 'money', 'interval', 'timestamptz', 'timestamp', 'timetz', 'inet', 'cidr', 'macaddr', 'uuid']
      .concat(['tsvector', 'bytea', 'tstzrange', 'daterange', 'point', 'varbit', 'pg_lsn', 'jsonpath', '"char"', 'real', 'oid'])
      .map((name) => [`a column of type ${name}`, columnOf(name)]),
  ),
};

const rows: Readonly<Record<string, string>> = {
  'a date before Christ': `exists (select from shop.customers where born_on < '0001-01-01')`,
  'an infinite date': `exists (select from shop.gift_cards where expires_on = 'infinity')`,
  'a timestamp of minus infinity': `exists (select from shop.customers where last_seen_at = '-infinity')`,
  'a day in the year 9999': `exists (select from shop.orders_other where placed_at > '9999-01-01')`,
  'NaN': `exists (select from shop.customers where credit_limit = 'NaN')`,
  'an infinite float': `exists (select from inventory.scanners where temperature = 'infinity')`,
  'empty strings beside NULL': `exists (select from shop.customers where note = '') and exists (select from shop.customers where billing is null)`,
  'NULL inside an array': `exists (select from shop.customers where array_position(tags, null) > 0)`,
  'text outside ASCII': `exists (select from shop.reviews where body ~ '👍')`,
  'pictures beyond 10 kB in the TOAST table': `exists (select from shop.product_images where length(picture) > 10000
    and pg_column_size(picture) > 10000)`,
  'a table of no rows': `not exists (select from shop.erasure_requests)`,
  'duplicate rows': `exists (select from analytics.page_hits group by page_hits.* having count(*) > 1)`,
  'rows in every kind of partition': `exists (select from shop.orders_2025_06) and exists (select from shop.orders_other)
    and exists (select from analytics.events_2026_09_a) and exists (select from inventory.stock_moves_in_transit)
    and exists (select from inventory.stock_moves_done_1) and exists (select from shop.order_items_3)`,
};

export const FEATURES: readonly Feature[] = [
  ...Object.entries(catalogue).map(([feature, condition]) => ({ feature, condition })),
  ...Object.entries(rows).map(([feature, condition]) => ({ feature, condition, inRows: true as const })),
];
