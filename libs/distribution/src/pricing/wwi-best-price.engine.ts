import { formatMicros, percentOf, roundMicros, type Micros } from '../money/money.js';
import { reachedBreaks, specificity, whyNotApplicable } from './applicability.js';
import { describeFormula, evaluateFormula } from './formula.js';
import type { PriceBook, PricedItem, PriceFormula, PriceRequest, PriceRule } from './price-book.js';
import { finishPrice, pricingBasis } from './price-draft.js';
import type { Price, TraceCandidate } from './price.js';
import { PriceNotFoundError } from './pricing.errors.js';

export interface BestPriceOptions {
  /** Flag `pricing.percent-deals`: honour deals in percent, which this engine computes wrong. */
  percentDeals: boolean;
}

interface Deal {
  rule: PriceRule;
  code: string;
  formula: PriceFormula;
  minQuantity: number;
  price: Micros;
}

/**
 * The legacy engine, as `Website.CalculateCustomerPrice` of Microsoft's Wide World Importers computes: of the special
 * deals that apply it takes the lowest unit price, the highest amount off and the highest percentage, and sells at the
 * lowest of these and the list price. It knows no precedence, no maximum and no margin floor.
 *
 * Its defect is real and kept on purpose: a deal of p percent sells at `list × p / 100` instead of
 * `list × (100 − p) / 100`, so 10 % off 850.00 gives 85.00.
 */
export function bestPrice(request: PriceRequest, book: PriceBook, options: BestPriceOptions): Price {
  const basis = pricingBasis(request, book);
  const { item } = request;
  const candidates: TraceCandidate[] = [];
  const deals: Deal[] = [];
  for (const rule of [...book.rules].sort(byLevelAndId(book))) {
    const why = whyNotApplicable(rule, request, basis.quantity);
    if (why !== null) {
      candidates.push(notApplicable(rule, why));
      continue;
    }
    for (const { code, formula, minQuantity } of reachedBreaks(rule, basis.quantity)) {
      const price = legacyPrice(formula, item, basis.decimals);
      if (formula.kind === 'PERCENT_OFF' && !options.percentDeals) {
        candidates.push(notApplicable(rule, 'Percent deals are switched off.', code, formula));
      } else if (price === null) {
        candidates.push(notApplicable(rule, 'The item has no price to calculate from.', code, formula));
      } else {
        deals.push({ rule, code, formula, minQuantity, price });
      }
    }
  }
  const contenders = strongestOfEachKind(deals);
  const best = contenders.reduce<Deal | null>(
    (least, deal) => (least === null || deal.price < least.price ? deal : least),
    null,
  );
  const list = item.listPrice === null ? null : roundMicros(item.listPrice, basis.decimals);
  if (list === null && best === null) throw new PriceNotFoundError(item.sku);
  const winner = best !== null && (list === null || best.price < list) ? best : null;
  const wanted = winner?.price ?? list ?? 0n;
  const unitPrice = wanted < 0n ? 0n : wanted;
  for (const deal of deals) {
    candidates.push({
      rule: deal.code,
      formula: describeLegacy(deal.formula),
      level: deal.rule.level,
      outcome: deal === winner ? 'WON' : 'LOST',
      reason: outcomeOf(deal, winner, contenders),
      unitPrice: formatMicros(deal.price),
      minQuantity: deal.minQuantity,
    });
  }
  candidates.push({
    rule: null,
    formula: 'list price',
    level: 'LIST',
    outcome: list === null ? 'NOT_APPLICABLE' : winner === null ? 'WON' : 'LOST',
    reason:
      list === null
        ? 'The item has no list price.'
        : winner === null
          ? 'No deal is lower.'
          : 'A deal is lower.',
    unitPrice: list === null ? null : formatMicros(list),
    minQuantity: list === null ? null : 1,
  });
  return finishPrice(
    {
      engine: 'wwi-best-price',
      status: 'PRICED',
      unitPrice,
      strategy: 'BEST_PRICE',
      precedence: [],
      candidates,
      guards: [
        {
          guard: 'NOT_NEGATIVE',
          mode: 'CLAMP',
          limit: formatMicros(0n),
          before: formatMicros(wanted),
          after: formatMicros(unitPrice),
          applied: unitPrice !== wanted,
        },
      ],
    },
    request,
    basis,
  );
}

/** The defect lives here: the percentage that should come off is what is asked for. */
function legacyPrice(formula: PriceFormula, item: PricedItem, decimals: number): Micros | null {
  const price =
    formula.kind === 'PERCENT_OFF'
      ? item.listPrice === null
        ? null
        : percentOf(item.listPrice, formula.percent)
      : evaluateFormula(formula, item);
  return price === null ? null : roundMicros(price, decimals);
}

function describeLegacy(formula: PriceFormula): string {
  if (formula.kind !== 'PERCENT_OFF') return describeFormula(formula);
  return `list price × ${formatMicros(formula.percent, 0)} / 100`;
}

/** Lowest fixed price, highest amount off, highest percentage: the original looks at no other deal. */
function strongestOfEachKind(deals: readonly Deal[]): Deal[] {
  const strongest = new Map<string, Deal>();
  for (const deal of deals) {
    const rival = strongest.get(deal.formula.kind);
    if (rival === undefined || isStronger(deal, rival)) strongest.set(deal.formula.kind, deal);
  }
  return [...strongest.values()];
}

function isStronger(deal: Deal, rival: Deal): boolean {
  if (deal.formula.kind === 'PERCENT_OFF' && rival.formula.kind === 'PERCENT_OFF') {
    return deal.formula.percent > rival.formula.percent;
  }
  return deal.price < rival.price;
}

function outcomeOf(deal: Deal, winner: Deal | null, contenders: readonly Deal[]): string {
  if (deal === winner) return 'It is the lowest price.';
  if (!contenders.includes(deal)) return 'Another deal of its kind is stronger.';
  return winner === null ? 'It is not below the list price.' : 'Another deal is lower.';
}

function notApplicable(
  rule: PriceRule,
  reason: string,
  code = rule.id,
  formula = rule.breaks[0]?.formula,
): TraceCandidate {
  return {
    rule: code,
    formula: formula === undefined ? 'none' : describeLegacy(formula),
    level: rule.level,
    outcome: 'NOT_APPLICABLE',
    reason,
    unitPrice: null,
    minQuantity: null,
  };
}

/** An order that does not depend on how the rows were read, so that equal input gives an equal trace. */
function byLevelAndId(book: PriceBook): (a: PriceRule, b: PriceRule) => number {
  const rank = (rule: PriceRule): number => book.policy.precedence.indexOf(rule.level);
  return (a, b) =>
    rank(a) - rank(b) || specificity(b) - specificity(a) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
