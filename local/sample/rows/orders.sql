insert into shop.order_items (order_id, placed_at, line_no, product_id, quantity, unit_price, discount, gift_message)
select
  100000 + n, pg_temp.order_time(n), line_no, product, 1 + pg_temp.pick(301, n * 8 + line_no, 5),
  pg_temp.product_price(product),
  case when n % 9 = 0 then 5 * pg_temp.pick(302, n, 9) else 0 end,
  case when n % 40 = 0 then 'Happy birthday, ' || pg_temp.first_name(n) || '! 🎂' end
from generate_series(1, pg_temp.scaled(32000)) as n,
  generate_series(1, 1 + pg_temp.pick(303, n, 4)) as line_no,
  lateral (select 1 + pg_temp.pick(304, n * 8 + line_no, pg_temp.scaled(3000))) as chosen(product);

-- The last hundredth is still being handled, everything before is settled one way or another.
insert into shop.orders (id, customer_id, status, placed_at, ship_to, coupon_code, total, currency, delivery_window,
  details, updated_at)
select
  100000 + n,
  1 + pg_temp.pick(305, n, pg_temp.scaled(20000)),
  case when n > pg_temp.scaled(32000) * 0.99
      then pg_temp.choose(306, n, array['draft', 'placed', 'paid', 'packed', 'shipped'])
    when pg_temp.pick(306, n, 25) = 0 then 'returned' when pg_temp.pick(306, n, 25) = 1 then 'cancelled'
    else 'delivered' end::shop.order_status,
  placed_at,
  case when n % 5 > 0 then pg_temp.address(120, n) end,
  case when n % 9 = 0 then coupon.codes[1 + pg_temp.pick(309, n, cardinality(coupon.codes))] end,
  basket.total,
  pg_temp.choose(307, n, array['EUR', 'EUR', 'EUR', 'GBP', 'SEK']),
  case when n % 4 = 0 and placed_at < '9999-01-01' then tstzrange(placed_at + interval '1 day', placed_at + interval '3 days') end,
  case when n % 3 = 0 then jsonb_build_object('channel', pg_temp.choose(308, n, array['web', 'app', 'phone']), 'gift', n % 40 = 0)
    else '{}' end,
  least(placed_at + interval '2 days', '2026-11-01 00:00+00')
from generate_series(1, pg_temp.scaled(32000)) as n
  cross join lateral (select pg_temp.order_time(n)) as at(placed_at)
  join (select order_id, sum(line_total) as total from shop.order_items group by order_id) as basket
    on basket.order_id = 100000 + n
  cross join (select array_agg(code order by code) from shop.coupons) as coupon(codes);

insert into shop.payments (id, order_id, placed_at, method, amount, fee, provider_answer, settled_at, authorization_code)
overriding system value
select
  row_number() over (order by id), id, placed_at,
  pg_temp.choose(310, id, array['card', 'card', 'transfer', 'wallet', 'invoice', 'gift card'])::shop.payment_method,
  total, round(total * 0.0123456, 7),
  case when id % 2 = 0
    then ('{"id": "ch_' || left(md5(id::text), 14) || '",  "paid": true, "risk": ' || pg_temp.pick(311, id, 100) || '}')::json end,
  case when id % 77 = 0 then null else least(placed_at + interval '90 seconds', '2026-11-01 00:00+00') end,
  case when id % 3 = 0 then decode(left(md5(id::text), 12), 'hex') end
from shop.orders
where status not in ('draft', 'placed', 'cancelled');

insert into shop.invoices (number, order_id, placed_at, issued_on, due_on, net, vat_rate)
select
  5000000 + row_number() over (order by id), id, placed_at, (placed_at at time zone 'UTC')::date,
  (placed_at at time zone 'UTC')::date + 14, round(total / 1.19, 2), 19
from shop.orders
where status not in ('draft', 'placed', 'cancelled') and id % 10 > 0;

-- Numbers go on where the invoices stop: both tables draw from one sequence.
insert into shop.credit_notes (number, invoice_number, issued_on, amount, reason)
select
  (select max(number) from shop.invoices) + row_number() over (order by invoice.number), invoice.number,
  invoice.due_on + 1, -invoice.net, pg_temp.choose(312, invoice.number, array['returned', 'too late', 'Kulanz'])
from shop.invoices as invoice
  join shop.orders as o on o.id = invoice.order_id and o.placed_at = invoice.placed_at
where o.status = 'returned';

insert into shop.offline_receipts (number, till, rung_up_at, opening_hour, closing_hour, lines, total)
select
  -n, 1 + n % 6, '2026-05-01 08:00'::timestamp + n * interval '17 minutes', '08:00:00.5', '20:00+02',
  ('[{"sku":"OD-000001" , "n":' || 1 + n % 3 || '}]')::json, (pg_temp.pick(313, n, 9000)::numeric / 100)::money
from generate_series(1, pg_temp.scaled(2000)) as n;

insert into shop.carts (token, customer_id, content, touched_at)
select
  pg_temp.id(314, n), case when n % 2 = 0 then 1 + pg_temp.pick(315, n, pg_temp.scaled(20000)) end,
  jsonb_build_array(jsonb_build_object('product', 1 + n % 50, 'quantity', 1 + n % 3)),
  '2026-10-30 00:00+00'::timestamptz + n * interval '1 minute'
from generate_series(1, pg_temp.scaled(1500)) as n;
