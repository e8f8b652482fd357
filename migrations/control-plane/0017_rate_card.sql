-- A cluster without a rate card costs an unknown amount, not nothing.

alter table database_cluster
  alter column pooled_tenant_cost drop default,
  alter column pooled_tenant_cost drop not null,
  alter column dedicated_database_cost drop default,
  alter column dedicated_database_cost drop not null,
  alter column dedicated_worker_cost drop default,
  alter column dedicated_worker_cost drop not null;

-- Nobody has said anything where all three are as they were made.
update database_cluster
set pooled_tenant_cost = null, dedicated_database_cost = null, dedicated_worker_cost = null
where pooled_tenant_cost = 0 and dedicated_database_cost = 0 and dedicated_worker_cost = 0;
