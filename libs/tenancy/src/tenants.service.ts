import { Injectable } from '@nestjs/common';
import { canonicalJson, type Command } from '#audit';
import { ConflictError } from '#platform';
import { OperationsService } from '#operations';
import { MovesService } from './moves/moves.service.js';
import { clusterProblems, respectsRegion } from './placement/cluster.js';
import { ClustersReadModel } from './placement/clusters.read-model.js';
import { CHANGE_WORKERS } from './placement/change-workers.operation.js';
import { ONBOARD_TENANT } from './onboarding/onboard-tenant.operation.js';
import { CrossRegionError, TenantStatusError } from './tenancy.errors.js';
import type { Placement, Tenant } from './tenant.js';
import { insertTenant, lockTenant, updateTenant, type NewTenantRow } from './tenants.store.js';
import type { DeclaredUnits } from './units.js';

export interface NewTenant extends NewTenantRow {
  units: DeclaredUnits | null;
}

/** What of a tenant changes without any work outside the control plane. */
export interface TenantDetails {
  name: string;
  plan: string;
  region: string | null;
  labels: Record<string, string>;
}

export interface PlacementWish {
  tenant: string;
  database?: Placement | null | undefined;
  /** Another cluster for the database; absent: the one where it is. */
  cluster?: string | null | undefined;
  integrationWorkers?: Placement | null | undefined;
}

/** Commands on tenants. What takes longer than a transaction becomes an operation. */
@Injectable()
export class TenantsService {
  constructor(
    private readonly operations: OperationsService,
    private readonly moves: MovesService,
    private readonly clusters: ClustersReadModel,
  ) {}

  /** Writes the tenant down and starts its onboarding. @throws SlugTakenError TENANT_SLUG_TAKEN */
  async onboard(command: Command, wish: NewTenant): Promise<{ tenantId: string; operationId: string }> {
    const tenant = await insertTenant(command.tx, wish);
    const operationId = await this.operations.start(command, {
      kind: ONBOARD_TENANT,
      subject: `tenant/${wish.slug}`,
      tenantId: tenant.id,
      input: {
        slug: wish.slug,
        region: wish.region,
        database: wish.database,
        integrationWorkers: wish.integrationWorkers,
        kit: wish.kit,
        units: wish.units,
      },
    });
    await this.#record(command, tenant, 'tenant.onboarding-started', undefined, {
      ...details(tenant),
      database: wish.database,
      integrationWorkers: wish.integrationWorkers,
      kit: wish.kit,
    });
    return { tenantId: tenant.id, operationId };
  }

  /** Changes name, plan, region or labels. @returns whether anything was different. */
  async update(
    command: Command,
    slug: string,
    wanted: TenantDetails,
    manifestDigest?: string,
  ): Promise<boolean> {
    const tenant = await lockTenant(command.tx, { slug });
    this.#refuseOffboarded(tenant, 'changed');
    const changed = Object.entries(wanted).filter(
      ([key, value]) => !equal(value, tenant[key as keyof TenantDetails]),
    );
    if (changed.length === 0 && manifestDigest === undefined) return false;
    await updateTenant(command.tx, tenant.id, {
      ...Object.fromEntries(changed),
      ...(manifestDigest === undefined ? {} : { manifest_digest: manifestDigest }),
    });
    if (changed.length === 0) return false;
    const names = changed.map(([key]) => key as keyof TenantDetails);
    const only = (of: TenantDetails): object => Object.fromEntries(names.map((key) => [key, of[key]]));
    await this.#record(command, tenant, 'tenant.updated', only(tenant), only(wanted));
    return true;
  }

  /**
   * Changes where a tenant's rows are and where its integration jobs run. Another place for the jobs is wished at once;
   * rows move online, and the placement changes at their cut-over.
   * @returns the operation: that of the rows if both change; undefined if nothing does.
   * @throws CrossRegionError PLACEMENT_CROSS_REGION, ConflictError CLUSTER_NOT_ACTIVE, CLUSTER_NOT_SUITABLE, CLUSTER_FULL
   */
  async changePlacement(command: Command, wish: PlacementWish): Promise<string | undefined> {
    const tenant = await lockTenant(command.tx, { slug: wish.tenant });
    this.#refuseOffboarded(tenant, 'placed elsewhere');
    const move = await this.#startMove(command, tenant, wish);
    return move ?? (await this.#changeWorkers(command, tenant, wish));
  }

  async #startMove(command: Command, tenant: Tenant, wish: PlacementWish): Promise<string | undefined> {
    const placement = wish.database ?? tenant.databasePlacement;
    if (placement === tenant.databasePlacement && !wish.cluster) return undefined;
    if (!tenant.databaseId) {
      throw new TenantStatusError(tenant.slug, tenant.status, 'moved', 'It has no database yet.');
    }
    const from = await this.clusters.ofDatabase(tenant.databaseId, command.tx);
    const to = await this.clusters.byName(wish.cluster ?? from.name, command.tx);
    if (placement === tenant.databasePlacement && from.name === to.name) return undefined;
    if (!respectsRegion(tenant, from, to)) {
      throw new CrossRegionError(tenant.slug, tenant.region ?? from.region, to);
    }
    const [problem] = clusterProblems(to, placement);
    if (problem) throw new ConflictError(problem.code, problem.message, { field: 'cluster' });
    const operation = await this.moves.start(command, tenant, { cluster: to.name, placement });
    await this.#changeWorkers(command, tenant, wish);
    return operation;
  }

  async #changeWorkers(command: Command, tenant: Tenant, wish: PlacementWish): Promise<string | undefined> {
    const workers = wish.integrationWorkers ?? tenant.workerPlacement;
    if (workers === tenant.workerPlacement) return undefined;
    await updateTenant(command.tx, tenant.id, { worker_placement: workers });
    await this.#record(
      command,
      tenant,
      'tenant.placement-changed',
      { integrationWorkers: tenant.workerPlacement },
      { integrationWorkers: workers },
    );
    return this.operations.start(command, {
      kind: CHANGE_WORKERS,
      subject: `tenant/${tenant.slug}`,
      tenantId: tenant.id,
      input: { integrationWorkers: workers },
    });
  }

  #refuseOffboarded(tenant: Tenant, what: string): void {
    if (tenant.status !== 'OFFBOARDED' && tenant.status !== 'OFFBOARDING') return;
    throw new TenantStatusError(tenant.slug, tenant.status, what, 'Onboard it anew under another slug.');
  }

  #record(
    command: Command,
    tenant: Tenant,
    action: string,
    before: unknown,
    after: unknown,
    reason?: string | null,
  ): Promise<number> {
    return command.record({
      area: 'tenancy',
      action,
      subject: `tenant/${tenant.slug}`,
      tenantId: tenant.id,
      before,
      after,
      ...(reason ? { reason } : {}),
    });
  }
}

function details(tenant: Tenant): TenantDetails {
  return { name: tenant.name, plan: tenant.plan, region: tenant.region, labels: tenant.labels };
}

function equal(a: unknown, b: unknown): boolean {
  return canonicalJson(a) === canonicalJson(b);
}
