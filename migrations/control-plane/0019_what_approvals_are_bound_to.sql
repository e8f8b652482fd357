-- An approval is bound to what its content refers to, and given by another person; tokens of one person are one person.

-- Persons ----------------------------------------------------------------------------------------------------------------

-- Who holds a token, e.g. an e-mail address; of a token that says nothing, the token itself.
alter table api_token add column person text;
update api_token set person = id::text;
alter table api_token
  alter column person set not null,
  add constraint api_token_person_check
    check (length(person) between 1 and 200 and person = lower(btrim(person)));

create function api_token_has_a_person() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    new.person := coalesce(new.person, new.id::text);
  elsif new.person <> old.person then
    raise exception 'a token stays with its person' using constraint = 'api_token_stays_with_its_person';
  end if;
  return new;
end $$;
create trigger api_token_has_a_person before insert or update on api_token
  for each row execute function api_token_has_a_person();

create function person_of(the_token text) returns text language sql stable as $$
  select coalesce((select person from api_token where id::text = the_token), the_token)
$$;

alter table audit_event add column actor_person text;

alter table change_request add column author_person text;
alter table change_request disable trigger change_request_is_guarded;
update change_request set author_person = author_id;
alter table change_request enable trigger change_request_is_guarded;
alter table change_request alter column author_person set not null;

alter table change_request_approval add column author_person text, add column by_person text;
alter table change_request_approval disable trigger change_request_approval_is_guarded;
update change_request_approval set author_person = author_id, by_person = by_id;
alter table change_request_approval enable trigger change_request_approval_is_guarded;
alter table change_request_approval
  alter column author_person set not null,
  alter column by_person set not null,
  drop constraint change_request_approval_pkey,
  add primary key (request_id, version, by_person),
  add constraint change_request_approval_not_by_the_same_person check (by_person <> author_person);

alter table release add column created_by_person text;
update release set created_by_person = created_by_id;
alter table release alter column created_by_person set not null;

alter table release_approval add column author_person text, add column by_person text, add column refers_to text;

-- Segments ---------------------------------------------------------------------------------------------------------------

-- Strategies of imported flags refer to segments that are not here by numbers below zero: those are nobody's, ever.
select set_config('tierdeck.approval', 'deployment', true);
update flag_environment e set strategies = (
  select jsonb_agg(case when s ? 'segments' then jsonb_set(s, '{segments}', (
      select coalesce(jsonb_agg(case when i::bigint > 0 and not exists (
          select from segment g where g.id = i::bigint and g.deleted_at is null)
        then to_jsonb(-(i::bigint)) else i end order by place), '[]')
      from jsonb_array_elements(s -> 'segments') with ordinality as each (i, place)))
    else s end order by position)
  from jsonb_array_elements(e.strategies) with ordinality as every (s, position))
where exists (
  select from jsonb_path_query(e.strategies, '$[*].segments[*] ? (@ > 0)') as i
  where not exists (select from segment g where g.id = i::bigint and g.deleted_at is null));

-- A BOOLEAN flag is on or off and has no variants, whatever its strategies say.
update flag_environment e set variants = '[]', strategies = case when jsonb_array_length(strategies) > 0
  then (select jsonb_agg(s || '{"variants": []}' order by position)
        from jsonb_array_elements(strategies) with ordinality as every (s, position))
  else strategies end
from flag f where f.key = e.flag_key and f.kind = 'BOOLEAN'
  and (e.variants <> '[]' or jsonb_path_exists(e.strategies, '$[*].variants[*]'));
select set_config('tierdeck.approval', '', true);

alter table segment add constraint segment_id_check check (id > 0);

create function segments_exist(the_segments bigint[]) returns boolean language plpgsql as $$
begin
  return (select count(*) from (
      select from segment where id = any(the_segments) and deleted_at is null order by id for share) there)
    = (select count(distinct id) from unnest(the_segments) as id);
end $$;

create function flag_rule_refers_to_segments() returns trigger language plpgsql as $$
begin
  if (tg_op = 'INSERT' or new.segments <> old.segments) and not segments_exist(new.segments::bigint[]) then
    raise exception 'a rule of flag % refers to a segment that is not there', new.flag_key
      using constraint = 'flag_rule_refers_to_segments';
  end if;
  return new;
end $$;
create trigger flag_rule_refers_to_segments before insert or update on flag_rule
  for each row execute function flag_rule_refers_to_segments();

