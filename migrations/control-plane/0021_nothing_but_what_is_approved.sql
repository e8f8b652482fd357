-- A right to change something guarded allows that change and no other.

-- The undertaking by whose right this transaction changes flags, of the kind that is asked for.
create function approval_of(the_kind text) returns uuid language sql stable as $$
  select substring(current_setting('tierdeck.approval', true) from '^' || the_kind || '/([0-9a-f-]{36})$')::uuid
$$;

create function deployment_is_approved() returns boolean language sql stable as $$
  select coalesce(current_setting('tierdeck.approval', true), '') = 'deployment'
$$;

-- What the request that is being applied says of a flag.
create function approved_changes(the_flag text, the_kind text) returns table (environment text, change jsonb)
language sql stable as $$
  select r.environment, c from change_request r, jsonb_array_elements(r.changes) c
  where r.id = approval_of('change-request') and r.status = 'APPLYING'
    and c ->> 'flag' = the_flag and c ->> 'kind' = the_kind
$$;

-- Whether a release may change a flag of its own: it is under way with its approvals, or takes back what it did.
create function release_covers(the_release uuid, the_flag text, the_environment text) returns boolean
language sql stable as $$
  select exists (select from release r where r.id = the_release and r.environment = the_environment
    and (r.status = 'ROLLING_BACK' or r.status = 'RUNNING'
      and r.content -> 'flagChanges' @> jsonb_build_array(jsonb_build_object('flag', the_flag))
      and release_approvals(r.id) >= greatest(1, flag_approvals_needed(the_flag, the_environment))))
$$;

-- Whether a rule is as somebody wrote it down: {enabled, variant, percentage, …}, without what is the default.
create function rule_says(the_rule flag_rule, the_value jsonb) returns boolean language sql stable as $$
  select (the_value ->> 'enabled')::boolean = the_rule.enabled
    and the_value ->> 'variant' is not distinct from the_rule.variant
    and (not the_rule.enabled or coalesce((the_value ->> 'percentage')::int, 100) = the_rule.percentage)
    and the_value ->> 'stickiness' is not distinct from the_rule.stickiness
    and coalesce(the_value -> 'constraints', '[]') = the_rule.constraints
    and coalesce(the_value -> 'segments', '[]') = to_jsonb(the_rule.segments)
    and (the_value ->> 'startsAt')::timestamptz is not distinct from the_rule.starts_at
    and (the_value ->> 'endsAt')::timestamptz is not distinct from the_rule.ends_at
$$;

create function flag_rule_has_approval(the_rule flag_rule, gone boolean) returns boolean language sql stable as $$
  select deployment_is_approved()
    or exists (
      select from approved_changes(the_rule.flag_key, case when gone then 'CLEAR_RULE' else 'SET_RULE' end) a
      where a.environment = the_rule.environment
        and a.change -> 'scope' ->> 'kind' = the_rule.scope_kind and a.change -> 'scope' ->> 'key' = the_rule.scope_key
        and (gone or rule_says(the_rule, a.change -> 'rule')))
    or the_rule.scope_kind = 'TENANT'
      and release_covers(approval_of('release'), the_rule.flag_key, the_rule.environment)
      and exists (
        select from release r
        join release_tenant t on t.release_id = r.id join tenant on tenant.id = t.tenant_id
        where r.id = approval_of('release') and tenant.slug = the_rule.scope_key and case r.status
          when 'RUNNING' then not gone and t.status = 'APPLYING' and exists (
            select from jsonb_array_elements(r.content -> 'flagChanges') c
            where c ->> 'flag' = the_rule.flag_key and rule_says(the_rule, c))
          else exists (
            select from jsonb_array_elements(t.rules_before) b where b ->> 'flag' = the_rule.flag_key
              and case when gone then b -> 'rule' = 'null' else rule_says(the_rule, b -> 'rule') end) end)
$$;

