import { ConflictError, TierdeckError } from '#platform';

export interface ShortLine {
  lineNo: number;
  sku: string;
  requested: number;
  /** What could have been promised at the time. */
  available: number;
}

/**
 * There is too little stock and nothing may be owed, since the account takes complete lines only or the item is
 * discontinued; nothing was ordered.
 */
export class StockShortError extends ConflictError {
  constructor(readonly lines: readonly ShortLine[]) {
    const skus = lines.map((line) => line.sku).join(', ');
    super('STOCK_SHORT', `There is too little stock of ${skus}; nothing was ordered.`, {
      hint: 'Order less, or see GET /inventory/{sku} for what there is and what is due.',
      details: { lines },
    });
  }
}

/** The tenant's policy forbids selling below the margin floor. */
export class PriceBelowFloorError extends TierdeckError {
  constructor(skus: readonly string[]) {
    super('PRICE_BELOW_FLOOR', `The price of ${skus.join(', ')} is below the margin floor.`, 422, {
      hint: 'POST /quotes shows the floor in the trace of the price.',
      details: { skus },
    });
  }
}

export class IdempotencyKeyReusedError extends ConflictError {
  constructor(key: string) {
    super('IDEMPOTENCY_KEY_REUSED', `The idempotency key "${key}" was used with another request.`, {
      hint: 'Send a new key with a new request, and the same body with the same key.',
    });
  }
}
