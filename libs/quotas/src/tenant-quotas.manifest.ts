import { Injectable } from '@nestjs/common';
import { contentDigest, type Command } from '#audit';
import { rowsOf, type Transaction } from '#platform';
import type { FieldChange, FieldProblem, ManifestSet, PartTenant, TenantManifestPart } from '#tenancy';
import { asManifest, limitIn, manifestNames, tenantLimits, type ManifestLimits } from './manifest-limits.js';
import { quotaKinds, type PlanLimit, type QuotaKind } from './quota.js';
import { QuotasService } from './quotas.service.js';
import { quotasStore, type StoredOverride } from './quotas.store.js';

interface OverrideChange {
  kind: QuotaKind;
  before: PlanLimit | undefined;
  /** undefined: the override is withdrawn. */
  after: PlanLimit | undefined;
}

/**
 * The field `quotas` of a tenant's manifest: limits that deviate from its plan. What a manifest once set it withdraws
 * by leaving it out; an operator's override that it does not mention stays.
 */
@Injectable()
export class TenantQuotaManifests implements TenantManifestPart<ManifestLimits> {
  readonly field = 'quotas';
  readonly schema = tenantLimits;

  constructor(private readonly service: QuotasService) {}

  async check(
    tx: Transaction,
    tenant: PartTenant,
    _value: ManifestLimits | undefined,
    set: ManifestSet,
  ): Promise<FieldProblem[]> {
    if (set.has('Plan', tenant.plan)) return [];
    const [known] = await rowsOf(tx, 'select 1 from plan where name = $1', [tenant.plan]);
    if (known) return [];
    return [{ path: ['spec', 'plan'], message: `there is no plan "${tenant.plan}"` }];
  }

  async diff(tx: Transaction, tenant: PartTenant, value: ManifestLimits | undefined): Promise<FieldChange[]> {
    const stored = tenant.id === undefined ? [] : await quotasStore.overrides(tx, tenant.id);
    return changes(stored, value).map(({ kind, before, after }) => ({
      path: `spec.quotas.${manifestNames[kind]}`,
      before: asManifest(kind, before),
      after: asManifest(kind, after),
    }));
  }

  async apply(
    command: Command,
    tenant: PartTenant & { id: string },
    value: ManifestLimits | undefined,
  ): Promise<void> {
    const stored = await quotasStore.overrides(command.tx, tenant.id);
    for (const { kind, after } of changes(stored, value)) {
      if (after) await this.service.override(command, tenant, kind, after, 'MANIFEST', null);
      else await this.service.withdraw(command, tenant, kind);
    }
  }
}

function changes(stored: readonly StoredOverride[], value: ManifestLimits | undefined): OverrideChange[] {
  return quotaKinds.flatMap((kind): OverrideChange[] => {
    const override = stored.find((one) => one.kind === kind);
    const before = override && { limit: override.limit, burst: override.burst, hard: override.hard };
    const after = limitIn(value ?? {}, kind);
    if (!after) return override?.origin === 'MANIFEST' ? [{ kind, before, after }] : [];
    return contentDigest(before) === contentDigest(after) ? [] : [{ kind, before, after }];
  });
}