-- Whether something comes through where a rule is taken away: a less specific rule that is on, or strategies.
create function flag_rule_keeps_away(the_flag text, the_environment text, the_scope_kind text) returns boolean
language sql stable as $$
  with kinds as (
    select array['ENVIRONMENT', 'TIER', 'REGION', 'TENANT', 'BRANCH', 'WAREHOUSE', 'ACCOUNT', 'USER'] as list)
  select exists (select from kinds, flag_rule r
      where r.flag_key = the_flag and r.environment = the_environment and r.enabled
        and array_position(kinds.list, r.scope_kind) < array_position(kinds.list, the_scope_kind))
    or exists (select from flag_environment e
      where e.flag_key = the_flag and e.environment = the_environment and e.strategies is not null)
$$;

create or replace function flag_rule_is_approved() returns trigger language plpgsql as $$
declare
  gone boolean := tg_op = 'DELETE';
  the_row flag_rule := coalesce(new, old);
begin
  if tg_op = 'UPDATE' and (new.flag_key, new.environment, new.scope_kind, new.scope_key) is distinct from
     (old.flag_key, old.environment, old.scope_kind, old.scope_key) then
    raise exception 'a rule stays where it is' using constraint = 'flag_rule_stays';
  end if;
  if not flag_needs_approval(the_row.flag_key, the_row.environment) or flag_rule_has_approval(the_row, gone) then
    return the_row;
  end if;
  if current_setting('tierdeck.approval', true) = 'emergency'
     and not flag_off_opens(the_row.flag_key, the_row.environment) then
    -- Off under conditions lets through what the rule before kept away, or replaced; where there was none it only closes.
    if not gone and not new.enabled and (tg_op = 'INSERT'
        or new.constraints = '[]' and new.segments = '{}' and new.starts_at is null and new.ends_at is null) then
      return new;
    end if;
    if gone and not flag_rule_keeps_away(old.flag_key, old.environment, old.scope_kind) then
      return old;
    end if;
  end if;
  raise exception 'a rule of flag % in % needs an approved change request', the_row.flag_key, the_row.environment
    using constraint = 'flag_rule_is_approved';
end $$;

-- Killing is always possible, unless a guarded flag waits for it. Strategies and variants are guarded also while the
-- flag is killed: reviving it would bring them along.
create or replace function flag_environment_is_approved() returns trigger language plpgsql as $$
declare
  switched boolean := tg_op = 'UPDATE' and new.enabled <> old.enabled;
  rewritten boolean := case when tg_op = 'INSERT' then new.strategies is not null or new.variants <> '[]'
    else (new.strategies, new.variants) is distinct from (old.strategies, old.variants) end;
  opens boolean := switched and new.enabled or rewritten and (new.strategies is not null or new.variants <> '[]');
begin
  if tg_op = 'UPDATE' and (new.flag_key, new.environment) is distinct from (old.flag_key, old.environment) then
    raise exception 'the state of a flag stays where it is' using constraint = 'flag_environment_stays';
  end if;
  if not (switched or rewritten) or deployment_is_approved()
     or not (opens and flag_needs_approval(new.flag_key, new.environment)
       or not opens and flag_off_opens(new.flag_key, new.environment)) then
    return new;
  end if;
  if switched and not exists (
      select from approved_changes(new.flag_key, 'SET_ENABLED') a
      where a.environment = new.environment and a.change -> 'enabled' = to_jsonb(new.enabled))
     or rewritten and not exists (
      select from approved_changes(new.flag_key, 'SET_STRATEGIES') a
      where a.environment = new.environment
        and a.change -> 'strategies' -> 'strategies' = coalesce(new.strategies, 'null')
        and a.change -> 'strategies' -> 'variants' = new.variants) then
    raise exception 'flag % in % needs an approved change request', new.flag_key, new.environment
      using constraint = 'flag_environment_is_approved';
  end if;
  return new;
end $$;

create or replace function flag_definition_is_approved() returns trigger language plpgsql as $$
declare
  -- Whatever else a flag has may change what people are charged; project and tags decide which SDKs get it at all.
  what_decides_not text[] := array['description', 'owner', 'manifest', 'archived_at', 'created_at', 'updated_at',
    'version', 'type', 'lifecycle', 'expires_at', 'impression_data'];
  names jsonb := '{"risk_class": "riskClass", "default_variant": "defaultVariant", "payload_schema": "payloadSchema"}';
  before jsonb := to_jsonb(old) - what_decides_not;
  after jsonb := to_jsonb(new) - what_decides_not;
  drafted boolean := (old.lifecycle = 'DRAFT') <> (new.lifecycle = 'DRAFT');
  archived boolean := (old.archived_at is null) <> (new.archived_at is null);
  definition jsonb;
