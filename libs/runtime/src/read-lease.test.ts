import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FakeControlPlane } from './control-plane.fixture.js';
import { silentLogger } from './logger.js';
import { now, ReadLease, type Moment } from './read-lease.js';
import { Reporter } from './reporter.js';
import { readLeaseMs } from './wire.js';

const later = ({ monotonic, wall }: Moment, ms: number, wallMs = ms): Moment => ({
  monotonic: monotonic + ms,
  wall: wall + wallMs,
});

describe('a lease on what is known of moves', () => {
  it('runs out by whichever clock is ahead, and trusts none that was set back', () => {
    const lease = new ReadLease();
    expect(lease.isValid()).toBe(false);
    const since = now();
    lease.renew(since);
    expect(lease.isValid(later(since, readLeaseMs - 1))).toBe(true);
    expect(lease.isValid(later(since, readLeaseMs))).toBe(false);
    // The machine slept, and one clock with it.
    expect(lease.isValid(later(since, 1, readLeaseMs))).toBe(false);
    expect(lease.isValid(later(since, readLeaseMs, 1))).toBe(false);
    expect(lease.isValid(later(since, 1, -1))).toBe(false);
    lease.end();
    expect(lease.isValid(since)).toBe(false);
  });
});

describe('reports', () => {
  let controlPlane: FakeControlPlane;
  let reporter: Reporter;
  let appliedRevision: number;

  beforeEach(async () => {
    controlPlane = new FakeControlPlane({ revision: 7, tenants: [], databases: [] });
    await controlPlane.start();
    appliedRevision = 7;
    reporter = new Reporter({
      url: controlPlane.url,
      token: controlPlane.token,
      instanceId: randomUUID(),
      service: 'test',
      tenantId: () => null,
      appliedRevision: () => appliedRevision,
      logger: silentLogger,
    });
  });
  afterEach(() => controlPlane.stop());

  it('give a lease that runs from the question on, not from the answer', async () => {
    controlPlane.answer = { applied: true, toldRevision: 7 };
    const before = now();
    controlPlane.answerAfterMs = 500;
    expect(await reporter.flush()).toBe(true);
    expect(reporter.lease.isValid(later(before, readLeaseMs - 1))).toBe(true);
    expect(reporter.lease.isValid(later(before, readLeaseMs + 400))).toBe(false);
  });

  it('give none to who does not know of the last move, sent the report twice, or asks an older control plane', async () => {
    for (const answer of [{ applied: true, toldRevision: 8 }, { applied: false }, {}]) {
      controlPlane.answer = answer;
      expect(await reporter.flush()).toBe(true);
      expect([answer, reporter.lease.isValid()]).toEqual([answer, false]);
    }
    appliedRevision = 8;
    controlPlane.answer = { applied: true, toldRevision: 8 };
    await reporter.flush();
    expect(reporter.lease.isValid()).toBe(true);
  });

  it('end it before they say that this instance ends: nobody waits for it then', async () => {
    controlPlane.answer = { applied: true, toldRevision: 7 };
    await reporter.flush();
    expect(reporter.lease.isValid()).toBe(true);
    await reporter.stop();
    expect(controlPlane.reports.at(-1)?.ended).toBe(true);
    expect(reporter.lease.isValid()).toBe(false);
  });
});
