-- What a token fixes besides its tenant, and what every connected instance of a service has applied.

alter table sdk_token
  -- The token opens the flags of this project alone.
  add column project text not null default '*' check (length(project) between 1 and 100),
  -- Unit key of the one branch that the token is for: 'slug/code'.
  add column branch text check (branch is null or tenant_id is not null);

-- Instances of services as the replicas last heard of them. Telemetry: no revision, no audit.
create table flag_instance (
  environment      text not null references environment on delete cascade,
  -- The SDK's connection id; where it sends none, made of application and instance.
  id               text not null check (length(id) between 1 and 300),
  service          text not null check (length(service) <= 200),
  instance         text not null check (length(instance) <= 200),
  sdk              text check (length(sdk) <= 100),
  mode             text not null check (mode in ('POLLING', 'DELTA', 'STREAMING')),
  tenant_id        uuid,
  -- Everything up to this revision is applied there.
  applied_revision bigint not null,
  -- How often it asks, in milliseconds; null while it streams or does not say.
  interval_ms      int,
  seen_at          timestamptz not null,
  primary key (environment, id)
);
create index flag_instance_seen on flag_instance (seen_at);
