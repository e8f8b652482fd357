import type { AllocationPlan, Demand, Pick, Supply } from './allocation.js';
import { SupplyLedger } from './supply-ledger.js';

/**
 * The legacy engine, as `PickStockForCustomerOrders` of Microsoft's Wide World Importers works: demands in the order
 * of their ids, each whole or not at all, from the home warehouse alone; priority and delivery rule are not looked at.
 */
export function planFifoWholeLine(demands: readonly Demand[], supplies: readonly Supply[]): AllocationPlan {
  const ledger = new SupplyLedger(supplies);
  const picks: Pick[] = [];
  const short = new Map<string, number>();
  for (const demand of [...demands].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))) {
    const { id, item, quantity } = demand;
    const home = demand.sources[0]?.warehouse;
    if (home === undefined || ledger.available(item, home) < quantity) {
      short.set(id, quantity);
      continue;
    }
    ledger.take(item, home, quantity);
    picks.push({ demand: id, item, warehouse: home, quantity });
  }
  return { picks, short };
}
