-- A tenant is read where it lives. The fence (0003, 0006) stops writes; who only reads a former home would see rows that
-- grow old from the moment on at which the new home is written. So a transaction that cannot be sure asks as it begins: if
-- it begins after the switch it is sent on; if it began before, it comes before
-- the move as a whole, for nothing is written here any more.

set local role tierdeck_owner;

-- The tenant of this transaction, if it may be read here. TD002: it has moved. TD001: this is where it goes, and it has
-- not come yet, so that its rows may be here in part. A home that is about to be left (a pause that ends) is read as ever.
-- Runs with its owner's rights, for nobody else may read tenant_home.
create function tierdeck_at_home() returns uuid language plpgsql stable parallel safe security definer
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
revoke execute on function tierdeck_at_home() from public;
grant execute on function tierdeck_at_home() to tierdeck_service;

reset role;
