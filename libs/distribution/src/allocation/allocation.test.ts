import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { allocationEngines, type AllocationPolicy, type Demand, type Supply } from './allocation.js';
import { fairShares } from './fair-share.js';
import { planAllocation } from './plan-allocation.js';

const warehouses = ['HOME', 'NEAR', 'FAR'];

function demand(id: string, quantity: number, changes: Partial<Demand> = {}): Demand {
  return {
    id,
    item: 'I1',
    quantity,
    priorityClass: 'B',
    requestedDate: null,
    deliveryRule: 'PARTIAL',
    packSize: 1,
    sources: warehouses.map((warehouse, index) => ({ warehouse, unitCost: index * 100 })),
    ...changes,
  };
}

function supply(...available: number[]): Supply[] {
  return available.map((quantity, index) => ({
    item: 'I1',
    warehouse: warehouses[index] ?? 'NONE',
    available: quantity,
  }));
}

const plan = (demands: Demand[], supplies: Supply[], policy?: AllocationPolicy) => {
  const { picks, short } = planAllocation('priority-sourcing-v2', demands, supplies, policy);
  return { picks: picks.map((pick) => [pick.demand, pick.warehouse, pick.quantity]), short: [...short] };
};

describe('fifo-whole-line', () => {
  it('gives whole lines from the home warehouse, in order, and skips what does not fit', () => {
    const { picks, short } = planAllocation(
      'fifo-whole-line',
      [demand('2', 5, { priorityClass: 'A' }), demand('1', 8), demand('3', 2)],
      supply(10, 100),
    );
    expect(picks.map((pick) => [pick.demand, pick.warehouse, pick.quantity])).toEqual([
      ['1', 'HOME', 8],
      ['3', 'HOME', 2],
    ]);
    expect([...short]).toEqual([['2', 5]]);
  });
});

describe('priority-sourcing-v2', () => {
  it('splits a line over warehouses, nearest first', () => {
    expect(plan([demand('1', 12)], supply(5, 4, 9))).toEqual({
      picks: [
        ['1', 'HOME', 5],
        ['1', 'NEAR', 4],
        ['1', 'FAR', 3],
      ],
      short: [],
    });
  });

  it('takes the fullest warehouses where the nearest cannot fill within the split', () => {
    const policy = { shortageRule: 'PRIORITY', maxSplit: 2 } as const;
    expect(plan([demand('1', 12)], supply(5, 4, 9), policy).picks).toEqual([
      ['1', 'FAR', 9],
      ['1', 'HOME', 3],
    ]);
  });

  it('gives partial lines and leaves the rest to backorder; COMPLETE takes all or nothing', () => {
    expect(plan([demand('1', 30)], supply(5, 4, 9)).short).toEqual([['1', 12]]);
    expect(plan([demand('1', 30, { deliveryRule: 'COMPLETE' })], supply(5, 4, 9))).toEqual({
      picks: [],
      short: [['1', 30]],
    });
  });

  it('gives less than the whole in whole packs', () => {
    expect(plan([demand('1', 24, { packSize: 6 })], supply(5, 4, 0)).picks).toEqual([
      ['1', 'HOME', 5],
      ['1', 'NEAR', 1],
    ]);
  });

  it('serves class A before B, and the earlier date before the later', () => {
    const queue = [
      demand('1', 5),
      demand('2', 5, { requestedDate: '2026-01-02' }),
      demand('3', 5, { priorityClass: 'A' }),
    ];
    expect(plan(queue, supply(11)).picks).toEqual([
      ['3', 'HOME', 5],
      ['2', 'HOME', 5],
      ['1', 'HOME', 1],
    ]);
  });

  it('shares a shortage in proportion, and gives what COMPLETE lines cannot use to the others', () => {
    const policy = { shortageRule: 'FAIR_SHARE', maxSplit: 3 } as const;
    expect(plan([demand('1', 10), demand('2', 20), demand('3', 30)], supply(30), policy).picks).toEqual([
      ['1', 'HOME', 5],
      ['2', 'HOME', 10],
      ['3', 'HOME', 15],
    ]);
    const whole = demand('2', 20, { deliveryRule: 'COMPLETE' });
    expect(plan([demand('1', 20), whole], supply(18), policy)).toEqual({
      picks: [['1', 'HOME', 18]],
      short: [
        ['1', 2],
        ['2', 20],
      ],
    });
  });
});

