import { Client } from 'pg';
import { Overloaded } from './errors.js';
import type { RuntimeLogger } from './logger.js';
import { rehearse } from './rehearsal.js';
import { Watchdog } from './watchdog.js';
import type { DatabaseSnapshot } from './wire.js';

export interface ConnectionLimits {
  /** Connections of this instance to one database. */
  perDatabase: number;
  /** Connections of this instance to all databases together. */
  total: number;
  /** How long a caller waits for a connection before it is told Overloaded, in milliseconds. */
  acquireTimeoutMs: number;
  /** An unused connection is closed after this time, in milliseconds. */
  idleMs: number;
  /** Share of the connections to a pooled database that one of its tenants may hold, 0 to 1. */
  tenantShare: number;
  /**
   * Bound on one statement, by the kind of database: a pooled one is protected more strictly. The server ends a longer
   * one, and the {@link Watchdog} what talked the server out of it.
   */
  statementTimeoutMs: Record<DatabaseSnapshot['kind'], number>;
  /** Memory that one sort or hash of a statement may take on the server, in MiB. */
  workMemMb: Record<DatabaseSnapshot['kind'], number>;
}

export const defaultConnectionLimits: ConnectionLimits = {
  perDatabase: 10,
  total: 40,
  acquireTimeoutMs: 5_000,
  idleMs: 30_000,
  tenantShare: 0.8,
  statementTimeoutMs: { POOLED: 5_000, DEDICATED: 30_000 },
  workMemMb: { POOLED: 4, DEDICATED: 16 },
};

/** A connection in somebody's hands; {@link ConnectionPools.release} takes it back. */
export interface Connection {
  readonly client: Client;
  readonly pool: Pool;
  /** Whoever holds it. */
  tenantId: string | undefined;
  idleSince: number;
  broken: boolean;
}

interface Waiter {
  tenantId: string | undefined;
  resolve(connection: Connection): void;
  reject(error: unknown): void;
  timer: NodeJS.Timeout;
}

interface Pool {
  readonly login: DatabaseSnapshot;
  readonly idle: Connection[];
  readonly waiting: Waiter[];
  /** Connections in hands, by tenant. */
  readonly held: Map<string, number>;
  /** Open or opening. */
  size: number;
  /** The login changed or went away: connections close when they come back. */
  retired: boolean;
  /** Connections that are kept open though nobody uses them yet. */
  warm: number;
}

/** A database that a tenant may move to at any moment. */
export interface Standby {
  login: DatabaseSnapshot;
  /** One of the tenants that may move there. */
  tenantId: string;
}

/** Connections to a standby: opening them when its tenant comes would keep writers waiting. */
const warmConnections = 8;

/**
 * Connections to the tenants' databases: one pool per login, bounded per database and in all. When the total is used
 * up, an idle connection of another database gives way.
 */
export class ConnectionPools {
  readonly #pools = new Map<string, Pool>();
  readonly #sweeper: NodeJS.Timeout;
  readonly #watchdog: Watchdog;
  #open = 0;
  #closed = false;

  constructor(
    private readonly limits: ConnectionLimits,
    private readonly applicationName: string,
    private readonly logger: RuntimeLogger,
  ) {
    this.#sweeper = setInterval(() => this.#sweep(), Math.max(50, limits.idleMs / 4)).unref();
    this.#watchdog = new Watchdog(logger);
  }

