import { Injectable } from '@nestjs/common';
import { StepWaiting, type OperationKind, type StepContext } from '#operations';
import { TenantsReadModel } from '../tenants.read-model.js';
import type { Placement, Tenant } from '../tenant.js';
import { WorkerAssignments } from '../workers/worker-assignments.js';
import { WorkerPools } from '../workers/worker-pools.js';
import { RuntimeInstances } from './worker-instances.js';

export const CHANGE_WORKERS = 'tenant.change-workers';

/**
 * Moves a tenant's integration jobs to workers of its own, or back to the shared ones. The jobs lie in the tenant's
 * database all the while; only who may claim them changes, in one write there: see {@link WorkerAssignments}.
 */
@Injectable()
export class ChangeWorkersOperation implements OperationKind {
  readonly kind = CHANGE_WORKERS;

  readonly steps = [
    {
      name: 'start-workers',
      title: 'Start workers of its own, if it shall have them',
      perform: (context: StepContext) => this.#start(context),
    },
    {
      name: 'hand-over',
      title: 'Hand the queue over once the jobs in flight have ended',
      perform: (context: StepContext) => this.#handOver(context),
    },
    {
      name: 'await-workers',
      title: 'End the workers that are no longer needed',
      perform: (context: StepContext) => this.#end(context),
    },
  ];

  constructor(
    private readonly tenants: TenantsReadModel,
    private readonly instances: RuntimeInstances,
    private readonly assignments: WorkerAssignments,
    private readonly pools: WorkerPools,
  ) {}

  async #start(context: StepContext): Promise<void> {
    const tenant = await this.#wanting(context, 'DEDICATED');
    if (!tenant) return;
    await this.pools.ensure(tenant);
    const workers = await this.instances.workersOf(tenant.id);
    if (workers.length > 0) return;
    const hint = await this.pools.describe(tenant);
    throw new StepWaiting(`Waiting for an integration worker of this tenant to report.${hint}`);
  }

  async #handOver(context: StepContext): Promise<void> {
    const tenant = await this.#wanting(context);
    if (!tenant?.databaseId) return;
    const { id, databaseId, workerPlacement } = tenant;
    const { open, running } = await this.assignments.assign({ id, databaseId }, workerPlacement);
    // The first claim of the new workers opens the queue; without a job to claim there is nothing to wait for.
    if (open || running === 0) return;
    throw new StepWaiting(`Waiting for ${running} jobs in flight to end.`);
  }

  async #end(context: StepContext): Promise<void> {
    const tenant = await this.#wanting(context, 'SHARED');
    if (!tenant) return;
    await this.pools.remove(tenant);
    const workers = await this.instances.workersOf(tenant.id);
    if (workers.length > 0) throw new StepWaiting('Waiting for the dedicated integration worker to end.');
  }

  /** @returns undefined if it wants something else by now, or is not to have what the step is about. */
  async #wanting(context: StepContext, only?: Placement): Promise<Tenant | undefined> {
    const wanted = context.input['integrationWorkers'] as Placement;
    const [tenant] = await this.tenants.byIds([context.tenantId as string]);
    // A later wish has taken the place of this one.
    if (tenant?.workerPlacement !== wanted) return undefined;
    return only === undefined || only === wanted ? tenant : undefined;
  }
}
