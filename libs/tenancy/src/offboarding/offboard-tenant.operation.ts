import { Injectable } from '@nestjs/common';
import type { Command } from '#audit';
import { StepFailed, StepWaiting, type OperationKind, type StepContext, type StepOutcome } from '#operations';
import { Database } from '#platform';
import { RESTORE_ASIDE, RESTORE_DRILL, ScratchDatabases } from '../backups/index.js';
import { DatabaseProvisioner } from '../databases/database-provisioner.js';
import { WorkerPools } from '../workers/worker-pools.js';
import { TenantDatabases, type TenantDatabase } from '../databases/tenant-databases.js';
import { TenantKeys } from '../keys/index.js';
import { activeHolds } from '../lifecycle/legal-holds.store.js';
import { RuntimeInstances } from '../placement/worker-instances.js';
import { recordStep } from '../record-step.js';
import { TenantStatusError } from '../tenancy.errors.js';
import type { Tenant } from '../tenant.js';
import { TenantsReadModel } from '../tenants.read-model.js';
import { lockTenant, updateTenant } from '../tenants.store.js';
import { eraseFromControlPlane, eraseRows } from './erase-tenant.js';
import { ErasureProof, type ErasureCheck } from './erasure-proof.js';
import { OffboardingArchive, type ExportSummary } from './offboarding-archive.js';

export const OFFBOARD_TENANT = 'tenant.offboard';

/** A hold that was released says so; this is for one that nobody told of. */
const holdLookMs = 60_000;
const longestSleepMs = 3_600_000;

