import { TierdeckError } from '#platform';
import type { KpiObservation, RuntimeTenant, TenantQueryable } from '#runtime';
import { legacyDecisions, type FlagDecider } from '../../decisions/decisions.js';
import { formatMicros, parseMicros } from '../../money/money.js';
import { PriceBelowFloorError, StockShortError } from '../../orders/orders.errors.js';
import { orderFigures } from '../../orders/orders.service.js';
import { placeOrder, type PlacedOrder } from '../../orders/place-order.js';
import { buyer, shipTo, type InboundOrder } from '../inbound-order.js';
import { outcomeOf, type LineStatus, type OrderResponse, type OrderResponseLine } from '../order-response.js';
import type { EdiPartner } from './partner.js';
import { resolveLines, type RefusedLine, type ResolvedLine } from './resolve-lines.js';

export interface PlacedEdiOrder {
  response: OrderResponse;
  orderId: string | null;
  observation: KpiObservation;
}

/** How often lines are taken out and the rest tried again; further faults refuse the order as a whole. */
const maxTries = 25;

/**
 * Turns a partner's order into a sales order in the caller's transaction: what cannot be taken is refused line by line,
 * the rest is ordered. Business reasons never throw; they stand in the response.
 */
export async function placeEdiOrder(
  tx: TenantQueryable,
  tenant: RuntimeTenant,
  flags: FlagDecider,
  order: InboundOrder,
  partner: EdiPartner,
  interchangeId: string,
): Promise<PlacedEdiOrder> {
  const account = accountOf(order, partner);
  const rejected = (reason: string): PlacedEdiOrder => ({
    response: rejectAll(order, reason),
    orderId: null,
    observation: { tenantId: tenant.id, pricingEngine: legacyDecisions.pricingEngine, ordersRejected: 1 },
  });
  if (account === null) return rejected('No account is known for this partner.');
  const earlier = await findEarlierOrder(tx, account, order.purchaseOrder);
  if (earlier)
    return rejected(`Purchase order ${order.purchaseOrder} was taken before, as order ${earlier}.`);

  const resolved = await resolveLines(tx, order, partner.profile);
  const refused: RefusedLine[] = resolved.filter((line): line is RefusedLine => 'status' in line);
  let open = resolved.filter((line): line is ResolvedLine => !('status' in line));
  for (let attempt = 1; open.length > 0; attempt++) {
    const placed = await tryToPlace(tx, tenant, flags, order, open, { account, partner, interchangeId });
    if (placed instanceof TierdeckError) {
      const faulty = linesAtFault(placed, open);
      if (faulty.length === 0 || attempt >= maxTries) return rejected(placed.message);
      refused.push(...faulty);
      open = without(open, faulty);
      continue;
    }
    const off = offPrice(placed, open, partner);
    if (off.length > 0 && partner.profile.onPriceMismatch === 'REJECT' && attempt < maxTries) {
      await tx.query('rollback to savepoint edi_order');
      refused.push(...off);
      open = without(open, off);
      continue;
    }
    return {
      response: respond(order, placed, open, refused, off),
      orderId: placed.order.id,
      observation: {
        tenantId: tenant.id,
        branch: placed.order.branch,
        pricingEngine: placed.order.decidedBy.pricingEngine,
        ordersAccepted: 1,
        ...orderFigures(placed.priced),
        linesFilled: placed.linesFilled,
      },
    };
  }
  const { response, ...rest } = rejected('No line of the order could be taken.');
  const refusals = new Map(refused.map((one) => [one.line, one]));
  const lines = order.lines.map((line) => refusal(refusals.get(line), line));
  return { ...rest, response: { ...response, lines } };
}

function without(lines: readonly ResolvedLine[], gone: readonly RefusedLine[]): ResolvedLine[] {
  const left = new Set(gone.map(({ line }) => line));
  return lines.filter(({ line }) => !left.has(line));
}

interface PlacementContext {
  account: string;
  partner: EdiPartner;
  interchangeId: string;
}

/** Leaves the savepoint `edi_order` in front of the order; after a refusal everything since is undone. */
async function tryToPlace(
  tx: TenantQueryable,
  tenant: RuntimeTenant,
  flags: FlagDecider,
  order: InboundOrder,
  lines: readonly ResolvedLine[],
  { account, partner, interchangeId }: PlacementContext,
): Promise<PlacedOrder | TierdeckError> {
  await tx.query('savepoint edi_order');
  try {
    return await placeOrder(tx, tenant, flags, {
      account,
      branch: branchOf(order, partner),
      currency: order.currency ?? undefined,
      purchaseOrder: order.purchaseOrder,
      requestedDate: order.requestedDate ?? undefined,
      channel: 'EDI',
      ediInterchangeId: interchangeId,
      lines: lines.map(({ sku, quantity, uom }) => ({ sku, quantity, uom })),
    });
  } catch (error) {
    if (!(error instanceof TierdeckError) || error.httpStatus >= 500) throw error;
    await tx.query('rollback to savepoint edi_order');
    return error;
  }
}

/** The lock holds to the end of the transaction: two copies of a purchase order cannot both find nothing. */
async function findEarlierOrder(
  tx: TenantQueryable,
  account: string,
  purchaseOrder: string,
): Promise<string | null> {
  await tx.query('select tierdeck_lock($1)', [`${account}\n${purchaseOrder}`]);
  const { rows } = await tx.query<{ id: string }>(
    `select id from sales_order where account = $1 and purchase_order = $2 and channel = 'EDI' limit 1`,
    [account, purchaseOrder],
  );
  return rows[0]?.id ?? null;
}

