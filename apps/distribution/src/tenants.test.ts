import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rateQuota } from '../../../test/support/distribution-tenants.js';
import { of, RunningService, until } from './distribution.fixture.js';

describe('tenants of the service', () => {
  let service: RunningService;

  beforeAll(async () => {
    service = await RunningService.start();
  });
  afterAll(() => service.stop());

  it('cannot be told apart by anything but the bearer token', async () => {
    const { body } = await service.order(
      service.south,
      { ...of('ACME', 'PEN', 7), tenant: service.north.slug, tenantId: service.north.id },
      {
        'x-tenant': service.north.slug,
        'x-tenant-id': service.north.id,
      },
    );
    expect((await service.call(service.south, `/orders/${body.id}`)).status).toBe(200);
    const foreign = await service.call(service.north, `/orders/${body.id}`);
    expect([foreign.status, foreign.body.error.code]).toEqual([404, 'ORDER_NOT_FOUND']);
    const unknown = await service.call(service.north, '/orders/00000000-0000-4000-8000-000000000000');
    expect({ ...unknown.body.error, message: '' }).toEqual({ ...foreign.body.error, message: '' });
  });

  it.each([
    ['no token', {}],
    ['a forged token', { authorization: 'Bearer td_0000' }],
    ['the scheme of something else', { authorization: 'Basic td_0000' }],
  ])('are not served with %s', async (_, headers) => {
    for (const [path, body] of [
      ['/orders', of('ACME', 'PEN', 1)],
      ['/quotes', of('ACME', 'PEN', 1)],
      ['/inventory/PEN', undefined],
      ['/items', undefined],
      ['/accounts', undefined],
      ['/branches', undefined],
      ['/orders', undefined],
    ] as const) {
      const answer = await service.call(null, path, body, headers);
      expect([answer.status, answer.body.error.code]).toEqual([401, 'UNAUTHENTICATED']);
    }
  });

  it('are refused writes while suspended', async () => {
    const before = await service.count(service.south, 'sales_order');
    setStatus('SUSPENDED');
    await until(async () => (await service.call(service.south, '/items')).status !== 200);
    const refused = await service.refusedOrder(service.south, of('ACME', 'PEN', 1));
    expect([refused.status, refused.body.error.code]).toEqual([403, 'TENANT_SUSPENDED']);
    expect((await service.order(service.north, of('ACME', 'PEN', 1))).status).toBe(201);
    setStatus('ACTIVE');
    await until(async () => (await service.call(service.south, '/items')).status === 200);
    expect(await service.count(service.south, 'sales_order')).toBe(before);
  });

  function setStatus(status: 'ACTIVE' | 'SUSPENDED'): void {
    service.controlPlane.publish(({ tenants }) => {
      for (const tenant of tenants) if (tenant.id === service.south.id) tenant.status = status;
    });
  }

  it('are told their rate, and refused with 429 beyond it without harm to others', async () => {
    const setQuota = (quotas: ReturnType<typeof rateQuota>[]): void =>
      service.controlPlane.publish(({ tenants }) => {
        for (const tenant of tenants) if (tenant.id === service.south.id) tenant.quotas = quotas;
      });
    setQuota([rateQuota(1, 3)]);
    await until(async () => (await service.call(service.south, '/items')).headers.has('ratelimit'));
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => service.call(service.south, '/items')),
    );
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThanOrEqual(6);
    expect(refused[0]?.body.error.code).toBe('QUOTA_EXCEEDED');
    expect(refused[0]?.headers.get('retry-after')).toMatch(/^\d+$/);
    expect((await service.call(service.north, '/items')).status).toBe(200);
    setQuota([]);
    await until(async () => (await service.call(service.south, '/items')).status === 200);
  });
});
