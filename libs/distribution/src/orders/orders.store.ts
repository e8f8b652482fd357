import type { TenantQueryable } from '#runtime';
import { formatMicros } from '../money/money.js';
import type { PricedLines } from '../quotes/price-lines.js';
import type { OrderStatus, StoredTrace } from './order.js';

/** What an order is besides its priced lines. */
export interface OrderHeader {
  id: string;
  status: OrderStatus;
  channel: 'API' | 'EDI';
  purchaseOrder: string | null;
  requestedDate: string | null;
  /** Row of `edi_interchange` that it came in. */
  ediInterchangeId: string | null;
}

/** Writes the order with its lines, prices frozen with engine and trace. @returns the time it was created. */
export async function insertOrder(
  tx: TenantQueryable,
  header: OrderHeader,
  { buyer, decisions, lines }: PricedLines,
): Promise<Date> {
  const total = lines.reduce((sum, { price }) => sum + price.lineTotal, 0n);
  const costTotal = lines.reduce((sum, { price }) => sum + (price.lineCost ?? 0n), 0n);
  const { rows } = await tx.query<{ created_at: Date }>(
    `insert into sales_order (id, account, branch, status, channel, purchase_order, edi_interchange_id, currency,
                              total, cost_total, requested_date)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning created_at`,
    [
      header.id,
      buyer.code,
      buyer.branch,
      header.status,
      header.channel,
      header.purchaseOrder,
      header.ediInterchangeId,
      buyer.currency,
      formatMicros(total),
      formatMicros(costTotal),
      header.requestedDate,
    ],
  );
  const amounts = (of: (line: PricedLines['lines'][number]) => bigint | null): string[] =>
    lines.map((line) => formatMicros(of(line) ?? 0n));
  await tx.query(
    `insert into sales_order_line (order_id, line_no, item, qty, list_price, unit_price, line_total, cost,
                                   engine, allocation_engine, trace)
     select $1, l.line_no, l.item, l.qty, l.list_price, l.unit_price, l.line_total, l.cost, $2, $3, l.trace::jsonb
     from unnest($4::int[], $5::text[], $6::int[], $7::numeric[], $8::numeric[], $9::numeric[], $10::numeric[],
                 $11::text[]) as l(line_no, item, qty, list_price, unit_price, line_total, cost, trace)`,
    [
      header.id,
      decisions.pricingEngine,
      decisions.allocationEngine,
      lines.map((line) => line.lineNo),
      lines.map((line) => line.item.sku),
      lines.map((line) => line.price.quantityBase),
      amounts(({ price }) => price.listPrice),
      amounts(({ price }) => price.unitPrice),
      amounts(({ price }) => price.lineTotal),
      amounts(({ price }) => price.cost),
      lines.map(({ price }) =>
        JSON.stringify({ ...price.trace, flags: decisions.flags } satisfies StoredTrace),
      ),
    ],
  );
  return rows[0]?.created_at ?? new Date();
}
