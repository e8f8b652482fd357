/** Sums of business figures over tenants and time; the columns of `release_kpi`. */
export interface KpiFigures {
  ordersAccepted: number;
  ordersRejected: number;
  ordersFailed: number;
  lines: number;
  linesBelowCost: number;
  linesFilled: number;
  ediAccepted: number;
  ediRejected: number;
}

export interface Kpi {
  /** What a person reads. */
  title: string;
  /** Bad outcomes and all outcomes of the figures. */
  counts(figures: KpiFigures): { failures: number; samples: number };
}

/** What a gate can guard. Each is a share of bad outcomes, so that one test serves all. */
export const kpis: Readonly<Record<string, Kpi>> = {
  margin: {
    title: 'Order lines sold below cost',
    counts: (f) => ({ failures: f.linesBelowCost, samples: f.lines }),
  },
  'order-success': {
    title: 'Orders that failed by an error of the system',
    counts: (f) => ({ failures: f.ordersFailed, samples: f.ordersAccepted + f.ordersFailed }),
  },
  'order-acceptance': {
    title: 'Orders refused for a business reason',
    counts: (f) => ({ failures: f.ordersRejected, samples: f.ordersAccepted + f.ordersRejected }),
  },
  'fill-rate': {
    title: 'Order lines not allocated completely on the first pass',
    counts: (f) => ({ failures: f.lines - f.linesFilled, samples: f.lines }),
  },
  'edi-acceptance': {
    title: 'EDI documents refused',
    counts: (f) => ({ failures: f.ediRejected, samples: f.ediAccepted + f.ediRejected }),
  },
};
