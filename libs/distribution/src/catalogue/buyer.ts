import { TierdeckError } from '#platform';
import type { TenantQueryable } from '#runtime';
import type { DeliveryRule } from '../allocation/allocation.js';
import { parseMicros } from '../money/money.js';
import {
  defaultPricingPolicy,
  type PricedAccount,
  type PriceLevel,
  type PriceStrategy,
  type PricingPolicy,
} from '../pricing/price-book.js';

/** An account as it buys: with its pricing policy, and the branch and warehouse that serve it. */
export interface Buyer extends PricedAccount {
  accountClass: string;
  currency: string;
  deliveryRule: DeliveryRule;
  policy: PricingPolicy;
  /** The branch that was asked for, else the account's own. */
  branch: string | null;
  /** The branch's first source, else the warehouse on its premises, else the one nearest to it. */
  homeWarehouse: string | null;
}

interface BuyerRow {
  code: string;
  class: string;
  category: string | null;
  buying_group: string | null;
  currency: string;
  delivery_rule: DeliveryRule;
  precedence: PriceLevel[] | null;
  strategy: PriceStrategy | null;
  floor_margin_percent: string | null;
  floor_mode: PricingPolicy['floorMode'] | null;
  branch: string | null;
  branch_exists: boolean;
  warehouse: string | null;
}

/** Great-circle distance in kilometres between two rows with latitude and longitude (haversine; radius 6371 km). */
export const kilometres = (a: string, b: string): string =>
  `2 * 6371 * asin(least(1, sqrt(power(sind((${b}.latitude - ${a}.latitude) / 2), 2)
    + cosd(${a}.latitude) * cosd(${b}.latitude) * power(sind((${b}.longitude - ${a}.longitude) / 2), 2))))`;

/**
 * @param branch where the account buys this time; null takes its own branch.
 * @throws TierdeckError ACCOUNT_NOT_FOUND, BRANCH_NOT_FOUND (422: the request names what does not exist).
 */
export async function loadBuyer(tx: TenantQueryable, account: string, branch: string | null): Promise<Buyer> {
  const { rows } = await tx.query<BuyerRow>(
    `select a.code, a.class, a.category, a.buying_group, a.currency, a.delivery_rule,
            p.precedence, p.strategy, p.floor_margin_percent, p.floor_mode,
            place.branch, b.code is not null as branch_exists,
            coalesce(
              (select s.warehouse from branch_sourcing s
               where s.tenant_id = a.tenant_id and s.branch = place.branch order by s.position limit 1),
              (select w.code from warehouse w
               where w.tenant_id = a.tenant_id and w.branch = place.branch order by w.code limit 1),
              (select w.code from warehouse w
               where w.tenant_id = a.tenant_id order by ${kilometres('b', 'w')} nulls last, w.code limit 1)
            ) as warehouse
     from account a
     cross join lateral (select coalesce($2, a.branch) as branch) place
     left join branch b on b.tenant_id = a.tenant_id and b.code = place.branch
     left join lateral (
       select * from pricing_policy p
       where p.tenant_id = a.tenant_id and p.account_class in (a.class, '*')
       order by p.account_class = '*' limit 1) p on true
     where a.code = $1`,
    [account, branch],
  );
  const row = rows[0];
  if (!row) throw unknown('account', account);
  if (row.branch !== null && !row.branch_exists) throw unknown('branch', row.branch);
  return {
    code: row.code,
    accountClass: row.class,
    accountCategory: row.category,
    buyingGroup: row.buying_group,
    currency: row.currency,
    deliveryRule: row.delivery_rule,
    policy: policyOf(row),
    branch: row.branch,
    homeWarehouse: row.warehouse,
  };
}

function policyOf(row: BuyerRow): PricingPolicy {
  if (row.precedence === null || row.strategy === null || row.floor_mode === null)
    return defaultPricingPolicy;
  return {
    strategy: row.strategy,
    precedence: row.precedence,
    minMargin: row.floor_margin_percent === null ? null : parseMicros(row.floor_margin_percent),
    floorMode: row.floor_mode,
    priceDecimals: null,
  };
}

/** 422, not 404: the address of the request exists, what its body names does not. */
export function unknown(
  what: 'account' | 'branch' | 'item',
  key: string,
  field: string = what,
): TierdeckError {
  const lists = { account: '/accounts', branch: '/branches', item: '/items' };
  return new TierdeckError(`${what.toUpperCase()}_NOT_FOUND`, `There is no ${what} "${key}".`, 422, {
    field,
    hint: `GET ${lists[what]} lists what there is.`,
  });
}
