create index customers_full_name_trgm on shop.customers using gin (full_name extensions.gin_trgm_ops);
