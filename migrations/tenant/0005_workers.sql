-- Which workers may claim a tenant's jobs. The word of the tenant's own database is the last: a worker that has not heard
-- of a change, or is cut off from the control plane, claims nothing that is no longer its business.

set local role tierdeck_owner;

-- A tenant without a row is served by whoever the control plane's snapshot names.
create table worker_assignment (
  tenant_id   uuid not null default current_setting('tierdeck.tenant_id')::uuid,
  pool        text not null check (pool in ('SHARED', 'DEDICATED')),
  -- False until the last job that the workers before had begun has ended.
  open        boolean not null default true,
  -- Grows by one with every change of hands.
  epoch       bigint not null default 1,
  changed_at  timestamptz not null default now(),
  primary key (tenant_id)
);
alter table worker_assignment enable row level security, force row level security;
create policy own_tenant on worker_assignment
  using (tenant_id = (select current_setting('tierdeck.tenant_id'))::uuid)
  with check (tenant_id = (select current_setting('tierdeck.tenant_id'))::uuid);
create trigger tierdeck_fence before insert or update or delete on worker_assignment
  for each statement execute function tierdeck_fence();

-- Whether workers of a pool may claim a job of the tenant now. Claims of a tenant come one after the other, and a change
-- of hands waits for the claim under way; so `cap` holds over all workers, and with a cap of one the jobs run in order,
-- also across a change of hands and across the death of a worker, whose job counts until it is taken back.
create function tierdeck_may_claim(wanted_pool text, cap int) returns boolean language plpgsql security definer
  set search_path = pg_catalog, public, pg_temp as $$
declare
  assignment worker_assignment;
  running int;
begin
  perform pg_advisory_xact_lock(hashtextextended('tierdeck_jobs:' || current_setting('tierdeck.tenant_id'), 0));
  select count(*) into running from integration_job where status = 'RUNNING';
  select * into assignment from worker_assignment;
  if found then
    if assignment.pool <> wanted_pool then
      return false;
    end if;
    if not assignment.open then
      if running > 0 then
        return false;
      end if;
      update worker_assignment set open = true, changed_at = now();
    end if;
  end if;
  return running < cap;
end $$;
revoke execute on function tierdeck_may_claim(text, int) from public;
grant execute on function tierdeck_may_claim(text, int) to tierdeck_service;

reset role;
