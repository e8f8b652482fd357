import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { trafficSku } from './order-traffic.js';
import { OwnPostgres } from './own-postgres.js';
import { TestStack } from './stack.js';

/**
 * What may be killed, by the name of its file in `run/`; PostgreSQL is stopped at once, as by a power cut: that of the
 * control plane, or the one of the cluster that was added.
 */
export type Victim =
  | 'distribution'
  | 'integration-worker'
  | 'integration-worker-northwind'
  | 'control-plane'
  | 'postgres'
  | 'tenants-postgres';

export interface StackMove {
  id: string;
  state: string;
  status: string;
  placement: 'SHARED' | 'DEDICATED';
  /** Of the operation that moves; then of the one that ends the move. */
  code: string | null;
  hint: string | null;
}

/**
 * The whole product with tenants of Northwind's catalogue, whose jobs run one at a time and so in their order.
 * It looks at the databases themselves as their superuser does.
 */
export class MovingStack {
  #second: OwnPostgres | undefined;

  private constructor(
    readonly stack: TestStack,
    private readonly tenantsDir: string,
  ) {}

  static async start(
    slugs: readonly string[] = ['northwind'],
    env: Record<string, string> = {},
  ): Promise<MovingStack> {
    const tenantsDir = await tenantsOf(slugs);
    let moving: MovingStack | undefined;
    try {
      moving = new MovingStack(await TestStack.start({ tenantsDir, env }), tenantsDir);
      for (const slug of slugs) await moving.#stockUp(slug);
      return moving;
    } catch (error) {
      if (moving) await moving.remove();
      else await rm(tenantsDir, { recursive: true, force: true });
      throw error;
    }
  }

