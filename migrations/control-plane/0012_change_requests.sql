-- The safety of flag changes: requests with approval by content, differences between old and new engines, references in
-- code. What must never happen is refused here too, whatever the code does.

-- Approvals that a change of a flag of this risk class needs in this environment. Without a row: one for FINANCIAL flags
-- in production environments, none otherwise.
create table approval_policy (
  environment   text not null references environment on delete cascade,
  risk_class    text not null check (risk_class in ('STANDARD', 'FINANCIAL')),
  min_approvals int not null check (min_approvals between 0 and 10),
  primary key (environment, risk_class)
);

create function approvals_needed(the_environment text, the_risk text) returns int language sql stable as $$
  select coalesce(
    (select min_approvals from approval_policy where environment = the_environment and risk_class = the_risk),
    (select case when kind = 'PRODUCTION' and the_risk = 'FINANCIAL' then 1 else 0 end
     from environment where name = the_environment),
    0)
$$;

create table change_request (
  id            uuid primary key,
  title         text not null check (length(title) between 1 and 200),
  description   text not null default '' check (length(description) <= 5000),
  environment   text not null references environment,
  -- [{kind, flag, …, base}]: `base` is what was there when the draft was made; something else there is a conflict.
  changes       jsonb not null check (jsonb_typeof(changes) = 'array' and jsonb_array_length(changes) between 1 and 500),
  -- SHA-256 over environment, override and changes, computed here: an approval covers nothing else.
  digest        text not null,
  -- Grows with every edit: an edit voids the approvals even if it is taken back.
  version       int not null default 1,
  status        text not null check (status in ('DRAFT', 'IN_REVIEW', 'SCHEDULED', 'APPLYING', 'APPLIED', 'REJECTED',
                  'CLOSED', 'DISCARDED')),
  status_reason text,
  -- Why what the lint refuses is wanted here; part of what is approved.
  lint_override text check (length(lint_override) between 1 and 500),
  author        text not null,
  author_id     text not null,
  created_at    timestamptz not null default clock_timestamp(),
  updated_at    timestamptz not null default clock_timestamp(),
  apply_at      timestamptz,
  applied_at    timestamptz,
  applied_by    text,
  unique (id, author_id),
  check (status <> 'SCHEDULED' or apply_at is not null)
);
create index change_request_due on change_request (apply_at) where status = 'SCHEDULED';
create index change_request_created on change_request (created_at desc, id);

-- The foreign key and the check keep the author out; the trigger binds an approval to the content as it is.
create table change_request_approval (
  request_id  uuid not null,
  author_id   text not null,
  digest      text not null,
  version     int not null,
  by_id       text not null,
  by_name     text not null,
  comment     text check (length(comment) <= 2000),
  at          timestamptz not null default clock_timestamp(),
  primary key (request_id, version, by_id),
  constraint change_request_approval_of_request foreign key (request_id, author_id)
    references change_request (id, author_id),
  constraint change_request_approval_not_by_the_author check (by_id <> author_id)
);

-- A change of what a flag is shows in every environment, so the strictest of them counts.
create function change_request_needs(the_environment text, the_changes jsonb) returns int language sql stable as $$
  select coalesce(max(approvals_needed(e.name, coalesce(f.risk_class, 'STANDARD'))), 0)
  from jsonb_array_elements(the_changes) c
  left join flag f on f.key = c ->> 'flag'
  join environment e on e.name = the_environment or c ->> 'kind' = 'UPDATE_FLAG'
$$;

create function change_request_approvals(the_request uuid, the_version int, the_digest text) returns int
language sql stable as $$
  select count(*)::int from change_request_approval
  where request_id = the_request and version = the_version and digest = the_digest
$$;

create function change_request_is_guarded() returns trigger language plpgsql as $$
declare
  edited boolean;
