import type pg from 'pg';
import type { StepContext } from '#operations';
import type { TenantDatabases } from '../databases/tenant-databases.js';
import { moveNames, type MoveNames, type TenantMove } from './move.js';
import { readHome } from './tenant-home.js';

/** One of the two databases of a move. */
export interface Side {
  databaseId: string;
  /** The superuser's session; settings of {@link prepareSession}. */
  client: pg.Client;
  /** Another session of the superuser, e.g. to hold a snapshot; the caller ends it. */
  connect(): Promise<pg.Client>;
}

/** The sole right to work on a move, and the two databases it is about. */
export interface MoveSession {
  move: TenantMove;
  names: MoveNames;
  tenantId: string;
  source: Side;
  target: Side;
  end(): Promise<void>;
}

/** Two-key advisory lock of the one who works on a tenant's move; the second key follows from the tenant. */
const moverLock = 7_415_020;

/** The databases of a move are used by sessions that the server ends when the mover is gone. */
export async function prepareSession(client: pg.Client): Promise<pg.Client> {
  // Analyze rests as autovacuum does, and no statement takes a second core: other tenants want the server too.
  // A server that is busy for us notices within a second that we are dead; passwords stay out of its log.
  await client.query(
    `set client_connection_check_interval = '1s'; set log_min_error_statement = 'panic'; set tcp_user_timeout = '10s';
     set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set intervalstyle = 'iso_8601'; set extra_float_digits = 3;
     set bytea_output = 'hex'; set statement_timeout = 0; set lock_timeout = '10s';
     set vacuum_cost_delay = '2ms'; set max_parallel_workers_per_gather = 0`,
  );
  return client;
}

/**
 * Opens both databases and takes the mover's lock on the source. Whoever held it before has lost its lease, for two
 * never hold the same operation, or its operation was stopped: its session is ended. The lease is confirmed after the
 * lock was taken, so a holder that lost its own cannot get past here.
 * @throws LeaseLost, TierdeckError TENANT_DATABASE_UNREACHABLE
 */
export async function openMove(
  databases: TenantDatabases,
  move: TenantMove,
  context: Pick<StepContext, 'progress'>,
): Promise<MoveSession> {
  const opened: pg.Client[] = [];
  const end = async (): Promise<void> => {
    await Promise.all(opened.map((client) => client.end().catch(() => undefined)));
  };
  const side = async (databaseId: string): Promise<Side> => {
    const connect = async (): Promise<pg.Client> => prepareSession(await databases.connect(databaseId));
    const client = await connect();
    opened.push(client);
    return { databaseId, client, connect };
  };
  try {
    const source = await side(move.sourceId);
    await takeMoverLock(source.client, move.tenantId);
    await context.progress({});
    const target = await side(move.targetId);
    return { move, names: moveNames(move.id), tenantId: move.tenantId, source, target, end };
  } catch (error) {
    await end();
    throw error;
  }
}

/** @throws Error if the former holder's session does not end within ten seconds. */
export async function takeMoverLock(client: pg.Client, tenantId: string): Promise<void> {
  for (let i = 0; i < 200; i++) {
    const { rows } = await client.query<{ taken: boolean }>(
      'select pg_try_advisory_lock($1, hashtext($2)) as taken',
      [moverLock, tenantId],
    );
    if (rows[0]?.taken) return;
    await client.query(
      `select pg_terminate_backend(l.pid) from pg_locks l
       where l.locktype = 'advisory' and l.granted and l.classid = $1::int::oid and l.objid = hashtext($2)::oid
         and l.objsubid = 2 and l.database = (select oid from pg_database where datname = current_database())
         and l.pid <> pg_backend_pid()`,
      [moverLock, tenantId],
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('another session of the mover does not end');
}

/** Whether the move got past its commit point. */
export async function hasMoved({ source, tenantId, move }: MoveSession): Promise<boolean> {
  const home = await readHome(source.client, tenantId);
  return home.state === 'MOVED' && home.moveId === move.id;
}
