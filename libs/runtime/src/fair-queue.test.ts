import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FairScheduler, type Dispatch } from './fair-queue.js';

interface Work {
  tenant: string;
  /** Slot time it takes. */
  ms: number;
}

/** Time goes from one completion to the next; each tenant keeps `depth` items waiting, for ever. */
class Simulation {
  now = 0;
  readonly served = new Map<string, number>();
  readonly #running: { dispatch: Dispatch<Work>; endsAt: number }[] = [];

  constructor(
    readonly scheduler: FairScheduler<Work>,
    private readonly weights: Record<string, number>,
    private readonly next: (tenant: string) => number,
  ) {}

  offer(tenant: string): boolean {
    return this.scheduler.enqueue(tenant, this.weights[tenant] ?? 1, { tenant, ms: this.next(tenant) });
  }

  start(): void {
    for (let d = this.scheduler.next(); d; d = this.scheduler.next()) {
      this.#running.push({ dispatch: d, endsAt: this.now + d.item.ms });
    }
  }

  /** @returns the tenant whose item ended. */
  finishOne(): string | undefined {
    this.#running.sort((a, b) => b.endsAt - a.endsAt);
    const first = this.#running.pop();
    if (!first) return undefined;
    this.now = first.endsAt;
    const { tenant, ms } = first.dispatch.item;
    this.scheduler.complete(first.dispatch, ms);
    this.served.set(tenant, (this.served.get(tenant) ?? 0) + ms);
    return tenant;
  }
}

const costs = fc.double({ min: 1, max: 50, noNaN: true });

describe('the fair scheduler', () => {
  it('shares slot time by weight among tenants that always wait', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ weight: fc.integer({ min: 1, max: 8 }), ms: costs }), {
          minLength: 2,
          maxLength: 6,
        }),
        fc.integer({ min: 1, max: 4 }),
        (tenants, slots) => {
          const names = tenants.map((_, i) => `t${i}`);
          const weights = Object.fromEntries(names.map((name, i) => [name, tenants[i]?.weight ?? 1]));
          const ms = new Map(names.map((name, i) => [name, tenants[i]?.ms ?? 1]));
          const scheduler = new FairScheduler<Work>({ slots, tenantSlots: () => slots, tenantQueue: 10 });
          const simulation = new Simulation(scheduler, weights, (tenant) => ms.get(tenant) ?? 1);
          for (const name of names) for (let i = 0; i < 2 * slots; i++) simulation.offer(name);
          for (let i = 0; i < 3_000; i++) {
            simulation.start();
            const tenant = simulation.finishOne();
            if (tenant) simulation.offer(tenant);
          }
          const normalized = names.map((name) => (simulation.served.get(name) ?? 0) / (weights[name] ?? 1));
          // Goyal et al.: two backlogged flows differ by at most one largest item of each, here per slot in flight.
          const largest = Math.max(...names.map((name) => (ms.get(name) ?? 1) / (weights[name] ?? 1)));
          const learning = 60 * largest;
          expect(Math.max(...normalized) - Math.min(...normalized)).toBeLessThanOrEqual(
            2 * (slots + 1) * largest + learning,
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  const steps = fc.array(
    fc.oneof(
      fc.record({
        do: fc.constant('offer' as const),
        tenant: fc.constantFrom('a', 'b', 'c', 'd'),
        ms: costs,
      }),
      fc.record({ do: fc.constant('finish' as const), tenant: fc.constant(''), ms: fc.constant(0) }),
    ),
    { maxLength: 400 },
  );

  it('keeps the cap, the slots and the queue bound; leaves no slot idle that somebody may have; loses nobody', () => {
    fc.assert(
      fc.property(
        steps,
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 8 }),
        (plan, slots, cap) => {
          const scheduler = new FairScheduler<Work>({ slots, tenantSlots: () => cap, tenantQueue: 5 });
          const simulation = new Simulation(scheduler, {}, () => 0);
          let offered = 0;
          let finished = 0;
          const check = (): void => {
            simulation.start();
            expect(scheduler.inService()).toBeLessThanOrEqual(slots);
            for (const tenant of ['a', 'b', 'c', 'd']) {
              expect(scheduler.inService(tenant)).toBeLessThanOrEqual(cap);
              expect(scheduler.waiting(tenant)).toBeLessThanOrEqual(5);
              const idleSlot = scheduler.inService() < slots && scheduler.inService(tenant) < cap;
              if (idleSlot) expect(scheduler.waiting(tenant)).toBe(0);
            }
          };
          for (const step of plan) {
            if (step.do === 'offer') {
              if (scheduler.enqueue(step.tenant, 1, { tenant: step.tenant, ms: step.ms })) offered++;
            } else if (simulation.finishOne()) finished++;
            check();
          }
          while (simulation.finishOne()) {
            finished++;
            check();
          }
          expect(finished).toBe(offered);
        },
      ),
    );
  });

  it('serves a newcomer next, however deep the queue of the flood is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 5, max: 500 }), costs, costs, (depth, floodMs, quietMs) => {
        const scheduler = new FairScheduler<Work>({ slots: 1, tenantSlots: () => 1, tenantQueue: 1_000 });
        const simulation = new Simulation(scheduler, {}, (tenant) =>
          tenant === 'flood' ? floodMs : quietMs,
        );
        for (let i = 0; i < depth; i++) simulation.offer('flood');
        simulation.start();
        for (let i = 0; i < 3; i++) {
          simulation.finishOne();
          simulation.start();
        }
        simulation.offer('quiet');
        expect(simulation.finishOne()).toBe('flood');
        simulation.start();
        expect(simulation.finishOne()).toBe('quiet');
      }),
    );
  });

  it('gives a tenant that was idle no credit for it', () => {
    const scheduler = new FairScheduler<Work>({ slots: 1, tenantSlots: () => 1, tenantQueue: 1_000 });
    const simulation = new Simulation(scheduler, {}, () => 10);
    for (let i = 0; i < 300; i++) simulation.offer('busy');
    for (let i = 0; i < 100; i++) {
      simulation.start();
      simulation.finishOne();
    }
    for (let i = 0; i < 100; i++) simulation.offer('late');
    for (let i = 0; i < 100; i++) {
      simulation.start();
      simulation.finishOne();
    }
    expect(simulation.served.get('late')).toBeLessThanOrEqual(510);
  });

  it('takes back who no longer waits', () => {
    const scheduler = new FairScheduler<Work>({ slots: 1, tenantSlots: () => 1, tenantQueue: 10 });
    const gone: Work = { tenant: 'a', ms: 1 };
    scheduler.enqueue('a', 1, gone);
    expect(scheduler.withdraw('a', gone)).toBe(true);
    expect(scheduler.withdraw('a', gone)).toBe(false);
    expect(scheduler.next()).toBeUndefined();
  });
});
