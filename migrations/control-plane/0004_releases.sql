-- Releases: immutable content, waves of tenants, gates, and the journal of what was done to whom.

create table release (
  id            uuid primary key,
  name          text not null check (length(name) between 1 and 200),
  description   text,
  environment   text not null references environment,
  -- {artifactDigest, flagChanges, migrations, waves}; `digest` is its SHA-256. Neither ever changes.
  content       jsonb not null,
  digest        text not null,
  -- Some flag of the content is financial: production needs an approval.
  needs_approval boolean not null,
  status        text not null check (status in ('DRAFT', 'STAGED', 'READY', 'RUNNING', 'PAUSED', 'SUCCEEDED',
                  'FAILED', 'ABORTED', 'ROLLING_BACK', 'ROLLED_BACK')),
  status_reason text,
  created_by    text not null,
  created_by_id text not null,
  created_at    timestamptz not null default clock_timestamp(),
  started_at    timestamptz,
  finished_at   timestamptz,
  -- Failed tries of the step at hand, outside of single tenants.
  attempts      int not null default 0,
  next_run_at   timestamptz not null default clock_timestamp(),
  lease_holder  text,
  lease_until   timestamptz,
  -- Grows with every claim; a holder whose fence is old can record nothing.
  fence         bigint not null default 0,
  unique (id, digest, created_by_id)
);
create index release_due on release (next_run_at) where status in ('STAGED', 'RUNNING', 'PAUSED', 'ROLLING_BACK');
create index release_created on release (created_at desc, id);

-- The foreign key binds an approval to the very content it was given for; the check keeps the author out.
create table release_approval (
  release_id  uuid not null,
  digest      text not null,
  author_id   text not null,
  by_id       text not null,
  by_name     text not null,
  comment     text,
  at          timestamptz not null default clock_timestamp(),
  primary key (release_id, by_id),
  constraint release_approval_covers_the_content foreign key (release_id, digest, author_id)
    references release (id, digest, created_by_id),
  constraint release_approval_not_by_the_author check (by_id <> author_id)
);

create table release_wave (
  release_id   uuid not null references release,
  position     int not null check (position >= 1),
  name         text not null,
  selector     jsonb not null,
  concurrency  int not null check (concurrency >= 1),
  soak_seconds int not null check (soak_seconds >= 0),
  status       text not null default 'PENDING' check (status in ('PENDING', 'RUNNING', 'SOAKING', 'PASSED', 'HELD',
                 'FAILED', 'ROLLED_BACK', 'SKIPPED')),
  reason       text,
  soak_until   timestamptz,
  started_at   timestamptz,
  finished_at  timestamptz,
  primary key (release_id, position)
);

-- Each tenant is in at most one wave of a release; the row tells what was done and what was there before.
create table release_tenant (
  release_id    uuid not null,
  wave          int not null,
  tenant_id     uuid not null references tenant,
  -- Order within the wave.
  place         int not null,
  status        text not null default 'PENDING' check (status in ('PENDING', 'APPLYING', 'EXPOSED', 'FAILED', 'ROLLED_BACK')),
  database_id   uuid references tenant_database on delete set null,
  -- [{flag, rule}]: the tenant's rules before the release, null where there was none; restored by a rollback.
  rules_before  jsonb,
  attempts      int not null default 0,
  error         text,
  started_at    timestamptz,
  exposed_at    timestamptz,
  -- Figures from here on are the new behaviour's: exposure plus the time flags and reports need to travel.
  figures_from  timestamptz,
  rolled_back_at timestamptz,
  primary key (release_id, tenant_id),
  foreign key (release_id, wave) references release_wave (release_id, position),
  check (status <> 'EXPOSED' or (rules_before is not null and exposed_at is not null))
);
create index release_tenant_wave on release_tenant (release_id, wave, status, place);
create index release_tenant_tenant on release_tenant (tenant_id);

-- Databases whose schema the release has touched; the ledger inside each database has the last word.
create table release_database (
  release_id  uuid not null references release,
  database_id uuid not null references tenant_database on delete cascade,
  status      text not null check (status in ('APPLYING', 'APPLIED', 'REVERTED')),
  applied_at  timestamptz,
  reverted_at timestamptz,
  primary key (release_id, database_id)
);

