import type { AllocationPlan, AllocationPolicy, Demand, Pick, Source, Supply } from './allocation.js';
import { fairShares } from './fair-share.js';
import { SupplyLedger } from './supply-ledger.js';

/**
 * Demands queue by priority class, requested date and id. Each is sourced from the cheapest warehouses, over at most
 * `maxSplit` of them. When an item is short, the shortage rule decides: the head of the queue first, or a fair share
 * for everybody. COMPLETE demands take all or nothing; what a rule leaves over goes down the queue once more.
 */
export function planPrioritySourcing(
  demands: readonly Demand[],
  supplies: readonly Supply[],
  policy: AllocationPolicy,
): AllocationPlan {
  const ledger = new SupplyLedger(supplies);
  const queue = [...demands].sort(inQueueOrder);
  const given = new Map<string, Pick[]>(queue.map((demand) => [demand.id, []]));
  if (policy.shortageRule === 'FAIR_SHARE') {
    const shares = sharesOf(queue, ledger);
    for (const demand of queue) serve(demand, shares.get(demand.id) ?? 0, ledger, policy, given);
  }
  for (const demand of queue) serve(demand, demand.quantity, ledger, policy, given);
  const short = new Map<string, number>();
  for (const demand of queue) {
    const missing = demand.quantity - sum(given.get(demand.id) ?? []);
    if (missing > 0) short.set(demand.id, missing);
  }
  return { picks: [...given.values()].flat(), short };
}

/** Allocates up to `target` units in all to the demand, on top of what it was given before. */
function serve(
  demand: Demand,
  target: number,
  ledger: SupplyLedger,
  policy: AllocationPolicy,
  given: Map<string, Pick[]>,
): void {
  const before = given.get(demand.id) ?? [];
  const wanted = target - sum(before);
  if (wanted <= 0 || (demand.deliveryRule === 'COMPLETE' && target < demand.quantity)) return;
  const used = new Set(before.map((pick) => pick.warehouse));
  const picks = source(demand, wanted, ledger, used, policy.maxSplit);
  const total = sum(before) + sum(picks);
  const kept = total < demand.quantity ? inWholePacks(demand, picks, total) : picks;
  for (const { warehouse, quantity } of kept) {
    ledger.take(demand.item, warehouse, quantity);
    const same = before.find((pick) => pick.warehouse === warehouse);
    if (same) same.quantity += quantity;
    else before.push({ demand: demand.id, item: demand.item, warehouse, quantity });
  }
  given.set(demand.id, before);
}

/**
 * From the cheapest warehouses; if those few cannot fill it within the split, from the fullest. Warehouses that the
 * demand is already served from do not count as a further split.
 */
function source(
  demand: Demand,
  wanted: number,
  ledger: SupplyLedger,
  used: ReadonlySet<string>,
  maxSplit: number,
): { warehouse: string; quantity: number }[] {
  const candidates = demand.sources
    .map((one, rank) => ({ ...one, rank, available: ledger.available(demand.item, one.warehouse) }))
    .filter((one) => one.available > 0);
  const cheapest = [...candidates].sort((a, b) => a.unitCost - b.unitCost || a.rank - b.rank);
  const byCost = fill(cheapest, wanted, used, maxSplit);
  if (sum(byCost) === wanted) return byCost;
  const fullest = [...cheapest].sort((a, b) => b.available - a.available);
  const bySize = fill(fullest, wanted, used, maxSplit);
  return sum(bySize) > sum(byCost) ? bySize : byCost;
}

function fill(
  candidates: readonly (Source & { available: number })[],
  wanted: number,
  used: ReadonlySet<string>,
  maxSplit: number,
): { warehouse: string; quantity: number }[] {
  const picks: { warehouse: string; quantity: number }[] = [];
  let missing = wanted;
  let places = Math.max(0, maxSplit - used.size);
  for (const { warehouse, available } of candidates) {
    if (missing === 0) break;
    if (!used.has(warehouse)) {
      if (places === 0) continue;
      places--;
    }
    const quantity = Math.min(missing, available);
    picks.push({ warehouse, quantity });
    missing -= quantity;
  }
  return picks;
}

/** Less than the whole is delivered in whole packs, or for COMPLETE not at all. */
function inWholePacks(
  demand: Demand,
  picks: { warehouse: string; quantity: number }[],
  total: number,
): { warehouse: string; quantity: number }[] {
  if (demand.deliveryRule === 'COMPLETE') return [];
  let surplus = total % demand.packSize;
  const kept: { warehouse: string; quantity: number }[] = [];
  for (const pick of picks.toReversed()) {
    const cut = Math.min(surplus, pick.quantity);
    surplus -= cut;
    if (pick.quantity > cut) kept.unshift({ warehouse: pick.warehouse, quantity: pick.quantity - cut });
  }
  return kept;
}

/** Each demand's fair share of everything its item has in the warehouses that may serve it. */
function sharesOf(queue: readonly Demand[], ledger: SupplyLedger): Map<string, number> {
  const shares = new Map<string, number>();
  for (const [item, demands] of groupByItem(queue)) {
    const warehouses = new Set(demands.flatMap((demand) => demand.sources.map((one) => one.warehouse)));
    const supply = [...warehouses].reduce((total, warehouse) => total + ledger.available(item, warehouse), 0);
    const fair = fairShares(
      demands.map((demand) => demand.quantity),
      supply,
    );
    for (const [index, demand] of demands.entries()) shares.set(demand.id, fair[index] ?? 0);
  }
  return shares;
}

function groupByItem(queue: readonly Demand[]): Map<string, Demand[]> {
  const groups = new Map<string, Demand[]>();
  for (const demand of queue) {
    const group = groups.get(demand.item);
    if (group) group.push(demand);
    else groups.set(demand.item, [demand]);
  }
  return groups;
}

function inQueueOrder(a: Demand, b: Demand): number {
  return (
    compare(a.priorityClass, b.priorityClass) ||
    compare(a.requestedDate ?? '~', b.requestedDate ?? '~') ||
    compare(a.id, b.id)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function sum(picks: readonly { quantity: number }[]): number {
  return picks.reduce((total, { quantity }) => total + quantity, 0);
}
