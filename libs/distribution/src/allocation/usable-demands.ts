import type { AllocationEngine, Demand } from './allocation.js';

/** The demands as an engine may serve them: the legacy engine knows the home warehouse alone. */
export function usableDemands(
  engine: AllocationEngine,
  demands: readonly Demand[],
  homeWarehouse: string | null,
): Demand[] {
  if (engine !== 'fifo-whole-line') return [...demands];
  return demands.map((demand) => ({
    ...demand,
    sources: demand.sources.filter(({ warehouse }) => warehouse === homeWarehouse),
  }));
}

/** Item and warehouse of every source, once. */
export function placesOf(demands: readonly Demand[]): { item: string; warehouse: string }[] {
  const places = new Map<string, { item: string; warehouse: string }>();
  for (const { item, sources } of demands)
    for (const { warehouse } of sources) places.set(JSON.stringify([item, warehouse]), { item, warehouse });
  return [...places.values()];
}
