import { describe, expect, it } from '@jest/globals';
import { schedulesOf, type PriceRuleRow } from './schedules.js';

function row(code: string, changes: Partial<PriceRuleRow> = {}): PriceRuleRow {
  return {
    code,
    kind: 'LIST',
    account: null,
    buying_group: null,
    class: null,
    category: null,
    branch: null,
    item: 'MUG',
    item_group: null,
    min_qty: 1,
    unit_price: null,
    amount_off: null,
    percent_off: null,
    markup_percent: null,
    base: 'LIST',
    round_to: null,
    surcharge: '0.000000',
    valid_from: null,
    valid_to: null,
    ...changes,
  };
}

const codes = (rows: PriceRuleRow[]) => schedulesOf(rows).map(({ breaks }) => breaks.map(({ code }) => code));

describe('rows of the price book', () => {
  it('that differ in quantity alone are the breaks of one schedule, smallest first', () => {
    const breaks = [
      row('from-48', { min_qty: 48, unit_price: '9.000000' }),
      row('from-12', { min_qty: 12, unit_price: '9.500000' }),
    ];
    expect(codes(breaks)).toEqual([['from-12', 'from-48']]);
  });

  it('stay apart where their scope, validity or level differ, or their quantities contradict', () => {
    const price = { unit_price: '1' };
    expect(codes([row('a', price), row('b', price)])).toEqual([['a'], ['b']]);
    expect(codes([row('a', price), row('b', { ...price, min_qty: 2, branch: 'berlin' })])).toEqual([
      ['a'],
      ['b'],
    ]);
    expect(codes([row('a', price), row('b', { ...price, min_qty: 2, kind: 'PROMO' })])).toEqual([
      ['a'],
      ['b'],
    ]);
    const later = { ...price, min_qty: 2, valid_from: '2026-01-01T00:00:00.000Z' };
    expect(codes([row('a', price), row('b', later)])).toEqual([['a'], ['b']]);
  });

  it('become formulas with exact amounts', () => {
    const formula = (changes: Partial<PriceRuleRow>) =>
      schedulesOf([row('x', changes)])[0]?.breaks[0]?.formula;
    expect(formula({ unit_price: '0.050000' })).toEqual({ kind: 'FIXED', price: 50_000n });
    expect(formula({ amount_off: '1.5' })).toEqual({ kind: 'AMOUNT_OFF', amount: 1_500_000n });
    expect(formula({ percent_off: '10' })).toEqual({ kind: 'PERCENT_OFF', percent: 10_000_000n });
    expect(formula({ markup_percent: '-5', base: 'COST', round_to: '0.25', surcharge: '1' })).toEqual({
      kind: 'FORMULA',
      base: 'COST',
      percent: -5_000_000n,
      roundTo: 250_000n,
      surcharge: 1_000_000n,
    });
    expect(() => formula({})).toThrow('price rule x has no price');
  });

  it('are for what their scope columns say', () => {
    const scoped = row('x', {
      unit_price: '1',
      item: null,
      item_group: 'USB',
      class: 'A',
      category: 'Novelty',
    });
    expect(schedulesOf([scoped])[0]?.scope).toEqual({
      itemGroup: 'USB',
      accountClass: 'A',
      accountCategory: 'Novelty',
    });
  });
});
