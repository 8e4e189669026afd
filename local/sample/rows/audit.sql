insert into audit.changes (id, table_name, operation, row_key, old_row, new_row, changed_by, changed_at)
overriding system value
select
  n, pg_temp.choose(700, n, array['shop.customers', 'shop.products']), 'UPDATE', n::text,
  jsonb_build_object('tier', 'basic', 'n', n), jsonb_build_object('tier', 'silver', 'n', n), 'shop_app',
  '2026-09-01 00:00+00'::timestamptz + n * interval '7 minutes'
from generate_series(1, pg_temp.scaled(4000)) as n;

insert into audit.ddl_log (id, command_tag, object_identity, run_by, run_at)
overriding system value
values
  (1, 'CREATE TABLE', 'shop.customers', 'shop_migrations', '2024-10-01 08:00+00'),
  (2, 'ALTER TABLE', 'shop.customers', 'shop_migrations', '2025-02-14 09:30:00.25+00'),
  (3, 'CREATE INDEX', 'shop.customers_email_key', 'shop_migrations', '2025-02-14 09:31+00');

-- Large objects: from less than one chunk (2 kB) to some hundred of them. Fixed numbers, because rows point to them.
select lo_from_bytea(910000 + n, pg_temp.bytes(710, n, case when n % 6 = 0 then 12000 else n * 40 end))
from generate_series(1, 24) as n;
select lo_from_bytea(910025, '');

insert into shop.order_documents (id, order_id, placed_at, title, content)
select
  n, o.id, o.placed_at, pg_temp.choose(711, n, array['Delivery note.pdf', 'Zollerklärung.pdf', 'Photo.jpg']), 910000 + n
from generate_series(1, 24) as n
  join shop.orders as o on o.id = 100001 + n % pg_temp.scaled(32000);

insert into audit.heartbeat (at)
select timestamptz '2026-11-18 00:00:00+00' + n * interval '1 hour' from generate_series(0, 47) n;