function accountOf(order: InboundOrder, { account, profile }: EdiPartner): string | null {
  const ids = [buyer(order)?.id, shipTo(order)?.id];
  const mapped = ids.flatMap((id) => (id ? (profile.accounts[id] ?? []) : []));
  return mapped[0] ?? account;
}

function branchOf(order: InboundOrder, { profile }: EdiPartner): string | undefined {
  const id = shipTo(order)?.id;
  return id ? profile.branches[id] : undefined;
}

/** Which lines an error of the order service is about; none if it is about the order as a whole. */
function linesAtFault(error: TierdeckError, lines: readonly ResolvedLine[]): RefusedLine[] {
  const refuse = (line: ResolvedLine, status: LineStatus = 'IR'): RefusedLine => ({
    line: line.line,
    status,
    sku: line.sku,
    reason: error.message,
  });
  if (error instanceof PriceBelowFloorError || error instanceof StockShortError) {
    const details = error.details as { skus?: string[]; lines?: { sku: string }[] } | undefined;
    const skus = new Set([...(details?.skus ?? []), ...(details?.lines ?? []).map(({ sku }) => sku)]);
    return lines.filter(({ sku }) => skus.has(sku)).map((line) => refuse(line));
  }
  const [, index, field] = /^lines\.(\d+)(?:\.(\w+))?/.exec(error.field ?? '') ?? [];
  const line = index === undefined ? undefined : lines[Number(index)];
  if (!line) return [];
  return [refuse(line, field === 'sku' ? 'R2' : field === 'uom' ? 'R3' : 'IR')];
}

/** Lines whose price the partner expects otherwise, by more than its profile allows. */
function offPrice(
  { priced }: PlacedOrder,
  lines: readonly ResolvedLine[],
  { profile }: EdiPartner,
): RefusedLine[] {
  return lines.flatMap(({ line, sku, factor }, index) => {
    const ours = (priced.lines[index]?.price.unitPrice ?? 0n) * BigInt(factor);
    const theirs = expectedPrice(line.unitPrice);
    if (theirs === null || line.priceBasis === 'GROSS') return [];
    const difference = ours > theirs ? ours - theirs : theirs - ours;
    const allowed = (ours * BigInt(Math.round(profile.priceTolerancePercent * 10_000))) / 1_000_000n;
    if (difference <= allowed) return [];
    const reason = `Our price is ${formatMicros(ours)}, the order says ${formatMicros(theirs)}.`;
    return [{ line, status: 'IR', sku, reason }];
  });
}

/** Null also for a price with more digits than money has here: it then counts as not stated. */
function expectedPrice(text: string | null): bigint | null {
  if (text === null) return null;
  try {
    return parseMicros(text);
  } catch {
    return null;
  }
}

function respond(
  order: InboundOrder,
  { order: placed, priced }: PlacedOrder,
  lines: readonly ResolvedLine[],
  refused: readonly RefusedLine[],
  off: readonly RefusedLine[],
): OrderResponse {
  const indexes = new Map(lines.map(({ line }, index) => [line, index]));
  const refusals = new Map(refused.map((one) => [one.line, one]));
  const mismatches = new Map(off.map((one) => [one.line, one]));
  const answers = order.lines.map((line): OrderResponseLine => {
    const index = indexes.get(line) ?? -1;
    const resolved = lines[index];
    const answer = placed.lines[index];
    const price = priced.lines[index]?.price;
    if (!resolved || !answer || !price) return refusal(refusals.get(line), line);
    const allocated = answer.allocations.reduce((sum, { quantity }) => sum + quantity, 0);
    const held = placed.status === 'HELD';
    const mismatch = mismatches.get(line);
    const status = statusOf(held, allocated, answer.backordered, mismatch !== undefined);
    return {
      ordered: line,
      status,
      quantity: status === 'IH' ? '0' : inUnits(allocated, resolved.factor),
      unitPrice: formatMicros(price.unitPrice * BigInt(resolved.factor)),
      sku: resolved.sku,
      reason:
        [
          held ? 'Waits for an approval.' : null,
          answer.backordered > 0 ? `${inUnits(answer.backordered, resolved.factor)} on backorder.` : null,
          mismatch?.reason ?? null,
        ]
          .filter((text) => text !== null)
          .join(' ') || null,
    };
  });
  return {
    order,
    outcome: outcomeOf(answers),
    orderNumber: orderNumberOf(placed.id),
    currency: placed.currency,
    lines: answers,
    reason: null,
  };
}

/** The order's id as X12 can carry it (30 characters): the UUID as a number in base 36, 25 characters. */
function orderNumberOf(id: string): string {
  return BigInt(`0x${id.replaceAll('-', '')}`)
    .toString(36)
    .toUpperCase()
    .padStart(25, '0');
}

function statusOf(held: boolean, allocated: number, backordered: number, offPrice: boolean): LineStatus {
  if (held) return 'IH';
  if (backordered > 0) return allocated > 0 ? 'BP' : 'IB';
  return offPrice ? 'IP' : 'IA';
}

/** Base units in the unit of the line, to three digits. */
function inUnits(base: number, factor: number): string {
  return String(Math.floor((base * 1_000) / factor) / 1_000);
}

function refusal(refused: RefusedLine | undefined, line: OrderResponseLine['ordered']): OrderResponseLine {
  return {
    ordered: line,
    status: refused?.status ?? 'IR',
    quantity: '0',
    unitPrice: null,
    sku: refused?.sku ?? null,
    reason: refused?.reason ?? null,
  };
}

function rejectAll(order: InboundOrder, reason: string): OrderResponse {
  return {
    order,
    outcome: 'REJECTED',
    orderNumber: null,
    currency: order.currency,
    lines: order.lines.map((line) => refusal(undefined, line)),
    reason,
  };
}
