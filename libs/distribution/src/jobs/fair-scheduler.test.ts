import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { retryDelayMs } from './backoff.js';
import { FairScheduler } from './fair-scheduler.js';

const tenants = fc
  .array(fc.record({ weight: fc.integer({ min: 1, max: 5 }), cap: fc.integer({ min: 1, max: 6 }) }), {
    minLength: 1,
    maxLength: 8,
  })
  .map((list) => list.map((tenant, index) => ({ ...tenant, id: `t${index}` })));

/** Takes every slot there is. */
function fill(scheduler: FairScheduler): string[] {
  const taken: string[] = [];
  for (let id = scheduler.next(); id !== null; id = scheduler.next()) taken.push(id);
  return taken;
}

describe('the fair scheduler', () => {
  test('never exceeds the capacity or the cap of a tenant, and leaves no slot idle that somebody may take', () => {
    const step = fc.record({
      kind: fc.constantFrom('ready', 'idle', 'next', 'release', 'gone'),
      pick: fc.nat(),
    });
    fc.assert(
      fc.property(
        tenants,
        fc.integer({ min: 1, max: 10 }),
        fc.array(step, { maxLength: 200 }),
        (all, capacity, steps) => {
          const scheduler = new FairScheduler(capacity);
          scheduler.setTenants(all);
          const ready = new Set<string>();
          const inFlight: string[] = [];
          const of = (id: string): number => inFlight.filter((held) => held === id).length;
          let served = all;
          for (const { kind, pick } of steps) {
            const tenant = all[pick % all.length] as (typeof all)[number];
            if (kind === 'ready') {
              scheduler.ready(tenant.id);
              if (served.includes(tenant)) ready.add(tenant.id);
            } else if (kind === 'idle') {
              scheduler.idle(tenant.id);
              ready.delete(tenant.id);
            } else if (kind === 'gone') {
              served = all.filter((other) => other !== tenant);
              scheduler.setTenants(served);
              ready.delete(tenant.id);
            } else if (kind === 'release') {
              const [id] = inFlight.splice(pick % Math.max(1, inFlight.length), 1);
              if (id !== undefined) scheduler.release(id);
            } else {
              const id = scheduler.next();
              const eligible = served.filter((one) => ready.has(one.id) && of(one.id) < one.cap);
              if (inFlight.length >= capacity || eligible.length === 0) expect(id).toBeNull();
              else expect(eligible.map((one) => one.id)).toContain(id);
              if (id !== null) inFlight.push(id);
            }
            expect(scheduler.inFlight).toBe(inFlight.length);
          }
        },
      ),
    );
  });

  test('gives a tenant that comes late its turn after at most one of every other share', () => {
    fc.assert(
      fc.property(tenants, fc.integer({ min: 0, max: 300 }), fc.nat(), (all, before, pick) => {
        const late = all[pick % all.length] as (typeof all)[number];
        const scheduler = new FairScheduler(1);
        scheduler.setTenants(all);
        for (const { id } of all) if (id !== late.id) scheduler.ready(id);
        const serve = (): string | null => {
          const id = scheduler.next();
          if (id !== null) scheduler.release(id);
          return id;
        };
        for (let i = 0; i < before; i++) serve();
        scheduler.ready(late.id);
        const others = all.filter(({ id }) => id !== late.id);
        // Each of the others may have its turns of one unit of virtual time, and the one that ties.
        const bound = others.reduce((sum, { weight }) => sum + weight + 1, 0);
        let waited = 0;
        while (waited <= bound && serve() !== late.id) waited += 1;
        expect(waited).toBeLessThanOrEqual(bound);
      }),
    );
  });

  test('lets nobody save up turns while it is idle', () => {
    const scheduler = new FairScheduler(1);
    const serve = (count: number): string[] =>
      Array.from({ length: count }, () => {
        const id = scheduler.next() as string;
        scheduler.release(id);
        return id;
      });
    scheduler.setTenants([
      { id: 'busy', weight: 1, cap: 1 },
      { id: 'idle', weight: 1, cap: 1 },
    ]);
    scheduler.ready('busy');
    serve(100);
    scheduler.ready('idle');
    expect(serve(20).filter((id) => id === 'idle')).toHaveLength(10);
  });

  test('shares the slots by weight when everybody has work', () => {
    fc.assert(
      fc.property(tenants, (all) => {
        const scheduler = new FairScheduler(1);
        scheduler.setTenants(all);
        for (const { id } of all) scheduler.ready(id);
        const weights = all.reduce((sum, { weight }) => sum + weight, 0);
        const turns = new Map<string, number>();
        const rounds = 20;
        for (let i = 0; i < rounds * weights; i++) {
          const id = scheduler.next() as string;
          scheduler.release(id);
          turns.set(id, (turns.get(id) ?? 0) + 1);
        }
        for (const { id, weight } of all) {
          expect(Math.abs((turns.get(id) ?? 0) - rounds * weight)).toBeLessThanOrEqual(all.length);
        }
      }),
    );
  });

  test('a flood leaves the slots that it may not take', () => {
    const scheduler = new FairScheduler(8);
    scheduler.setTenants([
      { id: 'noisy', weight: 4, cap: 6 },
      { id: 'quiet', weight: 1, cap: 6 },
    ]);
    scheduler.ready('noisy');
    expect(fill(scheduler)).toHaveLength(6);
    scheduler.ready('quiet');
    expect(fill(scheduler)).toEqual(['quiet', 'quiet']);
  });

  test('gives a tenant that left while it had jobs in flight no further turn, whoever wakes it', () => {
    const scheduler = new FairScheduler(2);
    scheduler.setTenants([{ id: 'leaving', weight: 1, cap: 2 }]);
    scheduler.ready('leaving');
    expect(scheduler.next()).toBe('leaving');
    scheduler.setTenants([]);
    scheduler.ready('leaving');
    expect(scheduler.next()).toBeNull();
    scheduler.release('leaving');
    scheduler.ready('leaving');
    expect(scheduler.next()).toBeNull();
    expect(scheduler.inFlight).toBe(0);
  });
});

test('the pause before a retry doubles, stays within its bounds and spreads', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (failures, random) => {
        const backoff = { baseMs: 1_000, maxMs: 600_000 };
        const full = Math.min(600_000, 1_000 * 2 ** (failures - 1));
        const pause = retryDelayMs(failures, random, backoff);
        expect(pause).toBeGreaterThanOrEqual(full / 2);
        expect(pause).toBeLessThanOrEqual(full);
        expect(retryDelayMs(failures, 0, backoff)).toBe(full / 2);
      },
    ),
  );
});
