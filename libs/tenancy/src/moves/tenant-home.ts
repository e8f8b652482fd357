import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { TierdeckError } from '#platform';
import { blockerName, howToEnd, type FenceBlocker } from './fence-blocker.js';

/** A row of `tenant_home` (migrations/tenant/0003_home.sql); a tenant without one is ACTIVE. */
export interface TenantHome {
  state: 'ACTIVE' | 'PAUSED' | 'MOVED';
  epoch: number;
  moveId: string | null;
  /** Paused, and the pause has not run out. */
  closed: boolean;
}

/** A transaction of the tenant held the fence up for longer than writers may be kept waiting. */
export class FenceBusy extends TierdeckError {
  constructor(readonly blockers: readonly FenceBlocker[]) {
    const [first] = blockers;
    const who = first
      ? `${blockerName(first)} for ${first.seconds} s`
      : 'A transaction of the tenant does not end';
    super('MOVE_FENCE_BUSY', `${who}; the cut-over waits for it.`, 503, { hint: howToEnd(first) });
  }
}

/** How long writers may queue behind the mover that waits for those at work, in milliseconds. */
export const fenceTimeoutMs = 100;

/** After this time a pause ends by itself: a mover that has died keeps nobody waiting. In milliseconds. */
export const pauseLimitMs = 2_000;

const fenceKey = (tenantId: string): string =>
  `hashtextextended('tierdeck_home:' || ${pg.escapeLiteral(tenantId)}::uuid, 0)`;

export async function readHome(client: pg.Client, tenantId: string): Promise<TenantHome> {
  const { rows } = await client.query<{
    state: TenantHome['state'];
    epoch: string;
    move_id: string | null;
    closed: boolean;
  }>(
    `select state, epoch, move_id, state = 'PAUSED' and paused_until > clock_timestamp() as closed
     from tenant_home where tenant_id = $1`,
    [tenantId],
  );
  const [row] = rows;
  if (!row) return { state: 'ACTIVE', epoch: 1, moveId: null, closed: false };
  return { state: row.state, epoch: Number(row.epoch), moveId: row.move_id, closed: row.closed };
}

/**
 * Lets a move change the home of a tenant that lives in this database. A pause that an earlier attempt left is lifted.
 * @returns false if the tenant does not live here.
 * @throws FenceBusy if a transaction of the tenant keeps it locked.
 */
export async function claimHome(client: pg.Client, tenantId: string, moveId: string): Promise<boolean> {
  try {
    // Writers that lock the row wait behind whoever waits for it.
    await client.query(`begin; set local lock_timeout = ${10 * fenceTimeoutMs}`);
    const { rowCount } = await client.query(
      `insert into tenant_home as h (tenant_id, state, move_id) values ($1, 'ACTIVE', $2)
       on conflict (tenant_id) do update set state = 'ACTIVE', move_id = $2, pause_token = null, paused_until = null,
         changed_at = clock_timestamp()
       where h.state <> 'MOVED'`,
      [tenantId, moveId],
    );
    await client.query('commit');
    return rowCount === 1;
  } catch (error) {
    const blockers = await blockersOf(client, tenantId).catch(() => []);
    if ((error as { code?: string }).code !== '55P03') throw error;
    throw new FenceBusy(blockers);
  }
}

/** Closes the database to which a tenant goes, until it is opened. */
export async function closeHome(client: pg.Client, tenantId: string, moveId: string): Promise<void> {
  await client.query(
    `insert into tenant_home as h (tenant_id, state, move_id, paused_until) values ($1, 'PAUSED', $2, 'infinity')
     on conflict (tenant_id) do update set state = 'PAUSED', move_id = $2, pause_token = null,
       paused_until = 'infinity', arrival_key = null, arrival_digest = null, arrival_epoch = null,
       changed_at = clock_timestamp()`,
    [tenantId, moveId],
  );
}

/**
 * Lets whoever has the key open the database to which a tenant goes. The database that it leaves hands the key out once
 * it has been left ({@link commitMoved}), so a mover that dies then keeps nobody waiting.
 */
export async function expectArrival(
  client: pg.Client,
  tenantId: string,
  moveId: string,
  key: string,
  epoch: number,
): Promise<void> {
  const { rowCount } = await client.query(
    `update tenant_home set arrival_digest = sha256(convert_to($3::uuid::text, 'UTF8')), arrival_epoch = $4
     where tenant_id = $1 and move_id = $2 and state = 'PAUSED'`,
    [tenantId, moveId, key, epoch],
  );
  if (rowCount !== 1) throw new Error('the home to which the tenant goes is not closed for this move');
}

/** Opens the database in which the tenant lives from now on. Repeated, it changes nothing. */
export async function openHome(
  client: pg.Client,
  tenantId: string,
  moveId: string | null,
  epoch: number,
): Promise<void> {
  await client.query(
    `update tenant_home set state = 'ACTIVE', epoch = $3, move_id = $2, pause_token = null, paused_until = null,
       arrival_key = null, arrival_digest = null, arrival_epoch = null, changed_at = clock_timestamp()
     where tenant_id = $1 and (state, epoch, move_id) is distinct from ('ACTIVE', $3::bigint, $2::uuid)`,
    [tenantId, moveId, epoch],
  );
}

