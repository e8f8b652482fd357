import { Inject, Injectable } from '@nestjs/common';
import type { Command } from '#audit';
import { OperationsService } from '#operations';
import { CONFIGURATION, InvalidInputError, rowsOf, type Configuration } from '#platform';
import { MovesService } from '../moves/moves.service.js';
import { OFFBOARD_TENANT } from '../offboarding/offboard-tenant.operation.js';
import { CHANGE_WORKERS } from '../placement/change-workers.operation.js';
import { TenantStatusError } from '../tenancy.errors.js';
import type { Suspension, Tenant, TenantStatus } from '../tenant.js';
import { lockTenant, updateTenant } from '../tenants.store.js';
import { activeHolds, insertHold, releaseHold } from './legal-holds.store.js';
import { ErasureBegunError, LegalHoldError } from './lifecycle.errors.js';

type Reason = string | null | undefined;

const longestReason = 1_000;
/** Ten years. */
const longestRetentionHours = 87_600;

/** How a tenant's service is paused and ended: suspension, offboarding, legal holds, and the way back. */
@Injectable()
export class LifecycleService {
  constructor(
    private readonly operations: OperationsService,
    private readonly moves: MovesService,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  /**
   * Stops serving a tenant: all of it, or its writes alone. Its data stays, and its jobs wait. One that is suspended
   * may be suspended in the other mode.
   */
  async suspend(
    command: Command,
    input: { tenant: string; mode?: Suspension | null | undefined; reason?: Reason },
  ): Promise<void> {
    const tenant = await lockTenant(command.tx, { slug: input.tenant });
    const suspension = input.mode ?? 'ALL';
    const same = tenant.status === 'SUSPENDED' && (tenant.suspension ?? 'ALL') === suspension;
    if (!['ACTIVE', 'SUSPENDED'].includes(tenant.status) || same) {
      const hint = 'Only an ACTIVE tenant can be, or one that is suspended in the other mode.';
      throw new TenantStatusError(tenant.slug, tenant.status, 'suspended', hint);
    }
    await updateTenant(command.tx, tenant.id, { status: 'SUSPENDED', suspension });
    const before = { status: tenant.status, suspension: tenant.suspension };
    await record(
      command,
      tenant,
      'tenant.suspended',
      before,
      { status: 'SUSPENDED', suspension },
      input.reason,
    );
  }

  async resume(command: Command, input: { tenant: string; reason?: Reason }): Promise<void> {
    const tenant = await lockTenant(command.tx, { slug: input.tenant });
    if (tenant.status !== 'SUSPENDED') {
      throw new TenantStatusError(tenant.slug, tenant.status, 'resumed', 'Only a SUSPENDED tenant can be.');
    }
    await updateTenant(command.tx, tenant.id, { status: 'ACTIVE', suspension: null });
    const before = { status: 'SUSPENDED', suspension: tenant.suspension };
    await record(command, tenant, 'tenant.resumed', before, { status: 'ACTIVE' }, input.reason);
  }

  /**
   * Takes a tenant off the data plane and starts its removal. Until the retention time is over it can be brought back;
   * then every row is deleted. `confirm` repeats the slug.
   * @throws LegalHoldError LEGAL_HOLD
   */
  async offboard(
    command: Command,
    input: { tenant: string; confirm: string; reason?: Reason; retentionHours?: number | null | undefined },
  ): Promise<string> {
    const { tx } = command;
    const tenant = await lockTenant(tx, { slug: input.tenant });
    refuseUnconfirmed(tenant, input.confirm);
    if (!['ACTIVE', 'SUSPENDED', 'FAILED'].includes(tenant.status)) {
      const hint = 'Wait for its operation to end, or cancel it: tierdeck operation cancel <id>';
      throw new TenantStatusError(tenant.slug, tenant.status, 'offboarded', hint);
    }
    await this.moves.refuseOpen(command, tenant, 'offboarded');
    const [hold] = await activeHolds(tx, tenant.id);
    if (hold) throw new LegalHoldError(tenant.slug, hold.reason);
    const hours = retentionOf(tenant, input.retentionHours ?? undefined, this.configuration.retentionHours);
    await updateTenant(tx, tenant.id, { status: 'OFFBOARDING', status_before: tenant.status });
    const [until] = await rowsOf<{ erase_after: Date }>(
      tx,
      `update tenant set erase_after = clock_timestamp() + $2 * interval '1 hour' where id = $1 returning erase_after`,
      [tenant.id, hours],
    );
    const revision = await record(
      command,
      tenant,
      'tenant.offboarding-started',
      { status: tenant.status },
      { status: 'OFFBOARDING', eraseAfter: until?.erase_after },
      input.reason,
    );
    return this.operations.start(command, {
      kind: OFFBOARD_TENANT,
      subject: `tenant/${tenant.slug}`,
      tenantId: tenant.id,
      input: { slug: tenant.slug, revision },
    });
  }

  /**
   * Brings a tenant back whole whose erasure has not begun.
   * @returns the operation that starts its own workers again, if it has such.
   * @throws ErasureBegunError ERASURE_BEGUN
   */
  async undelete(command: Command, input: { tenant: string; reason?: Reason }): Promise<string | undefined> {
    const { tx } = command;
    // The operation first, in the order in which its own steps lock the two.
    const [open] = await rowsOf<{ id: string }>(
      tx,
      `select o.id from operation o join tenant t on t.id = o.tenant_id
       where t.slug = $1 and o.kind = $2 and o.status in ('PENDING', 'RUNNING', 'WAITING') for update of o`,
      [input.tenant, OFFBOARD_TENANT],
    );
    const tenant = await lockTenant(tx, { slug: input.tenant });
    if (tenant.status !== 'OFFBOARDING') {
      const hint = 'Only a tenant inside its retention time can be.';
      throw new TenantStatusError(tenant.slug, tenant.status, 'brought back', hint);
    }
    if (tenant.erasingSince) throw new ErasureBegunError(tenant.slug);
    const status = tenant.statusBefore ?? 'ACTIVE';
    await updateTenant(tx, tenant.id, { status, status_before: null, erase_after: null });
    if (open) await this.operations.cancel(command, open.id);
    await record(command, tenant, 'tenant.undeleted', { status: 'OFFBOARDING' }, { status }, input.reason);
    if (tenant.workerPlacement !== 'DEDICATED' || status === 'FAILED') return undefined;
    return this.operations.start(command, {
      kind: CHANGE_WORKERS,
      subject: `tenant/${tenant.slug}`,
      tenantId: tenant.id,
      input: { integrationWorkers: 'DEDICATED' },
    });
  }

  /** Keeps a tenant's data from being erased until it is released. @returns the hold's id. */
  async placeHold(command: Command, input: { tenant: string; reason: string }): Promise<string> {
    const reason = checkedReason(input.reason);
    const tenant = await lockTenant(command.tx, { slug: input.tenant });
    if (tenant.erasingSince || tenant.status === 'OFFBOARDED') throw new ErasureBegunError(tenant.slug);
    const placedBy = command.actor.name;
    const id = await insertHold(command.tx, { tenantId: tenant.id, reason, placedBy });
    await record(command, tenant, 'tenant.legal-hold-placed', undefined, { id }, reason);
    return id;
  }

  /** @returns the slug of the tenant. @throws NotFoundError LEGAL_HOLD_NOT_FOUND */
  async releaseHold(command: Command, input: { id: string; reason: string }): Promise<string> {
    const reason = checkedReason(input.reason);
    const hold = await releaseHold(command.tx, input.id, command.actor.name, reason);
    const tenant = await lockTenant(command.tx, { id: hold.tenantId });
    await record(command, tenant, 'tenant.legal-hold-released', { id: hold.id }, undefined, reason);
    const waiting = await rowsOf<{ id: string }>(
      command.tx,
      `select id from operation where tenant_id = $1 and kind = $2 and status = 'WAITING'`,
      [tenant.id, OFFBOARD_TENANT],
    );
    for (const { id } of waiting) await this.operations.hurry(command, id);
    return tenant.slug;
  }
}

function refuseUnconfirmed({ slug }: Tenant, confirm: string): void {
  if (confirm === slug) return;
  throw new InvalidInputError(`confirm must repeat the slug "${slug}": every row will be deleted.`, {
    field: 'confirm',
  });
}

/** A tenant that never came to life has nothing to come back to. */
function retentionOf({ status }: Tenant, asked: number | undefined, standard: number): number {
  const hours = asked ?? (status === 'FAILED' ? 0 : standard);
  if (hours >= 0 && hours <= longestRetentionHours) return hours;
  throw new InvalidInputError(`retentionHours must be between 0 and ${longestRetentionHours}.`, {
    field: 'retentionHours',
  });
}

function checkedReason(reason: string): string {
  const text = reason.trim();
  if (text.length >= 1 && text.length <= longestReason) return text;
  throw new InvalidInputError(`reason must have 1 to ${longestReason} characters.`, { field: 'reason' });
}

function record(
  command: Command,
  tenant: Tenant,
  action: string,
  before: { status?: TenantStatus } | object | undefined,
  after: object | undefined,
  reason: Reason,
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
