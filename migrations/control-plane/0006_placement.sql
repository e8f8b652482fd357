-- Where tenants may be placed, what that costs, and the moves between databases.

alter table database_cluster
  add column status text not null default 'ACTIVE' check (status in ('PREPARING', 'ACTIVE', 'RETIRED')),
  -- What may be placed there.
  add column pooled boolean not null default true,
  add column dedicated boolean not null default true,
  -- Room; null sets no bound.
  add column max_databases int check (max_databases > 0),
  add column max_bytes bigint check (max_bytes > 0),
  -- The rate card, per month, in one currency for the whole installation.
  add column pooled_tenant_cost numeric(12,2) not null default 0 check (pooled_tenant_cost >= 0),
  add column dedicated_database_cost numeric(12,2) not null default 0 check (dedicated_database_cost >= 0),
  add column dedicated_worker_cost numeric(12,2) not null default 0 check (dedicated_worker_cost >= 0);

-- The other database of a tenant that moves, or that may still go back.
alter table tenant add column standby_database_id uuid references tenant_database;

-- One row a move. What happens in the tenants' databases is decided there (tenant_home); this tells of it.
create table tenant_move (
  -- The operation that performs it.
  id          uuid primary key references operation,
  tenant_id   uuid not null references tenant,
  source_id   uuid not null,
  target_id   uuid not null,
  from_placement text not null check (from_placement in ('SHARED', 'DEDICATED')),
  to_placement   text not null check (to_placement in ('SHARED', 'DEDICATED')),
  -- Names for the audit: the databases may be gone.
  source_name text not null,
  target_name text not null,
  state       text not null check (state in (
    'PREPARING', 'COPYING', 'FOLLOWING', 'MOVED', 'UNDO_WINDOW', 'UNDOING', 'FINISHING', 'ABORTING',
    'FINISHED', 'UNDONE', 'ABORTED')),
  rows_total  bigint,
  rows_copied bigint not null default 0,
  lag_bytes   bigint,
  -- How long writers were kept waiting at the cut-over, in milliseconds.
  pause_ms    double precision,
  cut_over_at timestamptz,
  -- The revision that told the data plane of it last.
  told_revision bigint,
  undo_until  timestamptz,
  -- Rows and checksum by table, as compared after the cut-over.
  verified    jsonb,
  -- What was erased at the end.
  receipt     jsonb,
  -- The operation that waits for the undo window, undoes or cleans up.
  follow_up_id uuid,
  created_at  timestamptz not null default now(),
  finished_at timestamptz
);
create unique index tenant_move_open on tenant_move (tenant_id)
  where state not in ('FINISHED', 'UNDONE', 'ABORTED');
create index tenant_move_tenant on tenant_move (tenant_id, created_at desc);
