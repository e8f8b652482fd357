import type { FlagDecision } from '../decisions/decisions.js';
import type { AllocationEngine } from '../allocation/allocation.js';
import type { PriceTrace, PricingEngine } from '../pricing/price.js';

export type OrderStatus =
  /** Waits for an approval, e.g. of a price below the floor; nothing is allocated. */
  'HELD' | 'ACCEPTED' | 'ALLOCATED' | 'PARTIALLY_ALLOCATED' | 'BACKORDERED' | 'SHIPPED' | 'CANCELLED';

/** An order as it is answered: amounts are decimal text, prices frozen at the time of the order. */
export interface Order {
  id: string;
  status: OrderStatus;
  account: string;
  branch: string | null;
  channel: 'API' | 'EDI';
  purchaseOrder: string | null;
  requestedDate: string | null;
  currency: string;
  total: string;
  createdAt: string;
  decidedBy: OrderDecisions;
  lines: OrderLine[];
}

/** Engines and flags that decided. */
export interface OrderDecisions {
  pricingEngine: PricingEngine;
  allocationEngine: AllocationEngine;
  flags: FlagDecision[];
}

export interface OrderLine {
  lineNo: number;
  sku: string;
  /** In base units. */
  quantity: number;
  listPrice: string;
  unitPrice: string;
  lineTotal: string;
  /** Percent of the price; null if the cost is unknown. */
  margin: string | null;
  allocations: { warehouse: string; quantity: number }[];
  /** Still owed. */
  backordered: number;
  trace: PriceTrace;
}

/** What is stored with a line: the trace of its price, and the flags that chose its engines. */
export type StoredTrace = PriceTrace & { flags: FlagDecision[] };
