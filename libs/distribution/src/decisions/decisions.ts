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
  /** Engines that run in the shadow of the ones that answer; absent: none. */
  shadow?: { pricing: ShadowChoice<PricingEngine> | null; allocation: ShadowChoice<AllocationEngine> | null };
}

/** Another engine that does the same in the shadow. */
export interface ShadowChoice<Engine extends string> {
  engine: Engine;
  /** Share of requests that are compared, 0 to 1. */
  sample: number;
}

/** Asks the flags. Never fails: without an answer the legacy engines decide. */
export interface FlagDecider {
  decide(tenant: DecidingTenant, place: DecisionPlace): Decisions;
}

export const pricingEngineFlag = 'pricing.engine';
export const percentDealsFlag = 'pricing.percent-deals';
export const allocationEngineFlag = 'allocation.engine';
/** Their variants are names of engines; a payload `{"sample": 0.1}` compares a tenth of the requests. */
export const pricingShadowFlag = 'pricing.shadow';
export const allocationShadowFlag = 'allocation.shadow';

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

/** The engine that runs in the shadow; none if this version does not know it, or if it is the one that answers. */
export function shadowOf<Engine extends string>(
  engines: readonly Engine[],
  live: Engine,
  name: string | null,
  payload: string | undefined,
): ShadowChoice<Engine> | null {
  const engine = engines.find((known) => known === name);
  if (engine === undefined || engine === live) return null;
  return { engine, sample: sampleOf(payload) };
}

function sampleOf(payload: string | undefined): number {
  try {
    const { sample } = JSON.parse(payload ?? '{}') as { sample?: unknown };
    return typeof sample === 'number' && sample >= 0 && sample <= 1 ? sample : 1;
  } catch {
    return 1;
  }
}
