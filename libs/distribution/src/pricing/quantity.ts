import { PriceInputError } from './pricing.errors.js';
import type { PricedItem } from './price-book.js';

/** Most base units of one line; keeps every product with a price far inside of `numeric(18,6)` sums. */
export const MAX_LINE_QUANTITY = 10_000_000;

/**
 * The quantity in base units, e.g. 3 CASE of 12 → 36.
 * @throws PriceInputError if the unit is not one of the item's, or the quantity is no whole number from 1 to
 *   {@link MAX_LINE_QUANTITY}.
 */
export function toBaseQuantity(item: PricedItem, quantity: number, uom: string): number {
  const factor = uom === item.baseUom ? 1 : Object.hasOwn(item.uoms, uom) ? item.uoms[uom] : undefined;
  if (factor === undefined) {
    const known = [item.baseUom, ...Object.keys(item.uoms)].join(', ');
    throw new PriceInputError(`Item "${item.sku}" is not sold by "${uom}".`, 'uom', `Use one of ${known}.`);
  }
  const base = quantity * factor;
  if (!Number.isSafeInteger(base) || quantity < 1 || base > MAX_LINE_QUANTITY) {
    throw new PriceInputError(
      `A quantity is a whole number from 1 to ${MAX_LINE_QUANTITY} base units.`,
      'quantity',
    );
  }
  return base;
}
