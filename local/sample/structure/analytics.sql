create table analytics.events (
  id bigint generated always as identity,
  occurred_at timestamptz not null,
  kind text not null,
  customer_id bigint,
  session_id uuid not null,
  payload jsonb not null,
  primary key (id, occurred_at)
) partition by range (occurred_at);

-- The month of the great sale got so large that it was split once more.
create table analytics.events_2026_09 partition of analytics.events
  for values from ('2026-09-01 00:00+00') to ('2026-10-01 00:00+00') partition by hash (id);
create table analytics.events_2026_09_a partition of analytics.events_2026_09 for values with (modulus 2, remainder 0);
create table analytics.events_2026_09_b partition of analytics.events_2026_09 for values with (modulus 2, remainder 1);

do $$
declare
  month timestamptz;
begin
  for month in select generate_series('2026-03-01 00:00+00'::timestamptz, '2026-12-01 00:00+00', '1 month') loop
    continue when month = '2026-09-01 00:00+00';
    execute format('create table analytics.events_%s partition of analytics.events for values from (%L) to (%L)',
      to_char(month, 'YYYY_MM'), month, month + interval '1 month');
  end loop;
end
$$;
create table analytics.events_other partition of analytics.events default;

-- No key, and the same row many times over: a page is hit twice in the same second.
create table analytics.page_hits (
  hit_on date not null,
  page text not null,
  status smallint not null,
  agent text
);

-- One column per hour and channel, as the spreadsheet had it.
do $$
begin
  execute (
    select 'create table analytics.daily_metrics (day date primary key, comment text, '
      || string_agg(format('%s_%s numeric(14, 4)', channel, to_char(hour, 'FM00')), ', ' order by channel, hour)
      || ', conversion double precision, noise real)'
    from generate_series(0, 23) as hour, unnest(array['app', 'marketplace', 'web']) as channel);
end
$$;
