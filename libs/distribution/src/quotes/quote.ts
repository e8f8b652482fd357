import type { TenantQueryable } from '#runtime';
import type { DecidingTenant, FlagDecider, FlagDecision } from '../decisions/decisions.js';
import { formatMicros } from '../money/money.js';
import type { PriceStatus, PriceTrace, PricingEngine } from '../pricing/price.js';
import type { Shadow } from '../shadow/shadow.js';
import { priceLines, type PriceLinesRequest } from './price-lines.js';

export interface QuoteRequest extends PriceLinesRequest {
  /** Instant to price at; absent means now. */
  at?: Date | undefined;
}

/** Prices with their traces; nothing is promised and nothing stored. Amounts are decimal text. */
export interface Quote {
  account: string;
  branch: string | null;
  currency: string;
  at: string;
  total: string;
  decidedBy: { pricingEngine: PricingEngine; flags: FlagDecision[] };
  lines: QuoteLine[];
}

export interface QuoteLine {
  lineNo: number;
  sku: string;
  /** In base units. */
  quantity: number;
  status: PriceStatus;
  listPrice: string | null;
  unitPrice: string;
  lineTotal: string;
  cost: string | null;
  /** Percent of the price. */
  margin: string | null;
  belowCost: boolean;
  trace: PriceTrace;
}

/** @throws the errors of {@link priceLines} */
export async function makeQuote(
  db: TenantQueryable,
  tenant: DecidingTenant,
  flags: FlagDecider,
  request: QuoteRequest,
  shadow?: Shadow,
): Promise<Quote> {
  const priced = await priceLines(db, tenant, flags, request, request.at ?? new Date());
  shadow?.pricing(tenant, priced);
  const { buyer, decisions, lines } = priced;
  return {
    account: buyer.code,
    branch: buyer.branch,
    currency: buyer.currency,
    at: priced.at.toISOString(),
    total: formatMicros(lines.reduce((sum, { price }) => sum + price.lineTotal, 0n)),
    decidedBy: {
      pricingEngine: decisions.pricingEngine,
      flags: decisions.flags.filter(({ key }) => key.startsWith('pricing.')),
    },
    lines: lines.map(({ lineNo, item, price }) => ({
      lineNo,
      sku: item.sku,
      quantity: price.quantityBase,
      status: price.status,
      listPrice: price.listPrice === null ? null : formatMicros(price.listPrice),
      unitPrice: formatMicros(price.unitPrice),
      lineTotal: formatMicros(price.lineTotal),
      cost: price.cost === null ? null : formatMicros(price.cost),
      margin: price.margin === null ? null : formatMicros(price.margin),
      belowCost: price.belowCost,
      trace: price.trace,
    })),
  };
}
