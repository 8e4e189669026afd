-- Roles belong to the whole cluster, so a second sample database finds them there already.
-- No role has a password: under scram authentication none of them can log in until somebody sets one.
do $$
declare
  wanted record;
begin
  for wanted in
    select * from (values
      ('shop_owner', 'nologin', 'Owns every object of the shop'),
      ('shop_readonly', 'nologin', 'May read, by membership'),
      ('shop_readwrite', 'nologin', 'May change rows, by membership'),
      ('shop_app', 'login connection limit 100', 'The web shop itself'),
      ('shop_support', 'login noinherit', 'Help desk; sees the tickets of its region'),
      ('shop_reporting', 'login connection limit 5 valid until ''2038-01-19 03:14:07+00''', 'Dashboards'),
      ('shop_migrations', 'login createrole', 'Deployments'),
      ('shop_replication', 'login replication', 'Feeds the search cluster'),
      ('Warehouse "North"', 'login valid until ''infinity''', 'Scanners; the name is older than the naming rules')
    ) as role(name, attributes, purpose)
  loop
    if not exists (select from pg_catalog.pg_roles where rolname = wanted.name) then
      execute format('create role %I %s', wanted.name, wanted.attributes);
      execute format('comment on role %I is %L', wanted.name, wanted.purpose);
    end if;
  end loop;
end
$$;

set local client_min_messages = warning; -- on a second run every membership is there already, which is only a notice

grant shop_readonly to shop_readwrite, shop_support, shop_reporting;
grant shop_readwrite to shop_app, "Warehouse ""North""";
grant shop_owner to shop_migrations with admin option;
grant pg_monitor to shop_reporting;

alter role shop_app set statement_timeout = '15s';
alter role shop_app set lock_timeout = '5s';
alter role shop_reporting set default_transaction_read_only = on;
alter role shop_reporting set work_mem = '32MB';
alter role shop_migrations set role = 'shop_owner';
alter role "Warehouse ""North""" set application_name = 'scanner, "north" gate';