/**
 * Takes a tenant off the data plane, archives it, keeps it for its retention time, then deletes all it has, proves it,
 * and closes its books. Until the retention is over, an undelete brings it back as it was.
 */
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
      name: 'export',
      title: 'Archive the data',
      perform: (context: StepContext) => this.#export(context),
      record: (command: Command, context: StepContext) => this.#exported(command, context),
    },
    {
      name: 'retain',
      title: 'Keep the data for the retention time',
      perform: (context: StepContext) => this.#retain(context),
      record: (command: Command, context: StepContext) => this.#beginErasure(command, context),
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
      title: 'Destroy the key, revoke tokens and close',
      record: (command: Command, context: StepContext) => this.#close(command, context),
    },
  ];

  constructor(
    private readonly database: Database,
    private readonly tenants: TenantsReadModel,
    private readonly databases: TenantDatabases,
    private readonly provisioner: DatabaseProvisioner,
    private readonly instances: RuntimeInstances,
    private readonly workerPools: WorkerPools,
    private readonly archive: OffboardingArchive,
    private readonly proof: ErasureProof,
    private readonly keys: TenantKeys,
    private readonly scratch: ScratchDatabases,
  ) {}

  /** One that was brought back meanwhile is not erased by a retry. */
  async onRetried(command: Command, context: StepContext): Promise<void> {
    const tenant = await lockTenant(command.tx, { id: tenantIdOf(context) });
    if (tenant.status === 'OFFBOARDING') return;
    const hint = `tierdeck tenant offboard ${tenant.slug}`;
    throw new TenantStatusError(tenant.slug, tenant.status, 'offboarded by an old operation', hint);
  }

  async #drain(context: StepContext): Promise<void> {
    const [tenant] = await this.tenants.byIds([tenantIdOf(context)]);
    if (tenant) await this.workerPools.remove(tenant);
    const behind = await this.instances.behind(Number(context.input['revision']));
    if (behind.length > 0) {
      throw new StepWaiting(`Waiting for ${behind.length} data-plane process(es) to let the tenant go.`);
    }
  }

  async #export(context: StepContext): Promise<StepOutcome> {
    const tenant = await this.#tenant(context);
    // An onboarding that failed early has left nothing to keep.
    if (!tenant.databaseId || tenant.statusBefore === 'FAILED') return;
    const housed = { ...tenant, databaseId: tenant.databaseId };
    const onProgress = context.progress.bind(context);
    return { export: await this.archive.take(housed, context.operationId, onProgress) };
  }

  async #exported(command: Command, context: StepContext): Promise<void> {
    const summary = exportOf(context);
    if (!summary) return;
    await this.archive.register(command, tenantIdOf(context), summary);
    await recordStep(command, context, 'tenant.archived', undefined, { ...summary });
  }

  async #retain(context: StepContext): Promise<void> {
    const tenantId = tenantIdOf(context);
    const [hold] = await activeHolds(this.database.source.manager, tenantId);
    if (hold) throw new StepWaiting(`A legal hold keeps the data: ${hold.reason}`, holdLookMs);
    const [row] = await this.database.query<{ until: Date; left_ms: number }>(
      `select erase_after as until, extract(epoch from erase_after - clock_timestamp())::float8 * 1000 as left_ms
       from tenant where id = $1 and erase_after > clock_timestamp()`,
      [tenantId],
    );
    if (!row) return;
    const until = row.until.toISOString();
    throw new StepWaiting(`The data is kept until ${until}.`, Math.min(row.left_ms + 10, longestSleepMs));
  }

  /** The point of no return: under the lock that an undelete and a hold take as well. */
  async #beginErasure(command: Command, context: StepContext): Promise<void> {
    const tenant = await lockTenant(command.tx, { id: tenantIdOf(context) });
    const [hold] = await activeHolds(command.tx, tenant.id);
    if (hold) throw new StepWaiting(`A legal hold keeps the data: ${hold.reason}`, holdLookMs);
    await command.tx.query('update tenant set erasing_since = clock_timestamp() where id = $1', [tenant.id]);
    await recordStep(command, context, 'tenant.erasure-begun', undefined, { eraseAfter: tenant.eraseAfter });
  }

  async #delete(context: StepContext): Promise<void> {
    const tenant = await this.#tenant(context);
    await this.#awaitRestores(tenant.id);
    for (const { cluster, name } of await this.scratch.ofTenant(tenant.id)) {
      await this.scratch.drop(cluster, name);
    }
    for (const database of await this.#homes(tenant)) {
      if (database.kind === 'DEDICATED') {
        const { cluster, name, loginRole } = database;
        await this.provisioner.dropDedicated(cluster, { database: name, role: loginRole });
        continue;
      }
      const client = await this.databases.connect(database.id);
      try {
        await eraseRows(client, tenant.id, context.progress.bind(context));
      } finally {
        await client.end();
      }
    }
  }

  /** What began before the erasure still writes; nothing begins after. @throws StepWaiting */
  async #awaitRestores(tenantId: string): Promise<void> {
    const [row] = await this.database.query<{ n: number }>(
      `select count(*)::int as n from operation
       where tenant_id = $1 and kind = any($2) and status in ('PENDING', 'RUNNING', 'WAITING')`,
      [tenantId, [RESTORE_ASIDE, RESTORE_DRILL]],
    );
    if (row?.n) throw new StepWaiting(`Waiting for ${row.n} restore(s) of its archives to end.`);
  }

  async #prove(context: StepContext): Promise<StepOutcome> {
    const checks = await this.proof.gather(await this.#tenant(context), Number(context.input['revision']));
    const left = checks.filter(({ found }) => found > 0);
    if (left.length > 0) {
      // Something wrote after the deletion: the proof fails, and a repetition of the step deletes again.
      await this.#delete(context);
      const what = left.map(({ what, where, found }) => `${found} ${what} (${where})`).join(', ');
      throw new Error(`of the tenant were still there: ${what}`);
    }
    return { proof: checks };
  }

  async #close(command: Command, context: StepContext): Promise<void> {
    const { tx } = command;
    const tenant = await this.#tenant(context);
    const dedicated = (await this.#homes(tenant)).filter(({ kind }) => kind === 'DEDICATED');
    await updateTenant(tx, tenant.id, { status: 'OFFBOARDED', database_id: null });
    for (const { id } of dedicated) await tx.query('delete from tenant_database where id = $1', [id]);
    const keysDestroyed = await this.keys.shred(command, tenant.id, 'offboarding');
    const { erased, kept } = await eraseFromControlPlane(tx, tenant.id);
    const receipt = {
      checks: (context.state['proof'] ?? []) as ErasureCheck[],
      controlPlane: { erased, kept },
      keysDestroyed,
      export: exportOf(context) ?? null,
    };
    const before = { status: 'OFFBOARDING' };
    await recordStep(command, context, 'tenant.offboarded', before, { status: 'OFFBOARDED', receipt });
  }

  /** Every database that may hold something of the tenant: all pooled ones, and its own. */
  async #homes(tenant: Tenant): Promise<TenantDatabase[]> {
    // An onboarding that failed half-way may have made a database without having moved in.
    const own = this.provisioner.names.dedicated(tenant.slug);
    const all = await this.databases.databases();
    return all.filter(({ id, kind, name }) => kind === 'POOLED' || id === tenant.databaseId || name === own);
  }

  async #tenant(context: StepContext): Promise<Tenant> {
    const [tenant] = await this.tenants.byIds([tenantIdOf(context)]);
    if (!tenant) throw new StepFailed('TENANT_MISSING', 'The operation names no tenant.', 500);
    return tenant;
  }
}

function tenantIdOf(context: StepContext): string {
  if (!context.tenantId) throw new StepFailed('TENANT_MISSING', 'The operation names no tenant.', 500);
  return context.tenantId;
}

function exportOf({ state }: StepContext): ExportSummary | undefined {
  return state['export'] as ExportSummary | undefined;
}
