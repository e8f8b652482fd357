import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Gcra, type Rate } from './gcra.js';

const rates = fc.record({
  perSecond: fc.double({ min: 0.1, max: 5_000, noNaN: true }),
  burst: fc.double({ min: 1, max: 500, noNaN: true }),
});
const gaps = fc.array(fc.oneof(fc.constant(0), fc.double({ min: 0, max: 2_000, noNaN: true })), {
  minLength: 1,
  maxLength: 300,
});

/** Times at which a bucket admitted, for requests that come after the given gaps. */
function admissions(rate: Rate, gapsMs: readonly number[]): number[] {
  const bucket = new Gcra();
  let now = 1_000;
  const admitted: number[] = [];
  for (const gap of gapsMs) {
    now += gap;
    if (bucket.take(rate, now).admitted) admitted.push(now);
  }
  return admitted;
}

describe('the generic cell rate algorithm', () => {
  it('never admits more than rate × window + burst, in any window', () => {
    fc.assert(
      fc.property(rates, gaps, (rate, gapsMs) => {
        const admitted = admissions(rate, gapsMs);
        for (const [i, from] of admitted.entries()) {
          for (const [j, to] of admitted.entries()) {
            const bound = (rate.perSecond * (to - from)) / 1_000 + rate.burst;
            if (j >= i) expect(j - i + 1).toBeLessThanOrEqual(bound + 1e-4);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('admits whoever keeps to the rate, and a whole burst after a rest', () => {
    fc.assert(
      fc.property(rates, fc.integer({ min: 1, max: 200 }), (rate, n) => {
        const interval = 1_000 / rate.perSecond;
        const steady = admissions(rate, Array<number>(n).fill(interval * (1 + 1e-9)));
        expect(steady).toHaveLength(n);
        const burst = Math.floor(rate.burst);
        expect(admissions(rate, Array<number>(burst).fill(0))).toHaveLength(burst);
      }),
    );
  });

  it('promises neither too much in remaining nor too little in retryAfter', () => {
    fc.assert(
      fc.property(rates, gaps, (rate, gapsMs) => {
        const bucket = new Gcra();
        let now = 0;
        for (const gap of gapsMs) {
          now += gap;
          const { remaining, retryAfterMs } = bucket.take(rate, now);
          const later = bucket.peek(rate, now + retryAfterMs + 1);
          expect(later.remaining).toBeGreaterThanOrEqual(1);
          if (remaining > 0) expect(retryAfterMs).toBeLessThan(1e-4 * (1_000 / rate.perSecond));
        }
        const { remaining } = bucket.peek(rate, now);
        for (let i = 0; i < remaining; i++) expect(bucket.take(rate, now).admitted).toBe(true);
      }),
    );
  });

  it('takes a changed rate at once: a boost that ended leaves no debt beyond an empty bucket', () => {
    const bucket = new Gcra();
    const boosted = { perSecond: 1_000, burst: 10_000 };
    for (let i = 0; i < 10_000; i++) bucket.take(boosted, 0);
    const normal = { perSecond: 10, burst: 20 };
    expect(bucket.take(normal, 0).admitted).toBe(false);
    expect(bucket.peek(normal, 2_000).remaining).toBe(20);
  });

  it('admits nothing under a rate of zero, and recovers from it', () => {
    const bucket = new Gcra();
    expect(bucket.take({ perSecond: 0, burst: 5 }, 0)).toMatchObject({ admitted: false, remaining: 0 });
    expect(bucket.take({ perSecond: 1, burst: 5 }, 0).admitted).toBe(true);
  });
});
