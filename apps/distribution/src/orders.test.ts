import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Inventory, Order } from '#distribution';
import { of, RunningService, until, waterfall } from './distribution.fixture.js';

describe('orders', () => {
  let service: RunningService;

  beforeAll(async () => {
    service = await RunningService.start();
  });
  afterAll(() => service.stop());
  beforeEach(() => service.controlPlane.serveFeatures());

  it('freezes price, engine and trace, allocates in the same transaction and counts it', async () => {
    const { status, headers, body } = await service.order(service.north, {
      ...of('ACME', 'USB-1', 3),
      purchaseOrder: 'PO-1',
      requestedDate: '2026-12-24',
    });
    expect(status).toBe(201);
    expect(headers.get('location')).toBe(`/orders/${body.id}`);
    expect(body).toMatchObject({
      status: 'ALLOCATED',
      total: '2550.00',
      purchaseOrder: 'PO-1',
      requestedDate: '2026-12-24',
      lines: [{ allocations: [{ warehouse: 'wh-berlin', quantity: 3 }], backordered: 0 }],
    });
    const read = await service.call<Order>(service.north, `/orders/${body.id}`);
    expect(read.body).toEqual(body);
    const { body: stock } = await service.call<Inventory>(service.north, '/inventory/USB-1');
    expect(stock.warehouses[0]).toEqual({
      warehouse: 'wh-berlin',
      onHand: 100,
      allocated: 3,
      safety: 0,
      available: 97,
    });
    await until(() =>
      service.controlPlane.reports.some(({ kpis }) =>
        kpis.some(
          (kpi) =>
            kpi.tenantId === service.north.id &&
            kpi.branch === 'berlin' &&
            kpi.pricingEngine === 'wwi-best-price' &&
            kpi.ordersAccepted >= 1 &&
            kpi.linesFilled >= 1 &&
            kpi.revenueMicros === '2550000000' &&
            kpi.costMicros === '948000000',
        ),
      ),
    );
    const { body: list } = await service.call<{ orders: { id: string; lines: number }[] }>(
      service.north,
      '/orders?limit=1',
    );
    expect(list.orders).toEqual([expect.objectContaining({ id: body.id, lines: 1 })]);
  });

  it('sends a repeated request the first answer, also when both come at once, and keeps one order', async () => {
    const before = await service.count(service.north, 'sales_order');
    const key = { 'idempotency-key': 'abc-1' };
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => service.order(service.north, of('ACME', 'PEN', 1), key)),
    );
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 201));
    expect(answers.filter(({ headers }) => headers.get('idempotency-replayed') === 'true')).toHaveLength(7);
    const later = await service.order(service.north, of('ACME', 'PEN', 1), key);
    expect(later.body).toEqual(answers[0]?.body);
    expect(await service.count(service.north, 'sales_order')).toBe(before + 1);

    const reused = await service.refusedOrder(service.north, of('ACME', 'PEN', 2), key);
    expect([reused.status, reused.body.error.code]).toEqual([409, 'IDEMPOTENCY_KEY_REUSED']);
    const elsewhere = await service.order(service.south, of('ACME', 'PEN', 2), key);
    expect(elsewhere.status).toBe(201);
  });

  it('refuses an account of complete lines when stock is short, and leaves nothing behind', async () => {
    const tables = ['sales_order', 'sales_order_line', 'stock_movement', 'backorder', 'idempotency_key'];
    const before = await Promise.all(tables.map((table) => service.count(service.north, table)));
    const key = { 'idempotency-key': 'short-1' };
    const body = {
      account: 'WHOLE',
      lines: [
        { sku: 'PEN', quantity: 1 },
        { sku: 'MUG', quantity: 11 },
      ],
    };
    const refused = await service.refusedOrder(service.north, body, key);
    expect(refused.status).toBe(409);
    expect(refused.body.error).toMatchObject({
      code: 'STOCK_SHORT',
      details: { lines: [{ lineNo: 2, sku: 'MUG', requested: 11, available: 10 }] },
    });
    expect(await Promise.all(tables.map((table) => service.count(service.north, table)))).toEqual(before);
    await service.data.asTenant(
      service.north,
      `update stock set on_hand = 11 where item = 'MUG' and warehouse = 'wh-berlin' and tenant_id = $1`,
      [service.north.id],
    );
    const again = await service.order(service.north, body, key);
    expect([again.status, again.body.status]).toEqual([201, 'ALLOCATED']);
  });

  it('holds an order below the floor for an approval, and refuses it where the policy blocks', async () => {
    await service.controlPlane.serveFeatures(waterfall);
    const policy = (mode: string) =>
      service.data.asTenant(
        service.south,
        `insert into pricing_policy (account_class, floor_margin_percent, floor_mode) values ('A', 60, '${mode}')
         on conflict (tenant_id, account_class) do update set floor_mode = excluded.floor_mode`,
      );
    await policy('APPROVAL');
    const held = await service.order(service.south, of('ACME', 'USB-1', 1));
    expect(held.body).toMatchObject({ status: 'HELD', lines: [{ unitPrice: '765.00', allocations: [] }] });
    await policy('BLOCK');
    const blocked = await service.refusedOrder(service.south, of('ACME', 'USB-1', 1));
    expect([blocked.status, blocked.body.error.code]).toEqual([422, 'PRICE_BELOW_FLOOR']);
    await service.data.asTenant(
      service.south,
      `delete from pricing_policy where account_class = 'A' and tenant_id = $1`,
      [service.south.id],
    );
  });
});
