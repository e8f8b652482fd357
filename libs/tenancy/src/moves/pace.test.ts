import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { Pace } from './pace.js';

describe('the pace of bulk work', () => {
  let clock: number;

  beforeEach(() => {
    clock = 1_000;
    jest.spyOn(performance, 'now').mockImplementation(() => clock);
  });
  afterEach(() => void jest.restoreAllMocks());

  /** Works in portions of these lengths, and rests when it is told to. @returns what was worked since the last rest. */
  function work(pace: Pace, portions: readonly number[]): { worked: number; rested: number; unpaid: number } {
    const sum = { worked: 0, rested: 0, unpaid: 0 };
    pace.begin();
    for (const portion of portions) {
      clock += portion;
      sum.worked += portion;
      sum.unpaid += portion;
      const rest = pace.due();
      if (rest === 0) continue;
      clock += rest;
      sum.rested += rest;
      sum.unpaid = 0;
      pace.begin();
    }
    return sum;
  }

  const share = fc.integer({ min: 5, max: 99 }).map((percent) => percent / 100);
  const portions = fc.array(fc.double({ min: 0.01, max: 500, noNaN: true }), {
    minLength: 1,
    maxLength: 200,
  });

  it('takes its share of the time, however long the portions are, but for a last small one', () => {
    fc.assert(
      fc.property(share, portions, (part, lengths) => {
        const { worked, rested, unpaid } = work(new Pace(part), lengths);
        expect(unpaid).toBeLessThan(20);
        const paid = worked - unpaid;
        expect(paid / (paid + rested || 1)).toBeCloseTo(paid === 0 ? 0 : part, 6);
      }),
    );
  });

  it('does not rest at all with the whole of the time', () => {
    fc.assert(fc.property(portions, (lengths) => expect(work(new Pace(1), lengths).rested).toBe(0)));
    expect(new Pace(1).inStatement).toBe('null');
  });

  it('does not count what was waited for before it began', () => {
    const pace = new Pace(0.5);
    clock += 10_000;
    expect(work(pace, [30]).rested).toBeCloseTo(30, 6);
  });
});
