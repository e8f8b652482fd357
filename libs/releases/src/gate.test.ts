import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { evidence, judge } from './gate.js';

/** Mulberry32: a small generator with a seed, so that a failing simulation can be repeated. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * Looks after every single outcome. Evidence only grows with a failure (the property below), so looking after a good
 * outcome could find nothing new. @returns after how many the gate failed; undefined if it never did. */
function outcomesToFail(
  p: number,
  p0: number,
  alpha: number,
  outcomes: number,
  next: () => number,
): number | undefined {
  let failures = 0;
  for (let samples = 1; samples <= outcomes; samples++) {
    if (next() >= p) continue;
    failures++;
    if (evidence({ failures, samples }, p0) >= 1 / alpha) return samples;
  }
  return undefined;
}

describe('evidence', () => {
  it('has mean 1 at the threshold and at most 1 below it, summed over all outcomes', () => {
    for (const p0 of [0.005, 0.01, 0.1, 0.4]) {
      for (const share of [1, 0.7, 0.2]) {
        const p = p0 * share;
        const n = 40;
        let mean = 0;
        let probability = (1 - p) ** n;
        for (let k = 0; k <= n; k++) {
          mean += probability * evidence({ failures: k, samples: n }, p0);
          probability *= ((n - k) / (k + 1)) * (p / (1 - p));
        }
        if (share === 1) expect(mean).toBeCloseTo(1, 6);
        else expect(mean).toBeLessThan(1);
      }
    }
  });

  it('grows with failures, shrinks with good outcomes, and is a finite number for any counts', () => {
    const counts = fc.record({ failures: fc.nat(1_000_000), good: fc.nat(1_000_000) });
    const threshold = fc.double({ min: 0.0001, max: 0.9, noNaN: true });
    fc.assert(
      fc.property(counts, threshold, ({ failures, good }, p0) => {
        const e = evidence({ failures, samples: failures + good }, p0);
        expect(Number.isFinite(e)).toBe(true);
        expect(e).toBeGreaterThanOrEqual(0);
        expect(evidence({ failures: failures + 1, samples: failures + good + 1 }, p0)).toBeGreaterThanOrEqual(
          e,
        );
        expect(evidence({ failures, samples: failures + good + 1 }, p0)).toBeLessThanOrEqual(e);
      }),
    );
  });

  it.each([11, 23, 47])(
    'stops a good wave with at most alpha, looked at after every outcome (seed %i)',
    (seed) => {
      const next = random(seed);
      const alpha = 0.01;
      const runs = 3_000;
      let alarms = 0;
      for (let run = 0; run < runs; run++) if (outcomesToFail(0.01, 0.01, alpha, 1_000, next)) alarms++;
      // A naive test that is looked at 1,000 times is wrong in most runs; Ville's bound is 1 % of them.
      expect(alarms / runs).toBeLessThanOrEqual(alpha);
    },
  );

  it('stops a wave in which every second outcome is bad after a handful', () => {
    const next = random(7);
    const needed = Array.from(
      { length: 500 },
      () => outcomesToFail(0.5, 0.01, 0.01, 1_000, next) ?? Infinity,
    );
    needed.sort((a, b) => a - b);
    expect(needed[250]).toBeLessThanOrEqual(6);
    expect(needed[495]).toBeLessThanOrEqual(20);
  });
});

describe('judge', () => {
  const question = { threshold: 0.01, minSamples: 100, alpha: 0.01 };

  it('holds without figures, however long the soak', () => {
    const answer = judge({ ...question, counts: { failures: 0, samples: 0 }, soakOver: true });
    expect(answer.verdict).toBe('INCONCLUSIVE');
    expect(answer.explanation).toContain('0 of 100 samples');
  });

  it('passes only after the soak', () => {
    const counts = { failures: 1, samples: 400 };
    expect(judge({ ...question, counts, soakOver: false }).verdict).toBe('INCONCLUSIVE');
    expect(judge({ ...question, counts, soakOver: true }).verdict).toBe('PASS');
  });

  it('fails before the soak is over and before the minimum of samples is reached', () => {
    expect(judge({ ...question, counts: { failures: 4, samples: 8 }, soakOver: false }).verdict).toBe('FAIL');
  });

  it('never passes what it would fail, whatever the figures', () => {
    fc.assert(
      fc.property(fc.nat(500), fc.nat(500), fc.boolean(), (failures, good, soakOver) => {
        const samples = failures + good;
        const { verdict, evidence: e } = judge({ ...question, counts: { failures, samples }, soakOver });
        expect(verdict === 'FAIL').toBe(e >= 100);
        if (verdict === 'PASS') expect(soakOver && samples >= 100).toBe(true);
      }),
    );
  });
});
