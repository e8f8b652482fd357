import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { StepFailed, StepWaiting } from '#operations';
import { randomSecret } from '#platform';
import { scramVerifier } from '../databases/scram-verifier.js';
import { blockerName, howToEnd, type FenceBlocker } from './fence-blocker.js';
import type { Side } from './move-session.js';

const id = pg.escapeIdentifier;
const literal = pg.escapeLiteral;

/** Where a subscription finds its publisher. */
export interface PublisherAddress {
  host: string;
  port: number;
  database: string;
}

/** A login that may stream changes and enter one database, and nothing else. @returns its new password. */
async function ensureReplicationRole(client: pg.Client, role: string): Promise<string> {
  const password = randomSecret();
  await client.query(
    `do $$ begin create role ${id(role)} nologin; exception when duplicate_object or unique_violation then null; end $$`,
  );
  await client.query(
    `alter role ${id(role)} login replication nosuperuser nobypassrls nocreatedb nocreaterole
       password ${literal(scramVerifier(password))}`,
  );
  const { rows } = await client.query<{ name: string }>('select current_database() as name');
  await client.query(`grant connect on database ${id(rows[0]?.name ?? '')} to ${id(role)}`);
  // Every subscription clears its search path first; nobody may change settings by default.
  await client.query(`grant execute on function pg_catalog.set_config(text, text, boolean) to ${id(role)}`);
  return password;
}

/** Publishes the tenant's rows of these tables and no others'. Filters name tenant_id alone: it is in every key. */
export async function ensurePublication(
  client: pg.Client,
  name: string,
  tenantId: string,
  tables: readonly string[],
): Promise<void> {
  const { rowCount } = await client.query('select 1 from pg_publication where pubname = $1', [name]);
  if (rowCount) return;
  const filtered = tables.map((table) => `table ${id(table)} where (tenant_id = ${literal(tenantId)})`);
  await client.query(
    `create publication ${id(name)} for ${filtered.join(', ')} with (publish_via_partition_root = true)`,
  );
}

/** How long a slot may take to make before the move says what it waits for, in milliseconds. */
const slotTimeoutMs = 5_000;

/**
 * Makes a slot and shows the state of the database at which it begins.
 * @param use gets the name of the exported snapshot, which lives as long as `use` runs.
 */
export async function createSlot<T>(
  side: Side,
  name: string,
  use: (snapshot: string) => Promise<T>,
): Promise<T> {
  const { client } = side;
  const replication = new pg.Client({
    host: client.host,
    port: client.port,
    database: client.database ?? 'postgres',
    user: client.user ?? 'postgres',
    password: client.password as string,
    application_name: 'tierdeck-move',
    connectionTimeoutMillis: 10_000,
    replication: 'database',
  } as pg.ClientConfig);
  replication.on('error', () => undefined);
  await replication.connect().catch((cause: Error & { code?: string }) => {
    // With the same code a server refuses every connection when it has too many.
    throw cause.code === '53300' && cause.message.includes('max_wal_senders')
      ? usedUp('SENDERS', side, cause)
      : cause;
  });
  // Making a slot waits for every transaction of the server that is older, and no server-side timeout ends that.
  const pid = (replication as unknown as { processID: number }).processID;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    client.query('select pg_terminate_backend($1)', [pid]).catch(() => undefined);
  }, slotTimeoutMs);
  try {
    const { rows } = await replication
      .query<{
        snapshot_name: string;
      }>(`CREATE_REPLICATION_SLOT ${id(name)} LOGICAL pgoutput (SNAPSHOT 'export')`)
      .catch(async (cause: Error & { code?: string }) => {
        if (cause.code === '53400') throw usedUp('SLOTS', side, cause);
        if (late) throw new StepWaiting(await oldestTransaction(client), 1_000);
        throw cause;
      });
    clearTimeout(timer);
    return await use(rows[0]?.snapshot_name ?? '');
  } finally {
    clearTimeout(timer);
    await replication.end().catch(() => undefined);
  }
}

