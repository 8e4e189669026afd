create function shop.order_total(wanted_order bigint) returns numeric
  language sql stable parallel safe
  as $$ select coalesce(sum(line_total), 0) from shop.order_items where order_id = wanted_order $$;

create function shop.price_on(wanted_product integer, wanted_day date default current_date, out price numeric, out sure boolean)
  language plpgsql stable strict
  set search_path = shop, pg_temp
  as $$
begin
  select p.price, true into price, sure from product_prices p where p.product_id = wanted_product and p.during @> wanted_day;
  if not found then
    select p.price, false into price, sure from products p where p.id = wanted_product;
  end if;
end
$$;

create function shop.customer_orders(wanted_customer bigint, variadic wanted shop.order_status[] default '{placed,paid}')
  returns table (order_id bigint, placed_at timestamptz, total numeric)
  language sql stable rows 20
  as $$ select id, placed_at, total from shop.orders where customer_id = wanted_customer and status = any (wanted) $$;

create function shop.format_address(address shop.postal_address) returns text
  language sql immutable
  as $_$ select concat_ws(E'\n', (address).street, (address).postcode || ' ' || (address).city, (address).country) $_$;

-- A move in its last state lies in another partition; stock follows it in the same transaction.
create procedure inventory.finish_move(wanted_move bigint, finished_at timestamptz)
  language plpgsql
  as $$
declare
  move inventory.stock_moves;
begin
  update inventory.stock_moves set status = 'done', moved_at = finished_at
    where id = wanted_move and status = 'in_transit'
    returning * into move;
  if not found then
    raise exception 'stock move % is not in transit', wanted_move using errcode = 'no_data_found';
  end if;
  update inventory.stock_levels set on_hand = on_hand + move.quantity, counted_at = finished_at
    where warehouse_id = move.to_warehouse and product_id = move.product_id;
end
$$;

create function shop.touch_updated_at() returns trigger
  language plpgsql
  as $$
begin
  new.updated_at := clock_timestamp();
  return new;
end
$$;

-- Runs with its owner's rights, so that nobody who changes a row needs any on the journal.
create function audit.record_change() returns trigger
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
  as $$
declare
  old_row jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) - 'search' end;
  new_row jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) - 'search' end;
begin
  insert into audit.changes (table_name, operation, row_key, old_row, new_row, changed_by)
    values (tg_table_schema || '.' || tg_table_name, tg_op, coalesce(new_row, old_row) ->> tg_argv[0], old_row, new_row, session_user);
  return null;
end
$$;

create function audit.count_reviews() returns trigger
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
  as $$
begin
  insert into analytics.events (occurred_at, kind, customer_id, session_id, payload)
    select written_at, 'review', customer_id, md5(id::text)::uuid, jsonb_build_object('product', product_id, 'rating', rating)
    from new_reviews;
  return null;
end
$$;

create function shop.refuse_double_document() returns trigger
  language plpgsql
  set search_path = shop, pg_temp
  as $$
begin
  if exists (select from invoices i join credit_notes c using (number) where number = new.number) then
    raise exception 'document number % was given twice', new.number using errcode = 'unique_violation';
  end if;
  return null;
end
$$;

create function audit.record_ddl() returns event_trigger
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
  as $$
begin
  insert into audit.ddl_log (command_tag, object_identity)
    select command_tag, object_identity from pg_event_trigger_ddl_commands() where schema_name is distinct from 'pg_temp';
end
$$;

-- Among equally long ones the alphabet decides, so that the order of the rows does not.
create function analytics.keep_longer(state text, value text) returns text
  language sql immutable
  as $$
    select case when (length(value), value collate "C") > (coalesce(length(state), -1), coalesce(state, '') collate "C")
      then value else state end
  $$;
create aggregate analytics.longest(text) (sfunc = analytics.keep_longer, stype = text, parallel = safe, combinefunc = analytics.keep_longer);

create function shop.same_person(a text, b text) returns boolean
  language sql immutable as $$ select shop.fold_name(a) = shop.fold_name(b) $$;
create operator shop.=~= (leftarg = text, rightarg = text, function = shop.same_person, commutator = operator(shop.=~=));