/** Marks a database as one in which the tenant does not live; whoever still asks it is sent on. */
export async function leaveHome(client: pg.Client, tenantId: string): Promise<void> {
  await client.query(
    `insert into tenant_home as h (tenant_id, state) values ($1, 'MOVED')
     on conflict (tenant_id) do update set state = 'MOVED', move_id = null, pause_token = null, paused_until = null,
       arrival_digest = null, arrival_epoch = null, changed_at = clock_timestamp()`,
    [tenantId],
  );
}

/** Ends the claim of a move on a home, and a pause of it. */
export async function releaseHome(client: pg.Client, tenantId: string, moveId: string): Promise<void> {
  await client.query(
    `update tenant_home set state = case state when 'PAUSED' then 'ACTIVE' else state end, move_id = null,
       pause_token = null, paused_until = null, changed_at = clock_timestamp()
     where tenant_id = $1 and move_id = $2`,
    [tenantId, moveId],
  );
}

/** A pause of a tenant's writers. */
export interface Pause {
  token: string;
  /** On this process's monotonic clock, since when writers may be waiting. */
  since: number;
  marker: string;
}

/**
 * Pauses the writers of a tenant: waits for those at work, and writes the marker as the last of all changes.
 * @throws FenceBusy if one is at work for too long; then nothing is paused.
 */
export async function pauseHome(client: pg.Client, tenantId: string, moveId: string): Promise<Pause> {
  const token = randomUUID();
  const [tenant, move, literal] = [tenantId, moveId, token].map((text) => pg.escapeLiteral(text));
  const since = performance.now();
  try {
    const results = (await client.query(
      `begin; set local lock_timeout = ${fenceTimeoutMs};
       select pg_advisory_xact_lock(${fenceKey(tenantId)});
       set local lock_timeout = ${10 * fenceTimeoutMs};
       update tenant_home set state = 'PAUSED', pause_token = ${literal}, changed_at = clock_timestamp(),
         paused_until = clock_timestamp() + interval '${pauseLimitMs} milliseconds'
       where tenant_id = ${tenant} and move_id = ${move} and state <> 'MOVED';
       insert into move_marker (tenant_id, move_id, marker) values (${tenant}, ${move}, ${literal});
       commit`,
    )) as unknown as pg.QueryResult[];
    if (results[4]?.rowCount !== 1) throw new Error('the home of the tenant is not this move’s any more');
    return { token, since, marker: token };
  } catch (error) {
    const blockers = (error as { code?: string }).code === '55P03' ? await blockersOf(client, tenantId) : [];
    await client.query('rollback');
    if ((error as { code?: string }).code === '55P03') throw new FenceBusy(blockers);
    throw error;
  }
}

/** Lets the writers go on where they are. */
export async function liftPause(client: pg.Client, tenantId: string, token: string): Promise<void> {
  await client.query(
    `update tenant_home set state = 'ACTIVE', pause_token = null, paused_until = null, changed_at = clock_timestamp()
     where tenant_id = $1 and pause_token = $2 and state = 'PAUSED'`,
    [tenantId, token],
  );
}

/**
 * The commit point: from here on the tenant does not live in this database.
 * @param key handed out from now on to whoever still asks here; it opens the new home.
 * @returns the new epoch; undefined if the pause has run out, so that somebody may have written since.
 */
export async function commitMoved(
  client: pg.Client,
  tenantId: string,
  pause: Pause,
  key: string,
): Promise<number | undefined> {
  // Both clocks must agree: that of the server may have been set back meanwhile.
  if (performance.now() - pause.since > 0.9 * pauseLimitMs) return undefined;
  const [tenant, token, opener] = [tenantId, pause.token, key].map((text) => pg.escapeLiteral(text));
  try {
    const results = (await client.query(
      `begin; set local lock_timeout = ${fenceTimeoutMs};
       select pg_advisory_xact_lock(${fenceKey(tenantId)});
       update tenant_home set state = 'MOVED', epoch = epoch + 1, pause_token = null, paused_until = null,
         arrival_key = ${opener}, changed_at = clock_timestamp()
       where tenant_id = ${tenant} and pause_token = ${token} and state = 'PAUSED' and paused_until > clock_timestamp()
       returning epoch;
       commit`,
    )) as unknown as pg.QueryResult<{ epoch: string }>[];
    const epoch = results[3]?.rows[0]?.epoch;
    return epoch === undefined ? undefined : Number(epoch);
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    if ((error as { code?: string }).code === '55P03') return undefined;
    throw error;
  }
}

/** Who is in a transaction that wrote for the tenant. */
async function blockersOf(client: pg.Client, tenantId: string): Promise<FenceBlocker[]> {
  await client.query('rollback');
  const { rows } = await client.query<FenceBlocker>(
    // A prepared transaction has no process; what it holds has the lock on its own number in common.
    `select l.pid, coalesce(a.application_name, '') as application, p.gid, current_database() as database,
       round(extract(epoch from clock_timestamp() - coalesce(a.xact_start, p.prepared)))::int as seconds
     from pg_locks l
       left join pg_stat_activity a using (pid)
       left join pg_locks x on l.pid is null and x.pid is null and x.locktype = 'transactionid'
         and x.virtualtransaction = l.virtualtransaction
       left join pg_prepared_xacts p on p.transaction = x.transactionid
     where l.locktype = 'advisory' and l.granted and l.mode = 'ShareLock' and l.objsubid = 1
       and l.database = (select oid from pg_database where datname = current_database())
       and (l.classid::bigint << 32 | l.objid::bigint) = ${fenceKey(tenantId)}
       and coalesce(a.xact_start, p.prepared) is not null
     order by coalesce(a.xact_start, p.prepared) limit 5`,
  );
  return rows;
}
