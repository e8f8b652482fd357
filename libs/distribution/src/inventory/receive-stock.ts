import { NotFoundError, TierdeckError } from '#platform';
import type { TenantQueryable } from '#runtime';
import { defaultAllocationPolicy, type Demand, type ShortageRule } from '../allocation/allocation.js';
import { planAllocation } from '../allocation/plan-allocation.js';
import type { DecidingTenant, FlagDecider } from '../decisions/decisions.js';
import { fillBackorders, lockBackorders, type Filling, type OpenBackorder } from './backorder.store.js';

export interface StockReceipt {
  sku: string;
  warehouse: string;
  /** In base units. */
  quantity: number;
  /** The delivery note or purchase order. */
  reference?: string | undefined;
}

export interface ReceivedStock {
  sku: string;
  warehouse: string;
  onHand: number;
  /** What may still be promised after the backorders were served. */
  available: number;
  /** Lines that were owed the item and got it. */
  filled: Filling[];
}

/** Stock on hand is a 32-bit number; nobody has more than this in one place. */
const maxOnHand = 2_000_000_000;

/**
 * Takes a delivery in and serves what is owed from it in the same transaction, with the allocation engine that the
 * flags choose. When it does not suffice for all, the item's shortage rule decides (attribute `shortageRule`).
 * @throws NotFoundError ITEM_NOT_FOUND, WAREHOUSE_NOT_FOUND; TierdeckError STOCK_LIMIT.
 */
export async function receiveStock(
  tx: TenantQueryable,
  tenant: DecidingTenant,
  flags: FlagDecider,
  receipt: StockReceipt,
): Promise<ReceivedStock> {
  const { sku, warehouse } = receipt;
  const shortageRule = await shortageRuleOf(tx, sku, warehouse);
  const { onHand, available } = await addToStock(tx, receipt);
  const owed = await lockBackorders(tx, sku, warehouse);
  const { allocationEngine } = flags.decide(tenant, { branch: null, warehouse, account: null });
  const byId = new Map(owed.map((backorder, index) => [String(index).padStart(6, '0'), backorder]));
  const plan = planAllocation(
    allocationEngine,
    [...byId].map(([id, backorder]) => demandOf(id, sku, warehouse, backorder)),
    [{ item: sku, warehouse, available }],
    { ...defaultAllocationPolicy, shortageRule },
  );
  const filled = plan.picks.flatMap(({ demand, quantity }): Filling[] => {
    const backorder = byId.get(demand);
    return backorder ? [{ orderId: backorder.orderId, lineNo: backorder.lineNo, quantity }] : [];
  });
  await fillBackorders(tx, sku, warehouse, filled);
  const promised = filled.reduce((sum, { quantity }) => sum + quantity, 0);
  return { sku, warehouse, onHand, available: Math.max(0, available - promised), filled };
}

async function shortageRuleOf(tx: TenantQueryable, sku: string, warehouse: string): Promise<ShortageRule> {
  const { rows } = await tx.query<{ rule: string | null; warehouse: boolean }>(
    `select i.attributes ->> 'shortageRule' as rule,
            exists (select from warehouse w where w.code = $2) as warehouse
     from item i where i.sku = $1`,
    [sku, warehouse],
  );
  const found = rows[0];
  if (!found) throw new NotFoundError('item', sku, { hint: 'GET /items lists what there is.' });
  if (!found.warehouse) throw new NotFoundError('warehouse', warehouse, { field: 'warehouse' });
  return found.rule === 'FAIR_SHARE' ? 'FAIR_SHARE' : 'PRIORITY';
}

/** The row stays locked to the end of the transaction, so nobody takes what the backorders are about to get. */
async function addToStock(
  tx: TenantQueryable,
  { sku, warehouse, quantity, reference }: StockReceipt,
): Promise<{ onHand: number; available: number }> {
  const { rows } = await tx.query<{ onHand: number; available: number }>(
    `insert into stock as s (item, warehouse, on_hand) values ($1, $2, $3)
     on conflict (tenant_id, item, warehouse) do update set on_hand = s.on_hand + excluded.on_hand, updated_at = now()
       where s.on_hand <= ${maxOnHand} - excluded.on_hand
     returning on_hand as "onHand", on_hand - allocated - safety as available`,
    [sku, warehouse, quantity],
  );
  const row = rows[0];
  if (!row) {
    throw new TierdeckError(
      'STOCK_LIMIT',
      `No more than ${maxOnHand} can be on hand in one warehouse.`,
      422,
      {
        field: 'quantity',
      },
    );
  }
  await tx.query(
    `insert into stock_movement (item, warehouse, kind, on_hand_delta, reference) values ($1, $2, 'RECEIPT', $3, $4)`,
    [sku, warehouse, quantity, reference ?? null],
  );
  return row;
}

function demandOf(id: string, item: string, warehouse: string, backorder: OpenBackorder): Demand {
  return {
    id,
    item,
    quantity: backorder.quantity,
    priorityClass: backorder.accountClass,
    requestedDate: backorder.requestedDate,
    deliveryRule: backorder.deliveryRule,
    packSize: 1,
    sources: [{ warehouse, unitCost: 0 }],
  };
}
