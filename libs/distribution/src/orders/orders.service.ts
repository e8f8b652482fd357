import { TierdeckError } from '#platform';
import type { KpiObservation, RuntimeTenant, TenantQueryable, TenantScope } from '#runtime';
import type { Buyer } from '../catalogue/buyer.js';
import { legacyDecisions, type Decisions, type FlagDecider } from '../decisions/decisions.js';
import { once, type IdempotentRequest, type StoredAnswer } from './idempotency.js';
import type { Order } from './order.js';
import type { Shadow } from '../shadow/shadow.js';
import {
  placeOrder,
  type PlacedOrder,
  type PlannedAllocation,
  type PlaceOrderRequest,
} from './place-order.js';

/** What orders need of the runtime; {@link TierdeckRuntime} is one. */
export interface OrdersRuntime {
  database(tenant: Pick<RuntimeTenant, 'id'>): TenantScope;
  recordKpi(observation: KpiObservation): void;
}

/** Places orders: one transaction each, counted in the tenant's KPIs once it is committed. */
export class OrdersService {
  constructor(
    private readonly runtime: OrdersRuntime,
    private readonly flags: FlagDecider,
    private readonly shadow?: Shadow,
  ) {}

  /**
   * @param idempotency absent: the order is placed however often it is sent.
   * @throws TierdeckError for every refusal; then nothing was written.
   */
  async place(
    tenant: RuntimeTenant,
    request: PlaceOrderRequest,
    idempotency?: IdempotentRequest,
  ): Promise<StoredAnswer<Order>> {
    const attempt = new OrderAttempt(tenant, request);
    try {
      const answer = await this.runtime.database(tenant).transaction(async (tx) => {
        const work = async (): Promise<{ status: number; body: Order }> => {
          const { order } = await attempt.place(tx, this.flags);
          return { status: 201, body: order };
        };
        return idempotency ? once(tx, idempotency, work) : { ...(await work()), replayed: false };
      });
      if (!answer.replayed) {
        this.runtime.recordKpi(attempt.accepted());
        attempt.compare(this.shadow, true);
      }
      return answer;
    } catch (error) {
      this.runtime.recordKpi(attempt.refused(error));
      attempt.compare(this.shadow, false);
      throw error;
    }
  }
}

/** One try to place an order, and how it counts. */
class OrderAttempt {
  #placed: PlacedOrder | undefined;
  #branch: string | null;
  #decisions: Decisions = legacyDecisions;
  #planned: PlannedAllocation | undefined;

  constructor(
    private readonly tenant: RuntimeTenant,
    private readonly request: PlaceOrderRequest,
  ) {
    this.#branch = null;
  }

  async place(tx: TenantQueryable, flags: FlagDecider): Promise<PlacedOrder> {
    const onDecided = (buyer: Buyer, decisions: Decisions): void => {
      this.#branch = buyer.branch;
      this.#decisions = decisions;
    };
    this.#placed = await placeOrder(tx, this.tenant, flags, this.request, onDecided, (planned) => {
      this.#planned = planned;
    });
    return this.#placed;
  }

  /** Once the transaction has ended, well or not: the shadow must not hold it up. */
  compare(shadow: Shadow | undefined, committed: boolean): void {
    if (this.#placed && committed) shadow?.pricing(this.tenant, this.#placed.priced);
    if (this.#planned) shadow?.allocation(this.tenant, this.#planned, committed);
  }

  accepted(): KpiObservation {
    const key = this.#key();
    if (!this.#placed) return key;
    const { priced, linesFilled } = this.#placed;
    return { ...key, ordersAccepted: 1, ...orderFigures(priced), linesFilled };
  }

  /** A refusal for a business reason is no failure of the system. */
  refused(error: unknown): KpiObservation {
    const business = error instanceof TierdeckError && error.httpStatus < 500;
    return { ...this.#key(), ...(business ? { ordersRejected: 1 } : { ordersFailed: 1 }) };
  }

  #key(): Pick<KpiObservation, 'tenantId' | 'branch' | 'pricingEngine'> {
    return {
      tenantId: this.tenant.id,
      branch: this.#branch,
      pricingEngine: this.#decisions.pricingEngine,
    };
  }
}

/** Figures of priced lines for the KPIs; an unknown cost counts as none. */
export function orderFigures({
  lines,
}: PlacedOrder['priced']): Pick<KpiObservation, 'lines' | 'linesBelowCost' | 'revenueMicros' | 'costMicros'> {
  return {
    lines: lines.length,
    linesBelowCost: lines.filter(({ price }) => price.belowCost).length,
    revenueMicros: lines.reduce((sum, { price }) => sum + price.lineTotal, 0n),
    costMicros: lines.reduce((sum, { price }) => sum + (price.lineCost ?? 0n), 0n),
  };
}
