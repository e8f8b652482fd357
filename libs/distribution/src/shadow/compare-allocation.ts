import type { ShadowOutcome } from '#runtime';
import type { AllocationPlan } from '../allocation/allocation.js';
import { divideHalfUp } from '../money/money.js';
import type { PlannedAllocation } from '../orders/place-order.js';

/**
 * How much of each line each engine fills, and what that is worth at the line's price. A refused order filled nothing.
 */
export function compareAllocation(
  { demands, plan, priced }: PlannedAllocation,
  other: AllocationPlan,
  committed: boolean,
): ShadowOutcome[] {
  return demands.map(({ id, item, quantity }, index) => {
    const lineTotal = priced.lines[index]?.price.lineTotal ?? 0n;
    const live = committed ? filled(plan, id) : 0;
    const shadow = filled(other, id);
    const worth = (count: number): bigint =>
      quantity === 0 ? 0n : divideHalfUp(lineTotal * BigInt(count), BigInt(quantity));
    return {
      kind: 'COMPARED',
      account: priced.buyer.code,
      item,
      quantity,
      different: live !== shadow || (committed && placesText(plan, id) !== placesText(other, id)),
      liveMicros: worth(live),
      shadowMicros: worth(shadow),
      live: committed ? words(plan, id, quantity) : 'order refused',
      shadow: words(other, id, quantity),
    };
  });
}

function filled(plan: AllocationPlan, demand: string): number {
  return picksOf(plan, demand).reduce((sum, { quantity }) => sum + quantity, 0);
}

function picksOf(plan: AllocationPlan, demand: string): AllocationPlan['picks'] {
  return plan.picks.filter((pick) => pick.demand === demand);
}

function placesText(plan: AllocationPlan, demand: string): string {
  return picksOf(plan, demand)
    .map(({ warehouse, quantity }) => `${quantity} from ${warehouse}`)
    .sort()
    .join(', ');
}

function words(plan: AllocationPlan, demand: string, quantity: number): string {
  const places = placesText(plan, demand);
  return `${filled(plan, demand)} of ${quantity}${places ? `: ${places}` : ''}`;
}
