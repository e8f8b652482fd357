import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import type { Command } from '#audit';
import {
  StepFailed,
  StepWaiting,
  type OperationKind,
  type OperationStep,
  type StepContext,
  type StepOutcome,
  type StepProgress,
} from '#operations';
import { CONFIGURATION, type Configuration } from '#platform';
import { NewTenantDatabase } from '../databases/new-tenant-database.js';
import { TenantDatabases } from '../databases/tenant-databases.js';
import { countRows, total } from '../databases/tenant-rows.js';
import { importKit, KitInvalidError, readKit } from '../kits/index.js';
import { WorkerPools } from '../workers/worker-pools.js';
import { RuntimeInstances } from '../placement/worker-instances.js';
import { recordStep } from '../record-step.js';
import { TenantStatusError } from '../tenancy.errors.js';
import type { Placement, Tenant } from '../tenant.js';
import { TenantsReadModel } from '../tenants.read-model.js';
import { lockTenant, updateTenant } from '../tenants.store.js';
import { readUnits, replaceUnits, writeDeclaredUnits, type DeclaredUnits } from '../units.js';

export const ONBOARD_TENANT = 'tenant.onboard';

interface OnboardingInput {
  slug: string;
  region: string | null;
  database: Placement;
  /** Where they shall be from the start; a wish of later is an operation of its own. */
  integrationWorkers: Placement;
  kit: string | null;
  units: DeclaredUnits | null;
}

/**
 * Brings a new tenant to life. Every step can be repeated after a crash: databases and roles are made under names and
 * passwords that were written down before, imports go on where they stopped, and what only the control plane keeps is
 * written in the transaction that marks the step done.
 */
@Injectable()
export class OnboardTenantOperation implements OperationKind {
  readonly kind = ONBOARD_TENANT;

  readonly steps: readonly OperationStep[];

  constructor(
    private readonly tenants: TenantsReadModel,
    private readonly home: NewTenantDatabase,
    private readonly databases: TenantDatabases,
    private readonly instances: RuntimeInstances,
    private readonly workerPools: WorkerPools,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {
    this.steps = [
      ...home.steps,
      {
        name: 'import-data',
        title: 'Import units, items, prices, stock and history',
        needed: hasData,
        perform: (context) => this.#import(context),
      },
      {
        name: 'copy-units',
        title: 'Make units known to flags and releases',
        needed: hasData,
        record: (command, context) => this.#copyUnits(command, context),
      },
      {
        name: 'start-workers',
        title: 'Start integration workers',
        needed: ({ input }) => input['integrationWorkers'] !== 'SHARED',
        perform: (context) => this.#awaitWorkers(context),
      },
      {
        name: 'verify',
        title: 'Verify isolation and data',
        perform: (context) => this.#verify(context),
      },
      {
        name: 'activate',
        title: 'Open for requests',
        record: (command, context) => this.#activate(command, context),
      },
    ];
  }

  async onStopped(command: Command, context: StepContext, status: 'FAILED' | 'CANCELLED'): Promise<void> {
    const tenant = await lockTenant(command.tx, { id: tenantIdOf(context) });
    await updateTenant(command.tx, tenant.id, { status: 'FAILED' });
    await recordStep(
      command,
      context,
      'tenant.onboarding-stopped',
      { status: tenant.status },
      { status: 'FAILED' },
      status,
    );
  }

  async onRetried(command: Command, context: StepContext): Promise<void> {
    const tenant = await lockTenant(command.tx, { id: tenantIdOf(context) });
    if (tenant.status !== 'FAILED') {
      throw new TenantStatusError(
        tenant.slug,
        tenant.status,
        'onboarded',
        'Only a FAILED onboarding goes on.',
      );
    }
    await updateTenant(command.tx, tenant.id, { status: 'PROVISIONING' });
    await recordStep(
      command,
      context,
      'tenant.onboarding-resumed',
      { status: 'FAILED' },
      { status: 'PROVISIONING' },
    );
  }

  async #import(context: StepContext): Promise<StepOutcome> {
    const { kit, units } = inputOf(context);
    const { id, databaseId } = await this.#housed(context);
    const imported = kit ? await this.#importKit(kit, { id, databaseId }, context) : {};
    if (units) {
      await this.databases.withTenant({ id, databaseId }, (client) => writeDeclaredUnits(client, units));
    }
    return { imported };
  }

