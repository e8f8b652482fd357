export interface FairSchedulerOptions {
  /** How many are in service at once. */
  slots: number;
  /**
   * How many of the slots one tenant may hold, however idle the others are: what protects a newcomer.
   * `costMs` is the tenant's usual slot time.
   */
  tenantSlots: (tenant: string, costMs: number) => number;
  /** How many of one tenant may wait. */
  tenantQueue: number;
  /** Assumed slot time before any was measured, in milliseconds. */
  initialCostMs?: number;
}

/** What was let into service; {@link FairScheduler.complete} wants it back with the time it really took. */
export interface Dispatch<Item> {
  item: Item;
  tenant: string;
  /** Slot time that the tenant was charged in advance, in milliseconds. */
  estimateMs: number;
  weight: number;
}

interface Entry<Item> {
  item: Item;
  weight: number;
}

interface Flow<Item> {
  readonly tenant: string;
  readonly waiting: Entry<Item>[];
  inService: number;
  /** Virtual start time of the tenant's next item. */
  start: number;
  /** Moving average of slot time, in milliseconds. */
  costMs: number;
}

/**
 * Start-time fair queueing (Goyal, Vin, Cheng 1996) over tenants, with a cap on what one of them holds in service.
 * Each item is charged its tenant's usual slot time divided by its weight; completion corrects the charge. The item
 * with the smallest virtual start goes first, so over time slot time is shared by weight, an idle tenant saves up
 * nothing, and no waiting item is overtaken forever. Pure: no clock, no promise.
 */
export class FairScheduler<Item> {
  readonly #flows = new Map<string, Flow<Item>>();
  readonly #backlogged = new Set<Flow<Item>>();
  #virtualTime = 0;
  #inService = 0;

  constructor(private readonly options: FairSchedulerOptions) {}

  /** @returns false if too many of the tenant wait already. */
  enqueue(tenant: string, weight: number, item: Item): boolean {
    const flow = this.#flow(tenant);
    if (flow.waiting.length >= this.options.tenantQueue) return false;
    if (flow.waiting.length === 0) {
      flow.start = Math.max(flow.start, this.#virtualTime);
      this.#backlogged.add(flow);
    }
    flow.waiting.push({ item, weight: Math.max(weight, 1e-3) });
    return true;
  }

  /** The next item for a free slot; undefined if no slot is free or nobody who waits may have one. */
  next(): Dispatch<Item> | undefined {
    if (this.#inService >= this.options.slots) return undefined;
    let chosen: Flow<Item> | undefined;
    for (const flow of this.#backlogged) {
      if (flow.inService >= this.options.tenantSlots(flow.tenant, flow.costMs)) continue;
      if (!chosen || flow.start < chosen.start) chosen = flow;
    }
    const entry = chosen?.waiting.shift();
    if (!chosen || !entry) return undefined;
    if (chosen.waiting.length === 0) this.#backlogged.delete(chosen);
    this.#virtualTime = Math.max(this.#virtualTime, chosen.start);
    const estimateMs = chosen.costMs;
    chosen.start += estimateMs / entry.weight;
    chosen.inService++;
    this.#inService++;
    return { item: entry.item, tenant: chosen.tenant, estimateMs, weight: entry.weight };
  }

  /** @param actualMs slot time that it really took. */
  complete({ tenant, estimateMs, weight }: Dispatch<Item>, actualMs: number): void {
    const flow = this.#flow(tenant);
    flow.inService--;
    this.#inService--;
    flow.start += (actualMs - estimateMs) / weight;
    flow.costMs = Math.max(0.01, flow.costMs * 0.9 + actualMs * 0.1);
  }

  /** Takes a waiting item out, e.g. because its client went away. @returns false if it waits no more. */
  withdraw(tenant: string, item: Item): boolean {
    const flow = this.#flow(tenant);
    const at = flow.waiting.findIndex((entry) => entry.item === item);
    if (at === -1) return false;
    flow.waiting.splice(at, 1);
    if (flow.waiting.length === 0) this.#backlogged.delete(flow);
    return true;
  }

  waiting(tenant: string): number {
    return this.#flows.get(tenant)?.waiting.length ?? 0;
  }

  inService(tenant?: string): number {
    return tenant === undefined ? this.#inService : (this.#flows.get(tenant)?.inService ?? 0);
  }

  #flow(tenant: string): Flow<Item> {
    let flow = this.#flows.get(tenant);
    if (!flow) {
      flow = { tenant, waiting: [], inService: 0, start: 0, costMs: this.options.initialCostMs ?? 5 };
      this.#flows.set(tenant, flow);
    }
    return flow;
  }
}