begin
  if after = before and not drafted and not archived or deployment_is_approved()
     or not exists (select from environment where flag_needs_approval(old.key, name)) then
    return new;
  end if;
  select a.change -> 'definition' into definition from approved_changes(old.key, 'UPDATE_FLAG') a;
  if archived and (new.archived_at is null or not exists (select from approved_changes(old.key, 'ARCHIVE_FLAG')))
     or drafted and definition ->> 'lifecycle' is distinct from new.lifecycle
     or exists (
       select from jsonb_each(after) a
       where a.value <> before -> a.key
         and a.value is distinct from definition -> coalesce(names ->> a.key, a.key)) then
    raise exception 'what flag % is changes only with an approved change request', old.key
      using constraint = 'flag_definition_is_approved';
  end if;
  return new;
end $$;

-- A dependency on a flag that is not there keeps the dependent off; a flag of that key could turn it on.
create function flag_creation_is_approved() returns trigger language plpgsql as $$
begin
  if not deployment_is_approved() and exists (
      select from environment e, flag_and_dependents(new.key) d
      where d.key <> new.key and approvals_needed(e.name, d.risk_class) > 0) then
    raise exception 'flags that need approvals wait for a flag %', new.key using constraint = 'flag_creation_is_approved';
  end if;
  return new;
end $$;
create trigger flag_creation_is_approved before insert on flag
  for each row execute function flag_creation_is_approved();

create or replace function segment_is_approved() returns trigger language plpgsql as $$
declare
  used record;
begin
  if tg_op = 'UPDATE' then
    if new.id <> old.id then
      raise exception 'a segment keeps its number' using constraint = 'segment_stays';
    end if;
    if new.constraints = old.constraints and new.deleted_at is not distinct from old.deleted_at then
      return new;
    end if;
  end if;
  for used in
    select flag_key, environment, flag_approvals_needed(flag_key, environment) as needed from segment_use(new.id)
  loop
    if used.needed > 0 and not deployment_is_approved() and not exists (
        select from change_request r, jsonb_array_elements(r.changes) c
        where r.id = approval_of('change-request') and r.status = 'APPLYING'
          and c ->> 'kind' = 'UPDATE_SEGMENT' and c -> 'segment' = to_jsonb(new.id)
          and c -> 'constraints' = new.constraints and new.deleted_at is null
          and change_request_approvals(r.id, r.version, r.digest) >= used.needed) then
      raise exception 'segment % decides flag % in %, which needs an approved change request',
        new.name, used.flag_key, used.environment using constraint = 'segment_is_approved';
    end if;
  end loop;
  return new;
end $$;
drop trigger segment_is_approved on segment;
create trigger segment_is_approved before insert or update on segment
  for each row execute function segment_is_approved();

-- Rows that are gone count as their defaults: a killed flag would be alive again.
create function flag_is_not_deleted() returns trigger language plpgsql as $$
begin
  raise exception 'flags are archived, not deleted' using constraint = 'flag_is_not_deleted';
end $$;
create trigger flag_is_not_deleted before delete on flag
  for each statement execute function flag_is_not_deleted();
create trigger flag_is_not_deleted before delete on flag_environment
  for each statement execute function flag_is_not_deleted();

create function environment_keeps_its_kind() returns trigger language plpgsql as $$
begin
  if (new.name, new.kind) is distinct from (old.name, old.kind) then
    raise exception 'an environment keeps its name and its kind' using constraint = 'environment_keeps_its_kind';
  end if;
  return new;
end $$;
create trigger environment_keeps_its_kind before update on environment
  for each row execute function environment_keeps_its_kind();

drop function flag_change_is_approved(text, text);
drop function segment_change_is_approved(int, int);
