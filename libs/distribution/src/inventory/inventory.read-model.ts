import { NotFoundError } from '#platform';
import type { TenantQueryable } from '#runtime';

export interface StockLevel {
  warehouse: string;
  onHand: number;
  allocated: number;
  safety: number;
  /** What may still be promised: on hand − allocated − safety, never below 0. */
  available: number;
}

export interface InboundSupply {
  warehouse: string;
  quantity: number;
  dueAt: string;
  reference: string;
}

export interface Inventory {
  sku: string;
  description: string;
  uom: string;
  available: number;
  /** Owed to orders that came too late. */
  backordered: number;
  warehouses: StockLevel[];
  /** The next arrivals, soonest first. */
  inbound: InboundSupply[];
}

/** @throws NotFoundError ITEM_NOT_FOUND */
export async function readInventory(db: TenantQueryable, sku: string): Promise<Inventory> {
  const { rows } = await db.query<Inventory & Record<string, unknown>>(
    `select i.sku, i.description, i.uom,
            coalesce((select sum(b.qty)::int from backorder b
                      where b.tenant_id = i.tenant_id and b.item = i.sku and b.status = 'OPEN'), 0) as backordered,
            coalesce((select jsonb_agg(jsonb_build_object(
                        'warehouse', s.warehouse, 'onHand', s.on_hand, 'allocated', s.allocated, 'safety', s.safety,
                        'available', greatest(0, s.on_hand - s.allocated - s.safety)) order by s.warehouse)
                      from stock s where s.tenant_id = i.tenant_id and s.item = i.sku), '[]') as warehouses,
            coalesce((select jsonb_agg(jsonb_build_object(
                        'warehouse', n.warehouse, 'quantity', n.qty, 'reference', n.reference,
                        'dueAt', to_char(n.due_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
                        order by n.due_at)
                      from (select * from inbound_supply n
                            where n.tenant_id = i.tenant_id and n.item = i.sku and n.received_at is null
                            order by n.due_at limit 20) n), '[]') as inbound
     from item i where i.sku = $1`,
    [sku],
  );
  const found = rows[0];
  if (!found) throw new NotFoundError('item', sku, { hint: 'GET /items lists what there is.' });
  const { description, uom, backordered, warehouses, inbound } = found;
  const available = warehouses.reduce((sum, level) => sum + level.available, 0);
  return { sku: found.sku, description, uom, available, backordered, warehouses, inbound };
}
