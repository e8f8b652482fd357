-- Versions of the fleet, prepared databases, and how a tenant's life is paused and ended.

alter table tenant_database
  -- Digest of the base migrations that it is known to have; null: nobody has looked yet.
  add column schema_digest  text,
  -- Name of the newest of them.
  add column schema_version text,
  add column migrated_at    timestamptz,
  -- Why the last try to migrate it failed; null if it did not.
  add column migration_error text,
  -- The prepared database that is renamed into it; null: it is cloned.
  add column prepared_as    text;

-- Databases that stand ready for tenants to come. A row without a digest: still being made, or left half made.
create table prepared_database (
  cluster         text not null references database_cluster,
  name            text not null,
  -- Of the template it was cloned from: another template makes it useless.
  template_digest text,
  prepared_at     timestamptz,
  primary key (cluster, name)
);

alter table tenant
  -- What a suspension refuses; null while SUSPENDED stands for ALL.
  add column suspension     text check (suspension in ('READ_ONLY', 'ALL')),
  -- Where an undelete leads back to.
  add column status_before  text,
  -- End of the retention time.
  add column erase_after    timestamptz,
  -- Set: the erasure has begun, and there is no way back.
  add column erasing_since  timestamptz;
update tenant set suspension = 'ALL' where status = 'SUSPENDED';
-- Offboardings that were under way know of no retention time.
update tenant set erase_after = now() where status = 'OFFBOARDING';

create table legal_hold (
  id             uuid primary key,
  tenant_id      uuid not null references tenant,
  reason         text not null check (length(reason) between 1 and 1000),
  placed_by      text not null,
  placed_at      timestamptz not null default now(),
  released_by    text,
  released_at    timestamptz,
  release_reason text
);
create index legal_hold_tenant on legal_hold (tenant_id, placed_at);
create index legal_hold_active on legal_hold (tenant_id) where released_at is null;

-- What must never happen, refused by the database whatever the code does.
create function tenant_erasure_is_guarded() returns trigger language plpgsql as $$
begin
  if new.erasing_since is not null and old.erasing_since is null then
    if exists (select from legal_hold where tenant_id = new.id and released_at is null) then
      raise exception 'a tenant under legal hold is not erased' using constraint = 'tenant_erasure_under_hold';
    end if;
    if new.erase_after is null or new.erase_after > clock_timestamp() then
      raise exception 'a tenant is not erased inside its retention time' using constraint = 'tenant_erasure_retained';
    end if;
  end if;
  if old.erasing_since is not null and new.status not in ('OFFBOARDING', 'OFFBOARDED') then
    raise exception 'a tenant whose erasure has begun never comes back' using constraint = 'tenant_erasure_is_final';
  end if;
  return new;
end $$;
create trigger tenant_erasure_is_guarded before update on tenant
  for each row execute function tenant_erasure_is_guarded();

-- No hold on what is being erased: the lock of the tenant's row orders the two.
create function legal_hold_is_guarded() returns trigger language plpgsql as $$
begin
  if exists (select from tenant where id = new.tenant_id and erasing_since is not null for share) then
    raise exception 'the erasure of the tenant has begun' using constraint = 'legal_hold_in_time';
  end if;
  return new;
end $$;
create trigger legal_hold_is_guarded before insert on legal_hold
  for each row execute function legal_hold_is_guarded();

-- Set when the process itself said that it ends.
alter table runtime_instance add column ended_at timestamptz;