  /** Registers a server of its own for tenants: `second`. */
  async addCluster(): Promise<void> {
    this.#second = await OwnPostgres.start();
    await this.stack.ask(
      'mutation ($input: RegisterClusterInput!) { registerDatabaseCluster(input: $input) { name } }',
      { input: { name: 'second', region: 'local', ...this.#second.login } },
    );
  }

  async remove(): Promise<void> {
    await this.stack.remove();
    await this.#second?.remove();
    await rm(this.tenantsDir, { recursive: true, force: true });
  }

  /** A mutation that answers with an operation. @returns its id. */
  async change(mutation: string, input: object): Promise<string> {
    const type = `${mutation[0]?.toUpperCase()}${mutation.slice(1)}Input`;
    const name = mutation === 'undoMove' || mutation === 'finishMove' ? 'EndMoveInput' : type;
    await this.#answers();
    const answer = await this.stack.ask<Record<string, { operation: { id: string } | null }>>(
      `mutation ($input: ${name}!) { ${mutation}(input: $input) { operation { id } } }`,
      { input: { tenant: 'northwind', ...input } },
    );
    return answer[mutation]?.operation?.id ?? '';
  }

  /** Rows of a query; PostgreSQL may have been stopped, so it is tried for a while. */
  async sql<Row extends pg.QueryResultRow>(
    text: string,
    values: readonly unknown[] = [],
    database = 'tierdeck',
    cluster = 'local',
  ): Promise<Row[]> {
    for (const deadline = Date.now() + 30_000; ; await sleep(50)) {
      let client: pg.Client | undefined;
      try {
        client = await this.#connected(database, cluster);
        return (await client.query<Row>(text, [...values])).rows;
      } catch (error) {
        if (!isAway(error) || Date.now() > deadline) throw error;
      } finally {
        await client?.end().catch(() => undefined);
      }
    }
  }

  async #connected(database: string, cluster = 'local'): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: await this.#url(database, cluster) });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  async #url(database: string, cluster = 'local'): Promise<string> {
    if (cluster !== 'local') return this.#second?.url(database) ?? '';
    const password = await this.stack.token('postgres-password');
    return `postgres://postgres:${password}@127.0.0.1:${this.stack.ports.postgres}/${database}`;
  }

  /** The last move of a tenant, and how its operations ended. */
  async move(slug = 'northwind'): Promise<StackMove> {
    const [move] = await this.sql<StackMove>(
      `select m.id, m.state, t.status, t.database_placement as placement, coalesce(f.error_code, o.error_code) as code,
         coalesce(f.error_hint, o.error_hint) as hint
       from tenant t join tenant_move m on m.tenant_id = t.id join operation o on o.id = m.id
         left join operation f on f.id = m.follow_up_id and f.status = 'FAILED'
       where t.slug = $1 order by m.created_at desc limit 1`,
      [slug],
    );
    if (!move) throw new Error(`${slug} has never moved`);
    return move;
  }

  /** Waits until the last move is in one of the states and the tenant is in none between two. */
  async rests(states: readonly string[], slug = 'northwind'): Promise<StackMove> {
    for (const deadline = Date.now() + 90_000; ; await sleep(50)) {
      const move = await this.move(slug);
      if (states.includes(move.state) && move.status === 'ACTIVE') return move;
      if (Date.now() > deadline)
        throw new Error(`the move stays ${move.state}: ${JSON.stringify(await this.#why())}`);
    }
  }

  /** Waits until an operation has come to a step, or past it. @returns the step that it is in. */
  async comesTo(operationId: string, step: string): Promise<string> {
    // One connection for all looks, for steps are short; a new one after a power cut.
    let client: pg.Client | undefined;
    try {
      for (const deadline = Date.now() + 60_000; ; await sleep(2)) {
        let rows: { name: string; status: string }[];
        try {
          client ??= await this.#connected('tierdeck');
          ({ rows } = await client.query<{ name: string; status: string }>(
            'select name, status from operation_step where operation_id = $1 order by position',
            [operationId],
          ));
        } catch (error) {
          if (!isAway(error) || Date.now() > deadline) throw error;
          await client?.end().catch(() => undefined);
          client = undefined;
          continue;
        }
        const wanted = rows.find(({ name }) => name === step);
        if (!wanted) throw new Error(`the operation has no step ${step}`);
        const now = rows.find(({ status }) => status !== 'SUCCEEDED' && status !== 'SKIPPED');
        if (wanted.status !== 'PENDING' || !now) return now?.name ?? 'its end';
        if (Date.now() > deadline)
          throw new Error(`the operation does not come to ${step}: it is in ${now.name}`);
      }
    } finally {
      await client?.end().catch(() => undefined);
    }
  }

  async pid(victim: Victim): Promise<number> {
    const file =
      victim === 'postgres'
        ? join(this.stack.dataDir, 'postgres', 'postmaster.pid')
        : join(this.stack.dataDir, 'run', `${victim}.pid`);
    return Number.parseInt(await readFile(file, 'utf8'), 10);
  }

  /** Kills a process of the stack, which starts it again. @returns false if it is not there. */
  async kill(victim: Victim): Promise<boolean> {
    if (victim === 'tenants-postgres') {
      await this.#second?.kill();
      await this.#second?.restart();
      return this.#second !== undefined;
    }
    try {
      // SIGQUIT: PostgreSQL's immediate shutdown; it takes its children with it.
      process.kill(await this.pid(victim), victim === 'postgres' ? 'SIGQUIT' : 'SIGKILL');
      return true;
    } catch {
      return false;
    }
  }

  /** Waits until an operation has ended. */
  async settled(operationId: string): Promise<string> {
    for (const deadline = Date.now() + 90_000; ; await sleep(50)) {
      const [row] = await this.sql<{ status: string }>('select status from operation where id = $1', [
        operationId,
      ]);
      if (row && ['SUCCEEDED', 'FAILED', 'CANCELLED'].includes(row.status)) return row.status;
      if (Date.now() > deadline)
        throw new Error(`it stays ${row?.status}: ${JSON.stringify(await this.#why())}`);
    }
  }

  /** The database in which the tenant is at home by the control plane, and all that hold rows of it or are open to it. */
  async homes(slug = 'northwind'): Promise<{ home: string; withRows: string[]; open: string[] }> {
    const { id, cluster, name } = await this.#homeOf(slug);
    const withRows: string[] = [];
    const open: string[] = [];
    for (const on of this.#second ? ['local', 'second'] : ['local']) {
      const databases = await this.sql<{ name: string }>(
        `select datname as name from pg_database where datallowconn and datname ~ '^(tierdeck_pool|tenant_)'`,
        [],
        'postgres',
        on,
      );
      for (const database of databases) {
        const [row] = await this.sql<{ rows: boolean; open: boolean }>(
          `select exists (select from item where tenant_id = $1) as rows, coalesce(
             (select state = 'ACTIVE' from tenant_home where tenant_id = $1), exists (select from item where tenant_id = $1)) as open`,
          [id],
          database.name,
          on,
        );
        if (row?.rows) withRows.push(`${on}/${database.name}`);
        if (row?.open) open.push(`${on}/${database.name}`);
      }
    }
    return { home: `${cluster}/${name}`, withRows, open };
  }

  /** Rows of a query in the tenant's home; `$1` is its id. */
  async atHome<Row extends pg.QueryResultRow>(text: string, slug = 'northwind'): Promise<Row[]> {
    const { id, cluster, name } = await this.#homeOf(slug);
    return this.sql<Row>(text, [id], name, cluster);
  }

  /** Slots, subscriptions and roles of moves on all servers. */
  async leftOfMoves(): Promise<string[]> {
    const left: string[] = [];
    for (const cluster of this.#second ? ['local', 'second'] : ['local']) {
      const rows = await this.sql<{ name: string }>(
        `select slot_name::text as name from pg_replication_slots union all select subname::text from pg_subscription
         union all select rolname::text from pg_roles where rolname ~ '^tierdeck_(move|back)_'`,
        [],
        'postgres',
        cluster,
      );
      left.push(...rows.map(({ name }) => name));
    }
    return left;
  }

  async #homeOf(slug: string): Promise<{ id: string; cluster: string; name: string }> {
    const [home] = await this.sql<{ id: string; cluster: string; name: string }>(
      `select t.id, d.cluster, d.name from tenant t join tenant_database d on d.id = t.database_id where t.slug = $1`,
      [slug],
    );
    if (!home) throw new Error(`${slug} has no database`);
    return home;
  }

