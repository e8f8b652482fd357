import { divideUp, formatMicros, MICROS_PER_UNIT, roundUpMicros, type Micros } from '../money/money.js';
import type { PricedItem, PricingPolicy } from './price-book.js';
import type { PriceStatus, TraceGuard } from './price.js';

const whole = 100n * MICROS_PER_UNIT;

/**
 * The lowest price at which the margin on the price is at least `minMargin` percent:
 * `cost / (1 − minMargin / 100)`, rounded up to `decimals` digits.
 */
export function marginFloor(cost: Micros, minMargin: Micros, decimals: number): Micros {
  if (minMargin >= whole) throw new RangeError('a least margin is below 100 percent');
  return roundUpMicros(divideUp(cost * whole, whole - minMargin), decimals);
}

export interface GuardedPrice {
  unitPrice: Micros;
  status: PriceStatus;
  guards: TraceGuard[];
}

/**
 * Maximum first, floor last: where the two contradict, the floor holds (OFBiz: "min price second to override max
 * price, safety net"). CLAMP lifts the price to the floor; BLOCK and APPROVAL leave it and set the status.
 */
export function applyGuards(
  wanted: Micros,
  item: PricedItem,
  policy: PricingPolicy,
  decimals: number,
): GuardedPrice {
  const guards: TraceGuard[] = [];
  let unitPrice = wanted;
  let status: PriceStatus = 'PRICED';
  const lift = (limit: Micros): Micros => (unitPrice < limit ? limit : unitPrice);

  const positive = lift(0n);
  if (positive !== unitPrice) {
    guards.push(trace('NOT_NEGATIVE', 'CLAMP', 0n, unitPrice, positive, true));
    unitPrice = positive;
  }
  if (item.maxPrice !== null) {
    const after = unitPrice > item.maxPrice ? item.maxPrice : unitPrice;
    guards.push(trace('MAX_PRICE', 'CLAMP', item.maxPrice, unitPrice, after, after !== unitPrice));
    unitPrice = after;
  }
  const floors: [TraceGuard['guard'], Micros][] = [];
  if (item.limitPrice !== null) floors.push(['LIMIT_PRICE', roundUpMicros(item.limitPrice, decimals)]);
  if (item.cost !== null && policy.minMargin !== null) {
    floors.push(['MARGIN_FLOOR', marginFloor(item.cost, policy.minMargin, decimals)]);
  }
  for (const [guard, floor] of floors) {
    const below = unitPrice < floor;
    const after = policy.floorMode === 'CLAMP' ? lift(floor) : unitPrice;
    guards.push(trace(guard, policy.floorMode, floor, unitPrice, after, below));
    unitPrice = after;
    if (below && policy.floorMode !== 'CLAMP') {
      status = policy.floorMode === 'BLOCK' ? 'BLOCKED' : 'NEEDS_APPROVAL';
    }
  }
  return { unitPrice, status, guards };
}

function trace(
  guard: TraceGuard['guard'],
  mode: TraceGuard['mode'],
  limit: Micros,
  before: Micros,
  after: Micros,
  applied: boolean,
): TraceGuard {
  return {
    guard,
    mode,
    limit: formatMicros(limit),
    before: formatMicros(before),
    after: formatMicros(after),
    applied,
  };
}
