import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { formatMicros } from '../money/money.js';
import { anyBook, anyRequest, book, item, money, percent, request, rule } from './pricing.fixture.js';
import { waterfallPrice } from './waterfall.engine.js';
import { bestPrice } from './wwi-best-price.engine.js';

const tenPercent = rule('USB-10', { kind: 'PERCENT_OFF', percent: percent(10) });
const on = { percentDeals: true };
const off = { percentDeals: false };

describe('wwi-best-price', () => {
  it("has Wide World Importers' defect: 10 % off 850.00 sells at 85.00, where the waterfall sells at 765.00", () => {
    const wrong = bestPrice(request(), book([tenPercent]), on);
    expect(formatMicros(wrong.unitPrice)).toBe('85.00');
    expect(formatMicros(wrong.margin!)).toMatch(/^-271\.76/);
    expect(wrong.belowCost).toBe(true);

    const right = waterfallPrice(request(), book([tenPercent]));
    expect(formatMicros(right.unitPrice)).toBe('765.00');
    expect(formatMicros(right.margin!)).toMatch(/^58\.69/);
    expect(right.belowCost).toBe(false);
  });

  it('leaves percent deals alone while they are switched off, and says so', () => {
    const price = bestPrice(request(), book([tenPercent]), off);
    expect(formatMicros(price.unitPrice)).toBe('850.00');
    expect(price.trace.candidates).toContainEqual(
      expect.objectContaining({
        rule: 'USB-10',
        outcome: 'NOT_APPLICABLE',
        reason: 'Percent deals are switched off.',
      }),
    );
  });

  it('takes the lowest of fixed price, amount off and list price', () => {
    const deals = [
      rule('FIX-HIGH', { kind: 'FIXED', price: money(820) }),
      rule('FIX', { kind: 'FIXED', price: money(800) }),
      rule('OFF', { kind: 'AMOUNT_OFF', amount: money(60) }),
    ];
    const price = bestPrice(request(), book(deals), off);
    expect(formatMicros(price.unitPrice)).toBe('790.00');
    expect(price.trace.candidates.map(({ rule, outcome }) => [rule, outcome])).toEqual([
      ['FIX', 'LOST'],
      ['FIX-HIGH', 'LOST'],
      ['OFF', 'WON'],
      [null, 'LOST'],
    ]);
  });

  it('looks at the highest percentage alone, as the original does, so that under the defect 20 % hides 10 %', () => {
    const twenty = rule('USB-20', { kind: 'PERCENT_OFF', percent: percent(20) });
    const price = bestPrice(request(), book([tenPercent, twenty]), on);
    expect(formatMicros(price.unitPrice)).toBe('170.00');
  });

  it('never sells below nothing', () => {
    const deal = rule('ALL', { kind: 'AMOUNT_OFF', amount: money(900) });
    const price = bestPrice(request(), book([deal]), off);
    expect(price.unitPrice).toBe(0n);
    expect(price.trace.guards[0]).toMatchObject({ guard: 'NOT_NEGATIVE', before: '-50.00', applied: true });
  });

  it('refuses an item that nothing prices', () => {
    expect(() => bestPrice(request({ item: item({ listPrice: null }) }), book([]), off)).toThrow(
      expect.objectContaining({ code: 'PRICE_NOT_FOUND' }),
    );
  });

  it('never exceeds the list price and has exactly one winner, for any book', () => {
    fc.assert(
      fc.property(anyRequest, anyBook, fc.boolean(), (one, prices, percentDeals) => {
        fc.pre(one.item.listPrice !== null);
        const decided = { ...prices, policy: { ...prices.policy, priceDecimals: 6 } };
        const price = bestPrice(one, decided, { percentDeals });
        expect(price.unitPrice <= one.item.listPrice).toBe(true);
        expect(price.unitPrice >= 0n).toBe(true);
        expect(price.trace.candidates.filter(({ outcome }) => outcome === 'WON')).toHaveLength(1);
      }),
    );
  });
});
