import { Injectable } from '@nestjs/common';
import type { Command } from '#audit';
import { InvalidInputError, NotFoundError, rowsOf, type Transaction } from '#platform';
import { limitProblem, type Limit, type PlanLimit, type QuotaKind } from './quota.js';
import { BoostNotFoundError, OverrideNotFoundError, QuotaInvalidError } from './quotas.errors.js';
import { quotasStore, type OverrideOrigin } from './quotas.store.js';

/** A boost lasts at most 30 days; what is meant to last longer is an override. */
const maxBoostMinutes = 30 * 24 * 60;

export interface QuotaKey {
  /** Slug. */
  tenant: string;
  kind: QuotaKind;
}

/** A limit as it is asked for. */
export interface WantedLimit {
  limit: number;
  burst?: number | null;
}

interface TenantKey {
  id: string;
  slug: string;
}

/** Changes of what tenants may use. */
@Injectable()
export class QuotasService {
  /**
   * Overrides the plan's limit for one tenant.
   * @throws QuotaInvalidError, NotFoundError TENANT_NOT_FOUND
   */
  async setQuota(
    command: Command,
    input: QuotaKey & WantedLimit & { hard?: boolean | null; reason?: string | null },
  ): Promise<void> {
    const { kind, limit, burst = null, hard, reason } = input;
    const tenant = await tenantBySlug(command.tx, input.tenant);
    await this.override(
      command,
      tenant,
      kind,
      { limit, burst, hard: hard ?? true },
      'OPERATOR',
      reason ?? null,
    );
  }

  /** Back to the plan's limit. @throws OverrideNotFoundError if there is no override. */
  async clearQuota(command: Command, { tenant: slug, kind }: QuotaKey): Promise<void> {
    const tenant = await tenantBySlug(command.tx, slug);
    if (!(await this.withdraw(command, tenant, kind))) throw new OverrideNotFoundError(slug, kind);
  }

  /**
   * Another limit for a while, higher or lower. It ends by itself, on every instance, also while Tierdeck is away.
   * A boost of the same kind that is active is replaced.
   */
  async boostQuota(
    command: Command,
    input: QuotaKey & WantedLimit & { minutes: number; reason?: string | null },
  ): Promise<void> {
    const { kind, limit, burst = null, minutes, reason = null } = input;
    refuseInvalid(kind, { limit, burst });
    if (!Number.isInteger(minutes) || minutes < 1 || minutes > maxBoostMinutes) {
      throw new InvalidInputError(`minutes must be a whole number from 1 to ${maxBoostMinutes}.`, {
        field: 'minutes',
        hint: 'tierdeck quota set changes the limit for good.',
      });
    }
    const tenant = await tenantBySlug(command.tx, input.tenant);
    const boost = await quotasStore.saveBoost(command.tx, tenant.id, kind, {
      limit,
      burst,
      minutes,
      reason,
      by: command.actor.name,
    });
    await command.record({
      area: 'quotas',
      action: 'quota.boosted',
      subject: subjectOf(tenant, kind),
      tenantId: tenant.id,
      after: { limit, burst, until: boost.until },
      ...(reason ? { reason } : {}),
    });
  }

  /** Ends a boost now. @throws BoostNotFoundError if none is active. */
  async clearBoost(command: Command, { tenant: slug, kind }: QuotaKey): Promise<void> {
    const tenant = await tenantBySlug(command.tx, slug);
    const before = await quotasStore.deleteBoost(command.tx, tenant.id, kind);
    if (!before) throw new BoostNotFoundError(slug, kind);
    await command.record({
      area: 'quotas',
      action: 'quota.boost-cleared',
      subject: subjectOf(tenant, kind),
      tenantId: tenant.id,
      before,
    });
  }

  /** Takes out boosts whose time is over, so that the history tells when they ended. @returns how many. */
  async endBoosts(command: Command): Promise<number> {
    const ended = await quotasStore.deleteEndedBoosts(command.tx);
    for (const { tenantId, slug, kind, limit } of ended) {
      await command.record({
        area: 'quotas',
        action: 'quota.boost-ended',
        subject: subjectOf({ slug }, kind),
        tenantId,
        before: { limit },
      });
    }
    return ended.length;
  }

  async override(
    command: Command,
    tenant: TenantKey,
    kind: QuotaKind,
    wanted: PlanLimit,
    origin: OverrideOrigin,
    reason: string | null,
  ): Promise<void> {
    refuseInvalid(kind, wanted);
    const overrides = await quotasStore.overrides(command.tx, tenant.id);
    const before = overrides.find((override) => override.kind === kind);
    await quotasStore.saveOverride(command.tx, tenant.id, {
      ...wanted,
      kind,
      origin,
      reason,
      by: command.actor.name,
    });
    await command.record({
      area: 'quotas',
      action: 'quota.set',
      subject: subjectOf(tenant, kind),
      tenantId: tenant.id,
      before: before && { limit: before.limit, burst: before.burst, hard: before.hard },
      after: wanted,
      ...(reason ? { reason } : {}),
    });
  }

  /** @returns false if there was no override. */
  async withdraw(command: Command, tenant: TenantKey, kind: QuotaKind): Promise<boolean> {
    const before = await quotasStore.deleteOverride(command.tx, tenant.id, kind);
    if (!before) return false;
    await command.record({
      area: 'quotas',
      action: 'quota.cleared',
      subject: subjectOf(tenant, kind),
      tenantId: tenant.id,
      before,
    });
    return true;
  }
}

function subjectOf({ slug }: { slug: string }, kind: QuotaKind): string {
  return `quota/${slug}/${kind}`;
}

function refuseInvalid(kind: QuotaKind, limit: Limit): void {
  const problem = limitProblem(kind, limit);
  if (problem) throw new QuotaInvalidError(kind, problem);
}

async function tenantBySlug(tx: Transaction, slug: string): Promise<TenantKey> {
  const [row] = await rowsOf<TenantKey>(
    tx,
    `select id, slug from tenant where slug = $1 and status not in ('OFFBOARDING', 'OFFBOARDED')`,
    [slug],
  );
  if (!row) throw new NotFoundError('tenant', slug, { field: 'tenant', hint: 'tierdeck get tenants' });
  return row;
}
