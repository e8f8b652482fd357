import { Injectable } from '@nestjs/common';
import { isolationTier, TenantsReadModel } from '#tenancy';
import type { TenantIdentity } from '../compiler/index.js';
import { Lookups } from './lookups.js';
import { within } from './within.js';

/** What is known is not kept waiting for longer than this, in milliseconds, while the database does not answer. */
const patienceMs = 1_000;

interface Entry {
  identity: TenantIdentity | null;
  generation: number;
}

/** Slug, tier and region of tenants by id, kept in memory until a revision of tenancy. */
@Injectable()
export class TenantIdentities {
  readonly #entries = new Map<string, Entry>();
  readonly #lookups: Lookups<TenantIdentity>;
  #generation = 0;
  #asOf = -1;

  constructor(tenants: TenantsReadModel) {
    this.#lookups = new Lookups((ids) => identitiesOf(tenants, ids));
  }

  /** @param revision of the change, if it is known. */
  invalidate(revision = -1): void {
    this.#generation += 1;
    this.#asOf = Math.max(this.#asOf, revision);
  }

  /** Newest revision at which a tenant is known to have changed; what is served for tenants is not older. */
  get asOf(): number {
    return this.#asOf;
  }

  /** Has one tenant asked for again. */
  doubt(tenantId: string): void {
    const entry = this.#entries.get(tenantId);
    if (entry) entry.generation = -1;
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
    const looked = this.#lookups.get(tenantId).then((found) => {
      const identity = found ?? null;
      this.#entries.set(tenantId, { identity, generation });
      return identity;
    });
    return known ? within(patienceMs, looked).catch(() => known.identity) : looked;
  }
}

async function identitiesOf(
  tenants: TenantsReadModel,
  ids: readonly string[],
): Promise<Map<string, TenantIdentity>> {
  const identities = new Map<string, TenantIdentity>();
  for (const tenant of await tenants.byIds(ids)) {
    if (!tenant) continue;
    const { id, slug, region, databasePlacement, workerPlacement } = tenant;
    identities.set(id, { slug, tier: isolationTier(databasePlacement, workerPlacement), region });
  }
  return identities;
}
