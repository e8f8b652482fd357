import { describe, expect, it } from '@jest/globals';
import { createLogger } from '#platform';
import type { ShadowKey, ShadowOutcome, TenantQueryable } from '#runtime';
import { bestPrice } from '../pricing/wwi-best-price.engine.js';
import type { PricedLines } from '../quotes/price-lines.js';
import { legacyDecisions } from '../decisions/decisions.js';
import { ShadowQueue } from './shadow-queue.js';
import { Shadow } from './shadow.js';

const tenant = { id: 't', slug: 'north', tier: 'SHARED', region: null };

class Recorder {
  readonly outcomes: { key: ShadowKey; outcome: ShadowOutcome }[] = [];
  database(): TenantQueryable {
    throw new Error('no database here');
  }
  recordShadow(key: ShadowKey, outcome: ShadowOutcome): void {
    this.outcomes.push({ key, outcome });
  }
}

/** One line at list price 10 with a deal of the percent kind that the engines take differently. */
function priced(engine: 'waterfall-v2' | 'broken', count = 1): PricedLines {
  const request = {
    item: {
      sku: 'A',
      groups: [],
      baseUom: 'EA',
      uoms: {},
      listPrice: 10_000_000n,
      cost: 8_000_000n,
      maxPrice: null,
      limitPrice: 12_000_000n,
    },
    account: { code: 'alfki', accountClass: null, accountCategory: null, buyingGroup: null },
    branch: 'seattle',
    quantity: 3,
    uom: 'EA',
    at: '2026-11-23T12:00:00.000Z',
    currency: 'USD',
  };
  const policy = {
    strategy: 'FIRST_MATCH' as const,
    precedence: ['LIST'] as const,
    minMargin: null,
    floorMode: 'CLAMP' as const,
    priceDecimals: null,
  };
  const book = { currency: 'USD', policy, rules: [] };
  const price = bestPrice(request, book, { percentDeals: false });
  const line = { lineNo: 1, item: request.item, price, from: { request, book } };
  return {
    buyer: { code: 'alfki', branch: 'seattle', currency: 'USD' },
    decisions: {
      ...legacyDecisions,
      shadow: { pricing: { engine, sample: 1 }, allocation: null },
    },
    lines: Array.from({ length: count }, () => line),
    at: new Date(),
  } as unknown as PricedLines;
}

const quiet = createLogger('test', 'silent');

describe('the shadow of pricing', () => {
  it('records exact differences after the answer, and leaves the answer alone', async () => {
    const recorder = new Recorder();
    const shadow = new Shadow(recorder, quiet);
    const lines = priced('waterfall-v2');
    const answered = structuredClone(lines.lines[0]?.price);
    shadow.pricing(tenant, lines);
    // Nothing ran yet: the caller's turn is not used.
    expect(recorder.outcomes).toEqual([]);
    await shadow.settled();
    // The limit price of 12 holds in the new engine only: 3 × 12 against 3 × 10.
    expect(recorder.outcomes).toMatchObject([
      {
        key: { tenantId: 't', branch: 'seattle', liveEngine: 'wwi-best-price', shadowEngine: 'waterfall-v2' },
        outcome: { different: true, liveMicros: 30_000_000n, shadowMicros: 36_000_000n, item: 'A' },
      },
    ]);
    expect(lines.lines[0]?.price).toEqual(answered);
  });

  it('compares the share that was asked for', async () => {
    const recorder = new Recorder();
    const draws = [0.05, 0.5, 0.95];
    const shadow = new Shadow(recorder, quiet, new ShadowQueue(), () => draws.shift() ?? 1);
    const lines = priced('waterfall-v2');
    lines.decisions.shadow = { pricing: { engine: 'waterfall-v2', sample: 0.5 }, allocation: null };
    for (let i = 0; i < 3; i++) shadow.pricing(tenant, lines);
    await shadow.settled();
    expect(recorder.outcomes).toHaveLength(1);
  });

  it('counts what fails and what there is no time for, and throws neither at the caller', async () => {
    const recorder = new Recorder();
    const shadow = new Shadow(recorder, quiet, new ShadowQueue({ capacity: 2, turnMs: 1_000, share: 0.5 }));
    const lines = priced('waterfall-v2', 5);
    // A line of which the engine can make nothing at all.
    Object.assign(lines.lines[0]?.from ?? {}, { book: null });
    shadow.pricing(tenant, lines);
    await shadow.settled();
    const kinds = recorder.outcomes.map(({ outcome }) => outcome.kind);
    expect(kinds.filter((kind) => kind === 'SKIPPED')).toHaveLength(3);
    expect(kinds.filter((kind) => kind === 'FAILED').length).toBeGreaterThanOrEqual(1);
  });
});

describe('the shadow queue', () => {
  it('rests in proportion to what it took, and drops what waits when it stops', async () => {
    const queue = new ShadowQueue({ capacity: 10, turnMs: 0, share: 0.001 });
    let done = 0;
    for (let i = 0; i < 5; i++)
      queue.offer(() => {
        done++;
        const until = performance.now() + 5;
        while (performance.now() < until);
      });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(done).toBe(1);
    await queue.stop();
    expect(done).toBe(1);
    expect(queue.offer(() => undefined)).toBe(false);
  });
});
