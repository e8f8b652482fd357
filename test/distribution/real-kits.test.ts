import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  formatMicros,
  legacyDecisions,
  listAccounts,
  listItems,
  makeQuote,
  marginPercent,
  OrdersService,
  parseMicros,
  type Decisions,
  type Quote,
} from '#distribution';
import { TierdeckRuntime, type RuntimeTenant } from '#runtime';
import { importKit, readKit } from '../../libs/tenancy/src/kits/index.js';
import { createTestDataPlane, type TestDataPlane, type TestTenant } from '../support/distribution-tenants.js';
import { FakeControlPlane } from '../support/fake-control-plane.js';

const kits = ['northwind', 'adventure-works', 'wide-world-importers', 'albion-gifts', 'bestbuy-stores'];
const waterfall: Partial<Decisions> = { pricingEngine: 'waterfall-v2' };
const sourcing: Partial<Decisions> = { allocationEngine: 'priority-sourcing-v2' };

describe('prices and orders on real data', () => {
  let data: TestDataPlane;
  let controlPlane: FakeControlPlane;
  let runtime: TierdeckRuntime;
  let dataDir: string;

  beforeAll(async () => {
    data = await createTestDataPlane(kits, async (client, { slug, id }) =>
      importKit(client, { tenantId: id, kit: await readKit(`tenants/kits/${slug}`), maxHistoryRows: 1_000 }),
    );
    controlPlane = new FakeControlPlane(data.snapshot);
    await controlPlane.start();
    dataDir = await mkdtemp(join(tmpdir(), 'tierdeck-kits-'));
    runtime = await TierdeckRuntime.start({ url: controlPlane.url, token: 'x', service: 'test', dataDir });
  }, 120_000);

  afterAll(async () => {
    await runtime.stop();
    await controlPlane.stop();
    await data.drop();
    await rm(dataDir, { recursive: true });
  });

  const tenant = (slug: string): RuntimeTenant => runtime.tenant(slug)!;
  const flags = (decisions: Partial<Decisions>) => ({ decide: () => ({ ...legacyDecisions, ...decisions }) });
  const rows = (slug: string, sql: string) =>
    data.asTenant(data.tenants.find((one) => one.slug === slug) as TestTenant, sql);

  function quote(
    slug: string,
    decisions: Partial<Decisions>,
    account: string,
    skus: string[],
  ): Promise<Quote> {
    const lines = skus.map((sku) => ({ sku, quantity: 1 }));
    return makeQuote(runtime.database(tenant(slug)), tenant(slug), flags(decisions), { account, lines });
  }

  it("sells Wide World Importers' USB basket of 850.00 for 85.00 by the defect and 765.00 by the waterfall", async () => {
    const basket = (
      await rows(
        'wide-world-importers',
        `select m.item from item_group_member m where m.item_group = 'usb-novelties' order by 1`,
      )
    ).map((row) => String(row['item']));
    expect(basket).toHaveLength(14);
    const [wingtip] = await rows(
      'wide-world-importers',
      `select code from account where buying_group = 'wingtip-toys' order by code limit 1`,
    );
    const total = async (decisions: Partial<Decisions>) => {
      const { lines, total } = await quote(
        'wide-world-importers',
        decisions,
        String(wingtip?.['code']),
        basket,
      );
      const cost = lines.reduce((sum, line) => sum + parseMicros(line.cost ?? '0'), 0n);
      const margin = marginPercent(parseMicros(total), cost) ?? 0n;
      return [total, formatMicros(cost), formatMicros(margin).replace(/(\.\d).*/, '$1')];
    };
    expect(await total({})).toEqual(['850.00', '316.00', '62.8']);
    expect(await total({ percentDeals: true })).toEqual(['85.00', '316.00', '-271.7']);
    expect(await total(waterfall)).toEqual(['765.00', '316.00', '58.6']);
  });

  it('gives the breaks that the prices of the UCI retailer show: 2.95, from 32 on 2.55', async () => {
    const price = async (quantity: number) => {
      const db = runtime.database(tenant('albion-gifts'));
      const request = { account: '12346', lines: [{ sku: '85123A', quantity }] };
      const { lines } = await makeQuote(db, tenant('albion-gifts'), flags(waterfall), request);
      return lines[0]?.unitPrice;
    };
    expect([await price(1), await price(32)]).toEqual(['2.95', '2.55']);
  });

  it.each(kits)('takes an order for the first items of %s, and the books agree', async (slug) => {
    const db = runtime.database(tenant(slug));
    const items = (await listItems(db, { limit: 200 })).filter((item) => item.available > 0).slice(0, 3);
    const [account] = (await listAccounts(db, { limit: 200 })).filter(
      (one) => one.deliveryRule === 'PARTIAL',
    );
    expect(items).toHaveLength(3);
    const orders = new OrdersService(
      { database: () => db, recordKpi: () => undefined },
      flags({ ...waterfall, ...sourcing }),
    );
    const { body } = await orders.place(tenant(slug), {
      account: account!.code,
      lines: items.map(({ sku }) => ({ sku, quantity: 1 })),
    });
    expect(['ALLOCATED', 'PARTIALLY_ALLOCATED', 'BACKORDERED']).toContain(body.status);
    const sum = body.lines.reduce((total, line) => total + parseMicros(line.lineTotal), 0n);
    expect(formatMicros(sum)).toBe(body.total);
    const [books] = await rows(
      slug,
      `select (select sum(allocated) from stock where tenant_id = current_setting('tierdeck.tenant_id')::uuid)
              = (select sum(allocated_delta) from stock_movement
                 where tenant_id = current_setting('tierdeck.tenant_id')::uuid) as agree`,
    );
    expect(books).toEqual({ agree: true });
  });

  it.each(kits)('prices every item of %s for an account, never below the floor', async (slug) => {
    const db = runtime.database(tenant(slug));
    const [account] = await listAccounts(db, { limit: 1 });
    const items = (await listItems(db, { limit: 200 })).map(({ sku }) => sku);
    const { lines } = await quote(slug, waterfall, account!.code, items);
    expect(lines).toHaveLength(items.length);
    for (const line of lines) {
      expect(line.status).toBe('PRICED');
      expect(line.belowCost).toBe(false);
    }
  });
});
