import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TierdeckRuntime, type KpiObservation, type RuntimeTenant } from '#runtime';
import {
  createTestDataPlane,
  type TestDataPlane,
  type TestTenant,
} from '../../../../test/support/distribution-tenants.js';
import { FakeControlPlane } from '../../../../test/support/fake-control-plane.js';
import { allocationEngines, type AllocationEngine } from '../allocation/allocation.js';
import { legacyDecisions } from '../decisions/decisions.js';
import { OrdersService } from './orders.service.js';

const connections = 40;

/** Without admission in front, so that orders really meet in the database. */
describe('orders on many connections', () => {
  let data: TestDataPlane;
  let controlPlane: FakeControlPlane;
  let runtime: TierdeckRuntime;
  let dataDir: string;
  let test: TestTenant;
  let tenant: RuntimeTenant;

  beforeAll(async () => {
    data = await createTestDataPlane(['north']);
    [test] = data.tenants as [TestTenant];
    controlPlane = new FakeControlPlane(data.snapshot);
    await controlPlane.start();
    dataDir = await mkdtemp(join(tmpdir(), 'tierdeck-orders-'));
    runtime = await TierdeckRuntime.start({
      url: controlPlane.url,
      token: 'runtime',
      service: 'distribution',
      dataDir,
      connections: { perDatabase: connections, total: connections, acquireTimeoutMs: 60_000 },
    });
    tenant = runtime.tenant('north')!;
  });

  afterAll(async () => {
    await runtime.stop();
    await controlPlane.stop();
    await data.drop();
    await rm(dataDir, { recursive: true });
  });

  function service(allocationEngine: AllocationEngine, kpis: KpiObservation[] = []): OrdersService {
    return new OrdersService(
      { database: (of) => runtime.database(of), recordKpi: (observation) => kpis.push(observation) },
      { decide: () => ({ ...legacyDecisions, allocationEngine }) },
    );
  }

  const stock = () =>
    data.asTenant(
      test,
      `select item, warehouse, on_hand, safety, allocated,
              (select coalesce(sum(a.qty), 0)::int from allocation a
               where a.tenant_id = s.tenant_id and a.item = s.item and a.warehouse = s.warehouse) as promised,
              (select coalesce(sum(m.allocated_delta), 0)::int from stock_movement m
               where m.tenant_id = s.tenant_id and m.item = s.item and m.warehouse = s.warehouse) as moved
       from stock s order by item, warehouse`,
    );

  it.each(allocationEngines)(
    'never oversell under %s, and every unit is promised or owed',
    async (engine) => {
      await data.asTenant(
        test,
        `update stock set on_hand = allocated + safety + 30 where item in ('USB-1', 'MUG')`,
      );
      const deadlocks = await deadlocksSoFar();
      const kpis: KpiObservation[] = [];
      const orders = service(engine, kpis);
      const lines = [
        { sku: 'USB-1', quantity: 1 },
        { sku: 'MUG', quantity: 3 },
      ];
      const accounts = ['ACME', 'PARIS', 'WHOLE'];
      const results = await Promise.allSettled(
        Array.from({ length: 200 }, (_, index) =>
          orders.place(tenant, {
            account: accounts[index % 3]!,
            lines: index % 2 === 0 ? lines : lines.toReversed(),
          }),
        ),
      );
      for (const row of await stock()) {
        const { allocated, on_hand, safety, promised, moved } = row as Record<string, number>;
        expect(allocated).toBeLessThanOrEqual(on_hand! - safety!);
        expect([promised, moved]).toEqual([allocated, allocated]);
      }
      const accepted = results.flatMap((one) => (one.status === 'fulfilled' ? [one.value.body] : []));
      for (const line of accepted.flatMap((order) => order.lines)) {
        const given = line.allocations.reduce((sum, { quantity }) => sum + quantity, 0);
        expect(given + line.backordered).toBe(line.quantity);
      }
      const refusals = results.flatMap((one) =>
        one.status === 'rejected' ? [(one.reason as { code: string }).code] : [],
      );
      expect(new Set(refusals)).toEqual(new Set(['STOCK_SHORT']));
      expect(kpis.filter((kpi) => kpi.ordersAccepted === 1)).toHaveLength(accepted.length);
      expect(kpis.filter((kpi) => kpi.ordersRejected === 1)).toHaveLength(refusals.length);
      expect(await deadlocksSoFar()).toBe(deadlocks);
    },
  );

  async function deadlocksSoFar(): Promise<unknown> {
    const [row] = await data.asTenant(
      test,
      'select deadlocks from pg_stat_database where datname = current_database()',
    );
    return row?.['deadlocks'];
  }

  it('count a failure of the system as one, and keep nothing of it', async () => {
    const kpis: KpiObservation[] = [];
    const before = await data.asTenant(test, 'select count(*) from sales_order');
    await data.asTenant(test, 'alter table backorder rename to backorder_away');
    try {
      const owed = { account: 'ACME', lines: [{ sku: 'MUG', quantity: 9_000 }] };
      await expect(service('fifo-whole-line', kpis).place(tenant, owed)).rejects.toMatchObject({
        code: '42P01',
      });
    } finally {
      await data.asTenant(test, 'alter table backorder_away rename to backorder');
    }
    expect(kpis).toEqual([expect.objectContaining({ ordersFailed: 1, branch: 'berlin' })]);
    expect(await data.asTenant(test, 'select count(*) from sales_order')).toEqual(before);
  });
});
