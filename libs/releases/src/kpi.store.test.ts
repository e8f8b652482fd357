import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { KpiReport } from '#runtime/wire';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.js';
import { kpis } from './kpi.js';
import { insertDatabase, insertTenant, openWorld, type ReleasesWorld } from './releases.fixture.js';

describe('KpiStore', () => {
  let scratch: TestDatabase;
  let world: ReleasesWorld;
  let inWave: string;
  let outside: string;
  const release = randomUUID();

  beforeAll(async () => {
    scratch = await createTestDatabase('control-plane');
    world = await openWorld(scratch.url, 'migrations/tenant/releases', 'none');
    const databaseId = await insertDatabase(world, 'none');
    inWave = await insertTenant(world, { slug: 'inside', databaseId });
    outside = await insertTenant(world, { slug: 'outside', databaseId });
    await world.database.query(
      `insert into release (id, name, environment, content, digest, needs_approval, status, created_by, created_by_id)
       values ($1, 'r', 'production', '{}', 'd', false, 'RUNNING', 'x', 'x')`,
      [release],
    );
    await world.database.query(
      `insert into release_wave (release_id, position, name, selector, concurrency, soak_seconds, status)
       values ($1, 1, 'w', '{}', 1, 0, 'RUNNING')`,
      [release],
    );
    await world.database.query(
      `insert into release_tenant (release_id, wave, tenant_id, place, status, rules_before, exposed_at, figures_from)
       values ($1, 1, $2, 1, 'EXPOSED', '[]', now(), now() - interval '10 seconds')`,
      [release, inWave],
    );
  });

  beforeEach(() => world.database.query('delete from release_kpi'));

  afterAll(async () => {
    await world.database.close();
    await scratch.drop();
  });

  const report = (part: Partial<KpiReport>): KpiReport => ({
    tenantId: inWave,
    branch: null,
    pricingEngine: 'waterfall-v2',
    ordersAccepted: 0,
    ordersRejected: 0,
    ordersFailed: 0,
    lines: 0,
    linesBelowCost: 0,
    linesFilled: 0,
    revenueMicros: '0',
    costMicros: '0',
    ediAccepted: 0,
    ediRejected: 0,
    ...part,
  });

  const ingest = (...reports: Partial<KpiReport>[]): Promise<void> =>
    world.database.transaction((tx) => world.kpiStore.ingest(tx, { kpis: reports.map(report) }));

  const figures = (engine: string | null = null) =>
    world.database.transaction((tx) => world.kpiStore.sinceExposure(tx, release, 1, engine));

  it('adds up reports, also of the same bucket, of one statement and of forty connections', async () => {
    await ingest(
      { lines: 3, linesBelowCost: 1 },
      { lines: 4 },
      { branch: 'seattle', lines: 5, ordersAccepted: 2 },
    );
    await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        ingest(...[{ lines: 1 }, { branch: 'london', lines: 1 }].sort(() => (i % 2 ? 1 : -1))),
      ),
    );
    expect(await figures()).toMatchObject({ lines: 92, linesBelowCost: 1, ordersAccepted: 2 });
  });

  it('counts only the tenants of the wave, only since their exposure, and drops unknown tenants', async () => {
    await ingest({ tenantId: outside, lines: 7 }, { tenantId: randomUUID(), lines: 9 }, { lines: 1 });
    expect(await figures()).toMatchObject({ lines: 1 });
    await world.database.query(`update release_kpi set bucket = bucket - interval '20 seconds'`);
    expect(await figures()).toMatchObject({ lines: 0 });
  });

  it('leaves the lines of another engine out, but not failures that no engine priced', async () => {
    await ingest({ pricingEngine: 'wwi-best-price', lines: 8, linesBelowCost: 8 }, { lines: 2 });
    await ingest({ pricingEngine: 'wwi-best-price', ordersFailed: 1, branch: 'seattle' });
    expect(await figures('waterfall-v2')).toMatchObject({ lines: 2, linesBelowCost: 0, ordersFailed: 1 });
    expect(await figures()).toMatchObject({ lines: 10, linesBelowCost: 8 });
  });

  it('forgets what no gate looks at any more', async () => {
    await ingest({ lines: 1 });
    await world.database.query(`update release_kpi set bucket = bucket - interval '9 days'`);
    await ingest({ lines: 1 });
    await world.database.transaction((tx) => world.kpiStore.prune(tx));
    expect(await world.database.query('select from release_kpi')).toHaveLength(1);
  });
});

describe('kpis', () => {
  it('never have more failures than samples', () => {
    const figures = {
      ordersAccepted: 8,
      ordersRejected: 1,
      ordersFailed: 2,
      lines: 20,
      linesBelowCost: 3,
      linesFilled: 15,
      ediAccepted: 4,
      ediRejected: 1,
    };
    const counts = Object.entries(kpis).map(([name, kpi]) => [name, kpi.counts(figures)]);
    expect(Object.fromEntries(counts)).toEqual({
      margin: { failures: 3, samples: 20 },
      'order-success': { failures: 2, samples: 10 },
      'order-acceptance': { failures: 1, samples: 9 },
      'fill-rate': { failures: 5, samples: 20 },
      'edi-acceptance': { failures: 1, samples: 5 },
    });
  });
});
