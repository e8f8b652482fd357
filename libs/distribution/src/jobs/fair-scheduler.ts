export interface ScheduledTenant {
  id: string;
  /** Share of the slots relative to the others; 1 is normal. */
  weight: number;
  /** Jobs of the tenant that may be in flight at once here. */
  cap: number;
}

interface Entry extends ScheduledTenant {
  /** Left while it had jobs in flight; the last of them takes the entry away. */
  gone: boolean;
  /** Whether the tenant may have a job that could be started. */
  ready: boolean;
  inFlight: number;
  /** Virtual time of its next turn. */
  turn: number;
}

/**
 * Shares a worker's slots among tenants: weighted round robin by virtual time (stride scheduling, Waldspurger 1995)
 * with a cap on what one tenant may have in flight. A tenant that was idle starts at the present, so it cannot save up
 * turns; one with a flood moves ahead only as fast as its weight allows, so a newcomer waits for at most one turn of
 * each other tenant.
 */
export class FairScheduler {
  readonly #entries = new Map<string, Entry>();
  #now = 0;
  #inFlight = 0;

  /** @param capacity jobs in flight at once over all tenants. */
  constructor(readonly capacity: number) {}

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Sets who is served. Tenants that are gone get no further turn; what they have in flight is still counted. */
  setTenants(tenants: readonly ScheduledTenant[]): void {
    const kept = new Set(tenants.map(({ id }) => id));
    for (const [id, entry] of this.#entries) {
      if (kept.has(id)) continue;
      entry.gone = true;
      entry.ready = false;
      if (entry.inFlight === 0) this.#entries.delete(id);
    }
    for (const tenant of tenants) {
      const entry = this.#entries.get(tenant.id);
      if (entry) Object.assign(entry, tenant, { gone: false });
      else
        this.#entries.set(tenant.id, { ...tenant, gone: false, ready: false, inFlight: 0, turn: this.#now });
    }
  }

  /** The tenant may have work. */
  ready(id: string): void {
    const entry = this.#entries.get(id);
    if (!entry || entry.gone || entry.ready) return;
    entry.ready = true;
    entry.turn = Math.max(entry.turn, this.#now);
  }

  /** The tenant has no job that could be started now. */
  idle(id: string): void {
    const entry = this.#entries.get(id);
    if (entry) entry.ready = false;
  }

  /** Takes a slot for the tenant whose turn it is; null if no slot or nobody to serve. Give it back with `release`. */
  next(): string | null {
    if (this.#inFlight >= this.capacity) return null;
    let best: Entry | undefined;
    for (const entry of this.#entries.values()) {
      if (!entry.ready || entry.inFlight >= entry.cap) continue;
      if (!best || entry.turn < best.turn || (entry.turn === best.turn && entry.id < best.id)) best = entry;
    }
    if (!best) return null;
    this.#now = Math.max(this.#now, best.turn);
    best.turn += 1 / best.weight;
    best.inFlight += 1;
    this.#inFlight += 1;
    return best.id;
  }

  release(id: string): void {
    const entry = this.#entries.get(id);
    if (!entry || entry.inFlight === 0) return;
    entry.inFlight -= 1;
    this.#inFlight -= 1;
    if (entry.gone && entry.inFlight === 0) this.#entries.delete(id);
  }
}
