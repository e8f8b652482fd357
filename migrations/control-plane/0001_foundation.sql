-- The foundation every domain stands on: revisions, audit, tokens, idempotency, operations, environments.

-- One row. Locking it orders every change: revisions are handed out in commit order, without gaps.
create table revision_head (
  only_row     boolean primary key default true check (only_row),
  revision     bigint not null default 0,
  audit_hash   text not null default repeat('0', 64)
);
insert into revision_head default values;

-- Append-only; each row carries the hash of the row before it.
create table audit_event (
  revision     bigint primary key,
  at           timestamptz not null,
  actor_kind   text not null check (actor_kind in ('token', 'system')),
  actor_id     text not null,
  actor_name   text not null,
  action       text not null,
  area         text not null,
  subject      text not null,
  tenant_id    uuid,
  environment  text,
  before       jsonb,
  after        jsonb,
  reason       text,
  correlation  text,
  previous_hash text not null,
  hash         text not null unique
);
create index audit_event_tenant on audit_event (tenant_id, revision) where tenant_id is not null;
create index audit_event_area on audit_event (area, revision);
create index audit_event_subject on audit_event (subject, revision);

create function audit_event_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'audit_event is append-only';
end $$;
create trigger audit_event_is_append_only before update or delete or truncate on audit_event
  for each statement execute function audit_event_is_append_only();

create table environment (
  name  text primary key check (name ~ '^[a-z][a-z0-9-]{0,30}$'),
  kind  text not null check (kind in ('STAGING', 'PRODUCTION')),
  position int not null unique
);
insert into environment values ('staging', 'STAGING', 1), ('production', 'PRODUCTION', 2);

create table api_token (
  id           uuid primary key,
  name         text not null,
  role         text not null check (role in ('viewer', 'product', 'account', 'release', 'operator', 'admin')),
  secret_hash  text not null unique,
  created_at   timestamptz not null default now(),
  expires_at   timestamptz,
  revoked_at   timestamptz
);

-- Answer of a mutation by its idempotency key, kept in the transaction of its effect.
create table mutation_receipt (
  actor_id     text not null,
  key          text not null,
  input_digest text not null,
  answer       jsonb,
  at           timestamptz not null default now(),
  primary key (actor_id, key)
);

create table operation (
  id           uuid primary key,
  kind         text not null,
  subject      text not null,
  tenant_id    uuid,
  status       text not null check (status in ('PENDING', 'RUNNING', 'WAITING', 'SUCCEEDED', 'FAILED', 'CANCELLED')),
  input        jsonb not null,
  -- What the steps hand on to one another.
  state        jsonb not null default '{}',
  requested_by text not null,
  error_code   text,
  error_message text,
  error_hint   text,
  created_at   timestamptz not null default now(),
  started_at   timestamptz,
  finished_at  timestamptz,
  next_run_at  timestamptz not null default now(),
  lease_holder text,
  lease_until  timestamptz,
  -- Grows with every claim; a holder whose fence is old can record nothing.
  fence        bigint not null default 0
);
create index operation_due on operation (next_run_at) where status in ('PENDING', 'RUNNING', 'WAITING');
create index operation_tenant on operation (tenant_id, created_at desc);
create index operation_created on operation (created_at desc, id);

create table operation_step (
  operation_id uuid not null references operation on delete cascade,
  position     int not null,
  name         text not null,
  title        text not null,
  status       text not null check (status in ('PENDING', 'RUNNING', 'WAITING', 'SUCCEEDED', 'FAILED', 'SKIPPED')),
  attempts     int not null default 0,
  progress     jsonb,
  error_message text,
  started_at   timestamptz,
  finished_at  timestamptz,
  primary key (operation_id, position)
);

-- Tokens with which data-plane services read: flags (CLIENT, FRONTEND) and the runtime snapshot (RUNTIME).
create table sdk_token (
  id           uuid primary key,
  name         text not null,
  kind         text not null check (kind in ('CLIENT', 'FRONTEND', 'RUNTIME')),
  environment  text not null references environment,
  -- Set: the token sees this tenant alone.
  tenant_id    uuid,
  secret_hash  text not null unique,
  created_at   timestamptz not null default now(),
  revoked_at   timestamptz
);
