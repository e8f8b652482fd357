-- Flags, their state per environment, their scoped rules, and what the SDKs report.

create table flag (
  key          text primary key check (key ~ '^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$'),
  description  text not null default '',
  kind         text not null check (kind in ('BOOLEAN', 'VARIANT')),
  risk_class   text not null check (risk_class in ('STANDARD', 'FINANCIAL')),
  owner        text,
  -- [{ name, payload?, description? }]; empty for BOOLEAN.
  variants     jsonb not null default '[]',
  default_variant text,
  -- Spec of the manifest that was applied last: what people changed since is told from what the file changes.
  manifest     jsonb,
  archived_at  timestamptz,
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now(),
  -- Grows with every change of the flag, its environments or its rules: the guard against lost updates.
  version      int not null default 1
);

create table flag_environment (
  flag_key     text not null references flag,
  environment  text not null references environment,
  -- false is the kill switch: off everywhere, whatever the rules say.
  enabled      boolean not null default true,
  -- Revision of the last change that an SDK of this environment could see.
  revision     bigint not null,
  primary key (flag_key, environment)
);
-- A reader catches up with everything after the revision it has.
create index flag_environment_revision on flag_environment (environment, revision);

create table flag_rule (
  id           uuid not null unique,
  flag_key     text not null,
  environment  text not null,
  scope_kind   text not null check (scope_kind in
    ('ENVIRONMENT', 'TIER', 'REGION', 'TENANT', 'BRANCH', 'WAREHOUSE', 'ACCOUNT', 'USER')),
  -- '*' for ENVIRONMENT, a slug for TENANT, 'slug/code' for units.
  scope_key    text not null check (length(scope_key) between 1 and 200 and scope_key = btrim(scope_key)),
  enabled      boolean not null,
  variant      text,
  reason       text,
  set_by       text not null,
  set_at       timestamptz not null default now(),
  primary key (flag_key, environment, scope_kind, scope_key),
  foreign key (flag_key, environment) references flag_environment
);

-- Evaluations counted by the SDKs since the flag exists. Telemetry: no revision, no audit.
create table flag_metric (
  flag_key     text not null references flag,
  environment  text not null references environment,
  yes          bigint not null default 0,
  no           bigint not null default 0,
  last_seen_at timestamptz not null,
  primary key (flag_key, environment)
);
