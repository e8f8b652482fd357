-- The whole model of flags: projects, lifecycle, dependencies, segments, Unleash strategies, and rules with conditions.

create table project (
  key         text primary key check (key ~ '^[a-z0-9][a-z0-9._-]{0,99}$'),
  name        text not null check (length(name) between 1 and 200),
  description text not null default '' check (length(description) <= 1000),
  created_at  timestamptz not null default now()
);
insert into project (key, name) values ('default', 'Default');

alter table flag
  -- Keys of imported flags may be of any script; what breaks a path or a line stays out.
  drop constraint flag_key_check,
  add constraint flag_key_check check (length(key) between 1 and 100 and key !~ '[[:space:][:cntrl:]/?#%]'),
  add column project         text not null default 'default' references project,
  -- Unleash's word for what a flag is for.
  add column type            text not null default 'release'
    check (type in ('release', 'experiment', 'operational', 'kill-switch', 'permission')),
  -- DRAFT: off everywhere until it is activated. STALE: still works, waits to be taken out of the code.
  add column lifecycle       text not null default 'ACTIVE' check (lifecycle in ('DRAFT', 'ACTIVE', 'STALE')),
  -- When it should be gone; nothing switches by it.
  add column expires_at      timestamptz,
  -- 'type:value'
  add column tags            text[] not null default '{}',
  add column impression_data boolean not null default false,
  -- JSON schema that the payload of every variant keeps to.
  add column payload_schema  jsonb,
  -- [{ flag, enabled, variants }]: other flags that must be so for this one to be on.
  add column dependencies    jsonb not null default '[]';

alter table flag_environment
  -- Unleash strategies that decide where no rule does, as they are sent; null: none, the flag is then off.
  add column strategies jsonb,
  -- Unleash variants of the flag as a whole, for strategies without their own.
  add column variants   jsonb not null default '[]';

alter table flag_rule
  -- Share of the sticky values in the scope that the rule turns on; the rest is off.
  add column percentage  int not null default 100 check (percentage between 0 and 100),
  -- Context field whose value decides who is in the share; null: the next finer unit of the scope.
  add column stickiness  text,
  add column constraints jsonb not null default '[]',
  add column segments    int[] not null default '{}',
  add column starts_at   timestamptz,
  add column ends_at     timestamptz,
  add check (starts_at < ends_at);

-- Constraints under a name. SDKs know a segment by its number.
create table segment (
  id          int generated always as identity primary key,
  name        text not null unique check (length(name) between 1 and 200),
  description text not null default '' check (length(description) <= 1000),
  constraints jsonb not null,
  version     int not null default 1,
  -- Revision of the last change; a deleted segment keeps its row, so that readers learn of it.
  revision    bigint not null default 0,
  deleted_at  timestamptz,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now()
);
create index segment_revision on segment (revision);
