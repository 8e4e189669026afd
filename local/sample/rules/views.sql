create view shop.open_orders with (security_barrier = true) as
  select id, customer_id, status, placed_at, total
  from shop.orders
  where status not in ('delivered', 'cancelled', 'returned');

create view shop.gold_customers as
  select id, email, full_name, tier from shop.customers where tier = 'gold'
  with cascaded check option;

-- Selecting ungrouped columns works only because of the primary key, so the view depends on a constraint.
create view shop.customer_value as
  select c.id, c.full_name, shop.format_address(c.billing) as address, count(o.id) as orders, coalesce(sum(o.total), 0) as spent
  from shop.customers as c left join shop.orders as o on o.customer_id = c.id
  group by c.id;

create recursive view shop.category_tree (id, name, trail) as
  select id, name, array[name] from shop.categories where parent_id is null
  union all
  select c.id, c.name, t.trail || c.name from shop.categories as c join category_tree as t on c.parent_id = t.id;

create view inventory.stock as
  select p.sku, w.code as warehouse, l.on_hand - l.reserved as available
  from inventory.stock_levels as l
    join shop.products as p on p.id = l.product_id
    join inventory.warehouses as w on w.id = l.warehouse_id;

create materialized view analytics.monthly_sales as
  select date_trunc('month', o.placed_at at time zone 'UTC')::date as month, o.currency, count(*) as orders, sum(o.total) as revenue,
    analytics.longest(c.full_name) as longest_name
  from shop.orders as o join shop.customers as c on c.id = o.customer_id
  where o.status <> 'cancelled' and o.placed_at < '2026-11-01 00:00+00'
  group by 1, 2
  order by 1, 2;
create unique index monthly_sales_key on analytics.monthly_sales (month, currency);

create materialized view analytics.category_count with (fillfactor = 90) as
  select trail[1] as root, count(*) as categories from shop.category_tree group by 1;
create unique index category_count_key on analytics.category_count (root);
