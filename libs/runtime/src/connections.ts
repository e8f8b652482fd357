import { Client } from 'pg';
import { Overloaded } from './errors.js';
import type { RuntimeLogger } from './logger.js';
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
  /** Server-side bound on one statement, by the kind of database: a pooled one is protected more strictly. */
  statementTimeoutMs: Record<DatabaseSnapshot['kind'], number>;
}

export const defaultConnectionLimits: ConnectionLimits = {
  perDatabase: 10,
  total: 40,
  acquireTimeoutMs: 5_000,
  idleMs: 30_000,
  statementTimeoutMs: { POOLED: 5_000, DEDICATED: 30_000 },
};

/** A connection in somebody's hands; {@link ConnectionPools.release} takes it back. */
export interface Connection {
  readonly client: Client;
  readonly pool: Pool;
  idleSince: number;
  broken: boolean;
}

interface Waiter {
  resolve(connection: Connection): void;
  reject(error: unknown): void;
  timer: NodeJS.Timeout;
}

interface Pool {
  readonly login: DatabaseSnapshot;
  readonly idle: Connection[];
  readonly waiting: Waiter[];
  /** Open or opening. */
  size: number;
  /** The login changed or went away: connections close when they come back. */
  retired: boolean;
  /** Connections that are kept open though nobody uses them yet. */
  warm: number;
}

/** Connections to a database that tenants may move to at any moment: opening them then would keep writers waiting. */
const warmConnections = 4;

/**
 * Connections to the tenants' databases: one pool per login, bounded per database and in all. When the total is used
 * up, an idle connection of another database gives way.
 */
export class ConnectionPools {
  readonly #pools = new Map<string, Pool>();
  readonly #sweeper: NodeJS.Timeout;
  #open = 0;
  #closed = false;

  constructor(
    private readonly limits: ConnectionLimits,
    private readonly applicationName: string,
    private readonly logger: RuntimeLogger,
  ) {
    this.#sweeper = setInterval(() => this.#sweep(), Math.max(50, limits.idleMs / 4)).unref();
  }

  /**
   * @returns an idle connection at once, else a promise of one.
   * @throws Overloaded NO_CONNECTION if none became free in time.
   */
  acquire(login: DatabaseSnapshot): Connection | Promise<Connection> {
    if (this.#closed) throw new Overloaded('STOPPING');
    const pool = this.#pool(login);
    const idle = pool.idle.pop();
    if (idle) return idle;
    if (this.#mayOpen(pool)) return this.#connect(pool);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        pool.waiting.splice(pool.waiting.indexOf(waiter), 1);
        reject(new Overloaded('NO_CONNECTION'));
      }, this.limits.acquireTimeoutMs);
      const waiter: Waiter = { resolve, reject, timer };
      pool.waiting.push(waiter);
    });
  }

  /** @param broken true if the state of the session is unknown: the connection is closed, never reused. */
  release(connection: Connection, broken = false): void {
    const { pool, client } = connection;
    // A statement that began a transaction of its own must not hand it to the next tenant.
    const clean = !broken && !connection.broken && client.getTransactionStatus() === 'I';
    if (!clean || pool.retired || this.#closed) {
      this.#close(connection);
      return;
    }
    const waiter = pool.waiting.shift();
    if (waiter) {
      clearTimeout(waiter.timer);
      waiter.resolve(connection);
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

  /** Opens connections ahead of their first use, as far as there is room, and keeps them while they are named here. */
  keepWarm(logins: readonly DatabaseSnapshot[]): void {
    if (this.#closed) return;
    const wanted = new Set(logins.map(({ id }) => id));
    for (const [id, pool] of this.#pools) if (!wanted.has(id)) pool.warm = 0;
    for (const login of logins) {
      const pool = this.#pool(login);
      pool.warm = Math.min(warmConnections, this.limits.perDatabase);
      while (pool.size < pool.warm && this.#open < this.limits.total) {
        this.#connect(pool).then(
          (connection) => this.release(connection),
          (error: unknown) => this.logger.warn({ err: error }, 'a standby database cannot be reached'),
        );
      }
    }
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
    for (const [id, pool] of this.#pools) this.#retire(id, pool);
  }

  #pool(login: DatabaseSnapshot): Pool {
    const found = this.#pools.get(login.id);
    if (found && sameLogin(found.login, login)) return found;
    if (found) this.#retire(login.id, found);
    const pool: Pool = { login, idle: [], waiting: [], size: 0, retired: false, warm: 0 };
    this.#pools.set(login.id, pool);
    return pool;
  }

  #mayOpen(pool: Pool): boolean {
    if (pool.size >= this.limits.perDatabase) return false;
    return this.#open < this.limits.total || this.#evictIdle(pool);
  }

  async #connect(pool: Pool): Promise<Connection> {
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
      keepAlive: true,
    });
    const connection: Connection = { client, pool, idleSince: 0, broken: false };
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
      return connection;
    } catch (error) {
      this.#close(connection);
      throw error;
    }
  }

  #close({ client, pool }: Connection): void {
    pool.size--;
    this.#open--;
    client.end().catch(() => undefined);
    this.#serveWaiting(pool);
    this.#yieldToOthers();
  }

  /** A place became free: opens a connection for whoever waits longest in this pool. */
  #serveWaiting(pool: Pool): void {
    if (this.#closed || pool.waiting.length === 0 || !this.#mayOpen(pool)) return;
    const waiter = pool.waiting.shift();
    if (!waiter) return;
    clearTimeout(waiter.timer);
    this.#connect(pool).then(
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
