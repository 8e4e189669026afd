insert into analytics.events (id, occurred_at, kind, customer_id, session_id, payload)
overriding system value
select
  n,
  case n % 4000 when 1 then '-infinity'::timestamptz when 2 then '4713-01-01 00:00+00 BC' when 3 then 'infinity'
    else '2026-03-01 00:00+00'::timestamptz + make_interval(secs => floor(n * (21168000.0 / pg_temp.scaled(24000)))) end,
  pg_temp.choose(500, n, array['view', 'view', 'view', 'search', 'basket', 'checkout', 'login']),
  case when n % 3 > 0 then 1 + pg_temp.pick(501, n, pg_temp.scaled(20000)) end,
  pg_temp.id(502, n / 7),
  jsonb_build_object('path', '/' || pg_temp.choose(503, n, array['', 'p/1', 'Größe', 'search?q=%E2%82%AC']), 'ms', pg_temp.pick(504, n, 3000),
    'deep', jsonb_build_object('n', n / 3.0, 'null', null, 'list', jsonb_build_array(n % 3, 'x', true)))
from generate_series(1, pg_temp.scaled(24000)) as n;

insert into analytics.page_hits (hit_on, page, status, agent)
select
  '2026-10-01'::date + n % 31, pg_temp.choose(505, n, array['/', '/basket', '/help', '/größen']),
  (array[200, 200, 200, 304, 404])[1 + n % 5], case when n % 4 > 0 then pg_temp.choose(506, n, array['Firefox', 'Safari', 'curl']) end
from generate_series(1, pg_temp.scaled(15000)) as n;

do $$
begin
  execute (
    select 'insert into analytics.daily_metrics select ''2024-11-01''::date + n, case when n % 30 = 0 then ''month end'' end, '
      || string_agg(format('pg_temp.pick(%s, n, 1000000)::numeric / 100', 600 + column_no), ', ' order by column_no)
      || ', n / 3.0, (n / 7.0)::real from generate_series(0, 729) as n'
    from generate_series(1, 72) as column_no);
end
$$;