  /**
   * @returns an idle connection at once, else a promise of one.
   * @throws Overloaded NO_CONNECTION if none became free in time.
   */
  acquire(login: DatabaseSnapshot, tenantId?: string): Connection | Promise<Connection> {
    if (this.#closed) throw new Overloaded('STOPPING');
    const pool = this.#pool(login);
    if (this.#mayHold(pool, tenantId)) {
      const idle = pool.idle.pop();
      if (idle) return hand(idle, tenantId);
      if (this.#mayOpen(pool)) return this.#connect(pool, tenantId);
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        pool.waiting.splice(pool.waiting.indexOf(waiter), 1);
        reject(new Overloaded('NO_CONNECTION'));
      }, this.limits.acquireTimeoutMs);
      const waiter: Waiter = { tenantId, resolve, reject, timer };
      pool.waiting.push(waiter);
    });
  }

  /** @param broken true if the state of the session is unknown: the connection is closed, never reused. */
  release(connection: Connection, broken = false): void {
    const { pool, client } = connection;
    letGo(connection);
    // A statement that began a transaction of its own must not hand it to the next tenant.
    const clean = !broken && !connection.broken && client.getTransactionStatus() === 'I';
    if (!clean || pool.retired || this.#closed) {
      this.#close(connection);
      return;
    }
    const waiter = this.#nextWaiter(pool);
    if (waiter) {
      waiter.resolve(hand(connection, waiter.tenantId));
      return;
    }
    connection.idleSince = Date.now();
    pool.idle.push(connection);
    if (this.#open >= this.limits.total) this.#yieldToOthers();
  }

  /** After a new snapshot: pools whose login changed or vanished are closed as their connections come back. */
  retain(logins: readonly DatabaseSnapshot[]): void {
    const current = new Map(logins.map((login) => [login.id, login]));
    for (const [id, pool] of this.#pools) {
      const login = current.get(id);
      if (!login || !sameLogin(login, pool.login)) this.#retire(id, pool);
    }
  }

  /**
   * Opens connections ahead of their first use, as far as there is room, and keeps them while they are named here.
   * @returns undefined if there is nothing to open, else what settles when all are ready.
   */
  keepWarm(standbys: readonly Standby[]): Promise<unknown> | undefined {
    if (this.#closed) return undefined;
    const opening: Promise<void>[] = [];
    const wanted = new Set(standbys.map(({ login }) => login.id));
    for (const [id, pool] of this.#pools) if (!wanted.has(id)) pool.warm = 0;
    for (const { login, tenantId } of standbys) {
      const pool = this.#pool(login);
      pool.warm = Math.min(warmConnections, this.limits.perDatabase);
      while (pool.size < pool.warm && this.#open < this.limits.total) {
        opening.push(this.#warmUp(pool, tenantId));
      }
    }
    return opening.length === 0 ? undefined : Promise.all(opening);
  }

  /** Open connections by database id, for metrics and tests. */
  sizes(): Record<string, { open: number; idle: number; waiting: number }> {
    return Object.fromEntries(
      [...this.#pools].map(([id, { size, idle, waiting }]) => [
        id,
        { open: size, idle: idle.length, waiting: waiting.length },
      ]),
    );
  }

  /** Closes idle connections now and the others as they are released. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#sweeper);
    this.#watchdog.stop();
    for (const [id, pool] of this.#pools) this.#retire(id, pool);
  }

  #pool(login: DatabaseSnapshot): Pool {
    const found = this.#pools.get(login.id);
    if (found && sameLogin(found.login, login)) return found;
    if (found) this.#retire(login.id, found);
    const pool: Pool = { login, idle: [], waiting: [], held: new Map(), size: 0, retired: false, warm: 0 };
    this.#pools.set(login.id, pool);
    return pool;
  }

  #mayOpen(pool: Pool): boolean {
    if (pool.size >= this.limits.perDatabase) return false;
    return this.#open < this.limits.total || this.#evictIdle(pool);
  }

  /** Whether the tenant's share of a pooled database is not used up. */
  #mayHold({ login, held }: Pool, tenantId: string | undefined): boolean {
    if (tenantId === undefined || login.kind === 'DEDICATED') return true;
    const share = Math.max(1, Math.floor(this.limits.perDatabase * this.limits.tenantShare));
    return (held.get(tenantId) ?? 0) < share;
  }

  /** Takes whoever waits longest and may hold a connection more. */
  #nextWaiter(pool: Pool): Waiter | undefined {
    const at = pool.waiting.findIndex(({ tenantId }) => this.#mayHold(pool, tenantId));
    if (at === -1) return undefined;
    const [waiter] = pool.waiting.splice(at, 1);
    clearTimeout(waiter?.timer);
    return waiter;
  }

  async #connect(pool: Pool, tenantId?: string): Promise<Connection> {
    pool.size++;
    this.#open++;
    const { host, port, database, user, password, kind } = pool.login;
    const client = new Client({
      host,
      port,
      database,
      user,
      password,
      application_name: this.applicationName,
      connectionTimeoutMillis: this.limits.acquireTimeoutMs,
      statement_timeout: this.limits.statementTimeoutMs[kind],
      idle_in_transaction_session_timeout: 4 * this.limits.statementTimeoutMs[kind],
      options: `-c work_mem=${this.limits.workMemMb[kind]}MB`,
      keepAlive: true,
    });
    const connection: Connection = { client, pool, tenantId: undefined, idleSince: 0, broken: false };
    hand(connection, tenantId);
    client.on('error', (error) => {
      connection.broken = true;
      this.logger.warn({ err: error, database }, 'a database connection failed');
      const at = pool.idle.indexOf(connection);
      if (at === -1) return;
      pool.idle.splice(at, 1);
      this.#close(connection);
    });
    try {
      await client.connect();
      this.#watchdog.watch(connection, this.limits.statementTimeoutMs[kind]);
      return connection;
    } catch (error) {
      letGo(connection);
      this.#close(connection);
      throw error;
    }
  }

  async #warmUp(pool: Pool, tenantId: string): Promise<void> {
    try {
      const connection = await this.#connect(pool);
      await rehearse(connection.client, tenantId);
      this.release(connection);
    } catch (error) {
      this.logger.warn({ err: error }, 'a standby database cannot be reached');
    }
  }

  #close(connection: Connection): void {
    const { client, pool } = connection;
    pool.size--;
    this.#open--;
    this.#watchdog.forget(connection);
    client.end().catch(() => undefined);
    this.#serveWaiting(pool);
    this.#yieldToOthers();
  }

  /** A place became free: opens a connection for whoever waits longest in this pool. */
  #serveWaiting(pool: Pool): void {
    if (this.#closed || pool.waiting.length === 0) return;
    if (!pool.waiting.some(({ tenantId }) => this.#mayHold(pool, tenantId)) || !this.#mayOpen(pool)) return;
    const waiter = this.#nextWaiter(pool);
    if (!waiter) return;
    this.#connect(pool, waiter.tenantId).then(
      (connection) => waiter.resolve(connection),
      (error: unknown) => waiter.reject(error),
    );
  }

  #yieldToOthers(): void {
    for (const pool of this.#pools.values()) this.#serveWaiting(pool);
  }

  #evictIdle(except: Pool): boolean {
    let oldest: Connection | undefined;
    for (const pool of this.#pools.values()) {
      const candidate = pool.idle[0];
      if (pool === except || !candidate) continue;
      if (!oldest || candidate.idleSince < oldest.idleSince) oldest = candidate;
    }
    if (!oldest) return false;
    oldest.pool.idle.shift();
    oldest.pool.size--;
    this.#open--;
    this.#watchdog.forget(oldest);
    oldest.client.end().catch(() => undefined);
    return true;
  }

  #retire(id: string, pool: Pool): void {
    pool.retired = true;
    if (this.#pools.get(id) === pool) this.#pools.delete(id);
    for (const waiter of pool.waiting.splice(0)) {
      clearTimeout(waiter.timer);
      waiter.reject(new Overloaded(this.#closed ? 'STOPPING' : 'NO_CONNECTION'));
    }
    for (const connection of pool.idle.splice(0)) this.#close(connection);
  }

  #sweep(): void {
    const before = Date.now() - this.limits.idleMs;
    for (const pool of this.#pools.values()) {
      while (pool.size > pool.warm && pool.idle[0] && pool.idle[0].idleSince < before) {
        this.#close(pool.idle.shift() as Connection);
      }
    }
  }
}

function hand(connection: Connection, tenantId: string | undefined): Connection {
  const { held } = connection.pool;
  connection.tenantId = tenantId;
  if (tenantId !== undefined) held.set(tenantId, (held.get(tenantId) ?? 0) + 1);
  return connection;
}

function letGo(connection: Connection): void {
  const { tenantId, pool } = connection;
  if (tenantId === undefined) return;
  connection.tenantId = undefined;
  const left = (pool.held.get(tenantId) ?? 1) - 1;
  if (left > 0) pool.held.set(tenantId, left);
  else pool.held.delete(tenantId);
}

function sameLogin(a: DatabaseSnapshot, b: DatabaseSnapshot): boolean {
  if (a === b) return true;
  return (
    a.host === b.host &&
    a.port === b.port &&
    a.database === b.database &&
    a.user === b.user &&
    a.password === b.password
  );
}