  /** The control plane may have been killed, and its PostgreSQL stopped. */
  async #answers(): Promise<void> {
    for (const deadline = Date.now() + 60_000; ; await sleep(50)) {
      const ready = await fetch(`${this.stack.url}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (ready) return;
      if (Date.now() > deadline) throw new Error('the control plane does not come back');
    }
  }

  async #why(): Promise<object[]> {
    return this.sql(
      `select o.kind, o.status, s.name, s.status as step, coalesce(s.error_message, o.error_message) as why
       from operation o join operation_step s on s.operation_id = o.id where o.status not in ('SUCCEEDED') order by o.created_at`,
    );
  }

  async #stockUp(slug: string): Promise<void> {
    const authorization = `Bearer ${await this.stack.token(`tenant-tokens/${slug}`)}`;
    for (const deadline = Date.now() + 20_000; ; await sleep(50)) {
      const response = await fetch(`${this.stack.distributionUrl}/inventory/${trafficSku}/receipts`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify({ warehouse: 'seattle', quantity: 500_000 }),
      });
      if (response.ok) return;
      // The data plane hears of a new token a moment later.
      if (response.status !== 401 || Date.now() > deadline)
        throw new Error(`stock was not taken in: ${await response.text()}`);
    }
  }
}

/** Whether PostgreSQL was stopped before or while it was asked; pg gives a connection that just ends no code. */
function isAway(error: unknown): boolean {
  const { code = '', message } = error as Error & { code?: string };
  return /^(57P|08|ECONN)/.test(code) || message.startsWith('Connection terminated');
}

/** Manifests of tenants with Northwind's kit; their plan lets one job run at a time, and requests at any rate. */
async function tenantsOf(slugs: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tierdeck-tenants-'));
  await chmod(folder, 0o755);
  await mkdir(join(folder, 'kits'));
  await symlink(resolve('tenants/kits/northwind'), join(folder, 'kits', 'northwind'));
  await cp('tenants/flags', join(folder, 'flags'), { recursive: true });
  await mkdir(join(folder, 'plans'));
  await writeFile(
    join(folder, 'plans', 'orderly.yaml'),
    `apiVersion: tierdeck/v1
kind: Plan
metadata: { name: orderly }
spec:
  description: One job at a time.
  weight: 1
  limits:
    requestRate: { perSecond: 1000, burst: 1000 }
    concurrency: 64
    jobsInFlight: 1
    jobsQueued: 100000
`,
  );
  for (const slug of slugs) {
    await writeFile(
      join(folder, `${slug}.yaml`),
      `apiVersion: tierdeck/v1
kind: Tenant
metadata: { slug: ${slug} }
spec:
  name: ${slug}
  plan: orderly
  database: SHARED
  integrationWorkers: SHARED
  data: { kit: northwind }
`,
    );
  }
  return folder;
}
