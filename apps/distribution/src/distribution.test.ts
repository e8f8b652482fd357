import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { of, RunningService, waterfall } from './distribution.fixture.js';

describe('the service', () => {
  let service: RunningService;

  beforeAll(async () => {
    service = await RunningService.start();
  });
  afterAll(() => service.stop());

  it('keeps serving and deciding while the control plane is away, also after a restart', async () => {
    await service.controlPlane.serveFeatures(waterfall);
    await service.controlPlane.stop();
    try {
      expect((await service.order(service.south, of('ACME', 'PEN', 1))).body.decidedBy.pricingEngine).toBe(
        'waterfall-v2',
      );
      await service.restart();
      const { status, body } = await service.order(service.south, of('ACME', 'PEN', 1));
      expect([status, body.decidedBy.pricingEngine]).toEqual([201, 'waterfall-v2']);
    } finally {
      await service.controlPlane.start();
    }
  });

  it('shows a newcomer items, accounts and branches', async () => {
    const items = await service.call<{ items: { sku: string }[] }>(service.north, '/items?limit=2');
    expect(items.body.items.map(({ sku }) => sku)).toEqual(['CLOCK', 'MUG']);
    const next = await service.call<{ items: { sku: string }[] }>(service.north, '/items?after=PEN');
    expect(next.body.items.map(({ sku }) => sku)).toEqual(['USB-1']);
    const accounts = await service.call<{ accounts: object[] }>(service.north, '/accounts?search=novel');
    expect(accounts.body.accounts).toEqual([]);
    const found = await service.call<{ accounts: object[] }>(service.north, '/accounts?search=acm');
    expect(found.body.accounts).toEqual([
      expect.objectContaining({ code: 'ACME', class: 'A', branch: 'berlin' }),
    ]);
    const branches = await service.call<{ branches: object[] }>(service.north, '/branches');
    expect(branches.body.branches).toContainEqual({
      code: 'paris',
      name: 'Paris',
      region: 'EU',
      warehouses: ['wh-paris'],
    });
  });

  it('answers probes without a token', async () => {
    expect((await service.call(null, '/healthz')).body).toEqual({ status: 'ok' });
    expect((await service.call(null, '/readyz')).body).toMatchObject({ status: 'ok', flags: 'known' });
    const metrics = await fetch(new URL('/metrics', service.url));
    expect(await metrics.text()).toContain('process_cpu_seconds_total');
  });
});