create function flag_strategies_make_sense() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and (new.strategies, new.variants) is not distinct from (old.strategies, old.variants) then
    return new;
  end if;
  if not segments_exist(array(
      select i::bigint from jsonb_path_query(new.strategies, '$[*].segments[*] ? (@ > 0)') as i)) then
    raise exception 'a strategy of flag % refers to a segment that is not there', new.flag_key
      using constraint = 'flag_strategies_refer_to_segments';
  end if;
  if (new.variants <> '[]' or jsonb_path_exists(new.strategies, '$[*].variants[*]'))
     and exists (select from flag where key = new.flag_key and kind = 'BOOLEAN') then
    raise exception 'flag % is BOOLEAN and has no variants', new.flag_key
      using constraint = 'flag_boolean_has_no_variants';
  end if;
  return new;
end $$;
create trigger flag_strategies_make_sense before insert or update on flag_environment
  for each row execute function flag_strategies_make_sense();

-- Flags in use that a segment decides in an environment, or may decide soon: by rules and strategies, by releases under
-- way, and by the rules that a release would put back.
create or replace function segment_use(the_segment int)
returns table (flag_key text, environment text, risk_class text) language sql stable as $$
  with named as (select jsonb_build_object('id', the_segment) as id)
  select f.key, used.environment, f.risk_class
  from (
    select r.flag_key, r.environment from flag_rule r where the_segment = any(r.segments)
    union
    select e.flag_key, e.environment from named, flag_environment e
    where jsonb_path_exists(e.strategies, '$[*].segments[*] ? (@ == $id)', named.id)
    union
    select c ->> 'flag', r.environment from named, release r, jsonb_array_elements(r.content -> 'flagChanges') c
    where r.status in ('RUNNING', 'PAUSED', 'ROLLING_BACK')
      and jsonb_path_exists(c, '$.segments[*] ? (@ == $id)', named.id)
    union
    select b ->> 'flag', r.environment
    from named, release_tenant t join release r on r.id = t.release_id, jsonb_array_elements(t.rules_before) b
    where t.status = 'EXPOSED' and jsonb_path_exists(b, '$.rule.segments[*] ? (@ == $id)', named.id)
  ) used join flag f on f.key = used.flag_key
  where f.archived_at is null
$$;

-- What content refers to -------------------------------------------------------------------------------------------------

-- Everything that decides a flag in some environments. Where it is asked for, the environments are never none.
create function flag_state_digest(the_flag text, the_environments text[]) returns text language sql stable as $$
  select encode(sha256(convert_to(jsonb_build_object(
      'kind', f.kind, 'variants', f.variants, 'dependencies', f.dependencies,
      'off', f.archived_at is not null or f.lifecycle = 'DRAFT',
      'environments', (
        select jsonb_agg(jsonb_build_array(name, coalesce(e.enabled, true), e.strategies, coalesce(e.variants, '[]'), (
            select jsonb_agg(to_jsonb(r) - array['id', 'reason', 'set_by', 'set_at', 'lint_override']
              order by r.scope_kind, r.scope_key)
            from flag_rule r where r.flag_key = f.key and r.environment = name), (
            select jsonb_agg(jsonb_build_array(s.id, s.constraints) order by s.id) from segment s
            where s.deleted_at is null and s.id in (
              select unnest(r.segments)::bigint from flag_rule r where r.flag_key = f.key and r.environment = name
              union all
              select i::bigint from jsonb_path_query(e.strategies, '$[*].segments[*]') as i)))
          order by name)
        from unnest(the_environments) as name
        left join flag_environment e on e.flag_key = f.key and e.environment = name))::text, 'UTF8')), 'hex')
  from flag f where f.key = the_flag
$$;

-- What changes refer to without saying it: what segments of rules and strategies say, and what flags to depend on are
-- where the dependent is guarded. [{segment, name, digest}, {flag, of, digest}]; a digest of null is not there.
create function change_request_refers_to(the_changes jsonb) returns jsonb language sql stable as $$
  select coalesce(jsonb_agg(reference order by reference), '[]') from (
    select jsonb_build_object('segment', named.id, 'name', s.name,
      'digest', encode(sha256(convert_to(s.constraints::text, 'UTF8')), 'hex')) as reference
    from (
      select i::bigint as id from jsonb_path_query(the_changes, '$[*].rule.segments[*]') as i
      union
      select i::bigint from jsonb_path_query(the_changes, '$[*].strategies.strategies[*].segments[*] ? (@ > 0)') as i
    ) named left join segment s on s.id = named.id and s.deleted_at is null
    union all
    select jsonb_build_object('flag', d ->> 'flag', 'of', c ->> 'flag', 'digest', flag_state_digest(d ->> 'flag', guarded))
    from jsonb_array_elements(the_changes) c, jsonb_array_elements(c -> 'definition' -> 'dependencies') d,
      lateral (select array(
        select name from environment
        where flag_approvals_needed(c ->> 'flag', name) > 0
          or approvals_needed(name, c -> 'definition' ->> 'riskClass') > 0
        order by name) as guarded) e
    where c ->> 'kind' = 'UPDATE_FLAG' and guarded <> '{}'
  ) each
