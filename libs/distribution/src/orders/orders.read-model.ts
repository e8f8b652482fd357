import { NotFoundError } from '#platform';
import type { TenantQueryable } from '#runtime';
import type { AllocationEngine } from '../allocation/allocation.js';
import { formatMicros, marginPercent, parseMicros } from '../money/money.js';
import type { PricingEngine } from '../pricing/price.js';
import type { Order, OrderLine, StoredTrace } from './order.js';

/** One line of the list of orders. */
export type OrderSummary = Omit<Order, 'lines' | 'decidedBy'> & { lines: number };

interface OrderRow {
  id: string;
  account: string;
  branch: string | null;
  status: Order['status'];
  channel: Order['channel'];
  purchase_order: string | null;
  requested_date: string | null;
  currency: string;
  total: string;
  created_at: Date;
}

interface LineRow {
  line_no: number;
  item: string;
  qty: number;
  list_price: string;
  unit_price: string;
  line_total: string;
  cost: string;
  engine: PricingEngine;
  allocation_engine: AllocationEngine;
  trace: StoredTrace;
  allocations: { warehouse: string; quantity: number }[];
  backordered: number;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const columns = `o.id, o.account, o.branch, o.status, o.channel, o.purchase_order, o.currency, o.total, o.created_at,
  to_char(o.requested_date, 'YYYY-MM-DD') as requested_date`;

/** @throws NotFoundError ORDER_NOT_FOUND also for an order of another tenant: row-level security does not show it. */
export async function readOrder(db: TenantQueryable, id: string): Promise<Order> {
  const found = uuid.test(id)
    ? (
        await db.query<OrderRow & Record<string, unknown>>(
          `select ${columns} from sales_order o where o.id = $1`,
          [id],
        )
      ).rows[0]
    : undefined;
  if (!found)
    throw new NotFoundError('order', id.slice(0, 64), { hint: 'GET /orders lists the latest orders.' });
  const { rows } = await db.query<LineRow & Record<string, unknown>>(
    `select l.line_no, l.item, l.qty, l.list_price, l.unit_price, l.line_total, l.cost, l.engine,
            l.allocation_engine, l.trace,
            coalesce((select jsonb_agg(jsonb_build_object('warehouse', a.warehouse, 'quantity', a.qty)
                                       order by a.warehouse)
                      from allocation a
                      where a.tenant_id = l.tenant_id and a.order_id = l.order_id and a.line_no = l.line_no
                        and a.status <> 'RELEASED'), '[]') as allocations,
            coalesce((select b.qty from backorder b
                      where b.tenant_id = l.tenant_id and b.order_id = l.order_id and b.line_no = l.line_no
                        and b.status = 'OPEN'), 0) as backordered
     from sales_order_line l where l.order_id = $1 order by l.line_no`,
    [id],
  );
  const first = rows[0];
  return {
    ...summaryOf(found),
    decidedBy: {
      pricingEngine: first?.engine ?? 'wwi-best-price',
      allocationEngine: first?.allocation_engine ?? 'fifo-whole-line',
      flags: first?.trace.flags ?? [],
    },
    lines: rows.map(lineOf),
  };
}

/** The latest orders, newest first. */
export async function listOrders(
  db: TenantQueryable,
  filter: { limit: number; account?: string | undefined },
): Promise<OrderSummary[]> {
  const { rows } = await db.query<OrderRow & { lines: number }>(
    `select ${columns},
            (select count(*)::int from sales_order_line l
             where l.tenant_id = o.tenant_id and l.order_id = o.id) as lines
     from sales_order o
     where $2::text is null or o.account = $2
     order by o.created_at desc, o.id limit $1`,
    [filter.limit, filter.account ?? null],
  );
  return rows.map((row) => ({ ...summaryOf(row), lines: row.lines }));
}

function summaryOf(row: OrderRow): Omit<Order, 'lines' | 'decidedBy'> {
  return {
    id: row.id,
    status: row.status,
    account: row.account,
    branch: row.branch,
    channel: row.channel,
    purchaseOrder: row.purchase_order,
    requestedDate: row.requested_date,
    currency: row.currency,
    total: decimal(row.total),
    createdAt: row.created_at.toISOString(),
  };
}

function lineOf(row: LineRow): OrderLine {
  const cost = parseMicros(row.cost);
  const margin = cost === 0n ? null : marginPercent(parseMicros(row.unit_price), cost);
  const { flags: _flags, ...trace } = row.trace;
  return {
    lineNo: row.line_no,
    sku: row.item,
    quantity: row.qty,
    listPrice: decimal(row.list_price),
    unitPrice: decimal(row.unit_price),
    lineTotal: decimal(row.line_total),
    margin: margin === null ? null : formatMicros(margin),
    allocations: row.allocations,
    backordered: row.backordered,
    trace,
  };
}

/** As prices are written everywhere: at least two digits, no padding to six. */
function decimal(numeric: string): string {
  return formatMicros(parseMicros(numeric));
}
