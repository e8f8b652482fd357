-- What a flag is decides the flags that depend on it: a change of it needs the approvals of the strictest of them.

create index flag_dependencies on flag using gin (dependencies jsonb_path_ops)
  where archived_at is null and dependencies <> '[]';

-- The flag and the flags in use that depend on it, directly or through others.
create function flag_and_dependents(the_flag text) returns table (key text, risk_class text) language sql stable as $$
  with recursive decided (key) as (
    select the_flag
    union
    select f.key from decided d join flag f
      on f.dependencies @> jsonb_build_array(jsonb_build_object('flag', d.key))
    where f.archived_at is null and f.dependencies <> '[]'
  )
  select d.key, coalesce(f.risk_class, 'STANDARD') from decided d left join flag f on f.key = d.key
$$;

create function flag_approvals_needed(the_flag text, the_environment text) returns int language sql stable as $$
  select coalesce(max(approvals_needed(the_environment, risk_class)), 0) from flag_and_dependents(the_flag)
$$;

create or replace function flag_needs_approval(the_flag text, the_environment text) returns boolean
language sql stable as $$
  select flag_approvals_needed(the_flag, the_environment) > 0
$$;

-- Whether a guarded flag waits for this one to be off: turning it off is then no emergency. Flags further away do not
-- count: what has dependencies itself satisfies none.
create function flag_off_opens(the_flag text, the_environment text) returns boolean language sql stable as $$
  select exists (
    select from flag f, jsonb_array_elements(f.dependencies) d
    where f.archived_at is null and f.dependencies <> '[]'
      and f.dependencies @> jsonb_build_array(jsonb_build_object('flag', the_flag))
      and d ->> 'flag' = the_flag and d -> 'enabled' = 'false'
      and approvals_needed(the_environment, f.risk_class) > 0)
$$;

create or replace function change_request_needs(the_environment text, the_changes jsonb) returns int
language sql stable as $$
  select coalesce(max(needed), 0) from (
    select flag_approvals_needed(c ->> 'flag', e.name) as needed
    from jsonb_array_elements(the_changes) c
    join environment e on e.name = the_environment or c ->> 'kind' = 'UPDATE_FLAG'
    union all
    select flag_approvals_needed(u.flag_key, u.environment)
    from jsonb_array_elements(the_changes) c, segment_use((c ->> 'segment')::int) u
    where c ->> 'kind' = 'UPDATE_SEGMENT'
  ) each
$$;

create or replace function flag_rule_is_approved() returns trigger language plpgsql as $$
declare
  the_row flag_rule := coalesce(new, old);
  kinds text[] := array['ENVIRONMENT', 'TIER', 'REGION', 'TENANT', 'BRANCH', 'WAREHOUSE', 'ACCOUNT', 'USER'];
begin
  if not flag_needs_approval(the_row.flag_key, the_row.environment)
     or flag_change_is_approved(the_row.flag_key, the_row.environment) then
    return the_row;
  end if;
  if current_setting('tierdeck.approval', true) = 'emergency'
     and not flag_off_opens(the_row.flag_key, the_row.environment) then
    -- Where the conditions do not hold, something less specific comes through: that is no mere turning off.
    if tg_op <> 'DELETE' and not new.enabled and new.constraints = '[]' and new.segments = '{}'
       and new.starts_at is null and new.ends_at is null then
      return new;
    end if;
    -- Nothing less specific may come through where a rule is taken away.
    if tg_op = 'DELETE' and not exists (select from flag_rule r
        where r.flag_key = old.flag_key and r.environment = old.environment and r.enabled
          and array_position(kinds, r.scope_kind) < array_position(kinds, old.scope_kind)) then
      return old;
    end if;
  end if;
  raise exception 'a rule of flag % in % needs an approved change request', the_row.flag_key, the_row.environment
    using constraint = 'flag_rule_is_approved';
end $$;

-- Killing is always possible, unless a guarded flag waits for it; the rules count again, and strategies are set, only
-- with approval.
create or replace function flag_environment_is_approved() returns trigger language plpgsql as $$
declare
  what_shows_not text[] := array['enabled', 'revision'];
  opens boolean := (tg_op = 'UPDATE' and new.enabled and not old.enabled) or new.enabled
    and coalesce(to_jsonb(new) -> 'strategies', 'null') <> 'null'
    and (tg_op = 'INSERT' or to_jsonb(new) - what_shows_not is distinct from to_jsonb(old) - what_shows_not);
  closes boolean := tg_op = 'UPDATE' and old.enabled
    and (not new.enabled or new.strategies is distinct from old.strategies);
begin
  if (opens and flag_needs_approval(new.flag_key, new.environment)
      or closes and flag_off_opens(new.flag_key, new.environment))
     and not flag_change_is_approved(new.flag_key, new.environment) then
    raise exception 'flag % in % needs an approved change request', new.flag_key, new.environment
      using constraint = 'flag_environment_is_approved';
  end if;
  return new;
end $$;

create or replace function flag_definition_is_approved() returns trigger language plpgsql as $$
declare
  -- Whatever else a flag has may change what people are charged.
  what_decides_not text[] := array['description', 'owner', 'manifest', 'archived_at', 'created_at', 'updated_at',
    'version', 'project', 'type', 'lifecycle', 'expires_at', 'tags', 'impression_data'];
begin
  if (to_jsonb(new) - what_decides_not is distinct from to_jsonb(old) - what_decides_not
      or (old.lifecycle = 'DRAFT') <> (new.lifecycle = 'DRAFT')
      or old.archived_at is not null and new.archived_at is null)
     and exists (select from environment where flag_needs_approval(old.key, name))
     and not flag_change_is_approved(old.key, null) then
    raise exception 'what flag % is changes only with an approved change request', old.key
      using constraint = 'flag_definition_is_approved';
  end if;
  return new;
end $$;

create or replace function segment_is_approved() returns trigger language plpgsql as $$
declare
  used record;
begin
  if new.constraints = old.constraints and new.deleted_at is not distinct from old.deleted_at then
    return new;
  end if;
  for used in
    select flag_key, environment, flag_approvals_needed(flag_key, environment) as needed from segment_use(new.id)
  loop
    if used.needed > 0 and not segment_change_is_approved(new.id, used.needed) then
      raise exception 'segment % decides flag % in %, which needs an approved change request',
        new.name, used.flag_key, used.environment using constraint = 'segment_is_approved';
    end if;
  end loop;
  return new;
end $$;
