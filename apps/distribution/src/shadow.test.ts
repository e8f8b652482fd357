import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ShadowReport } from '#runtime';
import { fakeFeature } from '../../../test/support/fake-control-plane.js';
import { of, RunningService, until } from './distribution.fixture.js';

const pricingShadow = fakeFeature('pricing.shadow', { variant: 'waterfall-v2' });
const allocationShadow = fakeFeature('allocation.shadow', { variant: 'priority-sourcing-v2' });

describe('shadow mode', () => {
  let service: RunningService;

  beforeAll(async () => {
    service = await RunningService.start();
  });
  afterAll(() => service.stop());
  beforeEach(async () => {
    await service.controlPlane.serveFeatures();
    service.controlPlane.reports.length = 0;
  });

  async function reported(subject: ShadowReport['subject'], lines: number): Promise<ShadowReport[]> {
    const all = (): ShadowReport[] =>
      service.controlPlane.reports
        .flatMap(({ shadows = [] }) => shadows)
        .filter((one) => one.subject === subject);
    await until(() => all().reduce((sum, { compared }) => sum + compared, 0) >= lines);
    return all();
  }

  it('answers with the old price, and reports by tenant and branch what the new engine would have asked', async () => {
    const plain = await service.quote(of('ACME', 'USB-1', 2));
    await service.controlPlane.serveFeatures(pricingShadow);
    const { body } = await service.quote(of('ACME', 'USB-1', 2));
    expect({ ...body, at: null, lines: null }).toEqual({ ...plain.body, at: null, lines: null });
    expect(body.lines[0]).toMatchObject({ unitPrice: '850.00', lineTotal: '1700.00' });
    const [report] = await reported('pricing', 1);
    expect(report).toMatchObject({
      tenantId: service.north.id,
      branch: 'berlin',
      liveEngine: 'wwi-best-price',
      shadowEngine: 'waterfall-v2',
      currency: 'EUR',
      compared: 1,
      different: 1,
      liveMicros: '1700000000',
      shadowMicros: '1530000000',
      absoluteMicros: '170000000',
      examples: [{ account: 'ACME', item: 'USB-1', quantity: 2, shadow: expect.stringContaining('765.00') }],
    });
  });

  it('reports what the new engine would have allocated, of orders that were taken and of those that were refused', async () => {
    await service.controlPlane.serveFeatures(allocationShadow);
    const order = await service.order(service.south, of('ACME', 'MUG', 35));
    expect(order.body).toMatchObject({
      status: 'BACKORDERED',
      decidedBy: { allocationEngine: 'fifo-whole-line' },
    });
    const refused = await service.refusedOrder(service.south, of('WHOLE', 'MUG', 15));
    expect(refused.body.error.code).toBe('STOCK_SHORT');
    const reports = await reported('allocation', 2);
    const examples = reports.flatMap((report) => report.examples);
    expect(examples).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          live: '0 of 35',
          shadow: '35 of 35: 10 from wh-berlin, 25 from wh-leipzig',
          liveMicros: '0',
        }),
        expect.objectContaining({
          account: 'WHOLE',
          live: 'order refused',
          shadow: expect.stringMatching(/^15 of 15/),
        }),
      ]),
    );
  });

  it('compares nothing where the flag is off, or names the engine that answers', async () => {
    await service.controlPlane.serveFeatures(fakeFeature('pricing.shadow', { variant: 'wwi-best-price' }));
    await service.quote(of('ACME', 'MUG', 1));
    await service.controlPlane.serveFeatures(pricingShadow);
    await service.quote(of('ACME', 'PEN', 1));
    const reports = await reported('pricing', 1);
    expect(reports.flatMap(({ examples }) => examples.map(({ item }) => item))).not.toContain('MUG');
    expect(reports.reduce((sum, { compared }) => sum + compared, 0)).toBe(1);
  });
});
