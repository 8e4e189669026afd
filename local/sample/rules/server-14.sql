-- Possible since PostgreSQL 14.
create function shop.days_until_due(invoice bigint, today date) returns integer
  language sql stable
  begin atomic
    select due_on - today from shop.invoices where number = invoice;
  end;
create statistics shop.customer_domain on (split_part(email, '@', 2)), tier from shop.customers;
create table inventory.opening_hours (
  warehouse_id smallint primary key references inventory.warehouses,
  open tstzmultirange not null
);
insert into inventory.opening_hours (warehouse_id, open)
select id, case id when 3 then '{}'::tstzmultirange else tstzmultirange(
  tstzrange('2026-12-01 06:00+00', '2026-12-01 12:00+00'), tstzrange('2026-12-01 13:00+00', null)) end
from inventory.warehouses;
