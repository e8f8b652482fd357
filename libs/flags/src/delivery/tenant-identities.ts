import { Injectable } from '@nestjs/common';
import { isolationTier, TenantsReadModel } from '#tenancy';
import type { TenantIdentity } from '../compiler/index.js';

interface Entry {
  identity: TenantIdentity | null;
  generation: number;
}

/** Slug, tier and region of tenants by id, kept in memory until a revision of tenancy. */
@Injectable()
export class TenantIdentities {
  readonly #entries = new Map<string, Entry>();
  #generation = 0;

  constructor(private readonly tenants: TenantsReadModel) {}

  invalidate(): void {
    this.#generation += 1;
  }

  peek(tenantId: string): TenantIdentity | null | undefined {
    const entry = this.#entries.get(tenantId);
    return entry?.generation === this.#generation ? entry.identity : undefined;
  }

  /** @returns null if there is no such tenant. @throws what the database throws, if nothing is known of the tenant. */
  async identityOf(tenantId: string): Promise<TenantIdentity | null> {
    const known = this.#entries.get(tenantId);
    const generation = this.#generation;
    if (known?.generation === generation) return known.identity;
    try {
      const [tenant] = await this.tenants.byIds([tenantId]);
      const identity = tenant
        ? {
            slug: tenant.slug,
            tier: isolationTier(tenant.databasePlacement, tenant.workerPlacement),
            region: tenant.region,
          }
        : null;
      this.#entries.set(tenantId, { identity, generation });
      return identity;
    } catch (error) {
      if (known) return known.identity;
      throw error;
    }
  }
}
