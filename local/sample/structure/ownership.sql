-- The one step of the structure that needs the superuser: from here on shop_owner can create schemas by itself.
do $$ begin execute format('alter database %I owner to shop_owner', current_database()); end $$;
