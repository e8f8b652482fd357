import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createLogger } from './logging.js';
import { Reconciler } from './reconciler.js';

describe('Reconciler', () => {
  let reconciler: Reconciler | undefined;
  let work = 0;
  let looks = 0;

  afterEach(() => reconciler?.stop());

  /** Work is a number to count down; the poll is so rare that only a wake can find it. */
  function start(concurrency: number): Reconciler {
    [work, looks] = [0, 0];
    reconciler = new Reconciler(
      { name: 'test', concurrency, pollMs: 3_600_000 },
      async () => {
        looks += 1;
        await sleep(1);
        if (work === 0) return false;
        work -= 1;
        return true;
      },
      createLogger('test', 'silent'),
    );
    reconciler.start();
    return reconciler;
  }

  it('looks again at once whenever it is woken, also when it slept before', async () => {
    const running = start(3);
    for (let round = 0; round < 5; round++) {
      await sleep(20);
      work = 4;
      running.wake();
      await sleep(50);
      expect(work).toBe(0);
    }
  });

  it('looks one at a time, however many items may be worked on', async () => {
    const running = start(4);
    await sleep(20);
    const before = looks;
    running.wake();
    await sleep(30);
    expect(looks - before).toBe(1);
  });

  it('works on as many claimed items at once as it may, and on the next when one has ended', async () => {
    let [claimed, under, most] = [0, 0, 0];
    const ends: (() => void)[] = [];
    reconciler = new Reconciler(
      { name: 'test', concurrency: 2, pollMs: 3_600_000 },
      async () => {
        if (claimed === 3) return false;
        claimed += 1;
        return async () => {
          most = Math.max(most, ++under);
          await new Promise<void>((resolve) => ends.push(resolve));
          under -= 1;
        };
      },
      createLogger('test', 'silent'),
    );
    reconciler.start();
    await sleep(20);
    expect(claimed).toBe(2);
    ends[0]?.();
    await sleep(20);
    expect([claimed, under, most]).toEqual([3, 2, 2]);
    const stopped = reconciler.stop();
    for (const end of ends) end();
    await stopped;
    expect(under).toBe(0);
  });

  it('stops while it sleeps', async () => {
    const running = start(2);
    await sleep(20);
    await running.stop();
    const before = looks;
    running.wake();
    await sleep(20);
    expect(looks).toBe(before);
  });
});
