import type { TenantQueryable } from '#runtime';
import { kilometres } from '../catalogue/buyer.js';
import type { Pick, Source, Supply } from './allocation.js';

/** Most warehouses that are looked at for one item: the home warehouse and the nearest others that have any. */
const maxSources = 8;
/** Farther than any two places on earth, in kilometres. */
const unknownDistance = 100_000;

interface SourceRow {
  item: string;
  warehouse: string;
  rank: number;
}

/**
 * Where items may come from, by item: the warehouses that the branch is served from in their order; for a branch that
 * names none, the home warehouse and then all others by distance, one without a position last.
 */
export async function findSources(
  tx: TenantQueryable,
  items: readonly string[],
  branch: string | null,
  homeWarehouse: string | null,
): Promise<Map<string, Source[]>> {
  const { rows } = await tx.query<SourceRow & Record<string, unknown>>(
    `with named as (
       select warehouse, position from branch_sourcing where branch = $2
     )
     select wanted.item, near.warehouse, near.rank
     from unnest($1::text[]) as wanted(item)
     left join branch b on b.code = $2
     cross join lateral (
       select s.warehouse,
              coalesce(n.position, case when s.warehouse = $3 then 0 else ${kilometres('b', 'w')} end,
                       ${unknownDistance}) as rank
       from stock s
       join warehouse w on w.tenant_id = s.tenant_id and w.code = s.warehouse
       left join named n on n.warehouse = s.warehouse
       where s.item = wanted.item
         and (n.warehouse is not null or not exists (select from named))
         and (s.warehouse = $3 or s.on_hand - s.allocated - s.safety > 0)
       order by s.warehouse = $3 desc nulls last, rank, s.warehouse
       limit ${maxSources}) near`,
    [items, branch, homeWarehouse],
  );
  const sources = new Map<string, Source[]>(items.map((item) => [item, []]));
  for (const { item, warehouse, rank } of rows) sources.get(item)?.push({ warehouse, unitCost: rank });
  return sources;
}

/**
 * Locks the stock of the items in the warehouses and reads what may be promised. Always in the order of item and
 * warehouse, so that orders that want the same items wait for each other and never block each other.
 */
export async function lockSupply(
  tx: TenantQueryable,
  places: readonly { item: string; warehouse: string }[],
): Promise<Supply[]> {
  const { rows } = await tx.query<Supply & Record<string, unknown>>(
    `select s.item, s.warehouse, s.on_hand - s.allocated - s.safety as available
     from stock s
     where (s.item, s.warehouse) in (select * from unnest($1::text[], $2::text[]))
     order by s.item, s.warehouse
     for update of s`,
    [places.map((place) => place.item), places.map((place) => place.warehouse)],
  );
  return rows;
}

/** What may be promised now, without holding anybody up: by the next moment it may be gone. */
export async function readSupply(
  db: TenantQueryable,
  places: readonly { item: string; warehouse: string }[],
): Promise<Supply[]> {
  const { rows } = await db.query<Supply & Record<string, unknown>>(
    `select s.item, s.warehouse, s.on_hand - s.allocated - s.safety as available
     from stock s where (s.item, s.warehouse) in (select * from unnest($1::text[], $2::text[]))
     order by s.item, s.warehouse`,
    [places.map((place) => place.item), places.map((place) => place.warehouse)],
  );
  return rows;
}

/** A line of an order that a pick is for. */
export interface LinePick extends Pick {
  lineNo: number;
}

/**
 * Promises the stock: raises `allocated` where enough is left, and notes movements and allocations with it.
 * @throws Error if any place had too little, which the lock rules out; the transaction must then be rolled back.
 */
export async function commitPicks(
  tx: TenantQueryable,
  orderId: string,
  picks: readonly LinePick[],
): Promise<void> {
  if (picks.length === 0) return;
  const { rows } = await tx.query<{ complete: boolean }>(
    `with pick as (
       select * from unnest($2::int[], $3::text[], $4::text[], $5::int[]) as p(line_no, item, warehouse, qty)
     ), total as (
       select item, warehouse, sum(qty)::int as qty from pick group by item, warehouse
     ), taken as (
       update stock s set allocated = s.allocated + total.qty, updated_at = now()
       from total
       where s.item = total.item and s.warehouse = total.warehouse
         and s.on_hand - s.allocated - s.safety >= total.qty
       returning s.item
     ), moved as (
       insert into stock_movement (item, warehouse, kind, allocated_delta, order_id)
       select item, warehouse, 'ALLOCATE', qty, $1 from total
     ), noted as (
       insert into allocation (order_id, line_no, warehouse, item, qty)
       select $1, line_no, warehouse, item, qty from pick
     )
     select (select count(*) from taken) = (select count(*) from total) as complete`,
    [
      orderId,
      picks.map((pick) => pick.lineNo),
      picks.map((pick) => pick.item),
      picks.map((pick) => pick.warehouse),
      picks.map((pick) => pick.quantity),
    ],
  );
  if (!rows[0]?.complete) throw new Error(`the stock of order ${orderId} was taken in spite of the lock`);
}

export interface MissingQuantity {
  lineNo: number;
  item: string;
  quantity: number;
}

/** Notes what is still owed, to be filled when stock arrives. */
export async function openBackorders(
  tx: TenantQueryable,
  orderId: string,
  missing: readonly MissingQuantity[],
): Promise<void> {
  if (missing.length === 0) return;
  await tx.query(
    `insert into backorder (order_id, line_no, item, qty)
     select $1, * from unnest($2::int[], $3::text[], $4::int[])`,
    [
      orderId,
      missing.map((one) => one.lineNo),
      missing.map((one) => one.item),
      missing.map((one) => one.quantity),
    ],
  );
}