begin
  new.digest := encode(sha256(convert_to(
    new.environment || E'\n' || coalesce(new.lint_override, '') || E'\n' || new.changes::text, 'UTF8')), 'hex');
  if tg_op = 'INSERT' then
    new.version := 1;
    return new;
  end if;
  if (new.id, new.author, new.author_id, new.environment) is distinct from
     (old.id, old.author, old.author_id, old.environment) then
    raise exception 'id, author and environment of a change request never change'
      using constraint = 'change_request_is_the_same';
  end if;
  edited := (new.changes, new.title, new.description, new.lint_override) is distinct from
    (old.changes, old.title, old.description, old.lint_override);
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
  if new.status in ('SCHEDULED', 'APPLYING') and old.status <> new.status then
    if old.status not in ('IN_REVIEW', 'SCHEDULED') then
      raise exception 'only a submitted change request is applied' using constraint = 'change_request_was_submitted';
    end if;
    if change_request_approvals(new.id, new.version, new.digest) < change_request_needs(new.environment, new.changes) then
      raise exception 'the change request lacks approvals' using constraint = 'change_request_is_approved';
    end if;
  end if;
  new.updated_at := clock_timestamp();
  return new;
end $$;
create trigger change_request_is_guarded before insert or update on change_request
  for each row execute function change_request_is_guarded();

create function change_request_approval_is_guarded() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' then
    raise exception 'an approval is never changed' using constraint = 'change_request_approval_is_final';
  end if;
  if not exists (select from change_request where id = new.request_id and status = 'IN_REVIEW'
      and digest = new.digest and version = new.version for update) then
    raise exception 'an approval is for the content under review'
      using constraint = 'change_request_approval_covers_the_content';
  end if;
  return new;
end $$;
create trigger change_request_approval_is_guarded before insert or update or delete on change_request_approval
  for each row execute function change_request_approval_is_guarded();

-- A release with financial flags starts only with as many approvals as the policy wants, at least one.
create function release_meets_the_policy() returns trigger language plpgsql as $$
begin
  if new.status = 'RUNNING' and old.status = 'READY' and new.needs_approval
     and (select count(*) from release_approval where release_id = new.id)
       < approvals_needed(new.environment, 'FINANCIAL') then
    raise exception 'the release lacks approvals' using constraint = 'release_meets_the_policy';
  end if;
  return new;
end $$;
create trigger release_meets_the_policy before update on release
  for each row execute function release_meets_the_policy();

-- By whose right the transaction changes flags that need approval: `change-request/<id>`, `release/<id>`, `deployment`
-- (manifests that come with the installation) or `emergency` (only ever turns off).
create function flag_change_is_approved(the_flag text, the_environment text) returns boolean
language plpgsql stable as $$
declare
  approval text := coalesce(current_setting('tierdeck.approval', true), '');
begin
  if approval = 'deployment' then
    return true;
  elsif approval ~ '^change-request/[0-9a-f-]{36}$' then
    return exists (select from change_request where id = substr(approval, 16)::uuid and status = 'APPLYING'
      and (the_environment is null or environment = the_environment)
      and changes @> jsonb_build_array(jsonb_build_object('flag', the_flag)));
  elsif approval ~ '^release/[0-9a-f-]{36}$' and the_environment is not null then
    return exists (select from release r where r.id = substr(approval, 9)::uuid and r.environment = the_environment
      and r.content -> 'flagChanges' @> jsonb_build_array(jsonb_build_object('flag', the_flag))
      and (r.status = 'ROLLING_BACK'
        or (r.status = 'RUNNING' and exists (select from release_approval where release_id = r.id))));
  end if;
  return false;
end $$;

create function flag_needs_approval(the_flag text, the_environment text) returns boolean language sql stable as $$
  select coalesce((select approvals_needed(the_environment, risk_class) > 0 from flag where key = the_flag), false)
$$;

create function flag_rule_is_approved() returns trigger language plpgsql as $$
declare
  the_row flag_rule := coalesce(new, old);
  kinds text[] := array['ENVIRONMENT', 'TIER', 'REGION', 'TENANT', 'BRANCH', 'WAREHOUSE', 'ACCOUNT', 'USER'];
begin
  if not flag_needs_approval(the_row.flag_key, the_row.environment)
     or flag_change_is_approved(the_row.flag_key, the_row.environment) then
    return the_row;
  end if;
  if current_setting('tierdeck.approval', true) = 'emergency' then
    if tg_op <> 'DELETE' and not new.enabled then
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
create trigger flag_rule_is_approved before insert or update or delete on flag_rule
  for each row execute function flag_rule_is_approved();

