insert into shop.countries (code, name, currency, vat_rate, calling_prefix)
values
  ('AT', 'Österreich', 'EUR', 20, '{4,3}'), ('BE', 'België', 'EUR', 21, '{3,2}'), ('CH', 'Schweiz', 'CHF', 8.1, '{4,1}'),
  ('DE', 'Deutschland', 'EUR', 19, '{4,9}'), ('DK', 'Danmark', 'DKK', 25, '{4,5}'), ('ES', 'España', 'EUR', 21, '{3,4}'),
  ('FI', 'Suomi', 'EUR', 25.5, '{3,5,8}'), ('FR', 'France', 'EUR', 20, '{3,3}'), ('GB', 'United Kingdom', 'GBP', 20, '{4,4}'),
  ('GR', 'Ελλάδα', 'EUR', 24, '{3,0}'), ('IT', 'Italia', 'EUR', 22, '{3,9}'), ('JP', '日本', 'JPY', 10, '{8,1}'),
  ('NL', 'Nederland', 'EUR', 21, '{3,1}'), ('NO', 'Norge', 'NOK', 25, '{4,7}'), ('PL', 'Polska', 'PLN', 23, '{4,8}'),
  ('SE', 'Sverige', 'SEK', 25, '{4,6}'), ('US', 'United States', 'USD', 0, '{1}'), ('AQ', 'Antarctica', 'XXX', 0, '{}');

insert into shop.customers (id, public_id, email, full_name, tier, billing, preferences, tags, credit_limit, signup_ip,
  born_on, default_address, note, created_at, updated_at, last_seen_at)
select
  n,
  pg_temp.id(3, n),
  'customer' || n || '@' || pg_temp.choose(4, n, array['example.com', 'example.org', 'mail.example.net']),
  pg_temp.first_name(n) || ' ' || pg_temp.last_name(n),
  case when n % 5003 = 1 then 'Très spécial' when pg_temp.pick(5, n, 20) = 0 then 'gold'
    when pg_temp.pick(5, n, 20) < 4 then 'silver' else 'basic' end::shop.loyalty_tier,
  case when n % 7 > 0 then pg_temp.address(100, n) end,
  jsonb_build_object(
    'newsletter', pg_temp.pick(6, n, 2) = 1,
    'language', pg_temp.choose(7, n, array['de', 'en', 'fr', 'pl', 'sv', 'ja']),
    'theme', case when n % 5 = 0 then jsonb_build_object('dark', n % 2 = 0, 'accent', '#' || left(md5(n::text), 6)) end),
  case pg_temp.pick(8, n, 4) when 0 then '{}' when 1 then array['b2c'] when 2 then array['b2b', 'net 30']
    else array['vip', null, 'say "hello"', ''] end,
  case when n % 997 = 0 then 'NaN' else pg_temp.pick(9, n, 500000)::numeric / 100 end,
  case when n % 3 = 0 then '2001:db8::'::inet + n else '198.51.100.0'::inet + pg_temp.pick(10, n, 256) end,
  case n % 4999 when 1 then '0044-03-15 BC'::date when 2 then 'infinity' when 3 then '1582-10-15' when 4 then null
    else '1940-01-01'::date + pg_temp.pick(11, n, 25000) end,
  case when n % 2 = 0 then 1 end,
  case when n % 6 = 0 then E'line one\nline two\twith a tab, a \\ and a "quote"' else '' end,
  '2019-01-01 00:00+00'::timestamptz + n * interval '53 minutes',
  '2026-01-01 00:00+00'::timestamptz + pg_temp.pick(12, n, 25000000) * interval '1 second',
  case n % 500 when 1 then '-infinity'::timestamptz when 2 then 'infinity' when 3 then null
    else '2026-02-01 00:00+00'::timestamptz + pg_temp.pick(13, n, 23000000) * interval '1 second' end
from generate_series(1, pg_temp.scaled(20000)) as n;

-- Every even customer has at least the address that is its default.
insert into shop.customer_addresses (customer_id, address_no, label, address, delivery_hint)
select
  n, address_no,
  pg_temp.choose(14, n + address_no, array['Home', 'Work', 'Büro', 'Parents', '']),
  pg_temp.address(110 + address_no, n),
  case when n % 11 = 0 then 'Ring twice; the dog is friendly 🐕' end
from generate_series(1, pg_temp.scaled(20000)) as n,
  generate_series(1, case when n % 2 = 0 then 1 + pg_temp.pick(15, n, 3) else pg_temp.pick(15, n, 2) end) as address_no;

insert into shop.support_tickets (id, region, customer_id, subject, body, sealed, opened_at, priority)
select
  n,
  pg_temp.choose(16, n, array['eu', 'us', 'apac']),
  1 + pg_temp.pick(17, n, pg_temp.scaled(20000)),
  pg_temp.choose(18, n, array['Where is my parcel?', 'Wrong size', 'Rechnung fehlt', 'Damaged on arrival', 'Refund']),
  repeat('Hello, ' || pg_temp.choose(19, n, array['I have been waiting', 'please help', 'dzień dobry']) || '. ',
    1 + pg_temp.pick(21, n, 12)),
  n % 97 = 0,
  '2026-06-01 00:00+00'::timestamptz + pg_temp.pick(22, n, 13000000) * interval '1 second',
  1 + pg_temp.pick(23, n, 5)
from generate_series(1, pg_temp.scaled(1500)) as n;

insert into shop.support_tickets_archive (id, region, customer_id, subject, body, sealed, opened_at, closed_at, priority)
select
  pg_temp.scaled(1500) + n,
  pg_temp.choose(16, n, array['eu', 'us', 'apac']),
  1 + pg_temp.pick(24, n, pg_temp.scaled(20000)),
  'Re: ' || pg_temp.choose(18, n, array['Where is my parcel?', 'Wrong size', 'Rechnung fehlt', 'Damaged on arrival']),
  'Solved.', false, opened_at, opened_at + pg_temp.pick(25, n, 900) * interval '1 minute', 1 + pg_temp.pick(26, n, 5)
from generate_series(1, pg_temp.scaled(2500)) as n,
  lateral (select '2025-01-01 00:00+00'::timestamptz + pg_temp.pick(27, n, 44000000) * interval '1 second') as at(opened_at);
