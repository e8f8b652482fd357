import { formatMicros, MICROS_PER_UNIT, percentOf, roundToMultiple, type Micros } from '../money/money.js';
import type { PricedItem, PriceFormula } from './price-book.js';

/** The unit price a formula gives; null if its base (list price or cost) is unknown for the item. */
export function evaluateFormula(formula: PriceFormula, item: PricedItem): Micros | null {
  switch (formula.kind) {
    case 'FIXED':
      return formula.price;
    case 'AMOUNT_OFF':
      return item.listPrice === null ? null : item.listPrice - formula.amount;
    case 'PERCENT_OFF':
      return item.listPrice === null
        ? null
        : percentOf(item.listPrice, 100n * MICROS_PER_UNIT - formula.percent);
    case 'FORMULA': {
      const base = formula.base === 'LIST' ? item.listPrice : item.cost;
      if (base === null) return null;
      const scaled = percentOf(base, 100n * MICROS_PER_UNIT + formula.percent);
      const rounded = formula.roundTo === null ? scaled : roundToMultiple(scaled, formula.roundTo);
      return rounded + formula.surcharge;
    }
  }
}

/** A formula in words, for the trace. */
export function describeFormula(formula: PriceFormula): string {
  switch (formula.kind) {
    case 'FIXED':
      return `fixed price ${formatMicros(formula.price)}`;
    case 'AMOUNT_OFF':
      return `${formatMicros(formula.amount)} off the list price`;
    case 'PERCENT_OFF':
      return `${formatMicros(formula.percent, 0)} % off the list price`;
    case 'FORMULA':
      return [
        `${formula.base === 'LIST' ? 'list price' : 'cost'} ${formula.percent < 0n ? '−' : '+'} ${formatMicros(formula.percent < 0n ? -formula.percent : formula.percent, 0)} %`,
        ...(formula.roundTo === null ? [] : [`rounded to ${formatMicros(formula.roundTo)}`]),
        ...(formula.surcharge === 0n ? [] : [`plus ${formatMicros(formula.surcharge)}`]),
      ].join(', ');
  }
}