create table release_gate (
  release_id  uuid not null,
  wave        int not null,
  kpi         text not null,
  threshold   double precision not null check (threshold > 0 and threshold < 1),
  min_samples int not null check (min_samples >= 1),
  verdict     text not null default 'INCONCLUSIVE' check (verdict in ('PASS', 'FAIL', 'INCONCLUSIVE')),
  failures    bigint not null default 0,
  samples     bigint not null default 0,
  evidence    double precision not null default 1,
  explanation text not null default 'No figures yet.',
  evaluated_at timestamptz,
  primary key (release_id, wave, kpi),
  foreign key (release_id, wave) references release_wave (release_id, position)
);

-- Business figures by tenant, branch and pricing engine, in buckets of one second of the database clock.
create table release_kpi (
  tenant_id       uuid not null references tenant,
  bucket          timestamptz not null,
  -- '' stands for orders of no branch.
  branch          text not null,
  pricing_engine  text not null,
  orders_accepted bigint not null,
  orders_rejected bigint not null,
  orders_failed   bigint not null,
  lines           bigint not null,
  lines_below_cost bigint not null,
  lines_filled    bigint not null,
  revenue_micros  numeric not null,
  cost_micros     numeric not null,
  edi_accepted    bigint not null,
  edi_rejected    bigint not null,
  primary key (tenant_id, bucket, branch, pricing_engine)
);
create index release_kpi_bucket on release_kpi (bucket);

-- What must never happen, refused by the database whatever the code does.

create function release_is_guarded() returns trigger language plpgsql as $$
begin
  if (new.id, new.name, new.environment, new.content, new.digest, new.needs_approval, new.created_by, new.created_by_id)
     is distinct from
     (old.id, old.name, old.environment, old.content, old.digest, old.needs_approval, old.created_by, old.created_by_id) then
    raise exception 'the content of a release never changes' using constraint = 'release_is_immutable';
  end if;
  if new.status = 'RUNNING' and old.status not in ('RUNNING', 'PAUSED') then
    if old.status <> 'READY' then
      raise exception 'a release starts only when it is READY' using constraint = 'release_starts_when_ready';
    end if;
    if new.needs_approval and not exists (select from release_approval where release_id = new.id) then
      raise exception 'a financial release starts only with an approval' using constraint = 'release_starts_with_approval';
    end if;
  end if;
  return new;
end $$;
create trigger release_is_guarded before update on release for each row execute function release_is_guarded();

create function release_wave_is_guarded() returns trigger language plpgsql as $$
begin
  if old.status = 'PENDING' and new.status not in ('PENDING', 'SKIPPED') then
    if new.status <> 'RUNNING' then
      raise exception 'a wave begins with RUNNING' using constraint = 'release_wave_begins';
    end if;
    -- A wave that selected nobody is skipped; one with tenants must have passed.
    if exists (
      select from release_wave before
      where before.release_id = new.release_id and before.position < new.position and before.status <> 'PASSED'
        and (before.status <> 'SKIPPED' or exists (
          select from release_tenant t where t.release_id = before.release_id and t.wave = before.position))) then
      raise exception 'a wave starts only after the one before it passed' using constraint = 'release_wave_in_order';
    end if;
  end if;
  if new.status = 'PASSED' and old.status <> 'PASSED' then
    if old.status not in ('SOAKING', 'HELD')
      or exists (select from release_gate g where g.release_id = new.release_id and g.wave = new.position and g.verdict <> 'PASS')
      or exists (select from release_tenant t where t.release_id = new.release_id and t.wave = new.position and t.status <> 'EXPOSED')
      or new.soak_until is null or new.soak_until > clock_timestamp() then
      raise exception 'a wave passes only after its soak, with every tenant exposed and every gate passed'
        using constraint = 'release_wave_passes';
    end if;
  end if;
  return new;
end $$;
create trigger release_wave_is_guarded before update on release_wave
  for each row execute function release_wave_is_guarded();

create function release_tenant_is_guarded() returns trigger language plpgsql as $$
begin
  if new.status in ('APPLYING', 'EXPOSED') and new.status <> old.status and not exists (
    select from release_wave w join release r on r.id = w.release_id
    where w.release_id = new.release_id and w.position = new.wave and w.status = 'RUNNING' and r.status = 'RUNNING') then
    raise exception 'a tenant is applied only while its wave and its release run' using constraint = 'release_tenant_in_wave';
  end if;
  return new;
end $$;
create trigger release_tenant_is_guarded before update on release_tenant
  for each row execute function release_tenant_is_guarded();
