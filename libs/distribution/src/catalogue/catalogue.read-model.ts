import type { TenantQueryable } from '#runtime';
import { formatMicros, parseMicros } from '../money/money.js';

/** A page of a list: rows whose key comes after `after`. */
export interface PageRequest {
  limit: number;
  after?: string | undefined;
  /** Part of the key or the name, whatever the case. */
  search?: string | undefined;
}

export interface ItemSummary {
  sku: string;
  description: string;
  uom: string;
  listPrice: string;
  groups: string[];
  available: number;
  /** Sold while stock lasts. */
  discontinued: boolean;
}

export interface AccountSummary {
  code: string;
  name: string;
  class: string;
  category: string | null;
  buyingGroup: string | null;
  branch: string | null;
  currency: string;
  deliveryRule: string;
}

export interface BranchSummary {
  code: string;
  name: string;
  region: string | null;
  /** Codes of the warehouses that stand at the branch. */
  warehouses: string[];
}

/** What the tenant sells, by sku. */
export async function listItems(db: TenantQueryable, page: PageRequest): Promise<ItemSummary[]> {
  const { rows } = await db.query<ItemSummary & Record<string, unknown>>(
    `select i.sku, i.description, i.uom, i.list_price as "listPrice", i.discontinued,
            array(select m.item_group from item_group_member m
                  where m.tenant_id = i.tenant_id and m.item = i.sku order by 1) as groups,
            coalesce((select sum(greatest(0, s.on_hand - s.allocated - s.safety))::int from stock s
                      where s.tenant_id = i.tenant_id and s.item = i.sku), 0) as available
     from item i
     where i.saleable and ${pageCondition('i.sku', 'i.description')}
     order by i.sku limit $1`,
    pageParameters(page),
  );
  return rows.map((row) => ({ ...row, listPrice: formatMicros(parseMicros(row.listPrice)) }));
}

/** Who buys from the tenant, by code. */
export async function listAccounts(db: TenantQueryable, page: PageRequest): Promise<AccountSummary[]> {
  const { rows } = await db.query<AccountSummary & Record<string, unknown>>(
    `select a.code, a.name, a.class, a.category, a.buying_group as "buyingGroup", a.branch, a.currency,
            a.delivery_rule as "deliveryRule"
     from account a where ${pageCondition('a.code', 'a.name')} order by a.code limit $1`,
    pageParameters(page),
  );
  return rows;
}

/** Where the tenant sells, by code. */
export async function listBranches(db: TenantQueryable, page: PageRequest): Promise<BranchSummary[]> {
  const { rows } = await db.query<BranchSummary & Record<string, unknown>>(
    `select b.code, b.name, b.region,
            array(select w.code from warehouse w
                  where w.tenant_id = b.tenant_id and w.branch = b.code order by 1) as warehouses
     from branch b where ${pageCondition('b.code', 'b.name')} order by b.code limit $1`,
    pageParameters(page),
  );
  return rows;
}

function pageCondition(key: string, name: string): string {
  return `($2::text is null or ${key} > $2)
    and ($3::text is null or position(lower($3) in lower(${key})) > 0 or position(lower($3) in lower(${name})) > 0)`;
}

function pageParameters({ limit, after, search }: PageRequest): unknown[] {
  return [limit, after ?? null, search ?? null];
}
