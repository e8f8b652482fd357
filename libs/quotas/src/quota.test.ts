import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { effectiveQuota, limitProblem, quotaSnapshot, type QuotaLayers } from './quota.js';
import { rankNeighbors, type TenantUsage } from './noisy-neighbors.js';

const limit = fc.record({
  limit: fc.double({ min: 0, max: 1e6, noNaN: true }),
  burst: fc.option(fc.double({ min: 1, max: 1e6, noNaN: true })),
});
const planLimit = fc.tuple(limit, fc.boolean()).map(([one, hard]) => ({ ...one, hard }));
const time = fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => new Date(seconds * 1_000));
const layers: fc.Arbitrary<QuotaLayers> = fc.record({
  plan: planLimit,
  override: fc.option(planLimit),
  boost: fc.option(fc.tuple(limit, time).map(([one, until]) => ({ ...one, until, reason: null, by: 'x' }))),
});

describe('the limit that holds', () => {
  it('is the active boost, else the override, else the plan', () => {
    fc.assert(
      fc.property(layers, time, (stored, now) => {
        const { limit: value, source } = effectiveQuota(stored, now);
        if (stored.boost && stored.boost.until > now)
          expect([value, source]).toEqual([stored.boost.limit, 'BOOST']);
        else if (stored.override) expect([value, source]).toEqual([stored.override.limit, 'OVERRIDE']);
        else expect([value, source]).toEqual([stored.plan.limit, 'PLAN']);
      }),
    );
  });

  it('is the same for an instance that got it before a boost ended as for one that gets it after', () => {
    fc.assert(
      fc.property(layers, time, time, (stored, got, used) => {
        const sent = quotaSnapshot('REQUEST_RATE', stored, got);
        const over = sent.boostUntil !== null && Date.parse(sent.boostUntil) <= used.getTime();
        const atInstance = over ? [sent.limitAfterBoost, sent.burstAfterBoost] : [sent.limit, sent.burst];
        const fresh = effectiveQuota(stored, used);
        if (used >= got) expect(atInstance).toEqual([fresh.limit, fresh.burst]);
      }),
    );
  });

  it('must be a sensible number', () => {
    expect(limitProblem('REQUEST_RATE', { limit: 0.5, burst: 1 })).toBeUndefined();
    expect(limitProblem('CONCURRENCY', { limit: 8, burst: null })).toBeUndefined();
    for (const wrong of [Number.NaN, -1, Infinity, 2e9]) {
      expect(limitProblem('REQUEST_RATE', { limit: wrong, burst: null })).toMatch(/number/);
    }
    expect(limitProblem('REQUEST_RATE', { limit: 1, burst: 0 })).toMatch(/burst/);
    expect(limitProblem('CONCURRENCY', { limit: 1.5, burst: null })).toMatch(/whole/);
    expect(limitProblem('JOBS_QUEUED', { limit: 1, burst: 2 })).toMatch(/burst/);
  });
});

describe('noisy neighbours', () => {
  const usage = (tenant: string, over: Partial<TenantUsage>): TenantUsage => ({
    tenant,
    requests: 100,
    throttled: 0,
    shed: 0,
    databaseMs: 100,
    queuedMs: 0,
    ...over,
  });

  it('are ranked by how much the others waited beside their share', () => {
    const ranking = rankNeighbors([
      usage('quiet', { queuedMs: 5_000 }),
      usage('loud', { requests: 1_000, databaseMs: 9_800, queuedMs: 200, throttled: 50 }),
      usage('other', { queuedMs: 3_000 }),
    ]);
    expect(ranking.map(({ tenant }) => tenant)).toEqual(['loud', 'other', 'quiet']);
    expect(ranking[0]).toMatchObject({ share: 0.98, victims: 2, throttled: 50, score: 0.98 * 40 });
    expect(ranking[2]?.victims).toBe(1);
  });

  it('are not named for the queue that a flood makes for itself', () => {
    const ranking = rankNeighbors([
      usage('flood', { requests: 300, throttled: 2_000, databaseMs: 600, queuedMs: 90_000 }),
      usage('quiet', { queuedMs: 1_500 }),
      usage('other', { queuedMs: 100 }),
    ]);
    expect(ranking.map(({ tenant, victims }) => [tenant, victims])).toEqual([
      ['flood', 1],
      ['other', 1],
      ['quiet', 0],
    ]);
  });

  it('are none where nobody waits: then the largest share comes first, with score 0', () => {
    const ranking = rankNeighbors([usage('a', {}), usage('b', { databaseMs: 300 })]);
    expect(ranking.map(({ tenant, score }) => [tenant, score])).toEqual([
      ['b', 0],
      ['a', 0],
    ]);
    expect(rankNeighbors([])).toEqual([]);
    expect(rankNeighbors([usage('idle', { requests: 0, databaseMs: 0 })])[0]).toMatchObject({
      share: 0,
      score: 0,
    });
  });
});
