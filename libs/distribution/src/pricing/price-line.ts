import type { PriceBook, PriceRequest } from './price-book.js';
import type { Price, PricingEngine } from './price.js';
import { waterfallPrice } from './waterfall.engine.js';
import { bestPrice, type BestPriceOptions } from './wwi-best-price.engine.js';

/** Prices one line with the engine that the flags chose. */
export function priceLine(
  engine: PricingEngine,
  request: PriceRequest,
  book: PriceBook,
  options: BestPriceOptions,
): Price {
  return engine === 'waterfall-v2' ? waterfallPrice(request, book) : bestPrice(request, book, options);
}
