import { parseMicros } from '../money/money.js';
import type { PriceFormula, PriceLevel, PriceRule, PriceRuleScope } from './price-book.js';

/** A row of table `price_rule`, numbers as PostgreSQL writes them and instants as ISO text. */
export interface PriceRuleRow {
  code: string;
  kind: PriceLevel;
  account: string | null;
  buying_group: string | null;
  class: string | null;
  category: string | null;
  branch: string | null;
  item: string | null;
  item_group: string | null;
  min_qty: number;
  unit_price: string | null;
  amount_off: string | null;
  percent_off: string | null;
  markup_percent: string | null;
  base: 'LIST' | 'COST';
  round_to: string | null;
  surcharge: string;
  valid_from: string | null;
  valid_to: string | null;
}

/**
 * Rows that differ in quantity and price alone are the breaks of one schedule. Two with the same quantity contradict
 * each other, so they stay apart as rules that compete.
 */
export function schedulesOf(rows: readonly PriceRuleRow[]): PriceRule[] {
  const schedules = new Map<string, PriceRule & { breaks: PriceRule['breaks'][number][] }>();
  const ordered = [...rows].sort(
    (a, b) => a.min_qty - b.min_qty || (a.code < b.code ? -1 : a.code > b.code ? 1 : 0),
  );
  const seen = new Map<string, number>();
  for (const row of ordered) {
    const scope = scopeOf(row);
    const key = JSON.stringify([row.kind, scope, row.valid_from, row.valid_to]);
    const sameQuantity = `${key}@${row.min_qty}`;
    const copy = seen.get(sameQuantity) ?? 0;
    seen.set(sameQuantity, copy + 1);
    const step = { code: row.code, minQuantity: row.min_qty, formula: formulaOf(row) };
    const schedule = schedules.get(`${key}#${copy}`);
    if (schedule) {
      schedule.breaks.push(step);
      continue;
    }
    schedules.set(`${key}#${copy}`, {
      id: row.code,
      level: row.kind,
      scope,
      validFrom: row.valid_from,
      validTo: row.valid_to,
      breaks: [step],
    });
  }
  return [...schedules.values()];
}

function scopeOf(row: PriceRuleRow): PriceRuleScope {
  return {
    ...(row.item === null ? {} : { item: row.item }),
    ...(row.item_group === null ? {} : { itemGroup: row.item_group }),
    ...(row.account === null ? {} : { account: row.account }),
    ...(row.class === null ? {} : { accountClass: row.class }),
    ...(row.category === null ? {} : { accountCategory: row.category }),
    ...(row.buying_group === null ? {} : { buyingGroup: row.buying_group }),
    ...(row.branch === null ? {} : { branch: row.branch }),
  };
}

function formulaOf(row: PriceRuleRow): PriceFormula {
  if (row.unit_price !== null) return { kind: 'FIXED', price: parseMicros(row.unit_price) };
  if (row.amount_off !== null) return { kind: 'AMOUNT_OFF', amount: parseMicros(row.amount_off) };
  if (row.percent_off !== null) return { kind: 'PERCENT_OFF', percent: parseMicros(row.percent_off) };
  if (row.markup_percent !== null) {
    return {
      kind: 'FORMULA',
      base: row.base,
      percent: parseMicros(row.markup_percent),
      roundTo: row.round_to === null ? null : parseMicros(row.round_to),
      surcharge: parseMicros(row.surcharge),
    };
  }
  throw new TypeError(`price rule ${row.code} has no price`);
}