describe('fair shares', () => {
  it('sum to the supply, exceed no demand and differ from the exact proportion by less than one', () => {
    const quantities = fc.array(fc.integer({ min: 0, max: 10_000_000 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(quantities, fc.integer({ min: 0, max: 50_000_000 }), (demands, available) => {
        const total = demands.reduce((sum, one) => sum + one, 0);
        const shares = fairShares(demands, available);
        expect(shares.reduce((sum, one) => sum + one, 0)).toBe(Math.min(total, available));
        for (const [index, share] of shares.entries()) {
          const wanted = demands[index]!;
          expect(share).toBeLessThanOrEqual(wanted);
          if (available < total)
            expect(Math.abs(share - (wanted * available) / total)).toBeLessThan(1 + 1e-6);
        }
      }),
    );
  });
});

describe('every plan', () => {
  const items = ['I1', 'I2'];
  const demands = fc
    .array(
      fc.record({
        item: fc.constantFrom(...items),
        quantity: fc.integer({ min: 1, max: 60 }),
        priorityClass: fc.constantFrom('A', 'B', 'C'),
        requestedDate: fc.option(fc.constantFrom('2026-01-01', '2026-02-01')),
        deliveryRule: fc.constantFrom('PARTIAL' as const, 'COMPLETE' as const),
        packSize: fc.integer({ min: 1, max: 6 }),
        sources: fc
          .shuffledSubarray(warehouses)
          .map((codes) => codes.map((warehouse, index) => ({ warehouse, unitCost: index }))),
      }),
      { maxLength: 12 },
    )
    .map((all): Demand[] => all.map((one, index) => ({ ...one, id: String(index).padStart(4, '0') })));
  const supplies = fc
    .array(fc.integer({ min: -5, max: 80 }), { minLength: 6, maxLength: 6 })
    .map((all): Supply[] =>
      all.map((available, index) => ({
        item: items[index % 2]!,
        warehouse: warehouses[Math.floor(index / 2)]!,
        available,
      })),
    );
  const policies = fc.record({
    shortageRule: fc.constantFrom('PRIORITY' as const, 'FAIR_SHARE' as const),
    maxSplit: fc.integer({ min: 1, max: 3 }),
  });

  it.each(allocationEngines)(
    'of %s exceeds no supply, conserves every demand and keeps its rules',
    (engine) => {
      fc.assert(
        fc.property(demands, supplies, policies, (wanted, available, policy) => {
          const { picks, short } = planAllocation(engine, wanted, available, policy);
          for (const one of available) {
            const taken = picks.filter((pick) => pick.item === one.item && pick.warehouse === one.warehouse);
            expect(taken.reduce((sum, pick) => sum + pick.quantity, 0)).toBeLessThanOrEqual(
              Math.max(0, one.available),
            );
          }
          for (const one of wanted) {
            const own = picks.filter((pick) => pick.demand === one.id);
            const given = own.reduce((sum, pick) => sum + pick.quantity, 0);
            expect(given + (short.get(one.id) ?? 0)).toBe(one.quantity);
            expect(own.every((pick) => pick.quantity > 0 && pick.item === one.item)).toBe(true);
            expect(new Set(own.map((pick) => pick.warehouse)).size).toBe(own.length);
            expect(
              own.every((pick) => one.sources.some((source) => source.warehouse === pick.warehouse)),
            ).toBe(true);
            expect(own.length).toBeLessThanOrEqual(engine === 'fifo-whole-line' ? 1 : policy.maxSplit);
            if (given === one.quantity) continue;
            if (engine === 'fifo-whole-line' || one.deliveryRule === 'COMPLETE') expect(given).toBe(0);
            else expect(given % one.packSize).toBe(0);
          }
        }),
        { numRuns: 500 },
      );
    },
  );
});
