import type { TenantSnapshot } from './wire.js';

/** A tenant as the data plane knows it. Its id and slug never change; the rest is as of the last snapshot. */
export type RuntimeTenant = Readonly<
  Pick<
    TenantSnapshot,
    | 'id'
    | 'slug'
    | 'name'
    | 'status'
    | 'readOnly'
    | 'tier'
    | 'region'
    | 'databaseId'
    | 'integrationWorkers'
    | 'weight'
  >
>;
