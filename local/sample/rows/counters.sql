-- Every sequence goes on behind the numbers in use. Sequences of empty tables stay as they were made: never called.
select setval(pg_get_serial_sequence('shop.customers', 'id'), max(id)) from shop.customers;
select setval(pg_get_serial_sequence('shop.categories', 'id'), max(id)) from shop.categories;
select setval(pg_get_serial_sequence('shop.products', 'id'), max(id)) from shop.products;
select setval(pg_get_serial_sequence('shop.payments', 'id'), max(id)) from shop.payments;
select setval(pg_get_serial_sequence('shop.gift_cards', 'id'), max(id)) from shop.gift_cards;
select setval(pg_get_serial_sequence('shop.reviews', 'id'), max(id)) from shop.reviews;
select setval(pg_get_serial_sequence('shop.support_tickets', 'id'), max(id)) from shop.support_tickets;
select setval(pg_get_serial_sequence('shop.order_documents', 'id'), max(id)) from shop.order_documents;
select setval(pg_get_serial_sequence('inventory.stock_moves', 'id'), max(id)) from inventory.stock_moves;
select setval(pg_get_serial_sequence('inventory.dock_reservations', 'id'), max(id)) from inventory.dock_reservations;
select setval(pg_get_serial_sequence('analytics.events', 'id'), max(id)) from analytics.events;
select setval(pg_get_serial_sequence('audit.changes', 'id'), max(id)) from audit.changes;
-- Healthy as well: a value that has not been handed out yet.
select setval(pg_get_serial_sequence('audit.ddl_log', 'id'), max(id) + 1, false) from audit.ddl_log;

select setval('shop.order_number', max(id)) from shop.orders;
select setval('shop.document_number', greatest((select max(number) from shop.invoices), (select max(number) from shop.credit_notes)));
select setval('shop.offline_receipt_number', min(number)) from shop.offline_receipts;
select setval('inventory.batch_number', max(batch)) from inventory.stock_moves;
select setval('inventory.pick_list_number', 25);
