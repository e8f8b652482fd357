import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Inventory, Order, Quote } from '#distribution';
import { createLogger } from '#platform';
import {
  createTestDataPlane,
  rateQuota,
  type TestDataPlane,
  type TestTenant,
} from '../../../test/support/distribution-tenants.js';
import { FakeControlPlane, fakeFeature, type FakeFeature } from '../../../test/support/fake-control-plane.js';
import type { DistributionConfiguration } from './configuration.js';
import { startDistribution, type Distribution } from './distribution.js';

interface Refusal {
  error: { code: string; message: string; hint?: string; field?: string; details?: { lines?: object[] } };
}

interface Answer<Body> {
  status: number;
  headers: Headers;
  body: Body;
}

const waterfall = fakeFeature('pricing.engine', { variant: 'waterfall-v2' });
const percentDeals = fakeFeature('pricing.percent-deals');
const sourcing = fakeFeature('allocation.engine', { variant: 'priority-sourcing-v2' });

describe('the distribution service', () => {
  let data: TestDataPlane;
  let controlPlane: FakeControlPlane;
  let service: Distribution;
  let dataDir: string;
  let north: TestTenant;
  let south: TestTenant;

  beforeAll(async () => {
    data = await createTestDataPlane(['north', 'south']);
    [north, south] = data.tenants as [TestTenant, TestTenant];
    controlPlane = new FakeControlPlane(data.snapshot);
    await controlPlane.start();
    dataDir = await mkdtemp(join(tmpdir(), 'tierdeck-distribution-'));
    service = await start();
  });

  afterAll(async () => {
    await service.stop();
    await controlPlane.stop();
    await data.drop();
    await rm(dataDir, { recursive: true });
  });

  beforeEach(() => useFlags());

  function start(): Promise<Distribution> {
    const configuration: DistributionConfiguration = {
      host: '127.0.0.1',
      port: 0,
      logLevel: 'silent',
      controlPlaneUrl: controlPlane.url,
      runtimeToken: 'runtime',
      sdkToken: '*:production.secret',
      dataDir,
      flagRefreshMs: 100,
    };
    return startDistribution(configuration, createLogger('test', 'silent'));
  }

  async function call<Body = Refusal>(
    tenant: TestTenant | null,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<Body>> {
    const response = await fetch(new URL(path, service.url), {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...(tenant ? { authorization: `Bearer ${tenant.token}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status: response.status, headers: response.headers, body: (await response.json()) as Body };
  }

  const order = (tenant: TestTenant, body: object, headers?: Record<string, string>) =>
    call<Order>(tenant, '/orders', body, headers);
  const refusedOrder = (tenant: TestTenant, body: unknown, headers?: Record<string, string>) =>
    call(tenant, '/orders', body, headers);
  const quote = (body: object, tenant = north) => call<Quote>(tenant, '/quotes', body);
  const of = (account: string, sku: string, quantity: number) => ({ account, lines: [{ sku, quantity }] });

  /** Sets the flags and waits until the service decides by them. */
  async function useFlags(...features: FakeFeature[]): Promise<void> {
    controlPlane.features = features;
    const expected = features.map(({ name }) => name).sort();
    await until(async () => {
      const { body } = await quote(of('ACME', 'MUG', 1));
      const on = body.decidedBy.flags.filter(({ enabled }) => enabled).map(({ key }) => key);
      const pricing = expected.filter((name) => name.startsWith('pricing.'));
      return JSON.stringify(on.sort()) === JSON.stringify(pricing);
    });
    if (expected.includes('allocation.engine')) {
      await until(async () => {
        const { body } = await order(south, of('PARIS', 'PEN', 1));
        return body.decidedBy.allocationEngine === 'priority-sourcing-v2';
      });
    }
  }

  async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
    for (let attempt = 0; !(await condition()); attempt++) {
      if (attempt > 200) throw new Error('it never happened');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Does as an answer of 503 says: sends the request again. */
  async function patiently<Body>(send: () => Promise<Answer<Body>>): Promise<Answer<Body>> {
    for (;;) {
      const answer = await send();
      if (answer.status !== 503) return answer;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async function count(tenant: TestTenant, table: string): Promise<number> {
    const [row] = await data.asTenant(
      tenant,
      `select count(*)::int as n from ${table} where tenant_id = $1`,
      [tenant.id],
    );
    return row?.['n'] as number;
  }

  describe('prices', () => {
    it('quotes with the legacy engine until a flag says otherwise, and names every candidate', async () => {
      const { status, body } = await quote(of('ACME', 'USB-1', 2));
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
      await useFlags(percentDeals);
      const { body } = await quote(of('ACME', 'USB-1', 1));
      expect(body.lines[0]).toMatchObject({ unitPrice: '85.00', belowCost: true });
    });

    it('uses the waterfall in the one branch where it is switched on', async () => {
      const inBerlin = fakeFeature('pricing.engine', {
        variant: 'waterfall-v2',
        where: { property: 'branch', values: ['north/berlin'] },
      });
      await useFlags(inBerlin);
      const berlin = await quote(of('ACME', 'USB-1', 1));
      expect(berlin.body.lines[0]?.unitPrice).toBe('765.00');
      expect(berlin.body.decidedBy).toEqual({
        pricingEngine: 'waterfall-v2',
        flags: [
          { key: 'pricing.engine', enabled: true, variant: 'waterfall-v2' },
          { key: 'pricing.percent-deals', enabled: false, variant: null },
        ],
      });
      const paris = await quote({ ...of('ACME', 'USB-1', 1), branch: 'paris' });
      expect(paris.body.decidedBy.pricingEngine).toBe('wwi-best-price');
      const otherTenant = await quote(of('ACME', 'USB-1', 1), south);
      expect(otherTenant.body.decidedBy.pricingEngine).toBe('wwi-best-price');
    });

    it('reads contracts, quantity breaks, units of measure and the floor from the price book', async () => {
      await useFlags(waterfall);
      const contract = await quote(of('ACME', 'MUG', 1));
      expect(contract.body.lines[0]).toMatchObject({ unitPrice: '8.00', margin: '50.00' });
      const cases = await quote({ account: 'PARIS', lines: [{ sku: 'MUG', quantity: 2, uom: 'CASE' }] });
      expect(cases.body.lines[0]).toMatchObject({ quantity: 48, unitPrice: '9.00', lineTotal: '432.00' });
      expect(cases.body.lines[0]?.trace.candidates[0]).toMatchObject({ rule: 'MUG-48', minQuantity: 48 });
      expect(cases.body.lines[0]?.trace.guards).toContainEqual(
        expect.objectContaining({ guard: 'MARGIN_FLOOR', limit: '5.00', applied: false }),
      );
      const formula = await quote(of('PARIS', 'CLOCK', 1));
      // 2 × 1.7 = 3.40, to a multiple of 0.25, plus 0.99
      expect(formula.body.lines[0]).toMatchObject({ unitPrice: '4.49' });
      const pens = await quote(of('ACME', 'PEN', 3));
      expect(pens.body.lines[0]).toMatchObject({ unitPrice: '0.05', margin: null, cost: null });
    });
  });

  it('keeps serving and deciding while the control plane is away, also after a restart', async () => {
    await useFlags(waterfall);
    await controlPlane.stop();
    try {
      expect((await order(south, of('ACME', 'PEN', 1))).body.decidedBy.pricingEngine).toBe('waterfall-v2');
      await service.stop();
      service = await start();
      const { status, body } = await order(south, of('ACME', 'PEN', 1));
      expect([status, body.decidedBy.pricingEngine]).toEqual([201, 'waterfall-v2']);
    } finally {
      await controlPlane.start();
    }
  });

  describe('orders', () => {
    it('freezes price, engine and trace, allocates in the same transaction and counts it', async () => {
      const { status, headers, body } = await order(north, {
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
      const read = await call<Order>(north, `/orders/${body.id}`);
      expect(read.body).toEqual(body);
      const { body: stock } = await call<Inventory>(north, '/inventory/USB-1');
      expect(stock.warehouses[0]).toEqual({
        warehouse: 'wh-berlin',
        onHand: 100,
        allocated: 3,
        safety: 0,
        available: 97,
      });
      await until(() =>
        controlPlane.reports.some(({ kpis }) =>
          kpis.some(
            (kpi) =>
              kpi.tenantId === north.id &&
              kpi.branch === 'berlin' &&
              kpi.pricingEngine === 'wwi-best-price' &&
              kpi.ordersAccepted >= 1 &&
              kpi.linesFilled >= 1 &&
              kpi.revenueMicros === '2550000000' &&
              kpi.costMicros === '948000000',
          ),
        ),
      );
      const { body: list } = await call<{ orders: { id: string; lines: number }[] }>(
        north,
        '/orders?limit=1',
      );
      expect(list.orders).toEqual([expect.objectContaining({ id: body.id, lines: 1 })]);
    });

    it('sends a repeated request the first answer, also when both come at once, and keeps one order', async () => {
      const before = await count(north, 'sales_order');
      const key = { 'idempotency-key': 'abc-1' };
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => order(north, of('ACME', 'PEN', 1), key)),
      );
      expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
      expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 201));
      expect(answers.filter(({ headers }) => headers.get('idempotency-replayed') === 'true')).toHaveLength(7);
      const later = await order(north, of('ACME', 'PEN', 1), key);
      expect(later.body).toEqual(answers[0]?.body);
      expect(await count(north, 'sales_order')).toBe(before + 1);

      const reused = await refusedOrder(north, of('ACME', 'PEN', 2), key);
      expect([reused.status, reused.body.error.code]).toEqual([409, 'IDEMPOTENCY_KEY_REUSED']);
      const elsewhere = await order(south, of('ACME', 'PEN', 2), key);
      expect(elsewhere.status).toBe(201);
    });

    it('refuses an account of complete lines when stock is short, and leaves nothing behind', async () => {
      const tables = ['sales_order', 'sales_order_line', 'stock_movement', 'backorder', 'idempotency_key'];
      const before = await Promise.all(tables.map((table) => count(north, table)));
      const key = { 'idempotency-key': 'short-1' };
      const body = {
        account: 'WHOLE',
        lines: [
          { sku: 'PEN', quantity: 1 },
          { sku: 'MUG', quantity: 11 },
        ],
      };
      const refused = await refusedOrder(north, body, key);
      expect(refused.status).toBe(409);
      expect(refused.body.error).toMatchObject({
        code: 'STOCK_SHORT',
        details: { lines: [{ lineNo: 2, sku: 'MUG', requested: 11, available: 10 }] },
      });
      expect(await Promise.all(tables.map((table) => count(north, table)))).toEqual(before);
      await data.asTenant(
        north,
        `update stock set on_hand = 11 where item = 'MUG' and warehouse = 'wh-berlin' and tenant_id = $1`,
        [north.id],
      );
      const again = await order(north, body, key);
      expect([again.status, again.body.status]).toEqual([201, 'ALLOCATED']);
    });

    it('owes what the home warehouse lacks as a whole line, or sources it elsewhere with the new engine', async () => {
      const legacy = await order(south, of('ACME', 'MUG', 35));
      expect(legacy.body).toMatchObject({
        status: 'BACKORDERED',
        lines: [{ backordered: 35, allocations: [] }],
      });
      await useFlags(sourcing);
      const sourced = await order(south, of('ACME', 'MUG', 35));
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
      const partial = await order(south, of('ACME', 'MUG', 200));
      expect(partial.body).toMatchObject({ status: 'PARTIALLY_ALLOCATED', lines: [{ backordered: 95 }] });
      const read = await call<Order>(south, `/orders/${partial.body.id}`);
      expect(read.body).toEqual(partial.body);
      const { body: stock } = await call<Inventory>(south, '/inventory/MUG');
      expect(stock).toMatchObject({ available: 0, backordered: 130 });
    });

    it('sells a discontinued item while stock lasts, and owes nobody any of it', async () => {
      const refused = await refusedOrder(north, of('ACME', 'CLOCK', 3));
      expect([refused.status, refused.body.error.code]).toEqual([409, 'STOCK_SHORT']);
      expect((await order(north, of('ACME', 'CLOCK', 2))).body.status).toBe('ALLOCATED');
    });

    it('is served only from the warehouses that its branch names', async () => {
      await useFlags(sourcing);
      const { body } = await order(north, of('PARIS', 'MUG', 1_000));
      expect(body.lines[0]?.allocations.map(({ warehouse }) => warehouse)).toEqual([
        'wh-paris',
        'wh-leipzig',
      ]);
      expect(body.lines[0]?.backordered).toBe(870);
    });

    it('never oversells to 200 parallel orders that want the same items in different order', async () => {
      await useFlags(sourcing);
      await data.asTenant(
        north,
        `update stock set on_hand = allocated + 40 where item in ('USB-1', 'MUG') and tenant_id = $1`,
        [north.id],
      );
      const lines = [
        { sku: 'USB-1', quantity: 1 },
        { sku: 'MUG', quantity: 2 },
      ];
      const answers = await Promise.all(
        Array.from({ length: 200 }, (_, index) =>
          patiently(() =>
            order(north, { account: 'ACME', lines: index % 2 === 0 ? lines : lines.toReversed() }),
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
      const rows = await data.asTenant(
        north,
        `select s.item, s.warehouse, s.on_hand - s.allocated - s.safety as left,
                s.allocated = (select coalesce(sum(a.qty), 0) from allocation a where a.tenant_id = s.tenant_id
                               and a.item = s.item and a.warehouse = s.warehouse) as allocations_agree,
                s.allocated = (select coalesce(sum(m.allocated_delta), 0) from stock_movement m
                               where m.tenant_id = s.tenant_id and m.item = s.item
                                 and m.warehouse = s.warehouse) as movements_agree
         from stock s where s.item in ('USB-1', 'MUG') and s.tenant_id = $1`,
        [north.id],
      );
      expect(rows).toHaveLength(6);
      for (const row of rows)
        expect(row).toMatchObject({ left: 0, allocations_agree: true, movements_agree: true });
    });

    it('holds an order below the floor for an approval, and refuses it where the policy blocks', async () => {
      await useFlags(waterfall);
      const policy = (mode: string) =>
        data.asTenant(
          south,
          `insert into pricing_policy (account_class, floor_margin_percent, floor_mode) values ('A', 60, '${mode}')
           on conflict (tenant_id, account_class) do update set floor_mode = excluded.floor_mode`,
        );
      await policy('APPROVAL');
      const held = await order(south, of('ACME', 'USB-1', 1));
      expect(held.body).toMatchObject({ status: 'HELD', lines: [{ unitPrice: '765.00', allocations: [] }] });
      await policy('BLOCK');
      const blocked = await refusedOrder(south, of('ACME', 'USB-1', 1));
      expect([blocked.status, blocked.body.error.code]).toEqual([422, 'PRICE_BELOW_FLOOR']);
      await data.asTenant(south, `delete from pricing_policy where account_class = 'A' and tenant_id = $1`, [
        south.id,
      ]);
    });
  });

  describe('tenants', () => {
    it('cannot be told apart by anything but the bearer token', async () => {
      const { body } = await order(
        south,
        { ...of('ACME', 'PEN', 7), tenant: north.slug, tenantId: north.id },
        {
          'x-tenant': north.slug,
          'x-tenant-id': north.id,
        },
      );
      expect((await call(south, `/orders/${body.id}`)).status).toBe(200);
      const foreign = await call(north, `/orders/${body.id}`);
      expect([foreign.status, foreign.body.error.code]).toEqual([404, 'ORDER_NOT_FOUND']);
      const unknown = await call(north, '/orders/00000000-0000-4000-8000-000000000000');
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
        const answer = await call(null, path, body, headers);
        expect([answer.status, answer.body.error.code]).toEqual([401, 'UNAUTHENTICATED']);
      }
    });

    it('are refused writes while suspended', async () => {
      const before = await count(south, 'sales_order');
      setStatus('SUSPENDED');
      await until(async () => (await call(south, '/items')).status !== 200);
      const refused = await refusedOrder(south, of('ACME', 'PEN', 1));
      expect([refused.status, refused.body.error.code]).toEqual([403, 'TENANT_SUSPENDED']);
      expect((await order(north, of('ACME', 'PEN', 1))).status).toBe(201);
      setStatus('ACTIVE');
      await until(async () => (await call(south, '/items')).status === 200);
      expect(await count(south, 'sales_order')).toBe(before);
    });

    function setStatus(status: 'ACTIVE' | 'SUSPENDED'): void {
      controlPlane.publish(({ tenants }) => {
        for (const tenant of tenants) if (tenant.id === south.id) tenant.status = status;
      });
    }

    it('are told their rate, and refused with 429 beyond it without harm to others', async () => {
      const setQuota = (quotas: ReturnType<typeof rateQuota>[]): void =>
        controlPlane.publish(({ tenants }) => {
          for (const tenant of tenants) if (tenant.id === south.id) tenant.quotas = quotas;
        });
      setQuota([rateQuota(1, 3)]);
      await until(async () => (await call(south, '/items')).headers.has('ratelimit'));
      const answers = await Promise.all(Array.from({ length: 10 }, () => call(south, '/items')));
      const refused = answers.filter(({ status }) => status === 429);
      expect(refused.length).toBeGreaterThanOrEqual(6);
      expect(refused[0]?.body.error.code).toBe('QUOTA_EXCEEDED');
      expect(refused[0]?.headers.get('retry-after')).toMatch(/^\d+$/);
      expect((await call(north, '/items')).status).toBe(200);
      setQuota([]);
      await until(async () => (await call(south, '/items')).status === 200);
    });
  });

  describe('EDI', () => {
    // X12 850 of partner TAILSPIN: two mugs by our item number.
    const document = (control: string): string =>
      [
        `ISA*00*          *00*          *ZZ*TAILSPIN       *ZZ*NORTH          *261123*1200*U*00401*${control}*0*P*>`,
        'GS*PO*TAILSPIN*NORTH*20261123*1200*1*X*004010',
        'ST*850*0001',
        `BEG*00*SA*PO-${control}**20261123`,
        'PO1*1*2*EA***VN*MUG',
        'CTT*1',
        'SE*5*0001',
        'GE*1*1',
        `IEA*1*${control}`,
        '',
      ].join('~');
    const send = async (tenant: TestTenant, body: string, type = 'application/edi-x12') => {
      const answer = await fetch(new URL('/edi', service.url), {
        method: 'POST',
        headers: { authorization: `Bearer ${tenant.token}`, 'content-type': type },
        body,
      });
      return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
    };

    it('is answered with its 997, stored and queued once however often it is sent', async () => {
      const first = await send(north, document('000000101'));
      expect([first.status, first.type]).toEqual([202, expect.stringContaining('edi-x12')]);
      expect(first.text).toContain('ST*997*');
      expect((await send(north, document('000000101'))).text).toBe(first.text);
      expect(await count(north, 'integration_job')).toBe(1);
      const [stored] = await data.asTenant(north, 'select id from edi_interchange where tenant_id = $1', [
        north.id,
      ]);
      const read = await call<{ jobs: object[] }>(north, `/edi/${String(stored?.['id'])}`);
      expect(read.body.jobs).toEqual([expect.objectContaining({ status: 'QUEUED' })]);
      expect((await call(south, `/edi/${String(stored?.['id'])}`)).status).toBe(404);
    });

    it('that is broken or of another kind is refused', async () => {
      const broken = await send(north, document('000000102').replace('SE*5', 'SE*7'));
      expect(broken.status).toBe(422);
      expect(JSON.parse(broken.text)).toMatchObject({ error: { code: 'EDI_REFUSED' } });
      expect((await send(north, '{}', 'application/json')).status).toBe(415);
      expect((await send(north, '<order/>', 'application/xml')).status).toBe(415);
    });
  });

  describe('bad input', () => {
    it.each([
      ['broken JSON', '{"account": ', 400, 'INVALID_INPUT', undefined],
      ['no lines', { account: 'ACME', lines: [] }, 400, 'INVALID_INPUT', 'lines'],
      ['a fraction', of('ACME', 'PEN', 1.5), 400, 'INVALID_INPUT', 'lines.0.quantity'],
      [
        'a quantity as text',
        { account: 'ACME', lines: [{ sku: 'PEN', quantity: '1' }] },
        400,
        'INVALID_INPUT',
        'lines.0.quantity',
      ],
      ['a zero byte', of('AC\0ME', 'PEN', 1), 400, 'INVALID_INPUT', 'account'],
      [
        'an impossible day',
        { ...of('ACME', 'PEN', 1), requestedDate: '2026-02-30' },
        400,
        'INVALID_INPUT',
        'requestedDate',
      ],
      ['an unknown account', of('NOBODY', 'PEN', 1), 422, 'ACCOUNT_NOT_FOUND', 'account'],
      ['an unknown branch', { ...of('ACME', 'PEN', 1), branch: 'rome' }, 422, 'BRANCH_NOT_FOUND', 'branch'],
      ['an unknown item', of('ACME', 'NOTHING', 1), 422, 'ITEM_NOT_FOUND', 'lines.0.sku'],
      ['a part that is not sold', of('ACME', 'PART', 1), 422, 'ITEM_NOT_SALEABLE', 'lines.0.sku'],
      [
        'an unknown unit',
        { account: 'ACME', lines: [{ sku: 'PEN', quantity: 1, uom: 'KG' }] },
        422,
        'PRICE_INPUT_INVALID',
        'lines.0.uom',
      ],
      [
        'another currency',
        { ...of('ACME', 'PEN', 1), currency: 'USD' },
        422,
        'PRICE_INPUT_INVALID',
        'lines.0.currency',
      ],
      ['a huge body', 'x'.repeat(300_000), 413, 'BODY_TOO_LARGE', undefined],
    ])('such as %s is refused and leaves nothing', async (_, body, status, code, field) => {
      const before = await count(north, 'sales_order');
      const answer = await refusedOrder(north, body);
      expect({ status: answer.status, code: answer.body.error.code, field: answer.body.error.field }).toEqual(
        {
          status,
          code,
          field,
        },
      );
      expect(JSON.stringify(answer.body)).not.toMatch(/select |insert |\.ts:|\.js:/i);
      expect(await count(north, 'sales_order')).toBe(before);
    });

    it('in headers, paths and queries is refused as well', async () => {
      const key = await refusedOrder(north, of('ACME', 'PEN', 1), { 'idempotency-key': 'a b' });
      expect([key.status, key.body.error.field]).toEqual([400, 'Idempotency-Key']);
      expect((await call(north, '/inventory/%00')).status).toBe(400);
      expect((await call(north, '/inventory/NOTHING')).body.error.code).toBe('ITEM_NOT_FOUND');
      expect((await call(north, '/items?limit=100000')).body.error.field).toBe('limit');
      expect((await call(north, '/nowhere')).body.error.code).toBe('NOT_FOUND');
    });

    it('of a sum beyond every account book is refused, not rounded', async () => {
      await data.asTenant(
        north,
        `update item set list_price = 999999999999 where sku = 'PEN' and tenant_id = $1`,
        [north.id],
      );
      const answer = await refusedOrder(north, of('ACME', 'PEN', 10_000_000));
      expect([answer.status, answer.body.error.code]).toEqual([422, 'PRICE_INPUT_INVALID']);
      await data.asTenant(north, `update item set list_price = 0.05 where sku = 'PEN' and tenant_id = $1`, [
        north.id,
      ]);
    });
  });

  it('shows a newcomer items, accounts and branches', async () => {
    const items = await call<{ items: { sku: string }[] }>(north, '/items?limit=2');
    expect(items.body.items.map(({ sku }) => sku)).toEqual(['CLOCK', 'MUG']);
    const next = await call<{ items: { sku: string }[] }>(north, '/items?after=PEN');
    expect(next.body.items.map(({ sku }) => sku)).toEqual(['USB-1']);
    const accounts = await call<{ accounts: object[] }>(north, '/accounts?search=novel');
    expect(accounts.body.accounts).toEqual([]);
    const found = await call<{ accounts: object[] }>(north, '/accounts?search=acm');
    expect(found.body.accounts).toEqual([
      expect.objectContaining({ code: 'ACME', class: 'A', branch: 'berlin' }),
    ]);
    const branches = await call<{ branches: object[] }>(north, '/branches');
    expect(branches.body.branches).toContainEqual({
      code: 'paris',
      name: 'Paris',
      region: 'EU',
      warehouses: ['wh-paris'],
    });
  });

  it('answers probes without a token', async () => {
    expect((await call(null, '/healthz')).body).toEqual({ status: 'ok' });
    expect((await call(null, '/readyz')).body).toMatchObject({ status: 'ok', flags: 'known' });
    const metrics = await fetch(new URL('/metrics', service.url));
    expect(await metrics.text()).toContain('process_cpu_seconds_total');
  });
});