$$;

-- Until the end of the transaction it stays so.
create function change_request_still_refers_to(the_changes jsonb, the_references jsonb) returns boolean
language plpgsql as $$
begin
  perform from segment
    where id in (select (r ->> 'segment')::bigint from jsonb_array_elements(the_references) r) order by id for share;
  perform from flag where key in (select r ->> 'flag' from jsonb_array_elements(the_references) r) order by key for share;
  return change_request_refers_to(the_changes) = the_references;
end $$;

create function release_refers_to(the_content jsonb) returns text language sql stable as $$
  select encode(sha256(convert_to(coalesce(jsonb_agg(jsonb_build_array(named.id, s.name, s.constraints) order by named.id), '[]')::text,
    'UTF8')), 'hex')
  from (
    select distinct i::bigint as id from jsonb_path_query(the_content, '$.flagChanges[*].segments[*]') as i
  ) named left join segment s on s.id = named.id and s.deleted_at is null
$$;

-- Change requests --------------------------------------------------------------------------------------------------------

-- What the changes refer to, as it was when they were written.
alter table change_request add column refers_to jsonb not null default '[]';

create or replace function change_request_needs(the_environment text, the_changes jsonb) returns int
language sql stable as $$
  select coalesce(max(needed), 0) from (
    select flag_approvals_needed(c ->> 'flag', e.name) as needed
    from jsonb_array_elements(the_changes) c
    join environment e on e.name = the_environment or c ->> 'kind' in ('UPDATE_FLAG', 'ARCHIVE_FLAG')
    union all
    select flag_approvals_needed(u.flag_key, u.environment)
    from jsonb_array_elements(the_changes) c, segment_use((c ->> 'segment')::int) u
    where c ->> 'kind' = 'UPDATE_SEGMENT'
  ) each
$$;

create or replace function change_request_is_guarded() returns trigger language plpgsql as $$
declare
  edited boolean;
begin
  if tg_op = 'INSERT' then
    if new.status not in ('DRAFT', 'IN_REVIEW') then
      raise exception 'a change request begins as a draft or under review' using constraint = 'change_request_begins';
    end if;
    new.version := 1;
    new.author_person := person_of(new.author_id);
    new.refers_to := change_request_refers_to(new.changes);
  else
    if (new.id, new.author, new.author_id, new.author_person, new.environment) is distinct from
       (old.id, old.author, old.author_id, old.author_person, old.environment) then
      raise exception 'id, author and environment of a change request never change'
        using constraint = 'change_request_is_the_same';
    end if;
    edited := (new.changes, new.title, new.description, new.lint_override) is distinct from
      (old.changes, old.title, old.description, old.lint_override);
    -- Writing it again takes what it refers to as it is now, even if the words stay.
    new.refers_to := case when edited or new.status = 'DRAFT' and old.status <> 'DRAFT'
      then change_request_refers_to(new.changes) else old.refers_to end;
    edited := edited or new.refers_to <> old.refers_to;
    if edited and old.status not in ('DRAFT', 'IN_REVIEW', 'REJECTED') then
      raise exception 'a change request that is % cannot be edited', old.status
        using constraint = 'change_request_is_editable';
    end if;
    new.version := old.version + edited::int;
    if old.status in ('APPLIED', 'CLOSED', 'DISCARDED') and new.status <> old.status then
      raise exception 'a change request that is % stays so', old.status using constraint = 'change_request_has_ended';
    end if;
    if new.status = 'APPLIED' and old.status <> 'APPLYING' then
      raise exception 'a change request is applied through APPLYING' using constraint = 'change_request_is_applied';
    end if;
    new.updated_at := clock_timestamp();
  end if;
  new.digest := encode(sha256(convert_to(
    new.environment || E'\n' || coalesce(new.lint_override, '') || E'\n' || new.changes::text
      || case when new.refers_to = '[]' then '' else E'\n' || new.refers_to::text end, 'UTF8')), 'hex');
  if tg_op = 'UPDATE' and new.status in ('SCHEDULED', 'APPLYING') and old.status <> new.status then
    if old.status not in ('IN_REVIEW', 'SCHEDULED') then
      raise exception 'only a submitted change request is applied' using constraint = 'change_request_was_submitted';
    end if;
    if not change_request_still_refers_to(new.changes, new.refers_to) then
      raise exception 'what the change request refers to was edited' using constraint = 'change_request_still_refers_to';
    end if;
    if change_request_approvals(new.id, new.version, new.digest) < change_request_needs(new.environment, new.changes) then
      raise exception 'the change request lacks approvals' using constraint = 'change_request_is_approved';
    end if;
  end if;
  return new;
