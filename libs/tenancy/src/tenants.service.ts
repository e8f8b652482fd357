import { Injectable } from '@nestjs/common';
import { canonicalJson, type Command } from '#audit';
import { InvalidInputError } from '#platform';
import { OperationsService } from '#operations';
import { CHANGE_WORKERS } from './placement/change-workers.operation.js';
import { OFFBOARD_TENANT } from './offboarding/offboard-tenant.operation.js';
import { ONBOARD_TENANT } from './onboarding/onboard-tenant.operation.js';
import { MoveNotSupportedError, TenantStatusError } from './tenancy.errors.js';
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
  integrationWorkers?: Placement | null | undefined;
}

/** Commands on tenants. What takes longer than a transaction becomes an operation. */
@Injectable()
export class TenantsService {
  constructor(private readonly operations: OperationsService) {}

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
   * Changes where integration jobs run. The wish holds at once; the operation ends when it is so.
   * @returns undefined if nothing changes.
   * @throws MoveNotSupportedError MOVE_NOT_SUPPORTED for another database.
   */
  async changePlacement(command: Command, wish: PlacementWish): Promise<string | undefined> {
    const tenant = await lockTenant(command.tx, { slug: wish.tenant });
    this.#refuseOffboarded(tenant, 'placed elsewhere');
    if (wish.database && wish.database !== tenant.databasePlacement)
      throw new MoveNotSupportedError(tenant.slug);
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

  /** Stops serving a tenant: its requests are refused, its data stays. */
  async suspend(
    command: Command,
    input: { tenant: string; reason?: string | null | undefined },
  ): Promise<void> {
    const tenant = await lockTenant(command.tx, { slug: input.tenant });
    if (tenant.status !== 'ACTIVE') {
      throw new TenantStatusError(tenant.slug, tenant.status, 'suspended', 'Only an ACTIVE tenant can be.');
    }
    await updateTenant(command.tx, tenant.id, { status: 'SUSPENDED' });
    await this.#record(
      command,
      tenant,
      'tenant.suspended',
      { status: 'ACTIVE' },
      { status: 'SUSPENDED' },
      input.reason,
    );
  }

  async resume(
    command: Command,
    input: { tenant: string; reason?: string | null | undefined },
  ): Promise<void> {
    const tenant = await lockTenant(command.tx, { slug: input.tenant });
    if (tenant.status !== 'SUSPENDED') {
      throw new TenantStatusError(tenant.slug, tenant.status, 'resumed', 'Only a SUSPENDED tenant can be.');
    }
    await updateTenant(command.tx, tenant.id, { status: 'ACTIVE' });
    await this.#record(
      command,
      tenant,
      'tenant.resumed',
      { status: 'SUSPENDED' },
      { status: 'ACTIVE' },
      input.reason,
    );
  }

  /** Starts the removal of a tenant and of all its rows. `confirm` repeats the slug. */
  async offboard(
    command: Command,
    input: { tenant: string; confirm: string; reason?: string | null | undefined },
  ): Promise<string> {
    const tenant = await lockTenant(command.tx, { slug: input.tenant });
    if (input.confirm !== tenant.slug) {
      throw new InvalidInputError(
        `confirm must repeat the slug "${tenant.slug}": every row will be deleted.`,
        {
          field: 'confirm',
        },
      );
    }
    if (!['ACTIVE', 'SUSPENDED', 'FAILED'].includes(tenant.status)) {
      const hint = 'Wait for its operation to end, or cancel it: tierdeck operation cancel <id>';
      throw new TenantStatusError(tenant.slug, tenant.status, 'offboarded', hint);
    }
    await updateTenant(command.tx, tenant.id, { status: 'OFFBOARDING' });
    const revision = await this.#record(
      command,
      tenant,
      'tenant.offboarding-started',
      { status: tenant.status },
      { status: 'OFFBOARDING' },
      input.reason,
    );
    return this.operations.start(command, {
      kind: OFFBOARD_TENANT,
      subject: `tenant/${tenant.slug}`,
      tenantId: tenant.id,
      input: { slug: tenant.slug, revision },
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
