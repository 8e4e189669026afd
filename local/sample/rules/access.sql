alter default privileges for role shop_owner in schema shop grant select on tables to shop_readonly;
alter default privileges for role shop_owner in schema shop grant insert, update, delete on tables to shop_readwrite;
alter default privileges for role shop_owner grant usage on sequences to shop_readwrite;
alter default privileges for role shop_owner revoke execute on functions from public;
alter default privileges for role shop_owner grant execute on functions to shop_readwrite;

grant usage on schema shop, inventory, analytics, extensions to shop_readonly;
grant usage on schema audit to shop_support;
grant select on all tables in schema shop, inventory, analytics to shop_readonly;
grant insert, update, delete on all tables in schema shop, inventory to shop_readwrite;
grant insert on analytics.events, analytics.page_hits to shop_readwrite;
grant usage on all sequences in schema shop, inventory, analytics to shop_readwrite;
grant select on sequence shop.order_number to shop_reporting;
-- What belongs to money and to people is narrower than the rest.
revoke insert, update, delete on shop.countries, shop.coupons from shop_readwrite;
grant update (times_used) on shop.coupons to shop_app;
grant delete on shop.coupons to shop_app;
revoke select on shop.gift_cards, shop.payments from shop_readonly;
grant select on shop.gift_cards, shop.payments to shop_app;
revoke select on shop.customers from shop_readonly;
grant select on shop.customers to shop_readwrite;
grant select (id, full_name, tier, created_at) on shop.customers to shop_readonly;
grant update (on_hand, counted_at) on inventory.stock_levels to "Warehouse ""North""";
grant select on audit.changes to shop_support;
grant select on all tables in schema analytics to shop_reporting with grant option;
grant usage on type shop.postal_address to public;
revoke usage on type shop.price_band from public;
grant usage on type shop.price_band to shop_readwrite;

revoke execute on all functions in schema shop, inventory, audit from public;
grant execute on all functions in schema shop to shop_readonly;
grant execute on procedure inventory.finish_move to shop_readwrite;

-- Granted by somebody who is not the owner: the grant hangs on another one.
set local role shop_reporting;
grant select on analytics.daily_metrics to shop_support;
set local role shop_owner;

alter table shop.support_tickets enable row level security;
alter table shop.support_tickets force row level security;
create policy tickets_of_the_region on shop.support_tickets
  to shop_app, shop_support
  using (region = current_setting('shop.region', true))
  with check (region = current_setting('shop.region', true) and priority between 1 and 5);
create policy tickets_for_figures on shop.support_tickets for select to shop_reporting using (true);
create policy tickets_of_the_owner on shop.support_tickets to shop_owner using (true);
create policy sealed_tickets_stay on shop.support_tickets as restrictive for update to shop_app, shop_support
  using (not sealed);

alter table shop.gift_cards enable row level security;
create policy cards_of_the_app on shop.gift_cards for select to shop_app using (expires_on > '2027-01-01');

alter table shop.support_tickets_archive enable row level security;
create policy archive_of_the_region on shop.support_tickets_archive
  to shop_app, shop_support using (region = current_setting('shop.region', true));
