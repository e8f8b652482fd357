import type { KpiReport } from './wire.js';

type CountName = Exclude<
  keyof KpiReport,
  'tenantId' | 'branch' | 'pricingEngine' | 'revenueMicros' | 'costMicros'
>;

/** One observation; what is left out counts as zero. */
export type KpiObservation = Partial<Pick<KpiReport, CountName>> & {
  tenantId: string;
  branch?: string | null;
  pricingEngine: string;
  /** Money in micro units. */
  revenueMicros?: bigint | string;
  costMicros?: bigint | string;
};

type Sums = Record<CountName, number> & { revenueMicros: bigint; costMicros: bigint };

const counts: CountName[] = [
  'ordersAccepted',
  'ordersRejected',
  'ordersFailed',
  'lines',
  'linesBelowCost',
  'linesFilled',
  'ediAccepted',
  'ediRejected',
];

/** Business figures by tenant, branch and pricing engine since the last {@link Kpis.drain}. Money stays exact. */
export class Kpis {
  #sums = new Map<string, { key: Pick<KpiReport, 'tenantId' | 'branch' | 'pricingEngine'>; sums: Sums }>();

  record(observation: KpiObservation): void {
    const { tenantId, branch = null, pricingEngine } = observation;
    const id = JSON.stringify([tenantId, branch, pricingEngine]);
    let entry = this.#sums.get(id);
    if (!entry) {
      entry = { key: { tenantId, branch, pricingEngine }, sums: zero() };
      this.#sums.set(id, entry);
    }
    for (const count of counts) entry.sums[count] += observation[count] ?? 0;
    entry.sums.revenueMicros += BigInt(observation.revenueMicros ?? 0);
    entry.sums.costMicros += BigInt(observation.costMicros ?? 0);
  }

  get isEmpty(): boolean {
    return this.#sums.size === 0;
  }

  drain(): KpiReport[] {
    const drained = this.#sums;
    this.#sums = new Map();
    return [...drained.values()].map(({ key, sums: { revenueMicros, costMicros, ...rest } }) => ({
      ...key,
      ...rest,
      revenueMicros: String(revenueMicros),
      costMicros: String(costMicros),
    }));
  }
}

function zero(): Sums {
  return {
    ordersAccepted: 0,
    ordersRejected: 0,
    ordersFailed: 0,
    lines: 0,
    linesBelowCost: 0,
    linesFilled: 0,
    ediAccepted: 0,
    ediRejected: 0,
    revenueMicros: 0n,
    costMicros: 0n,
  };
}
