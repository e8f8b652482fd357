-- Keys of tenants, their backups, what was restored from them, and the drills that prove it can be done.

create table tenant_key (
  tenant_id   uuid not null references tenant,
  version     int not null check (version >= 1),
  -- The data key, sealed under the platform's key with tenant and version as context; null once it was shredded.
  sealed      text,
  created_at  timestamptz not null default clock_timestamp(),
  -- Since when a newer version is written with.
  retired_at  timestamptz,
  shredded_at timestamptz,
  primary key (tenant_id, version),
  check ((sealed is null) = (shredded_at is not null))
);

-- What must never happen: a shredded key that comes back, or a key version that changes its meaning.
create function tenant_key_is_guarded() returns trigger language plpgsql as $$
begin
  if old.shredded_at is not null and new is distinct from old then
    raise exception 'a shredded key stays shredded' using constraint = 'tenant_key_stays_shredded';
  end if;
  if (new.tenant_id, new.version) is distinct from (old.tenant_id, old.version) then
    raise exception 'a key keeps tenant and version' using constraint = 'tenant_key_keeps_its_name';
  end if;
  return new;
end $$;
create trigger tenant_key_is_guarded before update on tenant_key
  for each row execute function tenant_key_is_guarded();

-- One archive each; the manifest inside the archive has the last word on what it holds.
create table tenant_backup (
  id            uuid primary key,
  tenant_id     uuid not null references tenant,
  reason        text not null check (reason in ('SCHEDULED', 'REQUESTED', 'BEFORE_RESTORE', 'OFFBOARDING')),
  status        text not null default 'RUNNING' check (status in ('RUNNING', 'COMPLETE', 'FAILED', 'REMOVED')),
  requested_by  text not null,
  started_at    timestamptz not null default clock_timestamp(),
  finished_at   timestamptz,
  -- The state that it holds: as of this time and this revision of the control plane.
  snapshot_at   timestamptz,
  revision      bigint,
  key_version   int,
  tables        int,
  rows          bigint,
  -- Before compression, and as stored.
  bytes         bigint,
  stored_bytes  bigint,
  error         text,
  removed_at    timestamptz,
  check (status not in ('COMPLETE', 'REMOVED') or num_nulls(snapshot_at, revision, key_version, rows, bytes) = 0)
);
create index tenant_backup_tenant on tenant_backup (tenant_id, started_at desc);
create index tenant_backup_kept on tenant_backup (tenant_id, snapshot_at desc) where status = 'COMPLETE';

-- How often and how long, of a plan or of one tenant; the tenant's own goes first, then its plan's, then the standard.
create table backup_policy (
  plan                text unique,
  tenant_id           uuid unique references tenant,
  enabled             boolean not null,
  interval_minutes    int not null check (interval_minutes between 5 and 525600),
  -- An archive is kept while it is among the newest `keep_count` or younger than `keep_days`.
  keep_count          int not null check (keep_count between 1 and 1000),
  keep_days           int not null check (keep_days between 0 and 3650),
  drill_interval_days int not null check (drill_interval_days between 1 and 365),
  check (num_nonnulls(plan, tenant_id) = 1)
);

create table tenant_restore (
  -- The id of its operation.
  id               uuid primary key,
  -- Whose archive it was.
  tenant_id        uuid not null references tenant,
  backup_id        uuid not null references tenant_backup,
  mode             text not null check (mode in ('IN_PLACE', 'NEW_TENANT', 'SIDE_BY_SIDE')),
  status           text not null default 'RUNNING' check (status in ('RUNNING', 'COMPLETE', 'FAILED', 'DROPPED')),
  requested_by     text not null,
  -- The tenant that was made of it.
  target_tenant_id uuid references tenant,
  -- What was there before a restore in place: restoring this undoes it.
  before_backup_id uuid references tenant_backup,
  -- The database beside the tenant's, and when it goes.
  cluster          text references database_cluster,
  database_name    text,
  expires_at       timestamptz,
  error            text,
  started_at       timestamptz not null default clock_timestamp(),
  finished_at      timestamptz,
  check (mode <> 'SIDE_BY_SIDE' or num_nulls(cluster, database_name, expires_at) = 0)
);
create index tenant_restore_tenant on tenant_restore (tenant_id, started_at desc);
create index tenant_restore_aside on tenant_restore (expires_at) where mode = 'SIDE_BY_SIDE' and status <> 'DROPPED';

-- Evidence that a backup can be restored.
create table restore_drill (
  -- The id of its operation.
  id            uuid primary key,
  tenant_id     uuid not null references tenant,
  backup_id     uuid not null references tenant_backup,
  status        text not null default 'RUNNING' check (status in ('RUNNING', 'PASSED', 'FAILED')),
  requested_by  text not null,
  started_at    timestamptz not null default clock_timestamp(),
  finished_at   timestamptz,
  -- Recovery time: from the beginning of the restore to the data verified.
  recovery_ms   bigint,
  -- Recovery point: the age of the data when the drill began, i.e. what would have been lost.
  data_age_ms   bigint,
  tables        int,
  rows          bigint,
  bytes         bigint,
  error         text
);
create index restore_drill_tenant on restore_drill (tenant_id, started_at desc);
