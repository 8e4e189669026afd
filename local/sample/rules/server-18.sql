-- Possible since PostgreSQL 18.
alter table shop.coupons add column popular boolean generated always as (times_used > 300) virtual;
