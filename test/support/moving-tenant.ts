import { setTimeout as sleep } from 'node:timers/promises';
import { createTenantScope, type TenantScope } from '../../libs/runtime/src/tenant-scope.js';
import { ConnectionPools, defaultConnectionLimits } from '../../libs/runtime/src/connections.js';
import { Directory } from '../../libs/runtime/src/directory.js';
import { Homes } from '../../libs/runtime/src/homes.js';
import { silentLogger } from '../../libs/runtime/src/logger.js';
import type { TestTenancy } from './tenancy.js';
import type { TenantMove } from '../../libs/tenancy/src/moves/move.js';
import { movesOf } from '../../libs/tenancy/src/moves/moves.store.js';

/** The data plane as far as a move is concerned: it hears of the control plane's snapshots a moment late. */
export class MovingDataPlane {
  readonly #pools = new ConnectionPools(
    { ...defaultConnectionLimits, perDatabase: 6 },
    'test-data-plane',
    silentLogger,
  );
  #directory = new Directory({ revision: 0, tenants: [], databases: [] });
  readonly #homes = new Homes(() => this.#directory);
  #following: Promise<void>;
  #stopped = false;

  private constructor(private readonly tenancy: TestTenancy) {
    this.#following = this.#follow();
  }

  static async start(tenancy: TestTenancy): Promise<MovingDataPlane> {
    const plane = new MovingDataPlane(tenancy);
    await plane.refresh();
    return plane;
  }

  scope(tenantId: string, moveDeadlineMs = 5_000): TenantScope {
    const home = this.#homes.of(tenantId);
    const onDatabaseTime = (): void => undefined;
    return createTenantScope({ tenantId, pools: this.#pools, home, moveDeadlineMs, onDatabaseTime });
  }

  async refresh(): Promise<void> {
    const { tenants, databases } = await this.tenancy.database.source.transaction('REPEATABLE READ', (tx) =>
      this.tenancy.databases.snapshot(tx),
    );
    const served = tenants.map(({ plan: _plan, ...tenant }) => ({ ...tenant, quotas: [], weight: 1 }));
    this.#directory = new Directory({ revision: 1, tenants: served, databases });
    this.#homes.forget();
    this.#pools.retain(databases);
    void this.#pools.keepWarm(this.#directory.standbys());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#following;
    this.#pools.close();
  }

  async #follow(): Promise<void> {
    while (!this.#stopped) {
      await sleep(40);
      await this.refresh().catch(() => undefined);
    }
  }
}

/** Writes for one tenant without a pause, and knows what must be there at the end. */
export class MovingWriter {
  /** Serial numbers that were committed. */
  readonly written: number[] = [];
  readonly failures: unknown[] = [];
  /** Longest time one write took, in milliseconds. */
  longestMs = 0;
  #next = 0;
  #stopped = false;
  #writing: Promise<unknown>;

  constructor(
    private readonly scope: TenantScope,
    private readonly name: string,
    concurrency = 3,
    private readonly pauseMs = 2,
  ) {
    this.#writing = Promise.all(Array.from({ length: concurrency }, () => this.#write()));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#writing;
  }

  /** What of the writer's rows is in the database; each row counts how often it was updated. */
  async found(): Promise<{ written: number[]; updates: number }> {
    const { rows } = await this.scope.query<{ n: number; updates: number }>(
      `select split_part(code, ':', 2)::int as n, length(name) - 1 as updates from region where code like $1 order by 1`,
      [`${this.name}:%`],
    );
    return { written: rows.map(({ n }) => n), updates: rows.reduce((sum, { updates }) => sum + updates, 0) };
  }

  async #write(): Promise<void> {
    while (!this.#stopped) {
      const n = this.#next++;
      const code = `${this.name}:${n}`;
      const since = performance.now();
      try {
        if (n % 3 === 0) {
          await this.scope.query(`insert into region (code, name) values ($1, 'xx')`, [code]);
        } else {
          await this.scope.transaction(async (tx) => {
            await tx.query(`insert into region (code, name) values ($1, 'x')`, [code]);
            await tx.query(`update region set name = name || 'x' where code = $1`, [code]);
          });
        }
        this.written.push(n);
      } catch (error) {
        this.failures.push(error);
      }
      this.longestMs = Math.max(this.longestMs, performance.now() - since);
      await sleep(this.pauseMs);
    }
  }
}

export async function lastMove(tenancy: TestTenancy, tenantId: string): Promise<TenantMove> {
  const [move] = await movesOf(tenancy.database, tenantId, 1);
  if (!move) throw new Error('the tenant has never moved');
  return move;
}

/** Waits for one of the states. @throws Error with what the operation waits for. */
export async function moveReaches(
  tenancy: TestTenancy,
  tenantId: string,
  states: readonly TenantMove['state'][],
  timeoutMs = 30_000,
): Promise<TenantMove> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const move = await lastMove(tenancy, tenantId);
    if (states.includes(move.state)) return move;
    if (Date.now() > until) {
      const steps = await tenancy.database.query(
        `select o.kind, o.status, o.error_message, s.name, s.status as step, s.error_message as why
         from operation o join operation_step s on s.operation_id = o.id where o.tenant_id = $1 and o.kind like '%move'`,
        [tenantId],
      );
      throw new Error(`the move stays ${move.state}: ${JSON.stringify(steps, null, 1)}`);
    }
    await sleep(25);
  }
}

/** What a move made and should have taken away, on the server of a database. */
export async function moveRemains(tenancy: TestTenancy, databaseId: string): Promise<string[]> {
  const client = await tenancy.databases.connect(databaseId);
  try {
    const { rows } = await client.query<{ what: string }>(
      `select 'slot ' || slot_name as what from pg_replication_slots where slot_name ~ '^tierdeck_' and database = current_database()
       union all select 'publication ' || pubname from pg_publication
       union all select 'subscription ' || subname from pg_subscription
         where subdbid = (select oid from pg_database where datname = current_database())
       union all select 'role ' || rolname from pg_roles
         where rolname ~ '^tierdeck_(move|back)_' and has_database_privilege(rolname, current_database(), 'CONNECT') and not rolsuper`,
    );
    return rows.map(({ what }) => what);
  } finally {
    await client.end();
  }
}
