-- Everything random about the rows comes from here: a hash of (what, which row, seed). No server-side random(), no
-- clock, so the same seed gives the same bytes. {{seed}} and {{scale}} are numbers that the program has checked.
-- The planner can inline the bodies (explicit casts to text are needed for that), which saves a quarter of the time.
create function pg_temp.scaled(amount numeric) returns integer
  language sql immutable as $$ select greatest(1, round(amount * {{scale}}))::integer $$;

-- A whole number from 0 to choices - 1. `about` keeps the columns of one row independent of each other.
create function pg_temp.pick(about integer, row_no bigint, choices integer) returns integer
  language sql immutable
  as $$ select ((hashint8extended(row_no, {{seed}}::bigint * 1000003 + about) & 9223372036854775807) % choices)::integer $$;

create function pg_temp.choose(about integer, row_no bigint, labels text[]) returns text
  language sql immutable as $$ select labels[1 + pg_temp.pick(about, row_no, cardinality(labels))] $$;

create function pg_temp.id(about integer, row_no bigint) returns uuid
  language sql immutable as $$ select md5(about::text || '/' || row_no::text || '/{{seed}}')::uuid $$;

-- Bytes that do not compress, 16 to a block, like a picture or a PDF.
create function pg_temp.bytes(about integer, row_no bigint, blocks integer) returns bytea
  language sql immutable
  as $$
    select decode(string_agg(md5(about::text || '/' || row_no::text || '/' || block::text || '/{{seed}}'), '' order by block), 'hex')
    from generate_series(1, blocks) as block
  $$;

create function pg_temp.first_name(row_no bigint) returns text
  language sql immutable as $$
    select pg_temp.choose(1, row_no, array[
      'Anna', 'Björn', 'Chloé', 'David', 'Elif', 'Fatima', 'Grzegorz', 'Hana', 'Ingrid', 'José', 'Katarína', 'Lukas',
      'Małgorzata', 'Noah', 'Olga', 'Paulo', 'Quentin', 'Renée', 'Søren', 'Thảo', 'Ulrike', 'Vytautas', 'Wei', 'Ximena',
      'Yuki', 'Zoë', 'Дмитрий', 'Ελένη', '美咲', 'Ömer'])
  $$;

create function pg_temp.last_name(row_no bigint) returns text
  language sql immutable as $$
    select pg_temp.choose(2, row_no, array[
      'Andersson', 'Bakker', 'Çelik', 'Dvořák', 'Evans', 'Fischer', 'García', 'Horváth', 'Ivanov', 'Jensen', 'Kowalski',
      'Lindqvist', 'Müller', 'Nguyễn', 'O''Brien', 'Papadopoulos', 'Quispe', 'Rossi', 'Šimić', 'Tanaka', 'Uusitalo',
      'van der Berg', 'Weiß', 'Xu', 'Yılmaz', 'Zieliński', 'Łukasiewicz', 'Smith', 'Peeters', 'da Silva'])
  $$;

create function pg_temp.address(about integer, row_no bigint) returns shop.postal_address
  language sql immutable as $$
    select row(
      pg_temp.choose(about, row_no, array['Hafenstraße', 'Rue de l''Église', 'High Street', 'Calle Mayor', 'Ulica Długa',
        'Storgatan', 'Lange Gasse, "Hinterhof"', 'Via Roma']) || ' ' || (1 + pg_temp.pick(about + 1, row_no, 180))::text,
      pg_temp.choose(about + 2, row_no, array['Hamburg', 'Lyon', 'Bath', 'Málaga', 'Gdańsk', 'Malmö', 'Wien', 'Torino']),
      lpad(pg_temp.pick(about + 3, row_no, 99999)::text, 5, '0'),
      pg_temp.choose(about + 4, row_no, array['DE', 'FR', 'GB', 'ES', 'PL', 'SE', 'AT', 'IT']))::shop.postal_address
  $$;

create function pg_temp.product_price(product integer) returns numeric
  language sql immutable as $$ select (499 + pg_temp.pick(20, product, 45000))::numeric / 100 $$;

-- Two years of trade, ending with October 2026; a few orders are older than the shop or promised for a far day.
create function pg_temp.order_time(order_no integer) returns timestamptz
  language sql stable as $$
    select case
      when order_no % 2500 = 7 then '1998-02-28 23:59:59.999999+00'::timestamptz + order_no * interval '1 hour'
      when order_no % 9000 = 11 then '9999-12-31 12:00+00'::timestamptz
      else '2024-11-01 00:00+00'::timestamptz
        + make_interval(secs => floor(order_no * (63072000.0 / pg_temp.scaled(32000))))
        + make_interval(secs => pg_temp.pick(30, order_no, 600000) / 1000.0)
    end
  $$;
