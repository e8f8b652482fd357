import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Inventory, Order, ReceivedStock } from '#distribution';
import { of, RunningService, sourcing, type Answer } from './distribution.fixture.js';

describe('allocation', () => {
  let service: RunningService;

  beforeAll(async () => {
    service = await RunningService.start();
  });
  afterAll(() => service.stop());
  beforeEach(() => service.controlPlane.serveFeatures());

  /** Does as an answer of 503 says: sends the request again after the time it names. */
  async function patiently<Body>(send: () => Promise<Answer<Body>>): Promise<Answer<Body>> {
    for (;;) {
      const answer = await send();
      if (answer.status !== 503) return answer;
      const pauseMs = 1_000 * Number(answer.headers.get('retry-after'));
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  it('owes what the home warehouse lacks as a whole line, or sources it elsewhere with the new engine', async () => {
    const legacy = await service.order(service.south, of('ACME', 'MUG', 35));
    expect(legacy.body).toMatchObject({
      status: 'BACKORDERED',
      lines: [{ backordered: 35, allocations: [] }],
    });
    await service.controlPlane.serveFeatures(sourcing);
    const sourced = await service.order(service.south, of('ACME', 'MUG', 35));
    expect(sourced.body).toMatchObject({
      status: 'ALLOCATED',
      decidedBy: { allocationEngine: 'priority-sourcing-v2' },
      lines: [
        {
          allocations: [
            { warehouse: 'wh-berlin', quantity: 10 },
            { warehouse: 'wh-leipzig', quantity: 25 },
          ],
        },
      ],
    });
    const partial = await service.order(service.south, of('ACME', 'MUG', 200));
    expect(partial.body).toMatchObject({ status: 'PARTIALLY_ALLOCATED', lines: [{ backordered: 95 }] });
    const read = await service.call<Order>(service.south, `/orders/${partial.body.id}`);
    expect(read.body).toEqual(partial.body);
    const { body: stock } = await service.call<Inventory>(service.south, '/inventory/MUG');
    expect(stock).toMatchObject({ available: 0, backordered: 130 });
  });

  it('sells a discontinued item while stock lasts, and owes nobody any of it', async () => {
    const refused = await service.refusedOrder(service.north, of('ACME', 'CLOCK', 3));
    expect([refused.status, refused.body.error.code]).toEqual([409, 'STOCK_SHORT']);
    expect((await service.order(service.north, of('ACME', 'CLOCK', 2))).body.status).toBe('ALLOCATED');
  });

  it('is served only from the warehouses that its branch names', async () => {
    await service.controlPlane.serveFeatures(sourcing);
    const { body } = await service.order(service.north, of('PARIS', 'MUG', 1_000));
    expect(body.lines[0]?.allocations.map(({ warehouse }) => warehouse)).toEqual(['wh-paris', 'wh-leipzig']);
    expect(body.lines[0]?.backordered).toBe(870);
  });

  it('never oversells to 200 parallel orders that want the same items in different order', async () => {
    await service.controlPlane.serveFeatures(sourcing);
    await service.data.asTenant(
      service.north,
      `update stock set on_hand = allocated + 40 where item in ('USB-1', 'MUG') and tenant_id = $1`,
      [service.north.id],
    );
    const lines = [
      { sku: 'USB-1', quantity: 1 },
      { sku: 'MUG', quantity: 2 },
    ];
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        patiently(() =>
          service.order(service.north, {
            account: 'ACME',
            lines: index % 2 === 0 ? lines : lines.toReversed(),
          }),
        ),
      ),
    );
    const served = answers.filter(({ status }) => status === 201);
    expect(answers.every(({ status }) => status === 201)).toBe(true);
    const allocated = (sku: string): number =>
      served
        .flatMap(({ body }) => body.lines.filter((line) => line.sku === sku))
        .flatMap((line) => line.allocations)
        .reduce((sum, { quantity }) => sum + quantity, 0);
    // 40 in each of three warehouses, of which wh-leipzig keeps 10 USB-1 as safety stock.
    expect(allocated('USB-1')).toBe(110);
    expect(allocated('MUG')).toBe(120);
    const rows = await service.data.asTenant(
      service.north,
      `select s.item, s.warehouse, s.on_hand - s.allocated - s.safety as left,
              s.allocated = (select coalesce(sum(a.qty), 0) from allocation a where a.tenant_id = s.tenant_id
                             and a.item = s.item and a.warehouse = s.warehouse) as allocations_agree,
              s.allocated = (select coalesce(sum(m.allocated_delta), 0) from stock_movement m
                             where m.tenant_id = s.tenant_id and m.item = s.item
                               and m.warehouse = s.warehouse) as movements_agree
       from stock s where s.item in ('USB-1', 'MUG') and s.tenant_id = $1`,
      [service.north.id],
    );
    expect(rows).toHaveLength(6);
    for (const row of rows)
      expect(row).toMatchObject({ left: 0, allocations_agree: true, movements_agree: true });
  });

  it('serves what is owed from a delivery, class A first, or everybody a fair share', async () => {
    await service.controlPlane.serveFeatures(sourcing);
    const receive = (sku: string, quantity: number, headers = {}) =>
      service.call<ReceivedStock>(
        service.north,
        `/inventory/${sku}/receipts`,
        { warehouse: 'wh-paris', quantity },
        headers,
      );
    const owe = async (sku: string, quantity: number) => {
      await service.data.asTenant(
        service.north,
        `insert into item (sku, description, list_price, attributes) values ($1, $1, 1, $2)`,
        [sku, JSON.stringify(sku === 'FAIR' ? { shortageRule: 'FAIR_SHARE' } : {})],
      );
      const late = await service.order(service.north, of('PARIS', sku, quantity));
      const urgent = await service.order(service.north, of('ACME', sku, quantity));
      expect([late.body.status, urgent.body.status]).toEqual(['BACKORDERED', 'BACKORDERED']);
      return [late.body.id, urgent.body.id];
    };
    const [late, urgent] = await owe('NEW', 10);
    const first = await receive('NEW', 12, { 'idempotency-key': 'delivery-1' });
    expect(first.status).toBe(201);
    expect(first.body).toEqual({
      sku: 'NEW',
      warehouse: 'wh-paris',
      onHand: 12,
      available: 0,
      filled: [
        { orderId: urgent, lineNo: 1, quantity: 10 },
        { orderId: late, lineNo: 1, quantity: 2 },
      ],
    });
    expect((await receive('NEW', 12, { 'idempotency-key': 'delivery-1' })).body).toEqual(first.body);
    const partly = await service.call<Order>(service.north, `/orders/${late}`);
    expect(partly.body).toMatchObject({ status: 'PARTIALLY_ALLOCATED', lines: [{ backordered: 8 }] });
    expect((await receive('NEW', 9)).body).toMatchObject({ onHand: 21, available: 1 });
    const whole = await service.call<Order>(service.north, `/orders/${late}`);
    expect(whole.body).toMatchObject({
      status: 'ALLOCATED',
      lines: [{ backordered: 0, allocations: [{ warehouse: 'wh-paris', quantity: 10 }] }],
    });

    await owe('FAIR', 30);
    const shared = await receive('FAIR', 21);
    expect(shared.body.filled.map(({ quantity }) => quantity).sort((a, b) => a - b)).toEqual([10, 11]);
    expect(
      (
        await service.call(service.north, '/inventory/NOTHING/receipts', {
          warehouse: 'wh-paris',
          quantity: 1,
        })
      ).status,
    ).toBe(404);
    const nowhere = await service.call(service.north, '/inventory/FAIR/receipts', {
      warehouse: 'moon',
      quantity: 1,
    });
    expect([nowhere.status, nowhere.body.error.code]).toEqual([404, 'WAREHOUSE_NOT_FOUND']);
  });
});
