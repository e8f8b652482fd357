import { allocationEngines, type AllocationEngine } from '../allocation/allocation.js';
import { pricingEngines, type PricingEngine } from '../pricing/price.js';

/** Where a decision is made: flags may differ by each of these. Codes are the tenant's own. */
export interface DecisionPlace {
  branch: string | null;
  warehouse: string | null;
  account: string | null;
}

/** The part of a tenant that flags look at. */
export interface DecidingTenant {
  id: string;
  slug: string;
  tier: string;
  region: string | null;
}

/** What one flag said, as it is named in the answer. */
export interface FlagDecision {
  key: string;
  enabled: boolean;
  /** Null for a flag without variants and for one that is off. */
  variant: string | null;
}

/** What the flags decided for one quote or order. */
export interface Decisions {
  pricingEngine: PricingEngine;
  percentDeals: boolean;
  allocationEngine: AllocationEngine;
  flags: FlagDecision[];
}

/** Asks the flags. Never fails: without an answer the legacy engines decide. */
export interface FlagDecider {
  decide(tenant: DecidingTenant, place: DecisionPlace): Decisions;
}

export const pricingEngineFlag = 'pricing.engine';
export const percentDealsFlag = 'pricing.percent-deals';
export const allocationEngineFlag = 'allocation.engine';

/** The pair of engines that decides while nothing is switched on. */
export const legacyDecisions: Decisions = {
  pricingEngine: pricingEngines[0],
  percentDeals: false,
  allocationEngine: allocationEngines[0],
  flags: [],
};

/** A variant's name as one of the engines; a name that this version does not know decides nothing. */
export function engineOf<Engine extends string>(
  engines: readonly [Engine, ...Engine[]],
  name: string | null,
): Engine {
  return engines.find((engine) => engine === name) ?? engines[0];
}
