-- A tenant is read where it lives, and nowhere else. The fence (0003, 0006) stops writes; whoever only read a former home
-- saw rows that grew old from the moment on at which the new home was written, until a snapshot told it of the move. So
-- each statement asks, with its own snapshot, whether the tenant is at home: what it reads is of one side, and not stale.

set local role tierdeck_owner;

-- The tenant of this transaction, if it may be read here. TD002: it has moved. TD001: this is where it goes, and it has
-- not come yet, so that its rows may be here in part. A home that is about to be left (a pause that ends) is read as ever.
-- Runs with its owner's rights, for the service may not read tenant_home.
create function tierdeck_tenant() returns uuid language plpgsql stable parallel safe security definer
  set search_path = pg_catalog, public, pg_temp as $$
declare
  own_tenant uuid := current_setting('tierdeck.tenant_id')::uuid;
  home record;
begin
  select state, paused_until, arrival_key into home from tenant_home
  where tenant_id = own_tenant and state <> 'ACTIVE';
  if found then
    if home.state = 'MOVED' then
      raise exception using errcode = 'TD002', message = 'the tenant has moved to another database',
        detail = coalesce(home.arrival_key::text, '');
    elsif home.paused_until = 'infinity' then
      raise exception using errcode = 'TD001', message = 'the tenant has not moved to this database yet';
    end if;
  end if;
  return own_tenant;
end $$;
revoke execute on function tierdeck_tenant() from public;
grant execute on function tierdeck_tenant() to tierdeck_service;

-- The tables of the fence and those that releases made since; what says where the tenant lives must be readable always.
do $$
declare
  tenant_table text;
begin
  for tenant_table in
    select c.relname from pg_class c join pg_policy p on p.polrelid = c.oid and p.polname = 'own_tenant'
    where c.relnamespace = 'public'::regnamespace and c.relname not in ('tenant_home', 'move_marker')
      and pg_get_userbyid(c.relowner) = 'tierdeck_owner'
  loop
    execute format(
      'alter policy own_tenant on %I using (tenant_id = (select tierdeck_tenant()))
         with check (tenant_id = (select tierdeck_tenant()))', tenant_table);
  end loop;
end $$;

reset role;
