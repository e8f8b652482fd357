import type { QueryResult, QueryResultRow } from 'pg';
import type { Connection, ConnectionPools } from './connections.js';
import { defaultMoveDeadlineMs, fenceOf, isGone, MovePatience, type TenantHome } from './home.js';
import { TenantReadOnly } from './errors.js';
import { pipeline, type Statement } from './scoped-query.js';
import type { DatabaseSnapshot } from './wire.js';
import {
  atHome,
  contextOf,
  forgetPlans,
  isOutdatedPlan,
  isReadOnlyRefusal,
  isWallRefusal,
  knowsNoHome,
  readOnlyContextOf,
  statementOf,
} from './statements.js';

/** Runs SQL for one tenant: row-level security lets it see that tenant's rows and no other. */
export interface TenantQueryable {
  /**
   * @param sql one statement; prepared once per connection.
   * @throws pg.DatabaseError with its SQLSTATE in `code`.
   */
  query<Row extends QueryResultRow = QueryResultRow>(
    sql: string,
    parameters?: readonly unknown[],
  ): Promise<QueryResult<Row>>;
}

export interface TransactionOptions {
  /** Default `read committed`. */
  isolation?: 'read committed' | 'repeatable read' | 'serializable';
  readOnly?: boolean;
  /** How often `work` may run in all when it fails with a serialization failure or deadlock; default 4. */
  attempts?: number;
}

/** A tenant's database. Every statement carries the tenant's context; there is no way to leave it out. */
export interface TenantScope extends TenantQueryable {
  readonly tenantId: string;
  /**
   * Runs `work` in one transaction. On a serialization failure, a deadlock, a plan outdated by a migration or a move of
   * the tenant it is rolled back and `work` runs again, so `work` must have no effect outside the transaction.
   * @throws TenantMoving if the tenant moves for longer than a writer waits.
   */
  transaction<T>(work: (tx: TenantQueryable) => Promise<T>, options?: TransactionOptions): Promise<T>;
}

export interface TenantScopeOptions {
  tenantId: string;
  home: TenantHome;
  pools: ConnectionPools;
  /** How long a writer waits while the tenant moves, in milliseconds. */
  moveDeadlineMs?: number;
  /** Asked at each use: whether the tenant's writes are refused; default never. */
  isReadOnly?: () => boolean;
  /** Told how long a connection was held, in milliseconds. */
  onDatabaseTime: (milliseconds: number) => void;
  /** Told of a statement that the database refused by row-level security or for want of a right. */
  onWallRefusal?: () => void;
}

export function createTenantScope(options: TenantScopeOptions): TenantScope {
  const { tenantId, pools, home, moveDeadlineMs = defaultMoveDeadlineMs } = options;
  const { isReadOnly = () => false } = options;
  const context = contextOf(tenantId);
  const ahead = [context];
  const aheadReadOnly = [readOnlyContextOf(tenantId)];

  const newPatience = (): MovePatience => new MovePatience(home, moveDeadlineMs, arrive);

  const asks = ({ pool }: Connection): boolean => home.isUncertain() && !unasked.has(pool);

  function acquire(): Connection | Promise<Connection> {
    const database = home.database();
    const acquired = pools.acquire(database, tenantId);
    if (!(acquired instanceof Promise)) return acquired;
    return acquired.catch((error: unknown) => {
      // A former home that is closed for good sends the caller to where the tenant is now.
      if (!isGone(error) || !home.movedFrom(database.id)) throw error;
      return pools.acquire(home.database(), tenantId);
    });
  }

  /** Best effort: a home that does not wait for this key is opened by the mover. */
  async function arrive(database: DatabaseSnapshot, key: string): Promise<void> {
    let connection: Connection | undefined;
    try {
      connection = await pools.acquire(database, tenantId);
      await pipeline(connection.client, ahead, statementOf('select tierdeck_arrive($1)', [key]));
      pools.release(connection);
    } catch {
      // The next look at that database says why.
      if (connection) pools.release(connection, true);
    }
  }

  async function transactionOn<T>(
    connection: Connection,
    work: (tx: TenantQueryable) => Promise<T>,
    opening: () => readonly Statement[],
  ): Promise<T> {
    const since = performance.now();
    const transaction = new Transaction(connection, opening, options.onWallRefusal);
    let clean = true;
    try {
      const result = await work(transaction);
      await transaction.commit();
      return result;
    } catch (error) {
      clean = await transaction.rollback();
      // Whatever `work` made of it: the transaction failed because the tenant moves, or may not write.
      const cause = transaction.refused ?? error;
      throw isReadOnlyRefusal(cause) && isReadOnly() ? new TenantReadOnly(cause) : cause;
    } finally {
      options.onDatabaseTime(performance.now() - since);
      pools.release(connection, !clean);
    }
  }

  return {
    tenantId,
    async query<Row extends QueryResultRow>(sql: string, parameters: readonly unknown[] = []) {
      let patience: MovePatience | undefined;
      try {
        for (let attempt = 1; ; attempt++) {
          const acquired = acquire();
          const connection = acquired instanceof Promise ? await acquired : acquired;
          const since = performance.now();
          const asked = asks(connection);
          let failure: unknown;
          try {
            const context = isReadOnly() ? aheadReadOnly : ahead;
            const opening = asked ? [...context, atHome] : context;
            const result = await pipeline(connection.client, opening, statementOf(sql, parameters));
            return result as QueryResult<Row>;
          } catch (error) {
            failure = error;
          } finally {
            options.onDatabaseTime(performance.now() - since);
            pools.release(connection, endsSession(failure));
          }
          if (isWallRefusal(failure)) options.onWallRefusal?.();
          if (isReadOnlyRefusal(failure) && isReadOnly()) throw new TenantReadOnly(failure);
          if (asked && knowsNoHome(failure)) unasked.add(connection.pool);
          else if (attempt === 1 && isOutdatedPlan(failure)) forgetPlans();
          else await (patience ??= newPatience()).wait(failure, connection.pool.login);
        }
      } finally {
        patience?.end();
      }
    },
    async transaction(work, { isolation = 'read committed', readOnly = false, attempts = 4 } = {}) {
      let patience: MovePatience | undefined;
      try {
        for (let attempt = 1; ;) {
          const connection = await acquire();
          let asked = false;
          // Put together when it is sent: `work` may take its time before the first statement.
          const opening = (): Statement[] => {
            const begin = beginStatement(isolation, readOnly || isReadOnly());
            asked = asks(connection);
            return asked ? [begin, context, atHome] : [begin, context];
          };
          try {
            return await transactionOn(connection, work, opening);
          } catch (error) {
            if (fenceOf(error)) {
              await (patience ??= newPatience()).wait(error, connection.pool.login);
              continue;
            }
            if (asked && knowsNoHome(error)) unasked.add(connection.pool);
            else if (isOutdatedPlan(error)) forgetPlans();
            else if (!isTransient(error)) throw error;
            if (attempt++ >= attempts) throw error;
          }
        }
      } finally {
        patience?.end();
      }
    },
  };
}

