-- What a statement of one tenant, or SQL that found its way into one, could do to others beside their rows. The login of
-- a pooled database serves all of its tenants, so what PostgreSQL grants to everybody is taken back here.

-- A login has no right on any table. It may only say for whom a transaction works and become the role that has the
-- rights, and that role may change no setting: SQL that got into a statement cannot become another tenant in the middle
-- of it, nor lift the limits of its session.
do $$
begin
  create role tierdeck_login nologin;
exception when duplicate_object or unique_violation then null;
end $$;

-- A role that inherits nothing hands nothing on: its members may become tierdeck_service, and until then have none of
-- its rights. (PostgreSQL 15 cannot say so of a single grant.) Roles are the cluster's, so another database may be at it.
do $$
begin
  if (select rolinherit from pg_roles where rolname = 'tierdeck_login') then
    alter role tierdeck_login noinherit;
  end if;
  if not exists (
    select from pg_auth_members
    where roleid = 'tierdeck_service'::regrole and member = 'tierdeck_login'::regrole
  ) then
    grant tierdeck_service to tierdeck_login;
  end if;
exception when unique_violation or internal_error then null;
end $$;

-- Serializes work of one tenant to the end of the transaction; no key reaches the locks of another tenant.
create function tierdeck_lock(key text) returns void language sql security definer
  set search_path = pg_catalog, pg_temp as $$
  select pg_advisory_xact_lock(hashtextextended(current_setting('tierdeck.tenant_id')::uuid || key, 0))
$$;
alter function tierdeck_lock(text) owner to tierdeck_owner;
revoke execute on function tierdeck_lock(text) from public;
grant execute on function tierdeck_lock(text) to tierdeck_service;

do $$
declare
  object regprocedure;
  seen regclass;
  columns text;
  login name;
begin
  -- Logins of this database that were made before there was this distinction.
  for login in
    select r.rolname from pg_database d, aclexplode(d.datacl) a, pg_roles r
    where d.datname = current_database() and a.privilege_type = 'CONNECT' and r.oid = a.grantee
      and r.rolcanlogin
      and exists (select from pg_auth_members m where m.member = r.oid and m.roleid = 'tierdeck_service'::regrole)
  loop
    execute format('grant tierdeck_login to %I', login);
    execute format('revoke tierdeck_service from %I', login);
  end loop;

  -- Settings; locks of others; ending their work; large objects, which know no policy; sizes and counts over all tenants.
  for object in
    select p.oid from pg_proc p
    where p.pronamespace = 'pg_catalog'::regnamespace and (
      p.proname in ('set_config', 'pg_terminate_backend', 'pg_cancel_backend', 'pg_lock_status', 'pg_blocking_pids',
        'pg_relation_size', 'pg_table_size', 'pg_indexes_size', 'pg_total_relation_size', 'pg_database_size',
        'loread', 'lowrite')
      or p.proname ~ '^(pg_advisory_|pg_try_advisory_|pg_stat_get_|lo_)')
  loop
    execute format('revoke execute on function %s from public', object);
    execute format('grant execute on function %s to pg_monitor, tierdeck_owner', object);
  end loop;
  grant execute on function set_config(text, text, boolean) to tierdeck_login;

  -- The queries of other tenants' sessions, their locks, the traffic and the sizes of tables.
  for seen in
    select c.oid from pg_class c
    where c.relnamespace = 'pg_catalog'::regnamespace
      and (c.relkind = 'v' and (c.relname ~ '^pg_stat(io)?_' or c.relname = 'pg_locks') or c.relname = 'pg_largeobject_metadata')
  loop
    execute format('revoke all on %s from public', seen);
    execute format('grant select on %s to pg_monitor', seen);
  end loop;
  revoke update on pg_settings from public;

  select string_agg(quote_ident(attname), ', ') into columns from pg_attribute
  where attrelid = 'pg_class'::regclass and attnum > 0
    and attname not in ('reltuples', 'relpages', 'relallvisible', 'relallfrozen');
  revoke select on pg_class from public;
  grant select on pg_class to pg_monitor;
  execute format('grant select (%s) on pg_class to public', columns);
end $$;