/** Who keeps a slot from being made, in words. */
async function oldestTransaction(client: pg.Client): Promise<string> {
  const { rows } = await client.query<FenceBlocker>(
    `select pid, application, gid, database, round(extract(epoch from clock_timestamp() - since))::int as seconds
     from (select pid, application_name as application, null as gid, datname as database, xact_start as since
           from pg_stat_activity where backend_xid is not null and pid <> pg_backend_pid()
           union all select null, '', gid, database, prepared from pg_prepared_xacts) t
     order by since limit 1`,
  );
  const [oldest] = rows;
  if (!oldest) return 'Waiting for older transactions of the server to end.';
  return `${blockerName(oldest)} for ${oldest.seconds} s; the stream of changes begins when it has ended. ${howToEnd(oldest)}`;
}

function usedUp(what: 'SLOTS' | 'SENDERS', { client }: Side, cause: Error): StepFailed {
  const [thing, setting] =
    what === 'SLOTS' ? ['replication slot', 'max_replication_slots'] : ['WAL sender', 'max_wal_senders'];
  const message = `PostgreSQL at ${client.host}:${client.port} has no ${thing} left.`;
  return new StepFailed(`MOVE_${what}_USED_UP`, message, 503, {
    cause,
    hint: `The tenant stays where it is. Raise ${setting} of that server, or wait for other moves to end; then move again.`,
  });
}

export interface SubscriptionWish {
  name: string;
  /** Publication, slot and login at the publisher are of the same name. */
  publisher: Side;
  address: PublisherAddress;
  enabled: boolean;
  /** Leave out what itself came by replication: else two streams between two databases would feed one another. */
  onlyOwnChanges: boolean;
}

/** Rows go in by replication as by their owner, a superuser: row-level security refuses every other subscription. */
export async function ensureSubscription(client: pg.Client, wish: SubscriptionWish): Promise<void> {
  const { rowCount } = await client.query(
    'select 1 from pg_subscription where subname = $1 and subdbid = (select oid from pg_database where datname = current_database())',
    [wish.name],
  );
  if (rowCount) return;
  const password = await ensureReplicationRole(wish.publisher.client, wish.name);
  const { host, port, database } = wish.address;
  const parts = { host, port, dbname: database, user: wish.name, password, application_name: wish.name };
  const connection = Object.entries(parts)
    .map(([key, value]) => `${key}='${String(value).replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`)
    .join(' ');
  await client.query(
    `create subscription ${id(wish.name)} connection ${literal(connection)} publication ${id(wish.name)}
     with (create_slot = false, slot_name = ${literal(wish.name)}, copy_data = false, enabled = ${wish.enabled},
       run_as_owner = true, synchronous_commit = 'off', origin = ${wish.onlyOwnChanges ? 'none' : 'any'})`,
  );
}

export async function enableSubscription(client: pg.Client, name: string): Promise<void> {
  await client.query(`alter subscription ${id(name)} enable`);
}

/** Drops the subscription and leaves the publisher alone; one that is not there is fine. */
export async function dropSubscription(client: pg.Client, name: string): Promise<void> {
  const { rowCount } = await client.query(
    'select 1 from pg_subscription where subname = $1 and subdbid = (select oid from pg_database where datname = current_database())',
    [name],
  );
  if (!rowCount) return;
  await client.query(`alter subscription ${id(name)} disable`);
  await client.query(`alter subscription ${id(name)} set (slot_name = none)`);
  await client.query(`drop subscription ${id(name)}`);
}

/** Drops slot, publication and login of a stream at its publisher. */
export async function dropPublisher(client: pg.Client, name: string): Promise<void> {
  for (let i = 0; ; i++) {
    const { rows } = await client.query<{ active_pid: number | null }>(
      'select active_pid from pg_replication_slots where slot_name = $1',
      [name],
    );
    if (rows.length === 0) break;
    if (rows[0]?.active_pid) await client.query('select pg_terminate_backend($1)', [rows[0].active_pid]);
    try {
      await client.query('select pg_drop_replication_slot($1)', [name]);
      break;
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === '42704') break;
      // In use: its walsender is on its way out.
      if (code !== '55006' || i > 100) throw error;
      await sleep(50);
    }
  }
  await client.query(`drop publication if exists ${id(name)}`);
  const { rowCount } = await client.query('select 1 from pg_roles where rolname = $1', [name]);
  if (!rowCount) return;
  await client.query(`drop owned by ${id(name)}`);
  await client.query(`drop role if exists ${id(name)}`).catch((error: { code?: string }) => {
    // It still has rights in the other database of the move, on the same server: that one's turn comes.
    if (error.code !== '2BP01') throw error;
  });
}

