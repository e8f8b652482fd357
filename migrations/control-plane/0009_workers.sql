-- Where the workers of tenants that have their own run.

create table worker_pool (
  name        text primary key check (name ~ '^[a-z][a-z0-9-]{0,62}$'),
  -- LOCAL: child processes of the machine's supervisor, which follows the runtime snapshot.
  kind        text not null check (kind in ('LOCAL', 'KUBERNETES')),
  -- Takes tenants of this region only; null takes any.
  region      text,
  -- Tenants with workers of their own that it takes.
  capacity    int not null check (capacity >= 0),
  -- Of a Kubernetes cluster: where its API is, what to run there, and the Secret with the workers' environment.
  api_server  text,
  namespace   text,
  image       text,
  environment_secret text,
  ca_certificate text,
  token_sealed text,
  created_at  timestamptz not null default now(),
  -- It takes no further tenants.
  retired_at  timestamptz,
  check ((kind = 'KUBERNETES') = (num_nonnulls(api_server, namespace, image, environment_secret, token_sealed) = 5))
);
insert into worker_pool (name, kind, capacity) values ('local', 'LOCAL', 1000);

-- Where the tenant's own workers run, once they do.
alter table tenant add column worker_pool text references worker_pool;
