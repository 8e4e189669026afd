create schema shop;
create schema inventory;
create schema analytics;
create schema audit;
create schema extensions;

-- "on_hold" came later and was put in the middle: labels sort by a fraction, not by the order of their creation. A server
-- refuses to use a label before its transaction is over, so only the writer gives it to orders.
create type shop.order_status as enum
  ('draft', 'placed', 'paid', 'packed', 'shipped', 'delivered', 'returned', 'cancelled');
alter type shop.order_status add value 'on_hold' before 'packed';

create type shop.loyalty_tier as enum ('basic', 'silver', 'gold', 'Très spécial');
create type shop.payment_method as enum ('card', 'transfer', 'wallet', 'invoice', 'gift card');
create type inventory.move_status as enum ('planned', 'in_transit', 'done', 'lost');

create domain shop.email_address as text
  constraint looks_like_email check (value ~ '^[^@[:space:]]+@[^@[:space:]]+[.][a-z]{2,}$');
create domain shop.sku as text collate "C" check (value ~ '^[A-Z]{2}-[0-9]{6}$');
create domain shop.amount as numeric(12, 2) default 0 not null check (value >= 0 or value = 'NaN');
create domain shop.percentage as numeric(5, 2) check (value between 0 and 100);
create domain shop.discount as shop.percentage default 0 check (value <= 80);

create type shop.postal_address as (street text, city text, postcode text, country character(2));
create type shop.price_band as range (subtype = numeric);

-- Product texts are stemmed; sizes and article codes must be found as they are written.
create text search dictionary shop.stemmed (template = pg_catalog.snowball, language = english, stopwords = english);
create text search dictionary shop.verbatim (template = pg_catalog.simple);
create text search configuration shop.catalogue (copy = pg_catalog.english);
alter text search configuration shop.catalogue alter mapping for asciiword, word with shop.stemmed;
alter text search configuration shop.catalogue alter mapping for numword, version, float with shop.verbatim;

-- Given to orders by default only: nobody owns it, so nothing but the default ties it to the table.
create sequence shop.order_number start with 100001 cache 1;
-- Invoices and credit notes draw from one row of numbers, as tax offices like it.
create sequence shop.document_number start with 5000001;
-- Tills that are offline count down, so that their numbers never meet one of the web shop.
create sequence shop.offline_receipt_number increment by -1 minvalue -2147483648 maxvalue -1 start with -1;
-- Every server reserves ten numbers at once.
create sequence inventory.batch_number as integer increment by 10 start with 10 cache 5;
-- Pick lists are numbered anew when the counter has gone round.
create sequence inventory.pick_list_number as smallint minvalue 1 maxvalue 9999 cycle;

-- Used by an index, a check and a generated column, so it has to exist before any table.
create function shop.fold_name(name text) returns text
  language sql immutable strict parallel safe
  as $$ select pg_catalog.lower(pg_catalog.btrim(name)) $$;