/** BEGIN and the tenant's context travel with the first statement; one without statements costs nothing. */
class Transaction implements TenantQueryable {
  #state: 'unopened' | 'open' | 'ended' = 'unopened';
  /** Set when the database refused a statement because the tenant moves or may not write. */
  refused: unknown;

  constructor(
    private readonly connection: Connection,
    private readonly opening: () => readonly Statement[],
    private readonly onWallRefusal: (() => void) | undefined,
  ) {}

  async query<Row extends QueryResultRow>(
    sql: string,
    parameters: readonly unknown[] = [],
  ): Promise<QueryResult<Row>> {
    if (this.#state === 'ended') throw new Error('The transaction has ended; its query was not awaited.');
    const ahead = this.#state === 'unopened' ? this.opening() : [];
    this.#state = 'open';
    try {
      return (await pipeline(
        this.connection.client,
        ahead,
        statementOf(sql, parameters),
      )) as QueryResult<Row>;
    } catch (error) {
      if (fenceOf(error) || isReadOnlyRefusal(error) || knowsNoHome(error)) this.refused = error;
      if (isWallRefusal(error)) this.onWallRefusal?.();
      throw error;
    }
  }

  /** @throws Error if a statement failed and `work` swallowed that: PostgreSQL answers COMMIT with a rollback. */
  async commit(): Promise<void> {
    const open = this.#state === 'open';
    this.#state = 'ended';
    if (!open) return;
    const { command } = await pipeline(this.connection.client, [], endStatement('commit'));
    if (command !== 'COMMIT') throw new Error('A statement of the transaction failed: it was rolled back.');
  }

  /** @returns false if the connection cannot be used again. */
  async rollback(): Promise<boolean> {
    if (this.#state === 'unopened') return true;
    this.#state = 'ended';
    try {
      // Also after a failed COMMIT, which may have left the transaction open.
      await pipeline(this.connection.client, [], endStatement('rollback'));
      return true;
    } catch {
      return false;
    }
  }
}

function beginStatement(isolation: string, readOnly: boolean): Statement {
  const text = `begin isolation level ${isolation}${readOnly ? ' read only' : ''}`;
  return { name: `tierdeck_${text.replaceAll(' ', '_')}`, text, values: [] };
}

function endStatement(text: 'commit' | 'rollback'): Statement {
  return { name: `tierdeck_${text}`, text, values: [] };
}

/** Pools whose database cannot be asked whether it is a tenant's home. */
const unasked = new WeakSet<object>();

const transient = new Set<unknown>(['40001', '40P01']);

function isTransient(error: unknown): boolean {
  return transient.has((error as { code?: unknown } | null)?.code);
}

/** The server ends the session with such an error; a lost socket is noticed by the connection itself. */
function endsSession(error: unknown): boolean {
  const severity = (error as { severity?: unknown } | null)?.severity;
  return severity === 'FATAL' || severity === 'PANIC';
}
