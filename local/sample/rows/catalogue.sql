-- Five trees of categories, three levels deep; a parent always comes before its children.
insert into shop.categories (id, parent_id, name, path)
overriding system value
select
  n * 10,
  case when n > 5 then (n / 4) * 10 end,
  pg_temp.choose(200, n, array['Outdoor', 'Küche', 'Garden', 'Jouets', 'Books', 'Büro', 'Sport', 'Pets']) || ' ' || n,
  case when n <= 5 then array[n] else array[n / 4, n] end
from generate_series(1, 60) as n;

insert into shop.products (id, sku, category_id, name, description, price, cost, attributes, sizes, dimensions, weight_kg,
  warranty, on_sale, updated_at)
select
  n,
  pg_temp.choose(201, n, array['OD', 'KI', 'GA', 'TO', 'BK']) || '-' || lpad(n::text, 6, '0'),
  10 * (1 + pg_temp.pick(202, n, 60)),
  pg_temp.choose(203, n, array['Trail', 'Nordic', 'Café', 'Compact', 'Classic', 'Über', 'Pocket', 'Heavy-duty']) || ' '
    || pg_temp.choose(204, n, array['jacket', 'kettle', 'lamp', 'backpack', 'notebook', 'tent', 'knife', 'chair', 'raquette'])
    || ' ' || 100 + n % 900,
  (select string_agg(pg_temp.choose(205, n * 50 + word, array['light', 'and', 'robust', 'the', 'waterproof', 'made', 'of',
      'recycled', 'steel', 'for', 'walkers', 'running', 'cooked', 'über-cool', 'naïve', 'size', '42.5', 'EAN4006381']), ' '
      order by word)
    from generate_series(1, 12 + pg_temp.pick(206, n, 30)) as word),
  pg_temp.product_price(n),
  round(pg_temp.product_price(n) * (40 + pg_temp.pick(207, n, 50)) / 100, 2),
  jsonb_build_object('colour', pg_temp.choose(208, n, array['red', 'grün', 'bleu', '黒']), 'stars', pg_temp.pick(209, n, 50) / 10.0,
    'parts', (select jsonb_agg(jsonb_build_object('no', part, 'spare', part % 2 = 0))
      from generate_series(1, pg_temp.pick(210, n, 4)) as part)),
  case n % 4 when 0 then array['S', 'M', 'L', 'XL'] when 1 then array['one size'] when 2 then '{}' else array['38', '38½'] end,
  case when n % 3 = 0 then array[array[n % 90, n % 70], array[n % 50 + 0.25, n % 30]]::numeric(7, 2)[][] end,
  case when n % 701 = 0 then 'NaN' else (pg_temp.pick(211, n, 200000) / 1000.0)::real end,
  case n % 3 when 0 then interval '2 years' when 1 then interval '14 days 03:30' else interval '-1 month' end,
  case n % 4 when 0 then null when 1 then tstzrange('2026-11-20 00:00+00', '2026-11-30 00:00+00')
    when 2 then tstzrange('2026-01-01 00:00+00', null) else 'empty'::tstzrange end,
  '2026-01-01 00:00+00'::timestamptz + pg_temp.pick(212, n, 25000000) * interval '1 second'
from generate_series(1, pg_temp.scaled(3000)) as n;

-- Past, present and future price of every product; the ranges of one product never overlap.
insert into shop.product_prices (product_id, during, price)
select
  n,
  case version when 1 then daterange(null, changed) when 2 then daterange(changed, changed + 200)
    else daterange(changed + 200, 'infinity') end,
  round(pg_temp.product_price(n) * (80 + 10 * version) / 100, 2)
from generate_series(1, pg_temp.scaled(3000)) as n, generate_series(1, 3) as version,
  lateral (select '2025-01-01'::date + pg_temp.pick(213, n, 400)) as at(changed);

-- 1 to 25 kB each: most of them live in the TOAST table.
insert into shop.product_images (product_id, position, picture)
select n, 1, pg_temp.bytes(214, n, 64 + pg_temp.pick(215, n, 1500))
from generate_series(1, pg_temp.scaled(120)) as n;
insert into shop.product_images (product_id, position, media_type, picture) values (1, 2, 'image/gif', '');

insert into shop.coupons (code, discount, for_basket, valid, grace, times_used, retired)
select
  pg_temp.choose(216, n, array['WELCOME', 'SUMMER', 'ÉTÉ', 'Xmas-']) || n,
  5 * pg_temp.pick(217, n, 17),
  case when n % 4 = 0 then 'empty'::shop.price_band else shop.price_band((n % 50)::numeric, null, '[)') end,
  case n % 3 when 0 then tstzrange('-infinity', 'infinity', '[]') when 1 then tstzrange('2026-11-01 00:00+00', null)
    else tstzrange('2025-01-01 00:00+00', '2025-12-31 23:59:59.999+00', '(]') end,
  make_interval(days => n % 10, secs => n / 8.0),
  pg_temp.pick(218, n, 400),
  n % 13 = 0
from generate_series(1, pg_temp.scaled(300)) as n;

insert into shop.gift_cards (id, code, holder_id, balance, expires_on)
select
  n,
  ('x' || md5('card/' || n || '/' || pg_temp.pick(219, n, 1000000)))::bit(48)::bit varying(64),
  case when n % 3 > 0 then 1 + pg_temp.pick(220, n, pg_temp.scaled(20000)) end,
  (pg_temp.pick(221, n, 20000)::numeric / 100)::money,
  case when n % 5 = 0 then 'infinity' else '2027-01-01'::date + n end
from generate_series(1, least(pg_temp.scaled(400), 30000)) as n;

insert into shop.reviews (id, product_id, customer_id, rating, title, body, helpful, written_at)
select
  999 + n,
  1 + pg_temp.pick(222, n, pg_temp.scaled(3000)),
  1 + pg_temp.pick(223, n, pg_temp.scaled(20000)),
  1 + pg_temp.pick(224, n, 5),
  pg_temp.choose(225, n, array['Great', 'Naja', 'Très bien', '最高', 'Returned it', 'مناسب', '']),
  repeat(pg_temp.choose(226, n, array['I use it every day. ', 'Nie wieder! ', 'Ça marche bien. ', '👍🏽 ']), 1 + pg_temp.pick(227, n, 15)),
  pg_temp.pick(228, n, 60),
  '2025-01-01 00:00+00'::timestamptz + pg_temp.pick(229, n, 57000000) * interval '1 second'
from generate_series(1, pg_temp.scaled(6000)) as n;

insert into shop."Größen & Maße" ("select", "EU Größe", "US/UK", "日本サイズ (cm)", "100% ""passt"" gut", "Ünïcode 👟")
select n, 35 + n / 2.0, (n - 2) || '/' || n, 22 + n / 4.0, n % 2 = 0, array['größe ' || n, '{}', 'NULL', null, '\']
from generate_series(1, 24) as n;
