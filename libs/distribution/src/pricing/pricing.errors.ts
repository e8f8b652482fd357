import { TierdeckError } from '#platform';

/** The input of a price cannot be used: unknown unit of measure, another currency, no whole quantity. */
export class PriceInputError extends TierdeckError {
  constructor(message: string, field: string, hint?: string) {
    super('PRICE_INPUT_INVALID', message, 422, { field, ...(hint === undefined ? {} : { hint }) });
  }
}

export class PriceNotFoundError extends TierdeckError {
  constructor(sku: string) {
    super('PRICE_NOT_FOUND', `Item "${sku}" has no list price and no price rule that applies.`, 422, {
      hint: 'Give the item a list price or a rule in the price book.',
    });
  }
}

/** Two rules are equally specific and the tenant's policy is to refuse rather than to guess. */
export class PriceTieError extends TierdeckError {
  constructor(sku: string, rules: readonly string[]) {
    super('PRICE_TIE', `Item "${sku}" has ${rules.length} price rules that are equally specific.`, 422, {
      hint: 'End one of the rules or narrow its scope.',
      details: { rules },
    });
  }
}

export class ItemNotSaleableError extends TierdeckError {
  constructor(sku: string, field: string) {
    super('ITEM_NOT_SALEABLE', `Item "${sku}" is not for sale.`, 422, {
      field,
      hint: 'GET /items lists what is sold.',
    });
  }
}
