import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { formatMicros } from '../money/money.js';
import { marginFloor } from './guards.js';
import {
  anyBook,
  anyFormula,
  anyItem,
  anyRequest,
  book,
  item,
  money,
  percent,
  request,
  rule,
} from './pricing.fixture.js';
import type { PriceBook, PriceRequest, PriceRule } from './price-book.js';
import type { Price } from './price.js';
import { waterfallPrice } from './waterfall.engine.js';

const off = (amount: number) => ({ kind: 'AMOUNT_OFF', amount: money(amount) }) as const;
const fixed = (amount: number) => ({ kind: 'FIXED', price: money(amount) }) as const;

/** The price or the code of the refusal: both must be repeatable. */
function outcome(one: PriceRequest, prices: PriceBook): Price | string {
  try {
    return waterfallPrice(one, prices);
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe('waterfall-v2', () => {
  const contract = rule('C1', fixed(800), { level: 'CONTRACT', scope: { account: 'A1', item: 'USB-1' } });
  const promo = rule('P1', off(100));

  it('takes the first level of the precedence, also if another is cheaper', () => {
    const price = waterfallPrice(request(), book([promo, contract]));
    expect(formatMicros(price.unitPrice)).toBe('800.00');
    expect(price.trace.candidates.map(({ rule, outcome, reason }) => [rule, outcome, reason])).toEqual([
      ['C1', 'WON', 'It comes first in the precedence.'],
      ['P1', 'LOST', 'CONTRACT comes before PROMO.'],
      [null, 'LOST', 'CONTRACT comes before LIST.'],
    ]);
  });

  it('takes the lowest of all levels where the tenant says so', () => {
    const price = waterfallPrice(request(), book([promo, contract], { strategy: 'LOWEST' }));
    expect(formatMicros(price.unitPrice)).toBe('750.00');
  });

  it('searches in the order that the tenant gives, and not the levels left out', () => {
    const prices = book([promo, contract], { precedence: ['PROMO'] });
    const price = waterfallPrice(request(), prices);
    expect(formatMicros(price.unitPrice)).toBe('750.00');
    expect(price.trace.candidates.at(-1)).toMatchObject({
      rule: 'C1',
      outcome: 'NOT_APPLICABLE',
      reason: "The tenant's precedence leaves CONTRACT out.",
    });
  });

  it('prefers the narrower scope within a level, and refuses a tie where the tenant says so', () => {
    const forItem = rule('P2', off(10), { scope: { item: 'USB-1' } });
    const tie = rule('P3', off(20), { scope: { item: 'USB-1' } });
    expect(formatMicros(waterfallPrice(request(), book([promo, forItem])).unitPrice)).toBe('840.00');
    expect(() =>
      waterfallPrice(request(), book([promo, forItem, tie], { strategy: 'ERROR_ON_TIE' })),
    ).toThrow(expect.objectContaining({ code: 'PRICE_TIE', details: { rules: ['P2', 'P3'] } }));
  });

  it('counts quantity breaks in base units', () => {
    const schedule = rule('S', off(0), {
      breaks: [
        { code: 'S-1', minQuantity: 1, formula: off(10) },
        { code: 'S-24', minQuantity: 24, formula: off(50) },
      ],
    });
    const two = waterfallPrice(request({ quantity: 2, uom: 'CASE' }), book([schedule]));
    expect(formatMicros(two.unitPrice)).toBe('800.00');
    expect(formatMicros(two.lineTotal)).toBe('19200.00');
    expect(two.trace.quantity).toEqual({ ordered: 2, uom: 'CASE', base: 24, baseUom: 'EA' });
    expect(two.trace.candidates[0]).toMatchObject({ rule: 'S-24', minQuantity: 24 });
    expect(formatMicros(waterfallPrice(request({ quantity: 23 }), book([schedule])).unitPrice)).toBe(
      '840.00',
    );
  });

  it('holds from the first instant on and no longer at the second', () => {
    const bounded = { ...promo, validFrom: '2026-06-01T00:00:00.000Z', validTo: '2026-07-01T00:00:00.000Z' };
    const at = (instant: string) =>
      formatMicros(waterfallPrice(request({ at: instant }), book([bounded])).unitPrice);
    expect(at('2026-05-31T23:59:59.999Z')).toBe('850.00');
    expect(at('2026-06-01T00:00:00.000Z')).toBe('750.00');
    expect(at('2026-07-01T00:00:00.000Z')).toBe('850.00');
  });

  it('scales the cost, rounds, then adds the surcharge', () => {
    const costPlus = rule('CP', {
      kind: 'FORMULA',
      base: 'COST',
      percent: percent(30),
      roundTo: money(0.05),
      surcharge: money(1.99),
    });
    // 316 × 1.3 = 410.80, already a multiple of 0.05
    expect(formatMicros(waterfallPrice(request(), book([costPlus])).unitPrice)).toBe('412.79');
  });

  it.each([
    ['CLAMP', 'PRICED', '632.00'],
    ['BLOCK', 'BLOCKED', '350.00'],
    ['APPROVAL', 'NEEDS_APPROVAL', '350.00'],
  ] as const)('keeps the margin floor last: %s', (floorMode, status, unitPrice) => {
    const cheap = rule('CHEAP', fixed(350));
    const limited = request({ item: item({ maxPrice: money(400) }) });
    const price = waterfallPrice(limited, book([cheap], { floorMode, minMargin: percent(50) }));
    expect([price.status, formatMicros(price.unitPrice)]).toEqual([status, unitPrice]);
    expect(price.trace.guards.at(-1)).toMatchObject({
      guard: 'MARGIN_FLOOR',
      mode: floorMode,
      limit: '632.00',
    });
  });

  it('refuses units, quantities and currencies it cannot price', () => {
    const refused = (changes: Partial<PriceRequest>) => outcome(request(changes), book([]));
    expect(refused({ uom: 'PALLET' })).toBe('PRICE_INPUT_INVALID');
    expect(refused({ uom: 'constructor' })).toBe('PRICE_INPUT_INVALID');
    expect(refused({ quantity: 0 })).toBe('PRICE_INPUT_INVALID');
    expect(refused({ quantity: 1.5 })).toBe('PRICE_INPUT_INVALID');
    expect(refused({ quantity: 10_000_001 })).toBe('PRICE_INPUT_INVALID');
    expect(refused({ currency: 'EUR' })).toBe('PRICE_INPUT_INVALID');
  });

  it('never sells below the floor, whatever the book says', () => {
    fc.assert(
      fc.property(anyRequest, anyBook, (one, prices) => {
        const price = outcome(one, prices);
        if (typeof price === 'string' || price.status !== 'PRICED') return;
        const { cost, limitPrice } = one.item;
        const { minMargin, priceDecimals } = prices.policy;
        expect(price.unitPrice >= 0n).toBe(true);
        if (limitPrice !== null) expect(price.unitPrice >= limitPrice).toBe(true);
        if (cost !== null && minMargin !== null) {
          expect(price.unitPrice >= marginFloor(cost, minMargin, priceDecimals ?? 2)).toBe(true);
          // the definition itself: (price − cost) / price ≥ least margin, without a division
          expect((price.unitPrice - cost) * 100_000_000n >= price.unitPrice * minMargin).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('gives the same price and trace for the same input, in whatever order the rules were read', () => {
    fc.assert(
      fc.property(anyRequest, anyBook, fc.infiniteStream(fc.nat()), (one, prices, seeds) => {
        const order = new Map(prices.rules.map((rule) => [rule.id, seeds.next().value as number]));
        const shuffled = [...prices.rules].sort((a, b) => order.get(a.id)! - order.get(b.id)!);
        expect(outcome(one, { ...prices, rules: shuffled })).toEqual(outcome(one, prices));
      }),
    );
  });

  it('names every rule once in the trace and exactly one winner', () => {
    fc.assert(
      fc.property(anyRequest, anyBook, (one, prices) => {
        const price = outcome(one, prices);
        if (typeof price === 'string') return;
        const { candidates } = price.trace;
        expect(candidates.filter(({ outcome }) => outcome === 'WON')).toHaveLength(1);
        expect(candidates.flatMap(({ rule }) => rule ?? []).sort()).toEqual(
          prices.rules.map(({ id }) => id).sort(),
        );
      }),
    );
  });

  it('never raises the unit price for a larger quantity inside one schedule', () => {
    const breaks = fc.array(
      fc.record({ minQuantity: fc.integer({ min: 1, max: 100 }), formula: anyFormula }),
      {
        minLength: 1,
        maxLength: 6,
      },
    );
    const quantities = fc.tuple(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 200 }));
    fc.assert(
      fc.property(anyItem, breaks, quantities, (one, steps, [a, b]) => {
        const schedule: PriceRule = rule('S', off(0), {
          level: 'CONTRACT',
          scope: {},
          breaks: [{ minQuantity: 1, formula: fixed(4000) }, ...steps].map((step) => ({
            ...step,
            code: 'S',
          })),
        });
        const unitPrice = (quantity: number) =>
          waterfallPrice(request({ item: one, quantity }), book([schedule])).unitPrice;
        expect(unitPrice(Math.max(a, b)) <= unitPrice(Math.min(a, b))).toBe(true);
      }),
    );
  });
});
