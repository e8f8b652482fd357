import { randomUUID } from 'node:crypto';
import type { TenantQueryable } from '#runtime';
import type { AllocationPlan, Demand } from '../allocation/allocation.js';
import { placesOf, usableDemands } from '../allocation/usable-demands.js';
import { planAllocation } from '../allocation/plan-allocation.js';
import { commitPicks, findSources, lockSupply, openBackorders } from '../allocation/stock.store.js';
import type { Buyer } from '../catalogue/buyer.js';
import type { Decisions, DecidingTenant, FlagDecider } from '../decisions/decisions.js';
import { formatMicros } from '../money/money.js';
import {
  priceLines,
  type PricedLine,
  type PricedLines,
  type PriceLinesRequest,
} from '../quotes/price-lines.js';
import type { Order, OrderLine, OrderStatus } from './order.js';
import { PriceBelowFloorError, StockShortError, type ShortLine } from './orders.errors.js';
import { insertOrder } from './orders.store.js';

export interface PlaceOrderRequest extends PriceLinesRequest {
  purchaseOrder?: string | undefined;
  /** `YYYY-MM-DD` */
  requestedDate?: string | undefined;
  channel?: 'API' | 'EDI';
  ediInterchangeId?: string;
}

/** What was placed, with the exact figures that KPIs are counted from. */
export interface PlacedOrder {
  order: Order;
  priced: PricedLines;
  linesFilled: number;
}

/** What the engine that answers planned, with what another engine needs to plan the same. */
export interface PlannedAllocation {
  priced: Omit<PricedLines, 'at'>;
  /** With every source, also those that the engine that answers does not use. */
  demands: readonly Demand[];
  plan: AllocationPlan;
}

/**
 * Prices, allocates and writes an order in the caller's transaction: all of it happens or nothing.
 * @param onDecided told as soon as the flags have decided, so that a refusal can be counted under its engine.
 * @throws StockShortError where nothing may be owed, PriceBelowFloorError, and the errors of
 *   {@link priceLines}; the transaction must then be rolled back.
 */
export async function placeOrder(
  tx: TenantQueryable,
  tenant: DecidingTenant,
  flags: FlagDecider,
  request: PlaceOrderRequest,
  onDecided?: (buyer: Buyer, decisions: Decisions) => void,
  onPlanned?: (planned: PlannedAllocation) => void,
): Promise<PlacedOrder> {
  const priced = await priceLines(tx, tenant, flags, request, new Date(), onDecided);
  const blocked = priced.lines.filter(({ price }) => price.status === 'BLOCKED');
  if (blocked.length > 0) throw new PriceBelowFloorError(blocked.map(({ item }) => item.sku));
  const held = priced.lines.some(({ price }) => price.status === 'NEEDS_APPROVAL');
  const plan = held
    ? { picks: [], short: new Map<string, number>() }
    : await planLines(tx, priced, request, onPlanned);
  const id = randomUUID();
  const status = held ? 'HELD' : statusOf(priced.lines, plan);
  const header = {
    id,
    status,
    channel: request.channel ?? 'API',
    purchaseOrder: request.purchaseOrder ?? null,
    requestedDate: request.requestedDate ?? null,
    ediInterchangeId: request.ediInterchangeId ?? null,
  };
  const createdAt = await insertOrder(tx, header, priced);
  await commitPicks(
    tx,
    id,
    plan.picks.map((pick) => ({ ...pick, lineNo: Number(pick.demand) })),
  );
  await openBackorders(
    tx,
    id,
    priced.lines.flatMap(({ lineNo, item }) => {
      const quantity = plan.short.get(demandId(lineNo));
      return quantity === undefined ? [] : [{ lineNo, item: item.sku, quantity }];
    }),
  );
  return {
    order: orderOf(header, createdAt, priced, plan),
    priced,
    linesFilled: held ? 0 : priced.lines.length - plan.short.size,
  };
}

