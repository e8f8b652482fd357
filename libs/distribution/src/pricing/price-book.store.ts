import { z } from 'zod';
import type { TenantQueryable } from '#runtime';
import { parseMicros } from '../money/money.js';
import type { Buyer } from '../catalogue/buyer.js';
import type { PricedItem, PriceRule } from './price-book.js';
import { schedulesOf, type PriceRuleRow } from './schedules.js';

interface ItemRow {
  sku: string;
  uom: string;
  pack_size: number;
  groups: string[];
  cost: string;
  list_price: string;
  saleable: boolean;
  discontinued: boolean;
  attributes: unknown;
}

/** An item as pricing and allocation need it. */
export interface OrderedItem extends PricedItem {
  packSize: number;
  /** False for what a tenant stocks but does not sell, e.g. parts. */
  saleable: boolean;
  /** Sold while stock lasts and not bought again: nothing of it can be owed. */
  discontinued: boolean;
}

const amount = z.union([z.string(), z.number()]).transform((value) => parseMicros(String(value)));
/** What an item may say beyond its columns; anything else in its attributes is the tenant's own. */
const attributes = z.object({
  maxPrice: amount.nullish(),
  limitPrice: amount.nullish(),
  /** Base units by further unit of measure. */
  uoms: z.record(z.string(), z.number().int().positive()).nullish(),
});

/** The items that exist among `skus`, by sku. A cost of 0 means that it is unknown. */
export async function loadItems(
  tx: TenantQueryable,
  skus: readonly string[],
): Promise<Map<string, OrderedItem>> {
  const { rows } = await tx.query<ItemRow>(
    `select i.sku, i.uom, i.pack_size, i.cost, i.list_price, i.saleable, i.discontinued, i.attributes,
            array(select m.item_group from item_group_member m
                  where m.tenant_id = i.tenant_id and m.item = i.sku
                  union select i.item_group where i.item_group is not null
                  order by 1) as groups
     from item i where i.sku = any($1)`,
    [skus],
  );
  return new Map(rows.map((row) => [row.sku, itemOf(row)]));
}

function itemOf(row: ItemRow): OrderedItem {
  const parsed = attributes.safeParse(row.attributes);
  const extra = parsed.success ? parsed.data : {};
  const cost = parseMicros(row.cost);
  return {
    sku: row.sku,
    groups: row.groups,
    baseUom: row.uom,
    uoms: { ...(row.pack_size > 1 ? { PACK: row.pack_size } : {}), ...extra.uoms },
    packSize: row.pack_size,
    saleable: row.saleable,
    discontinued: row.discontinued,
    listPrice: parseMicros(row.list_price),
    cost: cost === 0n ? null : cost,
    maxPrice: extra.maxPrice ?? null,
    limitPrice: extra.limitPrice ?? null,
  };
}

/**
 * The rules that could price the items for the buyer at `at` or within a quarter of it; the engines say which of them
 * are not in force. Rules of other accounts and branches are left out: a trace must not tell one account of another.
 */
export async function loadRules(
  tx: TenantQueryable,
  items: Iterable<PricedItem>,
  buyer: Buyer,
  branch: string | null,
  at: Date,
): Promise<PriceRule[]> {
  const all = [...items];
  const { rows } = await tx.query<PriceRuleRow>(
    `select code, kind, account, buying_group, class, category, branch, item, item_group, min_qty,
            unit_price, amount_off, percent_off, markup_percent, base, round_to, surcharge,
            case when isfinite(valid_from)
              then to_char(valid_from at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') end as valid_from,
            case when isfinite(valid_to)
              then to_char(valid_to at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') end as valid_to
     from price_rule
     where (item = any($1) or item_group = any($2) or (item is null and item_group is null))
       and (account is null or account = $3)
       and (buying_group is null or buying_group = $4)
       and (class is null or class = $5)
       and (category is null or category = $6)
       and (branch is null or branch = $7)
       and valid_from < $8::timestamptz + interval '90 days'
       and valid_to > $8::timestamptz - interval '90 days'`,
    [
      all.map((item) => item.sku),
      [...new Set(all.flatMap((item) => item.groups))],
      buyer.code,
      buyer.buyingGroup,
      buyer.accountClass,
      buyer.accountCategory,
      branch,
      at,
    ],
  );
  return schedulesOf(rows);
}