/** How far a stream is behind, in bytes of WAL. @throws StepFailed MOVE_SLOT_LOST if the server gave it up. */
export async function lagOf(publisher: pg.Client, slot: string): Promise<number> {
  const { rows } = await publisher.query<{ lag: string; wal_status: string }>(
    `select coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn), 0) as lag, wal_status
     from pg_replication_slots where slot_name = $1`,
    [slot],
  );
  const [row] = rows;
  if (!row || row.wal_status === 'lost') {
    throw new StepFailed(
      'MOVE_SLOT_LOST',
      row
        ? 'The server had to drop changes that had not been taken yet (max_slot_wal_keep_size).'
        : 'Somebody dropped the replication slot of the move.',
      503,
      { hint: 'Nothing was lost: the tenant stays where it was. Give the slot more room and move again.' },
    );
  }
  return Number(row.lag);
}

/** How often a stream has failed since it was made, and whether it has a worker now. */
export async function applyState(
  subscriber: pg.Client,
  name: string,
): Promise<{ errors: number; working: boolean }> {
  const { rows } = await subscriber.query<{ errors: string; working: boolean }>(
    `select e.apply_error_count as errors, exists (
       select from pg_stat_subscription s where s.subid = e.subid and s.pid is not null) as working
     from pg_stat_subscription_stats e where e.subname = $1`,
    [name],
  );
  return { errors: Number(rows[0]?.errors ?? 0), working: rows[0]?.working ?? false };
}

/** Begins the marker that says up to where a new home had been written when it was sealed. */
const sealed = 'sealed:';

/**
 * Makes all that has come to a new home safe from a crash of its server, which streams alone do not, and notes up to
 * where it was written then.
 */
export async function seal(client: pg.Client, tenantId: string, moveId: string): Promise<void> {
  await client.query(
    `insert into move_marker (tenant_id, move_id, marker)
     values ($1, $2, $3 || pg_current_wal_insert_lsn()) on conflict do nothing`,
    [tenantId, moveId, sealed],
  );
}

/**
 * Lets a stream that has not begun leave out what was there when its database was sealed: none of it was written by the
 * tenant. Repeated, it changes nothing.
 */
export async function skipUntilSealed(publisher: pg.Client, slot: string, moveId: string): Promise<void> {
  await publisher.query(
    `select pg_replication_slot_advance(slot_name, lsn)
     from pg_replication_slots, (select max(replace(marker, $3, '')::pg_lsn) as lsn from move_marker
                                 where move_id = $2 and starts_with(marker, $3)) m
     where slot_name = $1 and not active and confirmed_flush_lsn < lsn and wal_status <> 'lost'`,
    [slot, moveId, sealed],
  );
}

export async function writeMarker(
  client: pg.Client,
  tenantId: string,
  moveId: string,
  marker: string,
): Promise<void> {
  await client.query(
    'insert into move_marker (tenant_id, move_id, marker) values ($1, $2, $3) on conflict do nothing',
    [tenantId, moveId, marker],
  );
}

export async function hasMarker(
  client: pg.Client,
  tenantId: string,
  moveId: string,
  marker: string,
): Promise<boolean> {
  const { rowCount } = await client.query(
    'select 1 from move_marker where tenant_id = $1 and move_id = $2 and marker = $3',
    [tenantId, moveId, marker],
  );
  return rowCount === 1;
}

/** Waits until a marker has come through the stream. @returns after how many milliseconds; undefined if it did not. */
export async function awaitMarker(
  client: pg.Client,
  tenantId: string,
  moveId: string,
  marker: string,
  timeoutMs: number,
): Promise<number | undefined> {
  const since = performance.now();
  for (;;) {
    if (await hasMarker(client, tenantId, moveId, marker)) return performance.now() - since;
    if (performance.now() - since > timeoutMs) return undefined;
    await sleep(2);
  }
}

/** Values of sequences do not travel with the changes. */
export async function copySequences(from: pg.Client, to: pg.Client): Promise<void> {
  const { rows } = await from.query<{ name: string; last: string }>(
    `select sequencename as name, last_value as last from pg_sequences
     where schemaname = 'public' and last_value is not null`,
  );
  for (const { name, last } of rows) {
    await to.query(
      `select setval($1::regclass, greatest($2::bigint, (select coalesce(last_value, $2::bigint) from pg_sequences
         where schemaname = 'public' and sequencename = $3)))`,
      [`public.${id(name)}`, last, name],
    );
  }
}
