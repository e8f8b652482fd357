/** Engines of flag `allocation.engine`; the first is the legacy one and the default. */
export const allocationEngines = ['fifo-whole-line', 'priority-sourcing-v2'] as const;
export type AllocationEngine = (typeof allocationEngines)[number];

/** PARTIAL takes what there is; COMPLETE takes the whole line or nothing of it. */
export type DeliveryRule = 'PARTIAL' | 'COMPLETE';

/** Quantities are whole base units. */
export interface Demand {
  /** Orders equal demands: earlier ids go first, e.g. `0001`. */
  id: string;
  item: string;
  quantity: number;
  /** A goes before B before C when stock is short. */
  priorityClass: string;
  /** `YYYY-MM-DD`; null goes after every date. */
  requestedDate: string | null;
  deliveryRule: DeliveryRule;
  /** Less than the whole quantity is given in multiples of this. */
  packSize: number;
  /** Warehouses that may serve it, best first; the first is the home warehouse. */
  sources: readonly Source[];
}

export interface Source {
  warehouse: string;
  /** What moving one unit from there costs, in any one measure, e.g. kilometres. */
  unitCost: number;
}

/** What may still be promised: on hand − allocated − safety stock. */
export interface Supply {
  item: string;
  warehouse: string;
  available: number;
}

/** PRIORITY serves the queue in order; FAIR_SHARE gives each demand its proportion of what there is. */
export type ShortageRule = 'PRIORITY' | 'FAIR_SHARE';

export interface AllocationPolicy {
  shortageRule: ShortageRule;
  /** Most warehouses that one line is split over. */
  maxSplit: number;
}

export const defaultAllocationPolicy: AllocationPolicy = { shortageRule: 'PRIORITY', maxSplit: 3 };

export interface Pick {
  demand: string;
  item: string;
  warehouse: string;
  quantity: number;
}

export interface AllocationPlan {
  picks: Pick[];
  /** Quantity that was not allocated, by demand id; absent where nothing is missing. */
  short: Map<string, number>;
}
