-- Possible since PostgreSQL 18.
alter table shop.coupons add column generous boolean generated always as (discount >= 50) virtual;
