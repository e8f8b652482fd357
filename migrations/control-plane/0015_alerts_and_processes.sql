-- What operators must see of a running system: attempts on the walls between tenants, and processes that do not stay up.

create table security_alert (
  id          uuid primary key,
  kind        text not null check (kind in ('FOREIGN_REPORT', 'TENANT_TOKEN_AT_OPERATOR_API', 'WALL_REFUSED')),
  -- Who tried, e.g. sdk-token/<name>.
  source      text not null,
  -- For which tenant; null: for none in particular.
  tenant_id   uuid references tenant,
  -- Attempts of the same kind by the same source are one alert for a while, so that a flood writes no history.
  window_start timestamptz not null,
  attempts    bigint not null check (attempts > 0),
  first_at    timestamptz not null default now(),
  last_at     timestamptz not null default now(),
  unique nulls not distinct (kind, source, tenant_id, window_start)
);
create index security_alert_last on security_alert (last_at desc);
create index security_alert_tenant on security_alert (tenant_id, last_at desc);

-- Processes that a machine's supervisor keeps up, as it reported them last.
create table worker_process (
  supervisor  text not null,
  name        text not null,
  -- Set if the process serves one tenant alone.
  tenant_id   uuid references tenant,
  state       text not null check (state in ('STARTING', 'RUNNING', 'BACKING_OFF', 'STOPPING', 'STOPPED')),
  pid         int,
  -- Ends in a row, none of which came after a healthy while.
  failures    int not null check (failures >= 0),
  last_exit   text,
  last_exit_at timestamptz,
  next_start_at timestamptz,
  seen_at     timestamptz not null default now(),
  primary key (supervisor, name)
);
create index worker_process_tenant on worker_process (tenant_id);
