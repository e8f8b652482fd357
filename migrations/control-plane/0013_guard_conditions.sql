-- What decides a financial flag by way of something else is guarded as its rules are: what a segment says, and rules that
-- turn off only sometimes.

create or replace function flag_rule_is_approved() returns trigger language plpgsql as $$
declare
  the_row flag_rule := coalesce(new, old);
  kinds text[] := array['ENVIRONMENT', 'TIER', 'REGION', 'TENANT', 'BRANCH', 'WAREHOUSE', 'ACCOUNT', 'USER'];
begin
  if not flag_needs_approval(the_row.flag_key, the_row.environment)
     or flag_change_is_approved(the_row.flag_key, the_row.environment) then
    return the_row;
  end if;
  if current_setting('tierdeck.approval', true) = 'emergency' then
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

create function segment_is_approved() returns trigger language plpgsql as $$
declare
  used record;
begin
  if new.constraints = old.constraints and new.deleted_at is not distinct from old.deleted_at then
    return new;
  end if;
  for used in
    select flag_key, environment from flag_rule where new.id = any(segments)
    union
    select flag_key, environment from flag_environment
    where jsonb_path_exists(strategies, '$[*].segments[*] ? (@ == $id)', jsonb_build_object('id', new.id))
  loop
    if flag_needs_approval(used.flag_key, used.environment)
       and not flag_change_is_approved(used.flag_key, used.environment) then
      raise exception 'segment % decides flag % in %, which needs an approved change request',
        new.name, used.flag_key, used.environment using constraint = 'segment_is_approved';
    end if;
  end loop;
  return new;
end $$;
create trigger segment_is_approved before update on segment
  for each row execute function segment_is_approved();
