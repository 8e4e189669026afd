create table audit.changes (
  id bigint generated always as identity primary key,
  table_name text not null,
  operation text not null check (operation in ('INSERT', 'UPDATE', 'DELETE')),
  row_key text not null,
  old_row jsonb,
  new_row jsonb,
  changed_by name not null default current_user,
  changed_at timestamptz not null default clock_timestamp()
);

create table audit.ddl_log (
  id integer generated always as identity primary key,
  command_tag text not null,
  object_identity text,
  run_by name not null default session_user,
  run_at timestamptz not null default clock_timestamp()
);

-- A row tells when it was written: that is what shows to which moment a copy of the shop goes back.
create table audit.heartbeat (
  id bigint generated always as identity primary key,
  at timestamptz not null
);
