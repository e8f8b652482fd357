import { currencyExponent } from '../money/currency.js';
import { formatMicros, marginPercent, MAX_MICROS, roundMicros, type Micros } from '../money/money.js';
import type { PriceBook, PriceLevel, PriceRequest } from './price-book.js';
import type { Price, PriceStatus, PriceTrace, PricingEngine, TraceCandidate, TraceGuard } from './price.js';
import { PriceInputError } from './pricing.errors.js';
import { toBaseQuantity } from './quantity.js';

/** Quantity in base units and digits of a unit price: the same for every engine. */
export interface PricingBasis {
  quantity: number;
  decimals: number;
}

/** @throws PriceInputError for a quantity, unit or currency that the book cannot price. */
export function pricingBasis(request: PriceRequest, book: PriceBook): PricingBasis {
  if (request.currency !== book.currency) {
    throw new PriceInputError(
      `The price book is in ${book.currency}, not in ${request.currency}.`,
      'currency',
      `Ask for prices in ${book.currency}.`,
    );
  }
  return {
    quantity: toBaseQuantity(request.item, request.quantity, request.uom),
    decimals: book.policy.priceDecimals ?? currencyExponent(book.currency),
  };
}

/** What an engine has decided; {@link finishPrice} derives the rest from it. */
export interface PriceDraft {
  engine: PricingEngine;
  status: PriceStatus;
  unitPrice: Micros;
  strategy: PriceTrace['strategy'];
  precedence: readonly PriceLevel[];
  candidates: TraceCandidate[];
  guards: TraceGuard[];
}

/** @throws PriceInputError if the line comes to more than an account book holds. */
export function finishPrice(draft: PriceDraft, request: PriceRequest, basis: PricingBasis): Price {
  const { item } = request;
  const units = BigInt(basis.quantity);
  const { unitPrice } = draft;
  const lineTotal = roundMicros(unitPrice * units, currencyExponent(request.currency));
  const lineCost = item.cost === null ? null : item.cost * units;
  if (lineTotal > MAX_MICROS || (lineCost ?? 0n) > MAX_MICROS) {
    throw new PriceInputError(`${basis.quantity} of item "${item.sku}" come to too large a sum.`, 'quantity');
  }
  return {
    engine: draft.engine,
    status: draft.status,
    unitPrice,
    lineTotal,
    currency: request.currency,
    quantityBase: basis.quantity,
    listPrice: item.listPrice,
    cost: item.cost,
    lineCost,
    margin: item.cost === null ? null : marginPercent(unitPrice, item.cost),
    belowCost: item.cost !== null && unitPrice < item.cost,
    trace: {
      engine: draft.engine,
      quantity: {
        ordered: request.quantity,
        uom: request.uom,
        base: basis.quantity,
        baseUom: item.baseUom,
      },
      at: request.at,
      currency: request.currency,
      listPrice: item.listPrice === null ? null : formatMicros(item.listPrice),
      cost: item.cost === null ? null : formatMicros(item.cost),
      strategy: draft.strategy,
      precedence: draft.precedence,
      candidates: draft.candidates,
      guards: draft.guards,
    },
  };
}
