import type { TenantQueryable } from '#runtime';
import { loadBuyer, unknown, type Buyer } from '../catalogue/buyer.js';
import type { Decisions, DecidingTenant, FlagDecider } from '../decisions/decisions.js';
import { MAX_MICROS } from '../money/money.js';
import { ItemNotSaleableError, PriceInputError } from '../pricing/pricing.errors.js';
import { loadItems, loadRules, type OrderedItem } from '../pricing/price-book.store.js';
import type { PriceBook, PriceRequest } from '../pricing/price-book.js';
import { priceLine } from '../pricing/price-line.js';
import type { Price } from '../pricing/price.js';
import { TierdeckError } from '#platform';

export interface LineRequest {
  sku: string;
  /** In units of `uom`. */
  quantity: number;
  /** Absent means the item's base unit. */
  uom?: string | undefined;
}

/** What somebody wants to buy. Quotes and orders start from the same request. */
export interface PriceLinesRequest {
  account: string;
  /** Absent means the account's own branch. */
  branch?: string | undefined;
  /** Absent means the account's currency; no other can be priced. */
  currency?: string | undefined;
  lines: readonly LineRequest[];
}

export interface PricedLine {
  lineNo: number;
  item: OrderedItem;
  price: Price;
  /** What the price follows from: another engine prices the same from it. */
  from: { request: PriceRequest; book: PriceBook };
}

export interface PricedLines {
  buyer: Buyer;
  decisions: Decisions;
  lines: PricedLine[];
  at: Date;
}

/**
 * Prices the lines with the engine that the flags choose for the tenant, branch, warehouse and account.
 * @param onDecided told as soon as the flags have decided, so that a failure after it can be counted under its engine.
 * @throws TierdeckError ACCOUNT_NOT_FOUND, BRANCH_NOT_FOUND, ITEM_NOT_FOUND, ITEM_NOT_SALEABLE and the errors of the engines, each with
 *   the field of the request that is wrong.
 */
export async function priceLines(
  tx: TenantQueryable,
  tenant: DecidingTenant,
  flags: FlagDecider,
  request: PriceLinesRequest,
  at: Date,
  onDecided: (buyer: Buyer, decisions: Decisions) => void = () => undefined,
): Promise<PricedLines> {
  const buyer = await loadBuyer(tx, request.account, request.branch ?? null);
  const decisions = flags.decide(tenant, {
    branch: buyer.branch,
    warehouse: buyer.homeWarehouse,
    account: buyer.code,
  });
  onDecided(buyer, decisions);
  const items = await loadItems(tx, [...new Set(request.lines.map((line) => line.sku))]);
  const rules = await loadRules(tx, items.values(), buyer, buyer.branch, at);
  const lines = request.lines.map((line, index): PricedLine => {
    const item = items.get(line.sku);
    if (!item) throw unknown('item', line.sku, `lines.${index}.sku`);
    if (!item.saleable) throw new ItemNotSaleableError(item.sku, `lines.${index}.sku`);
    const ownRules = rules.filter(
      ({ scope }) =>
        (scope.item === undefined || scope.item === item.sku) &&
        (scope.itemGroup === undefined || item.groups.includes(scope.itemGroup)),
    );
    const from = {
      request: {
        item,
        account: buyer,
        branch: buyer.branch,
        quantity: line.quantity,
        uom: line.uom ?? item.baseUom,
        at: at.toISOString(),
        currency: request.currency ?? buyer.currency,
      },
      book: { currency: buyer.currency, policy: buyer.policy, rules: ownRules },
    };
    const price = atLine(index, () =>
      priceLine(decisions.pricingEngine, from.request, from.book, { percentDeals: decisions.percentDeals }),
    );
    return { lineNo: index + 1, item, price, from };
  });
  if (lines.reduce((sum, { price }) => sum + price.lineTotal + (price.lineCost ?? 0n), 0n) > MAX_MICROS) {
    throw new PriceInputError('The lines come to too large a sum.', 'lines', 'Divide the order.');
  }
  return { buyer, decisions, lines, at };
}

/** Says in which line of the request an engine's refusal arose. */
function atLine<T>(index: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof TierdeckError)) throw error;
    throw new TierdeckError(error.code, error.message, error.httpStatus, {
      field: `lines.${index}${error.field === undefined ? '' : `.${error.field}`}`,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      ...(error.details === undefined ? {} : { details: error.details }),
      cause: error,
    });
  }
}
