-- Who comes first to the new home of a tenant may open it. A mover that dies between the moment at which a tenant has
-- left its old home and the opening of the new one keeps nobody waiting: the old home hands out a key from the moment on
-- at which it is left, and not before, and the new home knows the key's digest. So nobody can open it too early, and
-- nobody has to wait for the mover.

set local role tierdeck_owner;

alter table tenant_home
  -- Of a home that was left: opens the next one.
  add column arrival_key uuid,
  -- Of a home that is closed until the tenant comes: what the key digests to, and the epoch that begins then.
  add column arrival_digest bytea,
  add column arrival_epoch bigint;

create or replace function tierdeck_fence() returns trigger language plpgsql security definer
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
    select state, paused_until, arrival_key into home from tenant_home where tenant_id = own_tenant;
  else
    -- The snapshot may be older than the move. Both statements fail with 40001 if the row has changed since.
    insert into tenant_home (tenant_id) values (own_tenant) on conflict (tenant_id) do nothing;
    select state, paused_until, arrival_key into home from tenant_home where tenant_id = own_tenant for share;
  end if;
  if home.state = 'MOVED' then
    raise exception using errcode = 'TD002', message = 'the tenant has moved to another database',
      detail = coalesce(home.arrival_key::text, '');
  elsif home.state = 'PAUSED' and home.paused_until > clock_timestamp() then
    raise exception using errcode = 'TD001', message = 'the tenant is about to move to another database';
  end if;
  return null;
end $$;
revoke execute on function tierdeck_fence() from public;

-- Opens this home with the key that the former one handed out. False if it does not wait for that key.
create function tierdeck_arrive(key uuid) returns boolean language plpgsql security definer
  set search_path = pg_catalog, public, pg_temp as $$
begin
  update tenant_home set state = 'ACTIVE', epoch = arrival_epoch, pause_token = null, paused_until = null,
    arrival_digest = null, arrival_epoch = null, changed_at = clock_timestamp()
  where tenant_id = current_setting('tierdeck.tenant_id')::uuid and state = 'PAUSED'
    and arrival_digest = sha256(convert_to(key::text, 'UTF8'));
  return found;
end $$;
revoke execute on function tierdeck_arrive(uuid) from public;
grant execute on function tierdeck_arrive(uuid) to tierdeck_service;

reset role;
