import { TierdeckError } from '#platform';
import type { ShadowOutcome } from '#runtime';
import { formatMicros } from '../money/money.js';
import { priceLine } from '../pricing/price-line.js';
import type { Price, PricingEngine } from '../pricing/price.js';
import type { BestPriceOptions } from '../pricing/wwi-best-price.engine.js';
import type { PricedLine } from '../quotes/price-lines.js';

/**
 * Prices a line once more, with another engine. A refusal of that engine is a difference; its price then counts as the
 * one that was answered, since no money can be told.
 */
export function compareLine(
  engine: PricingEngine,
  { from, price }: PricedLine,
  account: string,
  options: BestPriceOptions,
): ShadowOutcome {
  const common = {
    kind: 'COMPARED' as const,
    account,
    item: from.request.item.sku,
    quantity: price.quantityBase,
    liveMicros: price.lineTotal,
    live: wordsOf(price),
  };
  try {
    const other = priceLine(engine, from.request, from.book, options);
    const different = other.lineTotal !== price.lineTotal || other.status !== price.status;
    return { ...common, different, shadowMicros: other.lineTotal, shadow: wordsOf(other) };
  } catch (error) {
    if (!(error instanceof TierdeckError)) throw error;
    return {
      ...common,
      different: true,
      shadowMicros: price.lineTotal,
      shadow: `refused: ${error.code}`,
    };
  }
}

/** `21.25 by CONTRACT C-7`, with the status where it is not simply priced. */
function wordsOf({ unitPrice, status, trace }: Price): string {
  const won = trace.candidates.find(({ outcome }) => outcome === 'WON');
  const by = won ? ` by ${won.level}${won.rule === null ? '' : ` ${won.rule}`}` : '';
  return `${formatMicros(unitPrice)}${by}${status === 'PRICED' ? '' : ` (${status})`}`;
}
