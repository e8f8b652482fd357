import { formatMicros, roundMicros, type Micros } from '../money/money.js';
import { reachedBreaks, specificity, whyNotApplicable } from './applicability.js';
import { describeFormula, evaluateFormula } from './formula.js';
import { applyGuards } from './guards.js';
import type {
  PriceBook,
  PriceBreak,
  PriceLevel,
  PriceRequest,
  PriceRule,
  PriceStrategy,
} from './price-book.js';
import { finishPrice, pricingBasis } from './price-draft.js';
import type { Price, TraceCandidate } from './price.js';
import { PriceNotFoundError, PriceTieError } from './pricing.errors.js';

interface Candidate {
  rule: string | null;
  level: PriceLevel;
  rank: number;
  specificity: number;
  validFrom: string;
  formula: string;
  minQuantity: number;
  price: Micros;
}

/**
 * The waterfall: quantity in base units → candidates of each level → the tenant's strategy chooses one → its quantity
 * break and formula give the price → maximum price, and the margin floor last. Everything that orders or guards is
 * data of the tenant ({@link PriceBook}); equal input gives an equal price and an equal trace.
 *
 * @throws PriceTieError under ERROR_ON_TIE, PriceNotFoundError if nothing prices the item, PriceInputError.
 */
export function waterfallPrice(request: PriceRequest, book: PriceBook): Price {
  const basis = pricingBasis(request, book);
  const precedence: PriceLevel[] = [...book.policy.precedence.filter((level) => level !== 'LIST'), 'LIST'];
  const { candidates, refused } = collect(request, book, precedence, basis.quantity);
  candidates.sort(inOrder);
  const winner = choose(candidates, book.policy.strategy, request.item.sku);
  const wanted = roundMicros(winner.price, basis.decimals);
  const guarded = applyGuards(wanted, request.item, book.policy, basis.decimals);
  return finishPrice(
    {
      engine: 'waterfall-v2',
      status: guarded.status,
      unitPrice: guarded.unitPrice,
      strategy: book.policy.strategy,
      precedence,
      candidates: [
        ...candidates.map((one) => traceOf(one, winner, book.policy.strategy)),
        ...refused.sort((a, b) => compareText(a.rule ?? '', b.rule ?? '')),
      ],
      guards: [
        {
          guard: 'ROUNDING',
          mode: null,
          limit: String(basis.decimals),
          before: formatMicros(winner.price),
          after: formatMicros(wanted),
          applied: wanted !== winner.price,
        },
        ...guarded.guards,
      ],
    },
    request,
    basis,
  );
}

function collect(
  request: PriceRequest,
  book: PriceBook,
  precedence: readonly PriceLevel[],
  quantity: number,
): { candidates: Candidate[]; refused: TraceCandidate[] } {
  const candidates: Candidate[] = [];
  const refused: TraceCandidate[] = [];
  const refuse = (rule: PriceRule, reason: string): void => {
    const formula = rule.breaks[0]?.formula;
    refused.push({
      rule: rule.id,
      formula: formula === undefined ? 'none' : describeFormula(formula),
      level: rule.level,
      outcome: 'NOT_APPLICABLE',
      reason,
      unitPrice: null,
      minQuantity: null,
    });
  };
  for (const rule of book.rules) {
    const rank = precedence.indexOf(rule.level);
    const why =
      rank < 0
        ? `The tenant's precedence leaves ${rule.level} out.`
        : whyNotApplicable(rule, request, quantity);
    if (why !== null) {
      refuse(rule, why);
      continue;
    }
    const best = bestBreak(rule, request, quantity);
    if (best === null) {
      refuse(rule, 'The item has no price to calculate from.');
      continue;
    }
    candidates.push({
      rule: best.reached.code,
      level: rule.level,
      rank,
      specificity: specificity(rule),
      validFrom: rule.validFrom ?? '',
      formula: describeFormula(best.reached.formula),
      minQuantity: best.reached.minQuantity,
      price: best.price,
    });
  }
  if (request.item.listPrice !== null) {
    candidates.push({
      rule: null,
      level: 'LIST',
      rank: precedence.length - 1,
      specificity: -1,
      validFrom: '',
      formula: 'list price',
      minQuantity: 1,
      price: request.item.listPrice,
    });
  }
  return { candidates, refused };
}

/**
 * The largest break reached, unless a smaller one is cheaper: data with a dearer break further up must not punish
 * whoever buys more.
 */
function bestBreak(
  rule: PriceRule,
  request: PriceRequest,
  quantity: number,
): { reached: PriceBreak; price: Micros } | null {
  let best: { reached: PriceBreak; price: Micros } | null = null;
  for (const reached of reachedBreaks(rule, quantity)) {
    const price = evaluateFormula(reached.formula, request.item);
    if (price === null) continue;
    const cheaper = best === null || price < best.price;
    const larger = best !== null && price === best.price && reached.minQuantity > best.reached.minQuantity;
    if (cheaper || larger) best = { reached, price };
  }
  return best;
}

/** Level, then the narrower scope, then the later start, then the lower price, then the code. */
function inOrder(a: Candidate, b: Candidate): number {
  return (
    a.rank - b.rank ||
    b.specificity - a.specificity ||
    compareText(b.validFrom, a.validFrom) ||
    Number(a.price > b.price) - Number(a.price < b.price) ||
    compareText(a.rule ?? '', b.rule ?? '')
  );
}

function choose(ordered: readonly Candidate[], strategy: PriceStrategy, sku: string): Candidate {
  const first = ordered[0];
  if (first === undefined) throw new PriceNotFoundError(sku);
  if (strategy === 'LOWEST') {
    return ordered.reduce((lowest, one) => (one.price < lowest.price ? one : lowest), first);
  }
  if (strategy === 'ERROR_ON_TIE') {
    const tied = ordered.filter((one) => one.rank === first.rank && one.specificity === first.specificity);
    if (tied.length > 1) throw new PriceTieError(sku, tied.map((one) => one.rule ?? 'list price').sort());
  }
  return first;
}

function traceOf(one: Candidate, winner: Candidate, strategy: PriceStrategy): TraceCandidate {
  return {
    rule: one.rule,
    formula: one.formula,
    level: one.level,
    outcome: one === winner ? 'WON' : 'LOST',
    reason: reasonOf(one, winner, strategy),
    unitPrice: formatMicros(one.price),
    minQuantity: one.minQuantity,
  };
}

function reasonOf(one: Candidate, winner: Candidate, strategy: PriceStrategy): string {
  if (one === winner) {
    return strategy === 'LOWEST' ? 'It is the lowest price.' : 'It comes first in the precedence.';
  }
  if (strategy === 'LOWEST') {
    return one.price > winner.price
      ? 'Another price is lower.'
      : 'Another rule with this price comes before it.';
  }
  if (one.rank !== winner.rank) return `${winner.level} comes before ${one.level}.`;
  if (one.specificity !== winner.specificity) return 'A rule of its level is written for a narrower scope.';
  return 'An equal rule of its level comes before it.';
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
