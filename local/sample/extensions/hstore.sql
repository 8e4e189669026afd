create table shop.supplier_feeds (
  product_id integer not null references shop.products on delete cascade,
  received_on date not null,
  labels extensions.hstore not null,
  primary key (product_id, received_on)
);
insert into shop.supplier_feeds (product_id, received_on, labels)
select
  n, '2026-10-01'::date + n % 20,
  extensions.hstore(array['ean', 'hazard', 'remark, "raw"'], array[lpad((n * 7919)::text, 13, '4'), case when n % 9 = 0 then 'yes' end, 'Größe=' || n % 50])
from generate_series(1, pg_temp.scaled(2000)) as n;
create index supplier_feeds_labels_idx on shop.supplier_feeds using gin (labels extensions.gin_hstore_ops);
