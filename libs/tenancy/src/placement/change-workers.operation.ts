import { Injectable } from '@nestjs/common';
import { StepWaiting, type OperationKind, type StepContext } from '#operations';
import { TenantsReadModel } from '../tenants.read-model.js';
import type { Placement } from '../tenant.js';
import { RuntimeInstances } from './worker-instances.js';

export const CHANGE_WORKERS = 'tenant.change-workers';

/**
 * Follows a change of where a tenant's integration jobs run until it is so. Nothing is lost in between: the jobs lie in
 * the tenant's database, and whoever may claim them does.
 */
@Injectable()
export class ChangeWorkersOperation implements OperationKind {
  readonly kind = CHANGE_WORKERS;

  readonly steps = [
    {
      name: 'await-workers',
      title: 'Wait until the jobs run where they shall',
      perform: (context: StepContext) => this.#await(context),
    },
  ];

  constructor(
    private readonly tenants: TenantsReadModel,
    private readonly instances: RuntimeInstances,
  ) {}

  async #await(context: StepContext): Promise<void> {
    const wanted = context.input['integrationWorkers'] as Placement;
    const tenantId = context.tenantId as string;
    const [tenant] = await this.tenants.byIds([tenantId]);
    // A later wish has taken the place of this one.
    if (tenant?.workerPlacement !== wanted) return;
    const workers = await this.instances.workersOf(tenantId);
    if (wanted === 'DEDICATED' && workers.length === 0) {
      throw new StepWaiting('Waiting for an integration worker of this tenant to report.');
    }
    if (wanted === 'SHARED' && workers.length > 0) {
      throw new StepWaiting('Waiting for the dedicated integration worker to end.');
    }
  }
}
