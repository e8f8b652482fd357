import type { Tenant } from '../tenant.js';

export type WorkerPoolKind = 'LOCAL' | 'KUBERNETES';

/** A place where workers of single tenants run. */
export interface WorkerPool {
  name: string;
  kind: WorkerPoolKind;
  /** Takes tenants of this region only; null takes any. */
  region: string | null;
  /** Tenants with workers of their own that it takes, and how many it has. */
  capacity: number;
  tenants: number;
  retired: boolean;
  kubernetes: KubernetesTarget | null;
}

/** What of a Kubernetes cluster is no secret. */
export interface KubernetesTarget {
  /** e.g. `https://10.0.0.1:6443`. */
  apiServer: string;
  namespace: string;
  /** Image of the integration worker, best with its digest. */
  image: string;
  /** Secret of the namespace with TIERDECK_URL, TIERDECK_RUNTIME_TOKEN and TIERDECK_SDK_TOKEN. */
  environmentSecret: string;
  /** PEM; null: one that the system trusts. */
  caCertificate: string | null;
}

/**
 * Runs workers of single tenants somewhere. Each call may be repeated, and ends in the same state; whether a worker
 * really works is told by its heartbeat, not by this port.
 */
export interface WorkerBackend {
  /** Makes sure that a worker of this tenant alone is being run. */
  ensure(tenant: Tenant): Promise<void>;
  /** Lets it end what it has begun, and ends it. */
  remove(tenant: Tenant): Promise<void>;
  /** For people: what is known of a worker that does not report; empty if nothing. */
  describe(tenant: Tenant): Promise<string>;
}

/**
 * The pool for a tenant's own workers: one of its region before one of any, the emptiest first.
 * @returns undefined if every pool that it may use is full.
 */
export function choosePool(pools: readonly WorkerPool[], region: string | null): WorkerPool | undefined {
  const room = ({ capacity, tenants }: WorkerPool): number => capacity - tenants;
  return pools
    .filter((pool) => !pool.retired && room(pool) > 0 && (pool.region === null || pool.region === region))
    .sort(
      (a, b) =>
        Number(b.region !== null) - Number(a.region !== null) ||
        room(b) - room(a) ||
        (a.name < b.name ? -1 : 1),
    )[0];
}
