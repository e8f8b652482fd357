-- Tenants, their units and where they run.

create table database_cluster (
  name      text primary key,
  region    text not null,
  host      text not null,
  port      int not null,
  -- Superuser used only to provision; sealed under the master key.
  admin_user text not null,
  admin_password_sealed text not null
);

create table tenant_database (
  id          uuid primary key,
  cluster     text not null references database_cluster,
  name        text not null,
  kind        text not null check (kind in ('POOLED', 'DEDICATED')),
  -- The role that the data plane logs in with; neither owner, superuser nor BYPASSRLS.
  login_role  text not null,
  login_password_sealed text not null,
  created_at  timestamptz not null default now(),
  unique (cluster, name)
);

create table tenant (
  id          uuid primary key,
  slug        text not null unique check (slug ~ '^[a-z][a-z0-9-]{1,30}$'),
  name        text not null check (length(name) between 1 and 200),
  plan        text not null,
  status      text not null check (status in ('PROVISIONING', 'ACTIVE', 'MOVING', 'SUSPENDED', 'OFFBOARDING', 'OFFBOARDED', 'FAILED')),
  region      text,
  labels      jsonb not null default '{}',
  -- Desired placement; the isolation tier is derived from these two, never stored.
  database_placement text not null check (database_placement in ('SHARED', 'DEDICATED')),
  worker_placement   text not null check (worker_placement in ('SHARED', 'DEDICATED')),
  -- Observed: the database that holds the tenant's rows, once it does.
  database_id uuid references tenant_database,
  kit         text,
  -- Digest of the manifest that was applied last: an unchanged one is a no-op.
  manifest_digest text,
  version     int not null default 1,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now()
);

create table unit (
  tenant_id  uuid not null references tenant,
  kind       text not null check (kind in ('REGION', 'BRANCH', 'WAREHOUSE', 'ACCOUNT')),
  code       text not null check (length(code) between 1 and 64),
  name       text not null,
  parent_kind text,
  parent_code text,
  attributes jsonb not null default '{}',
  primary key (tenant_id, kind, code)
);
create index unit_parent on unit (tenant_id, parent_kind, parent_code);

-- Bearer tokens with which a tenant's systems call the data plane; the data plane knows only the hashes.
create table tenant_token (
  id          uuid primary key,
  tenant_id   uuid not null references tenant,
  name        text not null,
  secret_hash text not null unique,
  created_at  timestamptz not null default now(),
  revoked_at  timestamptz
);
create index tenant_token_tenant on tenant_token (tenant_id);

-- Data-plane processes by their heartbeats.
create table runtime_instance (
  id            text primary key,
  service       text not null,
  -- Set if the process serves one tenant alone.
  tenant_id     uuid references tenant,
  applied_revision bigint not null default 0,
  last_sequence bigint not null default 0,
  started_at    timestamptz not null,
  seen_at       timestamptz not null default now()
);
create index runtime_instance_tenant on runtime_instance (tenant_id, service);
