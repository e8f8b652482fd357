-- Where a tenant's rows live. A tenant is written in one database only; while it moves to another one, and after it has
-- moved, every write here is refused in the statement that attempts it, whoever attempts it and however late.

set local role tierdeck_owner;

-- A tenant without a row is at home here.
create table tenant_home (
  tenant_id   uuid not null default current_setting('tierdeck.tenant_id')::uuid,
  -- PAUSED: writers try again in a moment; MOVED: the rows live elsewhere.
  state       text not null default 'ACTIVE' check (state in ('ACTIVE', 'PAUSED', 'MOVED')),
  -- Grows by one with every change of home, in the old home and in the new one alike.
  epoch       bigint not null default 1,
  -- The move that may change this row, and which of its attempts paused it.
  move_id     uuid,
  pause_token uuid,
  -- A pause ends by itself, so that the death of the mover keeps nobody waiting.
  paused_until timestamptz,
  changed_at  timestamptz not null default now(),
  primary key (tenant_id),
  check ((state = 'PAUSED') = (paused_until is not null))
);

-- Travels with the changes of a move: once it has arrived, so has everything that was committed before it.
create table move_marker (
  tenant_id   uuid not null default current_setting('tierdeck.tenant_id')::uuid,
  move_id     uuid not null,
  marker      text not null,
  at          timestamptz not null default now(),
  primary key (tenant_id, move_id, marker)
);

do $$
declare
  own_table text;
begin
  foreach own_table in array array['tenant_home', 'move_marker'] loop
    execute format('alter table %I enable row level security, force row level security', own_table);
    execute format(
      $policy$create policy own_tenant on %I
        using (tenant_id = (select current_setting('tierdeck.tenant_id'))::uuid)
        with check (tenant_id = (select current_setting('tierdeck.tenant_id'))::uuid)$policy$,
      own_table);
  end loop;
end $$;

-- Refuses a write of a tenant that is not at home here: TD001 while it is paused, TD002 when it has moved.
-- The shared lock lasts until the writer's transaction ends; the mover takes it exclusively before it changes the state,
-- so nobody who was let through is still at work then. Runs with its owner's rights, for the service may not write
-- tenant_home; the replication that carries a move fires no triggers.
create function tierdeck_fence() returns trigger language plpgsql security definer
  set search_path = pg_catalog, public, pg_temp as $$
declare
  own_tenant uuid := nullif(current_setting('tierdeck.tenant_id', true), '')::uuid;
  home record;
begin
  -- Row-level security lets nobody but a superuser get here without a tenant.
  if own_tenant is null then
    return null;
  end if;
  perform pg_advisory_xact_lock_shared(hashtextextended('tierdeck_home:' || own_tenant, 0));
  if current_setting('transaction_isolation') = 'read committed' then
    select state, paused_until into home from tenant_home where tenant_id = own_tenant;
  else
    -- The snapshot may be older than the move. Both statements fail with 40001 if the row has changed since.
    insert into tenant_home (tenant_id) values (own_tenant) on conflict (tenant_id) do nothing;
    select state, paused_until into home from tenant_home where tenant_id = own_tenant for share;
  end if;
  if home.state = 'MOVED' then
    raise exception using errcode = 'TD002', message = 'the tenant has moved to another database';
  elsif home.state = 'PAUSED' and home.paused_until > clock_timestamp() then
    raise exception using errcode = 'TD001', message = 'the tenant is about to move to another database';
  end if;
  return null;
end $$;
revoke execute on function tierdeck_fence() from public;

do $$
declare
  tenant_table text;
begin
  for tenant_table in
    select c.relname from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and c.relname not in ('tenant_home', 'move_marker')
      and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id')
  loop
    execute format(
      'create trigger tierdeck_fence before insert or update or delete on %I
         for each statement execute function tierdeck_fence()', tenant_table);
  end loop;
end $$;

reset role;