-- Killing is always possible; the rules count again, and strategies are set, only with approval.
create function flag_environment_is_approved() returns trigger language plpgsql as $$
declare
  what_shows_not text[] := array['enabled', 'revision'];
begin
  if ((tg_op = 'UPDATE' and new.enabled and not old.enabled) or new.enabled
        and coalesce(to_jsonb(new) -> 'strategies', 'null') <> 'null'
        and (tg_op = 'INSERT' or to_jsonb(new) - what_shows_not is distinct from to_jsonb(old) - what_shows_not))
     and flag_needs_approval(new.flag_key, new.environment)
     and not flag_change_is_approved(new.flag_key, new.environment) then
    raise exception 'flag % in % needs an approved change request', new.flag_key, new.environment
      using constraint = 'flag_environment_is_approved';
  end if;
  return new;
end $$;
create trigger flag_environment_is_approved before insert or update on flag_environment
  for each row execute function flag_environment_is_approved();

-- What a financial flag is, its risk class above all, is as much worth guarding as its rules.
create function flag_definition_is_approved() returns trigger language plpgsql as $$
declare
  -- Whatever else a flag has may change what people are charged.
  what_decides_not text[] := array['description', 'owner', 'manifest', 'archived_at', 'created_at', 'updated_at',
    'version', 'project', 'type', 'lifecycle', 'expires_at', 'tags', 'impression_data'];
begin
  if (to_jsonb(new) - what_decides_not is distinct from to_jsonb(old) - what_decides_not
      or to_jsonb(old) ->> 'lifecycle' = 'DRAFT' and to_jsonb(new) ->> 'lifecycle' <> 'DRAFT')
     and exists (select from environment where approvals_needed(name, old.risk_class) > 0)
     and not flag_change_is_approved(old.key, null) then
    raise exception 'what flag % is changes only with an approved change request', old.key
      using constraint = 'flag_definition_is_approved';
  end if;
  return new;
end $$;
create trigger flag_definition_is_approved before update on flag
  for each row execute function flag_definition_is_approved();

-- What the data plane saw where an engine ran in the shadow of the one that answered, by minute. Money in micro units.
create table shadow_difference (
  tenant_id     uuid not null references tenant on delete cascade,
  bucket        timestamptz not null,
  subject       text not null check (subject in ('pricing', 'allocation')),
  -- '' stands for no branch.
  branch        text not null,
  live_engine   text not null,
  shadow_engine text not null,
  currency      text not null,
  compared      bigint not null,
  different     bigint not null,
  -- The shadow gave no result, or there was no time for it.
  failed        bigint not null,
  skipped       bigint not null,
  live_micros   numeric not null,
  shadow_micros numeric not null,
  -- Sum of the differences without their signs.
  absolute_micros numeric not null,
  primary key (tenant_id, bucket, subject, branch, live_engine, shadow_engine, currency)
);
create index shadow_difference_bucket on shadow_difference (bucket);

-- The worst differences of each of them, a few.
create table shadow_example (
  id            bigint generated always as identity primary key,
  tenant_id     uuid not null references tenant on delete cascade,
  at            timestamptz not null default clock_timestamp(),
  subject       text not null check (subject in ('pricing', 'allocation')),
  branch        text not null,
  live_engine   text not null,
  shadow_engine text not null,
  currency      text not null,
  account       text not null,
  item          text not null,
  quantity      bigint not null,
  live_micros   numeric not null,
  shadow_micros numeric not null,
  -- What each engine did, in words.
  live          text not null,
  shadow        text not null
);
create index shadow_example_of on shadow_example (tenant_id, subject, branch, live_engine, shadow_engine, currency);

-- Where the keys of flags stand in source code, as the last scan of each repository found them.
create table flag_code_scan (
  repository  text primary key check (length(repository) between 1 and 200),
  commit      text,
  files       int not null,
  scanned_at  timestamptz not null default clock_timestamp(),
  scanned_by  text not null
);
create table flag_code_reference (
  repository  text not null references flag_code_scan on delete cascade,
  flag_key    text not null references flag,
  path        text not null check (length(path) between 1 and 1000),
  line        int not null check (line >= 1),
  excerpt     text not null check (length(excerpt) <= 300),
  primary key (repository, flag_key, path, line)
);
create index flag_code_reference_flag on flag_code_reference (flag_key);
