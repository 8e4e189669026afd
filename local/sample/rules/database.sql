-- As superuser: what the owner of the schemas may not do, and what belongs to the database itself.
create publication search_feed for table shop.products, shop.orders, shop.customers
  with (publish = 'insert, update', publish_via_partition_root = true);
create publication warehouse_feed for table inventory.stock_moves, inventory.stock_levels;
alter publication warehouse_feed owner to shop_owner;
comment on publication search_feed is 'Read by the search cluster';

do $$
begin
  for n in 1 .. 20 loop
    execute format('alter large object %s owner to shop_owner', 910000 + n);
  end loop;
end
$$;
grant select on large object 910001, 910002, 910006 to shop_support;
grant select, update on large object 910012 to shop_app with grant option;
comment on large object 910006 is 'Scanned by hand';

-- Only these tags: the refresh of a materialised view, for one, must not write to the log, because a restore refreshes.
create event trigger log_table_changes on ddl_command_end
  when tag in ('CREATE TABLE', 'ALTER TABLE', 'CREATE INDEX', 'CREATE FUNCTION')
  execute function audit.record_ddl();
comment on event trigger log_table_changes is 'Who changed the schema, and when';

do $$
declare
  db text := quote_ident(current_database());
begin
  execute 'alter database ' || db || ' set timezone = ''Europe/Berlin''';
  execute 'alter database ' || db || ' set search_path = shop, public, extensions';
  execute 'alter database ' || db || ' set default_text_search_config = ''pg_catalog.german''';
  -- Sessions that sleep in a transaction are ended: whoever holds a snapshot for long has to opt out.
  execute 'alter database ' || db || ' set idle_in_transaction_session_timeout = ''2min''';
  execute 'alter database ' || db || ' set shop.region = ''eu''';
  execute 'alter role shop_reporting in database ' || db || ' set statement_timeout = ''10min''';
  execute 'alter role shop_support in database ' || db || ' set shop.region = ''us''';
  execute 'alter role shop_app in database ' || db || ' set search_path = shop, inventory';
  execute 'alter database ' || db || ' connection limit 200';
  execute 'revoke connect, temporary on database ' || db || ' from public';
  execute 'grant connect on database ' || db || ' to shop_readonly, shop_migrations';
  execute 'grant create, temporary on database ' || db || ' to shop_migrations with grant option';
  execute 'comment on database ' || db || ' is ''A web shop that exists only as a sample''';
end
$$;
