import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { choosePool, type WorkerPool } from './worker-pool.js';

const pools = fc.uniqueArray(
  fc.record({
    name: fc.stringMatching(/^[a-z]{1,3}$/),
    kind: fc.constant<WorkerPool['kind']>('LOCAL'),
    region: fc.constantFrom(null, 'eu', 'us'),
    capacity: fc.nat(3),
    tenants: fc.nat(3),
    retired: fc.boolean(),
    kubernetes: fc.constant(null),
  }),
  { selector: ({ name }) => name },
);

describe('the choice of a worker pool', () => {
  it('never crosses a region, fills no pool beyond its capacity, uses none that is retired, and finds one if there is', () => {
    fc.assert(
      fc.property(pools, fc.constantFrom(null, 'eu', 'us'), (all, region) => {
        const usable = all.filter(
          (pool) => !pool.retired && pool.tenants < pool.capacity && [null, region].includes(pool.region),
        );
        const chosen = choosePool(all, region);
        expect(chosen === undefined).toBe(usable.length === 0);
        if (!chosen) return;
        expect(usable).toContain(chosen);
        const own = usable.filter((pool) => pool.region === region && region !== null);
        if (own.length > 0) expect(own).toContain(chosen);
      }),
    );
  });
});
