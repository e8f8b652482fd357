import type { TenantQueryable } from '#runtime';
import type { DeliveryRule } from '../allocation/allocation.js';

/** What is owed to a line of an order. */
export interface OpenBackorder {
  orderId: string;
  lineNo: number;
  quantity: number;
  /** Value class of the account. */
  accountClass: string;
  deliveryRule: DeliveryRule;
  requestedDate: string | null;
}

/** Most backorders that one receipt fills; the next receipt goes on with the rest. */
const maxBackorders = 500;

/**
 * Locks what is owed of an item to orders whose branch may be served from the warehouse, oldest first.
 */
export async function lockBackorders(
  tx: TenantQueryable,
  item: string,
  warehouse: string,
): Promise<OpenBackorder[]> {
  const { rows } = await tx.query<OpenBackorder & Record<string, unknown>>(
    `select b.order_id as "orderId", b.line_no as "lineNo", b.qty as quantity, a.class as "accountClass",
            a.delivery_rule as "deliveryRule", to_char(o.requested_date, 'YYYY-MM-DD') as "requestedDate"
     from backorder b
     join sales_order o on o.tenant_id = b.tenant_id and o.id = b.order_id
     join account a on a.tenant_id = o.tenant_id and a.code = o.account
     where b.item = $1 and b.status = 'OPEN'
       and (not exists (select from branch_sourcing s where s.branch = o.branch)
            or exists (select from branch_sourcing s where s.branch = o.branch and s.warehouse = $2))
     order by b.created_at, b.order_id, b.line_no
     limit ${maxBackorders}
     for update of b`,
    [item, warehouse],
  );
  return rows;
}

export interface Filling {
  orderId: string;
  lineNo: number;
  quantity: number;
}

/** Promises stock of one item and warehouse to lines that were owed it, and brings their orders up to date. */
export async function fillBackorders(
  tx: TenantQueryable,
  item: string,
  warehouse: string,
  fillings: readonly Filling[],
): Promise<void> {
  if (fillings.length === 0) return;
  const orderIds = [...new Set(fillings.map(({ orderId }) => orderId))].sort();
  await tx.query(
    `with filling as (
       select * from unnest($3::uuid[], $4::int[], $5::int[]) as f(order_id, line_no, qty)
     ), taken as (
       update stock set allocated = allocated + (select sum(qty) from filling), updated_at = now()
       where item = $1 and warehouse = $2
     ), moved as (
       insert into stock_movement (item, warehouse, kind, allocated_delta, order_id)
       select $1, $2, 'ALLOCATE', sum(qty), order_id from filling group by order_id
     ), noted as (
       insert into allocation as a (order_id, line_no, warehouse, item, qty)
       select order_id, line_no, $2, $1, qty from filling
       on conflict (tenant_id, order_id, line_no, warehouse) do update set qty = a.qty + excluded.qty
     )
     update backorder b
     set qty = case when b.qty = f.qty then b.qty else b.qty - f.qty end,
         status = case when b.qty = f.qty then 'FILLED' else b.status end,
         closed_at = case when b.qty = f.qty then now() end
     from filling f where b.order_id = f.order_id and b.line_no = f.line_no`,
    [
      item,
      warehouse,
      fillings.map((one) => one.orderId),
      fillings.map((one) => one.lineNo),
      fillings.map((one) => one.quantity),
    ],
  );
  await tx.query(
    `with locked as (
       select id from sales_order where id = any($1::uuid[]) order by id for update
     )
     update sales_order o
     set status = case when exists (select from backorder b
                                    where b.tenant_id = o.tenant_id and b.order_id = o.id and b.status = 'OPEN')
                       then 'PARTIALLY_ALLOCATED' else 'ALLOCATED' end,
         updated_at = now()
     from locked where o.id = locked.id and o.status in ('BACKORDERED', 'PARTIALLY_ALLOCATED')`,
    [orderIds],
  );
}
