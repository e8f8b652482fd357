import { Injectable } from '@nestjs/common';
import type pg from 'pg';
import type { Command } from '#audit';
import { StepFailed, StepWaiting, type OperationKind, type StepContext, type StepOutcome } from '#operations';
import { DatabaseProvisioner } from '../databases/database-provisioner.js';
import { TenantDatabases } from '../databases/tenant-databases.js';
import { countRows, tenantTables, total } from '../databases/tenant-rows.js';
import { WorkerPools } from '../workers/worker-pools.js';
import { RuntimeInstances } from '../placement/worker-instances.js';
import { TenantsReadModel } from '../tenants.read-model.js';
import { updateTenant } from '../tenants.store.js';

export const OFFBOARD_TENANT = 'tenant.offboard';

/** Rows deleted in one statement: small enough that other tenants' writes hardly wait. */
const batchRows = 5_000;

/** Takes a tenant off the data plane, deletes all it has, proves it, and closes its books. */
@Injectable()
export class OffboardTenantOperation implements OperationKind {
  readonly kind = OFFBOARD_TENANT;

  readonly steps = [
    {
      name: 'drain',
      title: 'Wait until no process serves the tenant',
      perform: (context: StepContext) => this.#drain(context),
    },
    {
      name: 'delete-data',
      title: 'Delete the data',
      perform: (context: StepContext) => this.#delete(context),
    },
    {
      name: 'prove',
      title: 'Prove that nothing remains',
      perform: (context: StepContext) => this.#prove(context),
    },
    {
      name: 'close',
      title: 'Revoke tokens and close',
      record: (command: Command, context: StepContext) => this.#close(command, context),
    },
  ];

  constructor(
    private readonly tenants: TenantsReadModel,
    private readonly databases: TenantDatabases,
    private readonly provisioner: DatabaseProvisioner,
    private readonly instances: RuntimeInstances,
    private readonly workerPools: WorkerPools,
  ) {}

  async #drain(context: StepContext): Promise<void> {
    const [tenant] = await this.tenants.byIds([tenantIdOf(context)]);
    if (tenant) await this.workerPools.remove(tenant);
    const behind = await this.instances.behind(Number(context.input['revision']));
    if (behind.length > 0) {
      throw new StepWaiting(`Waiting for ${behind.length} data-plane process(es) to let the tenant go.`);
    }
  }

  async #delete(context: StepContext): Promise<void> {
    const home = await this.#home(context);
    if (!home) return;
    if (home.kind === 'DEDICATED') return this.provisioner.dropDedicated(home.cluster, home);
    await this.#asAdmin(home.id, (client) => deleteRows(client, context));
  }

  async #prove(context: StepContext): Promise<StepOutcome> {
    const home = await this.#home(context);
    if (!home) return { remaining: 0 };
    const remaining =
      home.kind === 'DEDICATED'
        ? Number(await this.provisioner.remains(home.cluster, home))
        : total(await this.#asAdmin(home.id, (client) => countRows(client, tenantIdOf(context))));
    if (remaining > 0) {
      // Something wrote after the deletion: the proof fails, and a retry of the operation deletes again.
      await this.#delete(context);
      throw new Error(`${remaining} row(s) or database(s) of the tenant were still there`);
    }
    return { remaining };
  }

  async #close(command: Command, context: StepContext): Promise<void> {
    const tenantId = tenantIdOf(context);
    const { tx } = command;
    await tx.query('update tenant_token set revoked_at = now() where tenant_id = $1 and revoked_at is null', [
      tenantId,
    ]);
    await tx.query('update sdk_token set revoked_at = now() where tenant_id = $1 and revoked_at is null', [
      tenantId,
    ]);
    await tx.query('delete from unit where tenant_id = $1', [tenantId]);
    await tx.query('delete from runtime_instance where tenant_id = $1', [tenantId]);
    const home = await this.#home(context);
    await updateTenant(tx, tenantId, { status: 'OFFBOARDED', database_id: null });
    if (home?.kind === 'DEDICATED') await tx.query('delete from tenant_database where id = $1', [home.id]);
    await command.record({
      area: 'tenancy',
      action: 'tenant.offboarded',
      subject: context.subject,
      tenantId,
      before: { status: 'OFFBOARDING' },
      after: { status: 'OFFBOARDED', remaining: context.state['remaining'] },
      correlation: `operation/${context.operationId}`,
    });
  }

  /** Where the tenant's rows are; undefined if it never came to have any. */
  async #home(context: StepContext): Promise<Home | undefined> {
    const [tenant] = await this.tenants.byIds([tenantIdOf(context)]);
    if (!tenant) return undefined;
    // An onboarding that failed half-way may have made a database without having moved in.
    const own = this.provisioner.names.dedicated(tenant.slug);
    const database = (await this.databases.databases()).find(
      ({ id, name, kind }) => id === tenant.databaseId || (kind === 'DEDICATED' && name === own),
    );
    if (!database) return undefined;
    const { id, cluster, kind, name, loginRole } = database;
    return { id, cluster, kind, database: name, role: loginRole };
  }

  async #asAdmin<T>(databaseId: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = await this.databases.connect(databaseId);
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }
}

interface Home {
  id: string;
  cluster: string;
  kind: 'POOLED' | 'DEDICATED';
  database: string;
  role: string;
}

/** Deletes in batches, each a transaction of its own; the tenant id stands in every statement. */
async function deleteRows(client: pg.Client, context: StepContext): Promise<void> {
  const tenantId = tenantIdOf(context);
  const all = total(await countRows(client, tenantId));
  let done = 0;
  for (const table of await tenantTables(client)) {
    for (;;) {
      const { rowCount } = await client.query(
        `delete from "${table}" where ctid = any(array(select ctid from "${table}" where tenant_id = $1 limit $2))
           and tenant_id = $1`,
        [tenantId, batchRows],
      );
      if (!rowCount) break;
      done += rowCount;
      await context.progress({ done, total: all, unit: 'rows' });
    }
  }
}

function tenantIdOf(context: StepContext): string {
  if (!context.tenantId) throw new StepFailed('TENANT_MISSING', 'The operation names no tenant.', 500);
  return context.tenantId;
}
