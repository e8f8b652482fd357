-- Plans, what deviates from them, and what was used.

create table plan (
  name         text primary key check (name ~ '^[a-z][a-z0-9-]{0,62}$'),
  description  text,
  -- Share of scarce capacity relative to tenants of other plans.
  weight       double precision not null check (weight > 0),
  updated_at   timestamptz not null default now()
);

create table plan_limit (
  plan         text not null references plan on delete cascade,
  kind         text not null check (kind in ('REQUEST_RATE', 'CONCURRENCY', 'JOBS_IN_FLIGHT', 'JOBS_QUEUED')),
  -- Requests a second for REQUEST_RATE, a count for the others.
  limit_value  double precision not null check (limit_value >= 0),
  burst        double precision check (burst >= 1),
  hard         boolean not null default true,
  primary key (plan, kind)
);

-- What a tenant gets whose plan is not described anywhere.
insert into plan (name, description, weight) values ('standard', 'Pooled capacity with a fair share of it.', 1);
insert into plan_limit (plan, kind, limit_value, burst) values
  ('standard', 'REQUEST_RATE', 50, 100),
  ('standard', 'CONCURRENCY', 16, null),
  ('standard', 'JOBS_IN_FLIGHT', 4, null),
  ('standard', 'JOBS_QUEUED', 5000, null);

create table quota_override (
  tenant_id    uuid not null references tenant,
  kind         text not null check (kind in ('REQUEST_RATE', 'CONCURRENCY', 'JOBS_IN_FLIGHT', 'JOBS_QUEUED')),
  limit_value  double precision not null check (limit_value >= 0),
  burst        double precision check (burst >= 1),
  hard         boolean not null,
  -- A manifest withdraws what manifests set, never what an operator set.
  origin       text not null check (origin in ('MANIFEST', 'OPERATOR')),
  reason       text,
  set_by       text not null,
  set_at       timestamptz not null default now(),
  primary key (tenant_id, kind)
);

create table quota_boost (
  tenant_id    uuid not null references tenant,
  kind         text not null check (kind in ('REQUEST_RATE', 'CONCURRENCY', 'JOBS_IN_FLIGHT', 'JOBS_QUEUED')),
  limit_value  double precision not null check (limit_value >= 0),
  burst        double precision check (burst >= 1),
  reason       text,
  set_by       text not null,
  set_at       timestamptz not null default now(),
  valid_until  timestamptz not null,
  primary key (tenant_id, kind)
);
create index quota_boost_due on quota_boost (valid_until);

-- What the data-plane instances reported, by the minute of the database clock in which it arrived.
create table usage_minute (
  tenant_id    uuid not null references tenant,
  minute       timestamptz not null,
  requests     bigint not null default 0,
  throttled    bigint not null default 0,
  shed         bigint not null default 0,
  database_ms  double precision not null default 0,
  queued_ms    double precision not null default 0,
  jobs         bigint not null default 0,
  -- Histogram of latencies in the buckets of the runtime's wire format.
  latencies    bigint[] not null default '{}',
  primary key (tenant_id, minute)
);
create index usage_minute_recent on usage_minute (minute);

-- Sum of two histograms of any lengths.
create function add_histograms(a bigint[], b bigint[]) returns bigint[] language sql immutable parallel safe as $$
  select coalesce(array_agg(coalesce(x, 0) + coalesce(y, 0) order by n), '{}')
  from unnest(a, b) with ordinality as u (x, y, n)
$$;
create aggregate sum_histograms(bigint[]) (sfunc = add_histograms, stype = bigint[], initcond = '{}');
