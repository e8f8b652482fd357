-- A tenant whose limit is one job in flight has its jobs done in the order in which they were asked for: whatever fails
-- and waits for another try keeps those after it waiting, and no clock changes their order.

set local role tierdeck_owner;

create index integration_job_open on integration_job (tenant_id, created_at, id) where status in ('QUEUED', 'RUNNING');

-- The server's clock may have been set back, or the tenant have come from a server whose clock is ahead: a new job still
-- comes after all that are open. Who names a time of its own, as a restore does, means it; replication fires no triggers.
create function integration_job_in_order() returns trigger language plpgsql
  set search_path = pg_catalog, public, pg_temp as $$
declare
  latest timestamptz;
begin
  select created_at into latest from integration_job
  where tenant_id = new.tenant_id and status in ('QUEUED', 'RUNNING') order by created_at desc limit 1;
  if latest >= new.created_at then
    new.created_at := latest + interval '1 microsecond';
  end if;
  return new;
end $$;
revoke execute on function integration_job_in_order() from public;
create trigger integration_job_in_order before insert on integration_job
  for each row when (new.created_at = transaction_timestamp()) execute function integration_job_in_order();

-- Takes the oldest open job of the tenant of this transaction, if it is due and no other is in flight. In one function,
-- since it must look with a snapshot that is younger than the lock: a job that was given back while this waited for the
-- lock would else be passed over. A job that never failed is due whatever the clock of another server said.
create function tierdeck_claim_in_order(wanted_pool text, holder text, lease_ms float8) returns setof integration_job
  language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
  head integration_job;
begin
  if not tierdeck_may_claim(wanted_pool, 1) then
    return;
  end if;
  select * into head from integration_job where status = 'QUEUED' order by created_at, id limit 1 for update;
  if not found or head.run_at > greatest(now(), head.created_at) then
    return;
  end if;
  return query update integration_job j
    set status = 'RUNNING', attempts = j.attempts + 1, fence = j.fence + 1, lease_holder = holder,
      lease_until = now() + lease_ms * interval '1 millisecond'
    where j.tenant_id = head.tenant_id and j.id = head.id
    returning j.*;
end $$;
revoke execute on function tierdeck_claim_in_order(text, text, float8) from public;
grant execute on function tierdeck_claim_in_order(text, text, float8) to tierdeck_service;

reset role;
