import { createHash } from 'node:crypto';
import type { Standby } from './connections.js';
import { effectiveQuota, type EffectiveQuota } from './quota.js';
import type { RuntimeTenant } from './tenant.js';
import type { DatabaseSnapshot, QuotaKind, RuntimeSnapshot, TenantSnapshot } from './wire.js';

/** One snapshot, indexed for the request path. Immutable: a new snapshot makes a new directory. */
export class Directory {
  readonly #byId = new Map<string, TenantSnapshot>();
  readonly #bySlug = new Map<string, TenantSnapshot>();
  readonly #byTokenHash = new Map<string, TenantSnapshot>();
  readonly #databases = new Map<string, DatabaseSnapshot>();

  constructor(readonly snapshot: RuntimeSnapshot) {
    for (const database of snapshot.databases) this.#databases.set(database.id, database);
    for (const tenant of snapshot.tenants) {
      this.#byId.set(tenant.id, tenant);
      this.#bySlug.set(tenant.slug, tenant);
      for (const hash of tenant.tokenHashes) this.#byTokenHash.set(hash, tenant);
    }
  }

  tenants(): RuntimeTenant[] {
    return [...this.#byId.values()];
  }

  tenant(slugOrId: string): RuntimeTenant | undefined {
    return this.#bySlug.get(slugOrId) ?? this.#byId.get(slugOrId);
  }

  /** Looks tokens up by their hash: neither the snapshot nor this process's memory holds a usable one. */
  tenantOfToken(token: string): RuntimeTenant | undefined {
    return this.#byTokenHash.get(createHash('sha256').update(token).digest('hex'));
  }

  database(tenantId: string): DatabaseSnapshot | undefined {
    const tenant = this.#byId.get(tenantId);
    return tenant && this.#databases.get(tenant.databaseId);
  }

  /** The other of the two databases between which the tenant moves. */
  standby(tenantId: string): DatabaseSnapshot | undefined {
    const id = this.#byId.get(tenantId)?.standbyDatabaseId;
    return id ? this.#databases.get(id) : undefined;
  }

  /** Databases that tenants may move to at any moment, each with one of these tenants. */
  standbys(): Standby[] {
    const tenants = new Map(
      [...this.#byId.values()].map(({ id, standbyDatabaseId }) => [standbyDatabaseId, id]),
    );
    return [...this.#databases.values()].flatMap((login) => {
      const tenantId = tenants.get(login.id);
      return tenantId === undefined ? [] : [{ login, tenantId }];
    });
  }

  /** undefined: no limit. */
  quota(tenantId: string, kind: QuotaKind, now = new Date()): EffectiveQuota | undefined {
    const quota = this.#byId.get(tenantId)?.quotas.find((candidate) => candidate.kind === kind);
    return quota && effectiveQuota(quota, now);
  }
}
