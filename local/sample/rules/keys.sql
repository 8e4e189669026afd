-- Foreign keys and secondary indexes come after the rows: checking once is faster than checking row by row.
create unique index customers_email_key on shop.customers (lower(email));
create unique index customers_public_id_key on shop.customers (public_id) include (full_name, tier);
create index customers_search_idx on shop.customers using gin (search);
create index customers_preferences_idx on shop.customers using gin (preferences jsonb_path_ops);
create index customers_tags_idx on shop.customers using gin (tags);
create index customers_dark_theme_idx on shop.customers ((preferences -> 'theme' ->> 'dark')) where preferences ? 'theme';
create index customers_last_seen_idx on shop.customers (last_seen_at desc nulls last, id);
create index customers_city_idx on shop.customers (((billing).city) collate "C" text_pattern_ops);

-- Each needs the other: a customer names its default address, an address names its customer.
alter table shop.customers
  add constraint customers_default_address_fkey foreign key (id, default_address)
    references shop.customer_addresses (customer_id, address_no) match simple deferrable initially deferred,
  add constraint plausible_birth check (born_on > '0100-01-01 BC');
alter table shop.customer_addresses
  add foreign key (customer_id) references shop.customers on delete cascade deferrable initially immediate;

alter table shop.categories
  add foreign key (parent_id) references shop.categories deferrable initially deferred,
  add constraint path_ends_here check (path[cardinality(path)] = id / 10);

alter table shop.products add foreign key (category_id) references shop.categories;
create index products_category_idx on shop.products (category_id) include (name, price);
create index products_search_idx on shop.products using gin (search);
create index products_attributes_idx on shop.products using gin (attributes);
create index products_on_sale_idx on shop.products using gist (on_sale);
create index products_name_idx on shop.products (shop.fold_name(name)) where price < 400;
create index products_price_brin on shop.products using brin (price) with (pages_per_range = 16);
create index products_colour_hash on shop.products using hash ((attributes ->> 'colour'));

alter table shop.product_prices
  add foreign key (product_id) references shop.products on delete cascade,
  -- A range of one stands for equality, which saves an extension.
  add constraint one_price_at_a_time
    exclude using gist (int4range(product_id, product_id, '[]') with &&, during with &&);
alter table shop.product_images add foreign key (product_id) references shop.products on delete cascade;

alter table shop.orders
  add foreign key (customer_id) references shop.customers,
  add foreign key (coupon_code) references shop.coupons (code) on update cascade on delete set null;
create index orders_customer_idx on shop.orders (customer_id, placed_at desc);
create index orders_open_idx on shop.orders (status, updated_at) where status not in ('delivered', 'cancelled', 'returned');

alter table shop.order_items
  add foreign key (order_id, placed_at) references shop.orders on delete cascade,
  add foreign key (product_id) references shop.products;
create index order_items_product_idx on shop.order_items (product_id);

alter table shop.payments
  add foreign key (order_id, placed_at) references shop.orders deferrable initially deferred,
  add constraint fee_below_amount check (fee <= amount);
create index payments_order_idx on shop.payments (order_id);
create index payments_unsettled_idx on shop.payments (id) where settled_at is null;

alter table shop.invoices add foreign key (order_id, placed_at) references shop.orders;
create index invoices_order_idx on shop.invoices (order_id);
alter table shop.credit_notes add foreign key (invoice_number) references shop.invoices;

alter table shop.gift_cards add foreign key (holder_id) references shop.customers on delete set null;
alter table shop.reviews
  add foreign key (product_id) references shop.products on delete cascade,
  add foreign key (customer_id) references shop.customers on delete cascade;
create index reviews_product_idx on shop.reviews (product_id, rating);
create index carts_touched_idx on shop.carts (touched_at);

alter table shop.support_tickets add foreign key (customer_id) references shop.customers;
alter table shop.support_tickets_archive add foreign key (customer_id) references shop.customers;
create index support_tickets_region_idx on shop.support_tickets (region, priority);
alter table shop.order_documents
  add foreign key (order_id, placed_at) references shop.orders on delete cascade,
  add constraint order_documents_content_key unique (content) deferrable;
alter table shop.erasure_requests add foreign key (customer_id) references shop.customers;
create unique index "Größen – eindeutig" on shop."Größen & Maße" ("EU Größe", lower("US/UK"));

alter table inventory.warehouses
  add constraint networks_apart exclude using gist (network inet_ops with &&);
alter table inventory.scanners add foreign key (warehouse_id) references inventory.warehouses;
alter table inventory.stock_levels
  add foreign key (warehouse_id) references inventory.warehouses,
  add foreign key (product_id) references shop.products;
alter table inventory.stock_moves
  add foreign key (product_id) references shop.products,
  add foreign key (from_warehouse) references inventory.warehouses,
  add foreign key (to_warehouse) references inventory.warehouses;
create index stock_moves_product_idx on inventory.stock_moves (product_id, planned_at);
alter table inventory.dock_reservations
  add foreign key (warehouse_id) references inventory.warehouses,
  add constraint one_lorry_per_dock
    exclude using gist (int4range(warehouse_id * 100 + dock, warehouse_id * 100 + dock, '[]') with &&, during with &&)
    deferrable initially immediate;
alter table inventory.stock_levels cluster on stock_levels_pkey;

alter table analytics.events add foreign key (customer_id) references shop.customers;
create index events_occurred_brin on analytics.events using brin (occurred_at);
create index events_kind_idx on analytics.events (kind, customer_id) where customer_id is not null;
-- Without a key, replication can tell rows apart only by all of their columns.
alter table analytics.page_hits replica identity full;
create index changes_row_idx on audit.changes (table_name, row_key);

create statistics shop.orders_status_channel (ndistinct, dependencies, mcv) on status, currency from shop.orders;
create statistics shop.product_category_price (dependencies) on category_id, price from shop.products;
alter statistics shop.product_category_price set statistics 200;
alter table shop.orders alter column status set statistics 500;
alter table analytics.events alter column kind set (n_distinct = 5);

alter sequence shop.offline_receipt_number owned by shop.offline_receipts.number;
