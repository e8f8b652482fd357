import type { Micros } from '../money/money.js';

/**
 * Where a price may come from, most binding first: the order in which distributors' ERPs (Infor SX.e,
 * Prophet 21, OFBiz) search unless a tenant re-orders it.
 */
export const priceLevels = [
  'CONTRACT',
  'CONTRACT_GROUP',
  'BUYING_GROUP_DEAL',
  'CLASS',
  'BRANCH',
  'PROMO',
  'LIST',
] as const;
export type PriceLevel = (typeof priceLevels)[number];

/** Whom and what a price rule is for. An absent property means any; all present ones must fit. */
export interface PriceRuleScope {
  item?: string;
  itemGroup?: string;
  account?: string;
  /** Value class A, B or C. */
  accountClass?: string;
  /** Trade of the account, e.g. Novelty Shop. */
  accountCategory?: string;
  buyingGroup?: string;
  branch?: string;
}

/** How a unit price is made. Percentages are micros of a percent (10 % = 10000000n). */
export type PriceFormula =
  | { kind: 'FIXED'; price: Micros }
  | { kind: 'AMOUNT_OFF'; amount: Micros }
  | { kind: 'PERCENT_OFF'; percent: Micros }
  /** base × (1 + percent), rounded to a multiple of `roundTo` (null: not rounded), then plus `surcharge`. */
  | { kind: 'FORMULA'; base: 'LIST' | 'COST'; percent: Micros; roundTo: Micros | null; surcharge: Micros };

/** Holds from this many base units on. */
export interface PriceBreak {
  /** Code of the row of the price book. */
  code: string;
  minQuantity: number;
  formula: PriceFormula;
}

/** A contract line, a special deal, a class or branch price list entry or a promotion, with its quantity breaks. */
export interface PriceRule {
  id: string;
  level: PriceLevel;
  scope: PriceRuleScope;
  /** ISO instants (`toISOString`): holds from the first on and no longer at the second; null is open. */
  validFrom: string | null;
  validTo: string | null;
  /** A schedule has several; a plain price has one from quantity 1. */
  breaks: readonly PriceBreak[];
}

/**
 * FIRST_MATCH takes the first level that has a rule, LOWEST the lowest price of all levels, ERROR_ON_TIE the first
 * level but refuses to guess between two rules that are equally specific.
 */
export type PriceStrategy = 'FIRST_MATCH' | 'LOWEST' | 'ERROR_ON_TIE';

/** What happens to a price below the floor: lifted to it, refused, or kept for somebody to approve. */
export type FloorMode = 'CLAMP' | 'BLOCK' | 'APPROVAL';

/** A tenant's rules of pricing for accounts of one class, as data. */
export interface PricingPolicy {
  strategy: PriceStrategy;
  /** Levels in order of search; a level that is missing is not searched. LIST is always the last resort. */
  precedence: readonly PriceLevel[];
  /** Least margin on the price in micros of a percent, below 100 %; null asks for none. */
  minMargin: Micros | null;
  /** Holds for the least margin and for the item's limit price. */
  floorMode: FloorMode;
  /** Digits of a unit price after the point; null takes the currency's. */
  priceDecimals: number | null;
}

export const defaultPricingPolicy: PricingPolicy = {
  strategy: 'FIRST_MATCH',
  precedence: priceLevels,
  minMargin: null,
  floorMode: 'CLAMP',
  priceDecimals: null,
};

export interface PricedItem {
  sku: string;
  groups: readonly string[];
  baseUom: string;
  /** Base units in one of each further unit of measure, e.g. `{ CASE: 12 }`. */
  uoms: Readonly<Record<string, number>>;
  /** Per base unit; null if the item has no list price, only prices by rules. */
  listPrice: Micros | null;
  /** Per base unit; null if unknown: then no margin and no margin floor. */
  cost: Micros | null;
  maxPrice: Micros | null;
  /** Never sold below, whatever the margin. */
  limitPrice: Micros | null;
}

export interface PricedAccount {
  code: string;
  accountClass: string | null;
  accountCategory: string | null;
  buyingGroup: string | null;
}

/** The immutable data a price follows from. The rules need not be filtered: engines say why each one did not apply. */
export interface PriceBook {
  currency: string;
  policy: PricingPolicy;
  rules: readonly PriceRule[];
}

export interface PriceRequest {
  item: PricedItem;
  account: PricedAccount;
  /** Code of the branch that sells. */
  branch: string | null;
  /** In units of `uom`; a positive whole number. */
  quantity: number;
  uom: string;
  /** Instant of pricing as `toISOString` writes it. */
  at: string;
  currency: string;
}
