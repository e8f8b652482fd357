import type pg from 'pg';
import type { AttackSession } from './attack-session.js';
import type { Catalogue } from './catalogue.js';
import type { Finding } from './finding.js';
import type { Battlefield } from './relation-attacks.js';

/** Ways through the server itself, beside any table. Each must be refused. */
const refused: Record<string, string> = {
  'make a table': 'create table public.loot (x int)',
  'make a schema': 'create schema loot',
  'make a temporary table': 'create temporary table loot (x int)',
  'make a function': `create function public.loot() returns int language sql as 'select 1'`,
  'make an extension': 'create extension dblink',
  'raise itself': 'alter role current_user superuser',
  'read a file': `select pg_read_file('/etc/passwd')`,
  'write a file': `copy (select 1) to '/tmp/loot'`,
  'run a program': `copy (select 1) to program 'true'`,
  'make a publication': 'create publication loot for all tables',
  'make a replication slot': `select pg_create_logical_replication_slot('loot', 'pgoutput')`,
  'end sessions': `select pg_terminate_backend(-1)`,
  'cancel queries': `select pg_cancel_backend(-1)`,
  'read statistics of rows': `select 1 / count(*) from pg_stats where schemaname = 'public'`,
  'count rows of all tenants': `select reltuples from pg_class limit 1`,
  'measure tables': `select pg_relation_size('pg_class')`,
  'watch changes of tables': `select n_live_tup from pg_stat_all_tables limit 1`,
  'watch sessions': 'select query from pg_stat_activity limit 1',
  'watch locks': 'select objid from pg_locks limit 1',
  'hold a lock beyond the transaction': 'select pg_advisory_lock(1)',
  'try a lock beyond the transaction': 'select pg_try_advisory_lock(1)',
  'keep a large object': `select lo_from_bytea(0, 'x')`,
  'read large objects': 'select count(*) from pg_largeobject_metadata',
};

/** The right is missing; the server cannot do it at all; there is no such thing; nothing is to be seen. */
const refusals = new Set(['42501', '0A000', '42704', '22012']);

export async function attackServer(
  field: Battlefield,
  catalogue: Catalogue,
  login: string,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const { session, admin } = field;
  for (const [attack, sql] of Object.entries(refused)) {
    const outcome = await session.attempt(sql);
    if (outcome.ok || !refusals.has(outcome.code)) {
      findings.push({ attack, object: 'server', got: outcome.ok ? 'done' : outcome.code });
    }
  }
  const { rows: roles } = await admin.query<{ rolname: string }>(
    `select rolname from pg_roles where rolname not in ($1, 'tierdeck_service', 'tierdeck_login') and rolname !~ '^(pg_|test_|login_)'
     order by rolname limit 50`,
    [login],
  );
  for (const { rolname } of roles) {
    const outcome = await session.attempt(`set local role "${rolname}"`);
    if (outcome.ok) findings.push({ attack: 'become a role', object: rolname, got: 'done' });
  }
  for (const sequence of catalogue.sequences) {
    for (const sql of [`select last_value from ${sequence}`, `select nextval('${sequence}')`]) {
      const outcome = await session.attempt(sql);
      if (outcome.ok) findings.push({ attack: 'count through a sequence', object: sequence, got: 'a value' });
    }
  }
  findings.push(...(await switchInOneStatement(session, catalogue, field)));
  return findings;
}

/**
 * SQL that got into a statement of the service cannot bring statements of its own, but it can call functions: it
 * tries to become the victim and to read in one go, each way that makes the setting come before the rows.
 */
async function switchInOneStatement(
  session: AttackSession,
  { relations }: Catalogue,
  { victim }: Battlefield,
): Promise<Finding[]> {
  const table = relations.find(
    ({ kind, columns }) => kind === 'r' && columns.some(({ name }) => name === 'tenant_id'),
  );
  if (!table) return [];
  const set = (local: boolean): string => `set_config('tierdeck.tenant_id', '${victim.id}', ${local})`;
  const statements: Record<string, string> = {
    set_config: `with s as materialized (select ${set(true)}) select count(*)::int as n
       from s, lateral (select * from "${table.name}" r where r.tenant_id = '${victim.id}') x`,
    pg_settings: `update pg_settings set setting = '0' where name = 'statement_timeout'`,
    'set_config for the session': `select ${set(false)}`,
    statement_timeout: `select set_config('statement_timeout', '0', false)`,
    work_mem: `select set_config('work_mem', '1GB', true)`,
    query_to_xml: `select query_to_xml('select ${set(true).replaceAll("'", "''")}', true, true, '')`,
  };
  const findings: Finding[] = [];
  for (const [object, sql] of Object.entries(statements)) {
    const outcome = await session.attempt(sql);
    if (outcome.ok) findings.push({ attack: 'change a setting inside a statement', object, got: 'done' });
  }
  return findings;
}

/** Tries a login on databases that are not its own. */
export async function attackDatabases(
  enter: (database: string) => Promise<pg.Client>,
  databases: readonly string[],
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const database of databases) {
    const client = await enter(database).catch(() => undefined);
    if (!client) continue;
    await client.end();
    findings.push({ attack: 'enter a database', object: database, got: 'a session' });
  }
  return findings;
}
