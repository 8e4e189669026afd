insert into inventory.warehouses (id, code, place, floor_plan, network, opens, time_zone, shift, founded)
select
  n, 'WH' || lpad(n::text, 2, '0'), point(n * 1.5, 50 - n / 3.0), box(point(0, 0), point(n * 10, n * 7.25)),
  ('10.' || n || '.0.0/16')::cidr, '05:30'::time + n * interval '5 minutes',
  (array['Europe/Berlin', 'America/New_York', 'Asia/Tokyo', 'UTC'])[1 + n % 4], n * interval '1 hour' + interval '30 minutes',
  case n when 1 then '1271-01-01'::date else '1990-01-01'::date + n * 365 end
from generate_series(1, 12) as n;

insert into inventory.scanners (address, warehouse_id, last_ip, features, state, battery, temperature, report, log_position, filter)
select
  ('08:00:2b:' || lpad(to_hex(n / 65536), 2, '0') || ':' || lpad(to_hex(n / 256 % 256), 2, '0') || ':' || lpad(to_hex(n % 256), 2, '0'))::macaddr,
  1 + n % 12, '10.1.0.0'::inet + n, (n % 256)::bit(8), (array['a', 'i', 'x'])[1 + n % 3]::"char",
  case when n % 50 = 0 then 'NaN' else n % 100 + 0.1 end::real,
  case n % 60 when 1 then 'Infinity'::double precision when 2 then '-Infinity' when 3 then 1e-300 when 4 then '-0'
    else 20 + n / 7.0::double precision end,
  '{"b": 1, "a": [1, 2], "a": "twice"}', ('16/' || to_hex(3010000000 + n * 8))::pg_lsn, '$.lines[*] ? (@.n > 1)'
from generate_series(1, pg_temp.scaled(300)) as n;

insert into inventory.stock_levels (warehouse_id, product_id, on_hand, reserved, counted_at)
select
  1 + (n + slot * 4) % 12, n, pg_temp.pick(400, n * 4 + slot, 800) - 5, pg_temp.pick(401, n * 4 + slot, 5),
  '2026-10-01 00:00+00'::timestamptz + pg_temp.pick(402, n * 4 + slot, 2500000) * interval '1 second'
from generate_series(1, pg_temp.scaled(3000)) as n, generate_series(0, 2) as slot;

insert into inventory.stock_moves (id, status, product_id, from_warehouse, to_warehouse, quantity, batch, planned_at, moved_at)
select
  n, status, 1 + pg_temp.pick(403, n, pg_temp.scaled(3000)),
  case when n % 10 > 0 then 1 + n % 12 end, 1 + (n + 1 + pg_temp.pick(404, n, 11)) % 12,
  1 + pg_temp.pick(405, n, 50), 10 * (1 + n / 20), planned_at,
  case when status in ('done', 'lost') then planned_at + interval '1 day 02:03:04.56' end
from generate_series(1, pg_temp.scaled(20000)) as n,
  lateral (select case when n % 331 = 0 then 'lost' when n > pg_temp.scaled(20000) * 0.95
      then pg_temp.choose(406, n, array['planned', 'in_transit']) else 'done' end::inventory.move_status,
    '2025-11-01 00:00+00'::timestamptz + make_interval(secs => floor(n * (31536000.0 / pg_temp.scaled(20000))))) as made(status, planned_at);

-- One lorry per dock and hour.
insert into inventory.dock_reservations (id, warehouse_id, dock, during, carrier)
select
  n, 1 + n % 12, 1 + n / 12 % 4,
  tstzrange('2026-11-01 06:00+00'::timestamptz + n / 48 * interval '1 hour', '2026-11-01 06:50+00'::timestamptz + n / 48 * interval '1 hour'),
  pg_temp.choose(407, n, array['Nordfracht', 'Rapid & Sons', 'Żółw Express'])
from generate_series(1, pg_temp.scaled(1200)) as n;

insert into inventory.pick_lists (day, number, picker, order_ids)
select
  '2026-10-01'::date + n / 25, 1 + n % 25, pg_temp.first_name(n),
  array(select 100001 + pg_temp.pick(408, n * 10 + item, pg_temp.scaled(32000))::bigint from generate_series(1, n % 6) as item order by item)
from generate_series(0, 749) as n;
