import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { fakeFeature } from '../../../test/support/fake-control-plane.js';
import { of, percentDeals, RunningService, waterfall } from './distribution.fixture.js';

describe('quotes', () => {
  let service: RunningService;

  beforeAll(async () => {
    service = await RunningService.start();
  });
  afterAll(() => service.stop());
  beforeEach(() => service.controlPlane.serveFeatures());

  it('quotes with the legacy engine until a flag says otherwise, and names every candidate', async () => {
    const { status, body } = await service.quote(of('ACME', 'USB-1', 2));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      account: 'ACME',
      branch: 'berlin',
      currency: 'EUR',
      total: '1700.00',
      decidedBy: { pricingEngine: 'wwi-best-price' },
      lines: [{ unitPrice: '850.00', lineTotal: '1700.00', cost: '316.00', belowCost: false }],
    });
    expect(body.lines[0]?.trace.candidates).toEqual([
      expect.objectContaining({ rule: 'USB-10', outcome: 'NOT_APPLICABLE' }),
      expect.objectContaining({ rule: null, outcome: 'WON' }),
    ]);
  });

  it("carries Wide World Importers' defect where percent deals are switched on", async () => {
    await service.controlPlane.serveFeatures(percentDeals);
    const { body } = await service.quote(of('ACME', 'USB-1', 1));
    expect(body.lines[0]).toMatchObject({ unitPrice: '85.00', belowCost: true });
  });

  it('uses the waterfall in the one branch where it is switched on', async () => {
    const inBerlin = fakeFeature('pricing.engine', {
      variant: 'waterfall-v2',
      where: { property: 'branch', values: ['north/berlin'] },
    });
    await service.controlPlane.serveFeatures(inBerlin);
    const berlin = await service.quote(of('ACME', 'USB-1', 1));
    expect(berlin.body.lines[0]?.unitPrice).toBe('765.00');
    expect(berlin.body.decidedBy).toEqual({
      pricingEngine: 'waterfall-v2',
      flags: [
        { key: 'pricing.engine', enabled: true, variant: 'waterfall-v2' },
        { key: 'pricing.percent-deals', enabled: false, variant: null },
      ],
    });
    const paris = await service.quote({ ...of('ACME', 'USB-1', 1), branch: 'paris' });
    expect(paris.body.decidedBy.pricingEngine).toBe('wwi-best-price');
    const otherTenant = await service.quote(of('ACME', 'USB-1', 1), service.south);
    expect(otherTenant.body.decidedBy.pricingEngine).toBe('wwi-best-price');
  });

  it('reads contracts, quantity breaks, units of measure and the floor from the price book', async () => {
    await service.controlPlane.serveFeatures(waterfall);
    const contract = await service.quote(of('ACME', 'MUG', 1));
    expect(contract.body.lines[0]).toMatchObject({ unitPrice: '8.00', margin: '50.00' });
    const cases = await service.quote({
      account: 'PARIS',
      lines: [{ sku: 'MUG', quantity: 2, uom: 'CASE' }],
    });
    expect(cases.body.lines[0]).toMatchObject({ quantity: 48, unitPrice: '9.00', lineTotal: '432.00' });
    expect(cases.body.lines[0]?.trace.candidates[0]).toMatchObject({ rule: 'MUG-48', minQuantity: 48 });
    expect(cases.body.lines[0]?.trace.guards).toContainEqual(
      expect.objectContaining({ guard: 'MARGIN_FLOOR', limit: '5.00', applied: false }),
    );
    const formula = await service.quote(of('PARIS', 'CLOCK', 1));
    // 2 × 1.7 = 3.40, to a multiple of 0.25, plus 0.99
    expect(formula.body.lines[0]).toMatchObject({ unitPrice: '4.49' });
    const pens = await service.quote(of('ACME', 'PEN', 3));
    expect(pens.body.lines[0]).toMatchObject({ unitPrice: '0.05', margin: null, cost: null });
  });
});
