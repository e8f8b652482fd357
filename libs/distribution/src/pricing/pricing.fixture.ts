import * as fc from 'fast-check';
import type { Micros } from '../money/money.js';
import {
  defaultPricingPolicy,
  priceLevels,
  type PriceBook,
  type PricedItem,
  type PriceFormula,
  type PriceRequest,
  type PriceRule,
  type PricingPolicy,
} from './price-book.js';

const unit = 1_000_000n;

/** Whole currency units or hundredths as micros, e.g. `money(12.34)`. */
export function money(amount: number): Micros {
  return BigInt(Math.round(amount * 100)) * 10_000n;
}

export function percent(value: number): Micros {
  return BigInt(Math.round(value * 1_000_000));
}

export function item(changes: Partial<PricedItem> = {}): PricedItem {
  return {
    sku: 'USB-1',
    groups: ['USB'],
    baseUom: 'EA',
    uoms: { CASE: 12 },
    listPrice: money(850),
    cost: money(316),
    maxPrice: null,
    limitPrice: null,
    ...changes,
  };
}

export function request(changes: Partial<PriceRequest> = {}): PriceRequest {
  return {
    item: item(),
    account: { code: 'A1', accountClass: 'A', accountCategory: 'Novelty Shop', buyingGroup: 'Tailspin' },
    branch: 'B1',
    quantity: 1,
    uom: 'EA',
    at: '2026-06-15T00:00:00.000Z',
    currency: 'USD',
    ...changes,
  };
}

export function rule(id: string, formula: PriceFormula, changes: Partial<PriceRule> = {}): PriceRule {
  return {
    id,
    level: 'PROMO',
    scope: { itemGroup: 'USB' },
    validFrom: null,
    validTo: null,
    breaks: [{ code: id, minQuantity: 1, formula }],
    ...changes,
  };
}

export function book(rules: PriceRule[], policy: Partial<PricingPolicy> = {}): PriceBook {
  return { currency: 'USD', rules, policy: { ...defaultPricingPolicy, ...policy } };
}

const amounts = fc.bigInt({ min: 0n, max: 5_000n * unit });
const percents = fc.bigInt({ min: 1n, max: 100n * unit });

export const anyFormula: fc.Arbitrary<PriceFormula> = fc.oneof(
  fc.record({ kind: fc.constant('FIXED' as const), price: amounts }),
  fc.record({ kind: fc.constant('AMOUNT_OFF' as const), amount: amounts }),
  fc.record({ kind: fc.constant('PERCENT_OFF' as const), percent: percents }),
  fc.record({
    kind: fc.constant('FORMULA' as const),
    base: fc.constantFrom('LIST' as const, 'COST' as const),
    percent: fc.bigInt({ min: -100n * unit, max: 200n * unit }),
    roundTo: fc.option(fc.bigInt({ min: 1n, max: 5n * unit })),
    surcharge: fc.bigInt({ min: 0n, max: 10n * unit }),
  }),
);

export const anyItem: fc.Arbitrary<PricedItem> = fc.record({
  sku: fc.constantFrom('I1', 'I2'),
  groups: fc.subarray(['G1', 'G2']),
  baseUom: fc.constant('EA'),
  uoms: fc.constant({ CASE: 12 }),
  listPrice: fc.option(amounts),
  cost: fc.option(amounts),
  maxPrice: fc.option(amounts),
  limitPrice: fc.option(amounts),
});

const scope = fc.record(
  {
    item: fc.constantFrom('I1', 'I2'),
    itemGroup: fc.constantFrom('G1', 'G2'),
    account: fc.constantFrom('A1', 'A2'),
    accountClass: fc.constantFrom('A', 'B'),
    buyingGroup: fc.constantFrom('T', 'W'),
    branch: fc.constantFrom('B1', 'B2'),
  },
  { requiredKeys: [] },
);

const instants = fc.constantFrom(
  '2026-01-01T00:00:00.000Z',
  '2026-06-15T00:00:00.000Z',
  '2026-12-31T00:00:00.000Z',
);

const anyRule = (id: string): fc.Arbitrary<PriceRule> =>
  fc.record({
    id: fc.constant(id),
    level: fc.constantFrom(...priceLevels),
    scope,
    validFrom: fc.option(instants),
    validTo: fc.option(instants),
    breaks: fc.array(
      fc.record({
        code: fc.constant(id),
        minQuantity: fc.integer({ min: 1, max: 100 }),
        formula: anyFormula,
      }),
      { minLength: 1, maxLength: 4 },
    ),
  });

const anyPolicy: fc.Arbitrary<PricingPolicy> = fc.record({
  strategy: fc.constantFrom('FIRST_MATCH' as const, 'LOWEST' as const, 'ERROR_ON_TIE' as const),
  precedence: fc.shuffledSubarray([...priceLevels]),
  minMargin: fc.option(fc.bigInt({ min: -50n * unit, max: 99n * unit })),
  floorMode: fc.constantFrom('CLAMP' as const, 'BLOCK' as const, 'APPROVAL' as const),
  priceDecimals: fc.option(fc.integer({ min: 0, max: 6 })),
});

export const anyBook: fc.Arbitrary<PriceBook> = fc.record({
  currency: fc.constant('USD'),
  policy: anyPolicy,
  rules: fc
    .integer({ min: 0, max: 6 })
    .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => anyRule(`R${index}`)))),
});

export const anyRequest: fc.Arbitrary<PriceRequest> = fc.record({
  item: anyItem,
  account: fc.record({
    code: fc.constantFrom('A1', 'A2'),
    accountClass: fc.option(fc.constantFrom('A', 'B')),
    accountCategory: fc.constant(null),
    buyingGroup: fc.option(fc.constantFrom('T', 'W')),
  }),
  branch: fc.option(fc.constantFrom('B1', 'B2')),
  quantity: fc.integer({ min: 1, max: 200 }),
  uom: fc.constantFrom('EA', 'CASE'),
  at: instants,
  currency: fc.constant('USD'),
});
