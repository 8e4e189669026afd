create trigger customers_touch before update on shop.customers
  for each row when (old.updated_at = new.updated_at) execute function shop.touch_updated_at();
create trigger orders_touch before update on shop.orders
  for each row execute function shop.touch_updated_at();
create trigger products_touch before update of price, name, description on shop.products
  for each row execute function shop.touch_updated_at();

create trigger customers_audit after insert or update or delete on shop.customers
  for each row execute function audit.record_change('id');
create trigger products_audit after update or delete on shop.products
  for each row execute function audit.record_change('id');
create trigger payments_audit after insert or update or delete on shop.payments
  for each row execute function audit.record_change('id');
-- The journal must be kept even for rows that arrive by replication.
alter table shop.payments enable always trigger payments_audit;

create trigger reviews_count after insert on shop.reviews
  referencing new table as new_reviews for each statement execute function audit.count_reviews();

create constraint trigger invoices_number_once after insert or update of number on shop.invoices
  deferrable initially deferred for each row execute function shop.refuse_double_document();
create constraint trigger credit_notes_number_once after insert or update of number on shop.credit_notes
  deferrable initially deferred for each row execute function shop.refuse_double_document();

-- A coupon that has been printed is never forgotten, only retired.
create rule coupons_retire as on delete to shop.coupons
  do instead update shop.coupons set retired = true where code = old.code;
