import type { FloorMode, PriceLevel, PriceStrategy } from './price-book.js';
import type { Micros } from '../money/money.js';

export const pricingEngines = ['wwi-best-price', 'waterfall-v2'] as const;
export type PricingEngine = (typeof pricingEngines)[number];

/**
 * PRICED holds; NEEDS_APPROVAL is below the floor and waits for somebody; BLOCKED is below the floor and may not be
 * sold. Only a PRICED line may be ordered.
 */
export type PriceStatus = 'PRICED' | 'NEEDS_APPROVAL' | 'BLOCKED';

/** Money per base unit in micros, unless it says otherwise. */
export interface Price {
  engine: PricingEngine;
  status: PriceStatus;
  unitPrice: Micros;
  /** `unitPrice × quantity`, rounded HALF_UP to the currency's smallest unit. */
  lineTotal: Micros;
  currency: string;
  quantityBase: number;
  listPrice: Micros | null;
  cost: Micros | null;
  /** Cost of the whole line; null if the cost is unknown. */
  lineCost: Micros | null;
  /** `(unit price − cost) / unit price` in micros of a percent; null without a cost or at a price of 0. */
  margin: Micros | null;
  belowCost: boolean;
  trace: PriceTrace;
}

/** How a price came about, in full, as plain JSON: amounts are decimal text. Frozen with the order line. */
export interface PriceTrace {
  engine: PricingEngine;
  quantity: { ordered: number; uom: string; base: number; baseUom: string };
  at: string;
  currency: string;
  listPrice: string | null;
  cost: string | null;
  strategy: PriceStrategy | 'BEST_PRICE';
  precedence: readonly PriceLevel[];
  candidates: TraceCandidate[];
  guards: TraceGuard[];
}

/** One rule that was looked at. */
export interface TraceCandidate {
  /** Code of the row of the price book; null for the item's own list price. */
  rule: string | null;
  /** The formula in words. */
  formula: string;
  level: PriceLevel;
  outcome: 'WON' | 'LOST' | 'NOT_APPLICABLE';
  /** Why, for a person. */
  reason: string;
  /** Null where it did not apply. */
  unitPrice: string | null;
  /** The quantity break that counted. */
  minQuantity: number | null;
}

export interface TraceGuard {
  guard: 'NOT_NEGATIVE' | 'ROUNDING' | 'MAX_PRICE' | 'LIMIT_PRICE' | 'MARGIN_FLOOR';
  mode: FloorMode | null;
  /** The amount it compares with; for ROUNDING the digits after the point. */
  limit: string;
  before: string;
  after: string;
  applied: boolean;
}