/** Locks what the order could take, then plans with the engine that the flags chose. */
async function planLines(
  tx: TenantQueryable,
  { buyer, decisions, lines }: Omit<PricedLines, 'at'>,
  request: PlaceOrderRequest,
  onPlanned: (planned: PlannedAllocation) => void = () => undefined,
): Promise<AllocationPlan> {
  const skus = [...new Set(lines.map(({ item }) => item.sku))].sort();
  const sources = await findSources(tx, skus, buyer.branch, buyer.homeWarehouse);
  const demands = lines.map(({ lineNo, item, price }): Demand => ({
    id: demandId(lineNo),
    item: item.sku,
    quantity: price.quantityBase,
    priorityClass: buyer.accountClass,
    requestedDate: request.requestedDate ?? null,
    deliveryRule: buyer.deliveryRule,
    packSize: 1,
    sources: sources.get(item.sku) ?? [],
  }));
  const usable = usableDemands(decisions.allocationEngine, demands, buyer.homeWarehouse);
  const places = placesOf(usable);
  const supply = await lockSupply(tx, places);
  const plan = planAllocation(decisions.allocationEngine, usable, supply);
  onPlanned({ priced: { buyer, decisions, lines }, demands, plan });
  const unmet = shortLines(buyer, lines, plan, supply);
  if (unmet.length > 0) throw new StockShortError(unmet);
  return plan;
}

/** Lines that are short and of which nothing may be owed. */
function shortLines(
  buyer: Buyer,
  lines: readonly PricedLine[],
  plan: AllocationPlan,
  supply: readonly { item: string; available: number }[],
): ShortLine[] {
  return lines
    .filter(({ lineNo }) => plan.short.has(demandId(lineNo)))
    .filter(({ item }) => buyer.deliveryRule === 'COMPLETE' || item.discontinued)
    .map(({ lineNo, item, price }) => ({
      lineNo,
      sku: item.sku,
      requested: price.quantityBase,
      available: supply
        .filter((one) => one.item === item.sku)
        .reduce((sum, one) => sum + Math.max(0, one.available), 0),
    }));
}

function statusOf(lines: readonly PricedLine[], plan: AllocationPlan): OrderStatus {
  if (plan.short.size === 0) return 'ALLOCATED';
  return plan.picks.length === 0 ? 'BACKORDERED' : 'PARTIALLY_ALLOCATED';
}

function orderOf(
  header: Pick<Order, 'id' | 'status' | 'channel' | 'purchaseOrder' | 'requestedDate'>,
  createdAt: Date,
  { buyer, decisions, lines }: PricedLines,
  plan: AllocationPlan,
): Order {
  return {
    id: header.id,
    status: header.status,
    account: buyer.code,
    branch: buyer.branch,
    channel: header.channel,
    purchaseOrder: header.purchaseOrder,
    requestedDate: header.requestedDate,
    currency: buyer.currency,
    total: formatMicros(lines.reduce((sum, { price }) => sum + price.lineTotal, 0n)),
    createdAt: createdAt.toISOString(),
    decidedBy: {
      pricingEngine: decisions.pricingEngine,
      allocationEngine: decisions.allocationEngine,
      flags: decisions.flags,
    },
    lines: lines.map(({ lineNo, item, price }): OrderLine => ({
      lineNo,
      sku: item.sku,
      quantity: price.quantityBase,
      listPrice: formatMicros(price.listPrice ?? 0n),
      unitPrice: formatMicros(price.unitPrice),
      lineTotal: formatMicros(price.lineTotal),
      margin: price.margin === null ? null : formatMicros(price.margin),
      allocations: plan.picks
        .filter((pick) => pick.demand === demandId(lineNo))
        .map(({ warehouse, quantity }) => ({ warehouse, quantity })),
      backordered: plan.short.get(demandId(lineNo)) ?? 0,
      trace: price.trace,
    })),
  };
}

/** Sorts like the line number, which the planner takes for first come first served. */
function demandId(lineNo: number): string {
  return String(lineNo).padStart(6, '0');
}