end $$;

-- Requests that are open: approvals of what refers to something were given for its number alone, and end here.
update change_request set status = 'IN_REVIEW', apply_at = null,
  status_reason = 'Approvals are bound to what segments say now: this one needs new ones.'
where status = 'SCHEDULED' and change_request_refers_to(changes) <> '[]';
alter table change_request disable trigger change_request_is_guarded;
update change_request set refers_to = change_request_refers_to(changes), version = version + 1
where status in ('DRAFT', 'IN_REVIEW', 'REJECTED') and change_request_refers_to(changes) <> '[]';
alter table change_request enable trigger change_request_is_guarded;
update change_request set updated_at = updated_at where refers_to <> '[]';

create function change_request_ends_applying() returns trigger language plpgsql as $$
begin
  if exists (select from change_request where id = new.id and status = 'APPLYING') then
    raise exception 'APPLYING exists only inside the transaction that applies'
      using constraint = 'change_request_ends_applying';
  end if;
  return null;
end $$;
create constraint trigger change_request_ends_applying after insert or update on change_request
  deferrable initially deferred for each row when (new.status = 'APPLYING')
  execute function change_request_ends_applying();

create or replace function change_request_approval_is_guarded() returns trigger language plpgsql as $$
declare
  request change_request;
begin
  if tg_op <> 'INSERT' then
    raise exception 'an approval is never changed' using constraint = 'change_request_approval_is_final';
  end if;
  select * into request from change_request where id = new.request_id and status = 'IN_REVIEW'
    and digest = new.digest and version = new.version for update;
  if not found then
    raise exception 'an approval is for the content under review'
      using constraint = 'change_request_approval_covers_the_content';
  end if;
  if not change_request_still_refers_to(request.changes, request.refers_to) then
    raise exception 'what the change request refers to was edited' using constraint = 'change_request_still_refers_to';
  end if;
  new.author_person := request.author_person;
  new.by_person := person_of(new.by_id);
  return new;
end $$;

-- Releases ---------------------------------------------------------------------------------------------------------------

update release_approval a set author_person = author_id, by_person = by_id, refers_to = release_refers_to(r.content)
from release r where r.id = a.release_id;
alter table release_approval
  alter column author_person set not null,
  alter column by_person set not null,
  alter column refers_to set not null,
  drop constraint release_approval_pkey,
  -- Given again once a segment says something else.
  add primary key (release_id, by_person, refers_to),
  add constraint release_approval_not_by_the_same_person check (by_person <> author_person);

create function release_has_an_author() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    new.created_by_person := person_of(new.created_by_id);
  elsif new.created_by_person <> old.created_by_person then
    raise exception 'the author of a release never changes' using constraint = 'release_is_immutable';
  end if;
  return new;
end $$;
create trigger release_has_an_author before insert or update on release
  for each row execute function release_has_an_author();

create function release_approval_is_guarded() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' then
    raise exception 'an approval is never changed' using constraint = 'release_approval_is_final';
  end if;
  select created_by_person, release_refers_to(content) into new.author_person, new.refers_to
  from release where id = new.release_id;
  new.by_person := person_of(new.by_id);
  return new;
end $$;
create trigger release_approval_is_guarded before insert or update or delete on release_approval
  for each row execute function release_approval_is_guarded();

-- Approvals of what the release would do now.
create function release_approvals(the_release uuid) returns int language sql stable as $$
  select count(*)::int from release_approval a join release r on r.id = a.release_id
  where a.release_id = the_release and a.refers_to = release_refers_to(r.content)
$$;

-- A flag may have become financial since the release was made.
create function release_approvals_needed(the_release uuid) returns int language sql stable as $$
  select greatest(
    case when r.needs_approval or exists (
        select from jsonb_array_elements(r.content -> 'flagChanges') c, flag_and_dependents(c ->> 'flag') d
        where d.risk_class = 'FINANCIAL')
      then greatest(1, approvals_needed(r.environment, 'FINANCIAL')) else 0 end,
    (select max(flag_approvals_needed(c ->> 'flag', r.environment))
     from jsonb_array_elements(r.content -> 'flagChanges') c))
  from release r where r.id = the_release
$$;

create or replace function release_meets_the_policy() returns trigger language plpgsql as $$
begin
  if new.status = 'RUNNING' and old.status <> 'RUNNING' then
    perform from segment where id in (
      select i::bigint from jsonb_path_query(new.content, '$.flagChanges[*].segments[*]') as i) order by id for share;
    if release_approvals(new.id) < release_approvals_needed(new.id) then
      raise exception 'the release lacks approvals' using constraint = 'release_meets_the_policy';
    end if;
  end if;
  return new;
end $$;
