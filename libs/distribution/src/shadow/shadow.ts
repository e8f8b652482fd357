import type { Logger } from '#platform';
import type { ShadowKey, ShadowOutcome, TenantQueryable } from '#runtime';
import { planAllocation } from '../allocation/plan-allocation.js';
import { readSupply } from '../allocation/stock.store.js';
import { placesOf, usableDemands } from '../allocation/usable-demands.js';
import type { DecidingTenant, ShadowChoice } from '../decisions/decisions.js';
import type { PlannedAllocation } from '../orders/place-order.js';
import type { PricedLines } from '../quotes/price-lines.js';
import { compareAllocation } from './compare-allocation.js';
import { compareLine } from './compare-pricing.js';
import { ShadowQueue } from './shadow-queue.js';

/** What the shadow needs of the runtime. */
export interface ShadowRuntime {
  database(tenant: { id: string }): TenantQueryable;
  recordShadow(key: ShadowKey, outcome: ShadowOutcome): void;
}

/** A stock read that takes longer is given up, in milliseconds. */
const readTimeoutMs = 1_000;

/**
 * Runs another engine on what the engine that answers has just done, and records how they differ. It works after the
 * answer, from what the answer was made of: it cannot change it, hold it up, or make it fail.
 */
export class Shadow {
  constructor(
    private readonly runtime: ShadowRuntime,
    private readonly logger: Logger,
    private readonly queue: ShadowQueue = new ShadowQueue(),
    private readonly random: () => number = Math.random,
  ) {}

  /** Prices the lines with the engine that the flags chose for the shadow, if they chose one. */
  pricing(tenant: DecidingTenant, { buyer, decisions, lines }: Omit<PricedLines, 'at'>): void {
    const choice = this.#sampled(decisions.shadow?.pricing);
    if (!choice) return;
    const key: ShadowKey = {
      tenantId: tenant.id,
      subject: 'pricing',
      branch: buyer.branch,
      liveEngine: decisions.pricingEngine,
      shadowEngine: choice.engine,
      currency: buyer.currency,
    };
    for (const line of lines)
      this.#offer(key, () => {
        this.runtime.recordShadow(
          key,
          compareLine(choice.engine, line, buyer.code, { percentDeals: decisions.percentDeals }),
        );
      });
  }

  /**
   * Plans the demands with the other engine, on the stock as it is after the order; what the order itself took is
   * added again. Others may have taken some meanwhile, so a difference is close to the truth, not proof.
   * @param committed false: the order was refused and took nothing.
   */
  allocation(tenant: DecidingTenant, planned: PlannedAllocation, committed: boolean): void {
    const { buyer, decisions } = planned.priced;
    const choice = this.#sampled(decisions.shadow?.allocation);
    if (!choice) return;
    const key: ShadowKey = {
      tenantId: tenant.id,
      subject: 'allocation',
      branch: buyer.branch,
      liveEngine: decisions.allocationEngine,
      shadowEngine: choice.engine,
      currency: buyer.currency,
    };
    this.#offer(key, async () => {
      const demands = usableDemands(choice.engine, planned.demands, buyer.homeWarehouse);
      const supply = await withTimeout(readSupply(this.runtime.database(tenant), placesOf(demands)));
      const before = supply.map((one) => ({
        ...one,
        available: one.available + (committed ? taken(planned, one) : 0),
      }));
      const plan = planAllocation(choice.engine, demands, before);
      for (const outcome of compareAllocation(planned, plan, committed))
        this.runtime.recordShadow(key, outcome);
    });
  }

  /** Waits until everything under way is compared. */
  settled(): Promise<void> {
    return this.queue.settled();
  }

  stop(): Promise<void> {
    return this.queue.stop();
  }

  #sampled<Engine extends string>(
    choice: ShadowChoice<Engine> | null | undefined,
  ): ShadowChoice<Engine> | undefined {
    return choice && this.random() < choice.sample ? choice : undefined;
  }

  #offer(key: ShadowKey, work: () => Promise<void> | void): void {
    const taken = this.queue.offer(async () => {
      try {
        await work();
      } catch (error) {
        this.logger.warn(
          { err: error, subject: key.subject },
          'the shadow failed; the answer was not touched',
        );
        this.runtime.recordShadow(key, { kind: 'FAILED' });
      }
    });
    if (!taken) this.runtime.recordShadow(key, { kind: 'SKIPPED' });
  }
}

function taken(
  { plan }: PlannedAllocation,
  { item, warehouse }: { item: string; warehouse: string },
): number {
  return plan.picks
    .filter((pick) => pick.item === item && pick.warehouse === warehouse)
    .reduce((sum, { quantity }) => sum + quantity, 0);
}

async function withTimeout<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`no stock was read within ${readTimeoutMs} ms`)),
      readTimeoutMs,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
