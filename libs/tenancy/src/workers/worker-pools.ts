import { Injectable } from '@nestjs/common';
import { Commands } from '#audit';
import { Database, NotFoundError, rowsOf, SecretBox, type Transaction } from '#platform';
import type { Tenant } from '../tenant.js';
import { lockTenant, updateTenant } from '../tenants.store.js';
import { KubernetesWorkers } from './kubernetes-workers.js';
import { choosePool, type KubernetesTarget, type WorkerBackend, type WorkerPool } from './worker-pool.js';
import { WorkerProcesses } from './worker-processes.js';
import { WorkerPoolsFullError } from './worker-pools.errors.js';

interface PoolRow {
  name: string;
  kind: WorkerPool['kind'];
  region: string | null;
  capacity: number;
  api_server: string | null;
  namespace: string | null;
  image: string | null;
  environment_secret: string | null;
  ca_certificate: string | null;
  token_sealed: string | null;
  retired_at: Date | null;
  tenants: number;
}

/** Which pools there are, which tenant's workers run in which, and the way to have them run there. */
@Injectable()
export class WorkerPools {
  /** A machine's supervisor follows the runtime snapshot: what it shall run it knows without being told. */
  readonly #local: WorkerBackend = {
    ensure: () => Promise.resolve(),
    remove: () => Promise.resolve(),
    describe: ({ slug }) => this.processes.explain(slug),
  };

  constructor(
    private readonly database: Database,
    private readonly commands: Commands,
    private readonly secrets: SecretBox,
    private readonly processes: WorkerProcesses,
  ) {}

  async all(): Promise<WorkerPool[]> {
    return (await this.#rows(this.database.source.manager)).map(toPool);
  }

  /** Places the tenant's own workers, if they are not yet, and makes sure that they are being run. @throws WorkerPoolsFullError */
  async ensure(tenant: Tenant): Promise<void> {
    await (await this.#backend(await this.#place(tenant))).ensure(tenant);
  }

  /** Ends the tenant's own workers, once they have ended what they began. */
  async remove(tenant: Tenant): Promise<void> {
    const name = await this.#poolOf(tenant.id);
    if (name === null) return;
    await (await this.#backend(name)).remove(tenant);
    await this.#assign(tenant, name, null);
  }

  /** What is known of workers that do not report. Never fails: it only explains. */
  async describe(tenant: Tenant): Promise<string> {
    const name = await this.#poolOf(tenant.id);
    if (name === null) return '';
    return (await this.#backend(name))
      .describe(tenant)
      .catch((error: unknown) => ` ${(error as Error).message}`);
  }

  async #place(tenant: Tenant): Promise<string> {
    const present = await this.#poolOf(tenant.id);
    if (present !== null) return present;
    return this.commands.asSystem('worker-pools', async (command) => {
      // One tenant after the other, or two would take the last place.
      await command.tx.query('lock table worker_pool in share row exclusive mode');
      const pool = choosePool((await this.#rows(command.tx)).map(toPool), tenant.region);
      if (!pool) throw new WorkerPoolsFullError(tenant.region);
      await lockTenant(command.tx, { id: tenant.id });
      await updateTenant(command.tx, tenant.id, { worker_pool: pool.name });
      await command.record({
        area: 'tenancy',
        action: 'tenant.workers-placed',
        subject: `tenant/${tenant.slug}`,
        tenantId: tenant.id,
        after: { pool: pool.name },
      });
      return pool.name;
    });
  }

  async #assign(tenant: Tenant, before: string, after: null): Promise<void> {
    await this.commands.asSystem('worker-pools', async (command) => {
      await lockTenant(command.tx, { id: tenant.id });
      await updateTenant(command.tx, tenant.id, { worker_pool: after });
      await command.record({
        area: 'tenancy',
        action: 'tenant.workers-removed',
        subject: `tenant/${tenant.slug}`,
        tenantId: tenant.id,
        before: { pool: before },
      });
    });
  }

  async #poolOf(tenantId: string): Promise<string | null> {
    const [row] = await this.database.query<{ worker_pool: string | null }>(
      'select worker_pool from tenant where id = $1',
      [tenantId],
    );
    return row?.worker_pool ?? null;
  }

  async #backend(name: string): Promise<WorkerBackend> {
    const [row] = await this.#rows(this.database.source.manager, name);
    if (!row) throw new NotFoundError('worker pool', name);
    const { kubernetes } = toPool(row);
    if (!kubernetes || row.token_sealed === null) return this.#local;
    return new KubernetesWorkers(kubernetes, this.secrets.open(row.token_sealed));
  }

  #rows(tx: Transaction, name?: string): Promise<PoolRow[]> {
    return rowsOf<PoolRow>(
      tx,
      `select p.*, (select count(*)::int from tenant t where t.worker_pool = p.name) as tenants
       from worker_pool p where $1::text is null or p.name = $1 order by p.name`,
      [name ?? null],
    );
  }
}

function toPool(row: PoolRow): WorkerPool {
  const { name, kind, region, capacity, tenants } = row;
  return {
    name,
    kind,
    region,
    capacity,
    tenants,
    retired: row.retired_at !== null,
    kubernetes: targetOf(row),
  };
}

function targetOf(row: PoolRow): KubernetesTarget | null {
  const { api_server: apiServer, namespace, image, environment_secret: environmentSecret } = row;
  if (apiServer === null || namespace === null || image === null || environmentSecret === null) return null;
  return { apiServer, namespace, image, environmentSecret, caCertificate: row.ca_certificate };
}
