import type { Directory } from './directory.js';
import { TenantNotServed } from './errors.js';
import { PauseQueue, type TenantHome } from './home.js';
import type { DatabaseSnapshot } from './wire.js';

/**
 * In which database each tenant is. The snapshot says so; between the moment a tenant has moved and the snapshot that
 * tells of it, the databases themselves do: the one it left refuses, and the standby is the only other one.
 */
export class Homes {
  /** Tenants that were found in their standby, until the next snapshot. */
  readonly #inStandby = new Set<string>();
  readonly #queues = new Map<string, PauseQueue>();

  /** @param isInformed whether this instance is sure to know of every move (ReadLease). */
  constructor(
    private readonly directory: () => Directory,
    private readonly isInformed: () => boolean = () => true,
  ) {}

  of(tenantId: string): TenantHome {
    return {
      database: () => this.#database(tenantId),
      movedFrom: (databaseId) => this.#movedFrom(tenantId, databaseId),
      // A move is announced by a standby before it begins to cut over, and its way back keeps one.
      isUncertain: () => !this.isInformed() || this.directory().standby(tenantId) !== undefined,
      queue: this.#queue(tenantId),
    };
  }

  /** A new snapshot knows better than what was found out before. */
  forget(): void {
    this.#inStandby.clear();
  }

  #queue(tenantId: string): PauseQueue {
    let queue = this.#queues.get(tenantId);
    if (!queue) this.#queues.set(tenantId, (queue = new PauseQueue()));
    return queue;
  }

  #database(tenantId: string): DatabaseSnapshot {
    const directory = this.directory();
    const standby = this.#inStandby.has(tenantId) ? directory.standby(tenantId) : undefined;
    const database = standby ?? directory.database(tenantId);
    if (!database) throw new TenantNotServed(tenantId);
    return database;
  }

  #movedFrom(tenantId: string, databaseId: string): boolean {
    const standby = this.directory().standby(tenantId);
    if (!standby) return this.#database(tenantId).id !== databaseId;
    // Several writers are told at once, and each names the database it tried.
    if (standby.id === databaseId) this.#inStandby.delete(tenantId);
    else this.#inStandby.add(tenantId);
    return true;
  }
}
