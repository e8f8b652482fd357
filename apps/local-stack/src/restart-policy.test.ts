import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { backoffMs } from './restart-policy.js';

const times = { firstBackoffMs: 250, longestBackoffMs: 15_000 };

describe('the pause before a process is started again', () => {
  it('doubles with each end in a row up to its bound, and half of it is chance', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (failures, random) => {
          const whole = Math.min(250 * 2 ** (failures - 1), 15_000);
          const pause = backoffMs(failures, times, random);
          expect(pause).toBeGreaterThanOrEqual(Math.floor(whole / 2));
          expect(pause).toBeLessThanOrEqual(whole);
        },
      ),
    );
  });

  it('differs among processes that ended together', () => {
    const pauses = Array.from({ length: 50 }, () => backoffMs(8, times));
    expect(new Set(pauses).size).toBeGreaterThan(10);
  });
});