  async #importKit(
    name: string,
    tenant: { id: string; databaseId: string },
    context: StepContext,
  ): Promise<Record<string, number>> {
    const client = await this.databases.connect(tenant.databaseId);
    try {
      const kit = await readKit(join(this.configuration.tenantsDir, 'kits', name));
      const onProgress = (progress: StepProgress): Promise<void> => context.progress(progress);
      const maxHistoryRows = this.configuration.kitMaxHistory;
      return await importKit(client, { tenantId: tenant.id, kit, onProgress, maxHistoryRows });
    } catch (error) {
      if (!(error instanceof KitInvalidError)) throw error;
      const { code, message, httpStatus, hint } = error;
      throw new StepFailed(code, message, httpStatus, { cause: error, ...(hint ? { hint } : {}) });
    } finally {
      await client.end();
    }
  }

  async #copyUnits(command: Command, context: StepContext): Promise<void> {
    const tenant = await this.#housed(context);
    const units = await this.databases.withTenant(tenant, readUnits);
    const counts = await replaceUnits(command.tx, tenant.id, units);
    await recordStep(command, context, 'tenant.units-copied', undefined, counts);
  }

  async #awaitWorkers(context: StepContext): Promise<StepOutcome> {
    const tenant = await this.#housed(context);
    if (tenant.workerPlacement === 'SHARED') return undefined;
    await this.workerPools.ensure(tenant);
    const workers = await this.instances.workersOf(tenant.id);
    if (workers.length === 0) {
      const hint = await this.workerPools.describe(tenant);
      throw new StepWaiting(`Waiting for an integration worker of ${tenant.slug} to report.${hint}`);
    }
    return { workers: workers.map(({ id }) => id) };
  }

  async #verify(context: StepContext): Promise<StepOutcome> {
    const tenant = await this.#housed(context);
    return this.home.verified(tenant.databaseId, async (client, tables) => {
      const rows = await countRows(client, tenant.id, tables);
      refuseMissing((context.state['imported'] ?? {}) as Record<string, number>, rows);
      const all = total(rows);
      if (all > 0) await context.progress({ done: all, total: all, unit: 'rows' });
      return { rows };
    });
  }

  async #activate(command: Command, context: StepContext): Promise<void> {
    const tenant = await lockTenant(command.tx, { id: tenantIdOf(context) });
    await updateTenant(command.tx, tenant.id, { status: 'ACTIVE' });
    const after = { status: 'ACTIVE', rows: context.state['rows'] };
    await recordStep(command, context, 'tenant.onboarded', { status: tenant.status }, after);
  }

  async #housed(context: StepContext): Promise<Tenant & { databaseId: string }> {
    const [tenant] = await this.tenants.byIds([tenantIdOf(context)]);
    if (!tenant?.databaseId) throw new StepFailed('TENANT_HOMELESS', 'The tenant has no database.', 500);
    return { ...tenant, databaseId: tenant.databaseId };
  }
}

/** @throws StepFailed DATA_INCOMPLETE if a table has fewer rows than were imported into it. */
function refuseMissing(imported: Record<string, number>, rows: Record<string, number>): void {
  const short = Object.entries(imported).filter(([table, count]) => (rows[table] ?? 0) < count);
  if (short.length === 0) return;
  const tables = short.map(([table, count]) => `${table} has ${rows[table] ?? 0} of ${count} rows`);
  throw new StepFailed('DATA_INCOMPLETE', `The import is not whole: ${tables.join(', ')}.`, 500, {
    hint: 'Offboard the tenant and onboard it anew: tierdeck tenant offboard <slug>',
  });
}

function inputOf(context: StepContext): OnboardingInput {
  return context.input as unknown as OnboardingInput;
}

function hasData(context: StepContext): boolean {
  const { kit, units } = inputOf(context);
  return Boolean(kit ?? units);
}

function tenantIdOf(context: StepContext): string {
  if (!context.tenantId) throw new StepFailed('TENANT_MISSING', 'The operation names no tenant.', 500);
  return context.tenantId;
}
