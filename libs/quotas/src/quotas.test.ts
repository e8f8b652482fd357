import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ManifestsService, type AppliedManifests } from '#tenancy';
import { TestControlPlane } from '../../../test/support/control-plane.js';
import { seedTenants } from '../../../test/support/seeded-tenants.js';
import { until } from '../../../test/support/until.js';
import { QuotasReconciler } from './quotas.reconciler.js';
import { UsageStore } from './usage.store.js';

describe('quotas', () => {
  let controlPlane: TestControlPlane;
  let ids: Record<string, string>;

  beforeAll(async () => {
    controlPlane = await TestControlPlane.start();
    ({ ids } = await seedTenants(controlPlane.controlPlane.foundation, ['northwind', 'contoso', 'fabrikam']));
  });
  afterAll(() => controlPlane.stop());

  function sql<Row>(text: string, ...values: unknown[]): Promise<Row[]> {
    return controlPlane.controlPlane.foundation.database.query<Row>(text, values);
  }

  async function graphql<T>(query: string, variables: object = {}): Promise<T> {
    const { data, errors } = await controlPlane.graphql(query, variables as Record<string, unknown>);
    expect(errors).toBeUndefined();
    return data as T;
  }

  async function refusal(query: string): Promise<string | undefined> {
    return (await controlPlane.graphql(query)).errors?.[0]?.extensions.code;
  }

  const quotaFields =
    'tenant kind limit burst hard source planLimit override boost { limit burst until reason by }';
  const rateOf = async (tenant: string): Promise<Record<string, unknown> | undefined> =>
    (
      await graphql<{ quotas: Record<string, unknown>[] }>(
        `{ quotas(tenant: "${tenant}") { ${quotaFields} } }`,
      )
    ).quotas[0];

  const change = (
    mutation: string,
    input: string,
  ): Promise<Record<string, { quota: Record<string, unknown> }>> =>
    graphql(`mutation { ${mutation}(input: {${input}}) { quota { ${quotaFields} } } }`);

  it('go from the plan to an override to a boost and back, each change in the audit', async () => {
    const key = 'tenant: "northwind", kind: REQUEST_RATE';
    expect(await rateOf('northwind')).toMatchObject({
      limit: 50,
      burst: 100,
      source: 'PLAN',
      override: null,
      boost: null,
    });
    const set = await change('setQuota', `${key}, limit: 80, burst: 120, reason: "contract"`);
    expect(set['setQuota']?.quota).toMatchObject({
      limit: 80,
      burst: 120,
      source: 'OVERRIDE',
      planLimit: 50,
      override: 80,
    });
    const boosted = await change('boostQuota', `${key}, limit: 300, minutes: 10, reason: "stock-taking"`);
    expect(boosted['boostQuota']?.quota).toMatchObject({
      limit: 300,
      burst: null,
      source: 'BOOST',
      boost: { limit: 300, reason: 'stock-taking', by: 'bootstrap-admin' },
    });
    expect((await change('clearBoost', key))['clearBoost']?.quota).toMatchObject({
      limit: 80,
      source: 'OVERRIDE',
    });
    expect((await change('clearQuota', key))['clearQuota']?.quota).toMatchObject({
      limit: 50,
      source: 'PLAN',
    });
    const events = await sql<{ action: string; reason: string | null }>(
      `select action, reason from audit_event where subject = 'quota/northwind/REQUEST_RATE' order by revision`,
    );
    expect(events).toEqual([
      { action: 'quota.set', reason: 'contract' },
      { action: 'quota.boosted', reason: 'stock-taking' },
      { action: 'quota.boost-cleared', reason: null },
      { action: 'quota.cleared', reason: null },
    ]);
  });

  it('are refused when they make no sense', async () => {
    const mutation = (name: string, input: string): string =>
      `mutation { ${name}(input: {${input}}) { quota { limit } } }`;
    const key = 'tenant: "contoso", kind: CONCURRENCY';
    expect(await refusal(mutation('setQuota', `${key}, limit: -1`))).toBe('QUOTA_INVALID');
    expect(await refusal(mutation('setQuota', `${key}, limit: 5, burst: 5`))).toBe('QUOTA_INVALID');
    expect(await refusal(mutation('setQuota', 'tenant: "nobody", kind: CONCURRENCY, limit: 5'))).toBe(
      'TENANT_NOT_FOUND',
    );
    expect(await refusal(mutation('boostQuota', `${key}, limit: 5, minutes: 0`))).toBe('INVALID_INPUT');
    expect(await refusal(mutation('clearQuota', key))).toBe('QUOTA_OVERRIDE_NOT_FOUND');
    expect(await refusal(mutation('clearBoost', key))).toBe('QUOTA_BOOST_NOT_FOUND');
    expect(await refusal('{ quotas(tenant: "nobody") { limit } }')).toBe('TENANT_NOT_FOUND');
    const { errors } = await controlPlane.graphql('{ plans { name } }', {}, 'no-token');
    expect(errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
  });

  it('answer a repeated clientMutationId without doing it again', async () => {
    const input = 'tenant: "contoso", kind: CONCURRENCY, limit: 7, clientMutationId: "once"';
    await change('setQuota', input);
    await change('setQuota', input);
    const events = await sql(`select 1 from audit_event where subject = 'quota/contoso/CONCURRENCY'`);
    expect(events).toHaveLength(1);
  });

  it('record the end of a boost once, whoever looks', async () => {
    await change('boostQuota', 'tenant: "fabrikam", kind: REQUEST_RATE, limit: 999, minutes: 1');
    await sql(
      `update quota_boost set valid_until = now() - interval '1 second' where tenant_id = $1`,
      ids['fabrikam'],
    );
    expect(await rateOf('fabrikam')).toMatchObject({ source: 'PLAN', boost: null });
    const reconciler = controlPlane.controlPlane.app.get(QuotasReconciler);
    await Promise.all([reconciler.step(), reconciler.step(), reconciler.step()]);
    const ended = await sql(
      `select actor_name from audit_event where subject = 'quota/fabrikam/REQUEST_RATE' and action = 'quota.boost-ended'`,
    );
    expect(ended).toEqual([{ actor_name: 'reconciler:quotas' }]);
  });

  describe('in manifests', () => {
    const apply = (...manifests: object[]): Promise<AppliedManifests> => {
      const files = manifests.map((manifest, i) => ({
        file: `${i}.yaml`,
        content: JSON.stringify(manifest),
      }));
      const { foundation, app } = controlPlane.controlPlane;
      return foundation.commands.asSystem('test', (command) =>
        app.get(ManifestsService).apply(command, files),
      );
    };
    const plan = (name: string, limits: object = {}): object => ({
      apiVersion: 'tierdeck/v1',
      kind: 'Plan',
      metadata: { name },
      spec: {
        weight: 2,
        limits: {
          requestRate: { perSecond: 150, burst: 300 },
          concurrency: 32,
          jobsInFlight: 16,
          jobsQueued: { limit: 50_000, hard: false },
          ...limits,
        },
      },
    });
    const tenant = (slug: string, spec: object = {}): object => ({
      apiVersion: 'tierdeck/v1',
      kind: 'Tenant',
      metadata: { slug },
      spec: { name: slug, plan: 'premium', ...spec },
    });

    it('make and change a plan, and change nothing when applied again', async () => {
      const first = await apply(plan('premium'));
      expect(first.changes[0]).toMatchObject({ kind: 'Plan', name: 'premium', action: 'CREATE' });
      expect((await apply(plan('premium'))).changes[0]).toMatchObject({ action: 'NONE', fields: [] });
      const changed = await apply(plan('premium', { concurrency: 33 }));
      expect(changed.changes[0]).toMatchObject({
        action: 'UPDATE',
        fields: [{ path: 'spec.limits.concurrency', before: 32, after: 33 }],
      });
      const { plans } = await graphql<{ plans: { name: string; weight: number; limits: object[] }[] }>(
        '{ plans { name weight limits { kind limit burst hard } } }',
      );
      expect(plans.map(({ name }) => name)).toEqual(['standard', 'premium']);
      expect(plans[1]?.limits).toEqual([
        { kind: 'REQUEST_RATE', limit: 150, burst: 300, hard: true },
        { kind: 'CONCURRENCY', limit: 33, burst: null, hard: true },
        { kind: 'JOBS_IN_FLIGHT', limit: 16, burst: null, hard: true },
        { kind: 'JOBS_QUEUED', limit: 50_000, burst: null, hard: false },
      ]);
    });

    it('tell what is wrong by field, and apply nothing', async () => {
      await expect(apply(plan('broken', { concurrency: -1 }))).rejects.toMatchObject({
        code: 'MANIFEST_INVALID',
      });
      await expect(apply(plan('broken', { requestRates: 3 }))).rejects.toMatchObject({
        code: 'MANIFEST_INVALID',
      });
      await expect(apply(tenant('northwind', { plan: 'unheard-of' }))).rejects.toThrow(
        /no plan "unheard-of"/,
      );
      expect(await sql(`select 1 from plan where name = 'broken'`)).toEqual([]);
    });

    it('set overrides, and withdraw what they set but never what an operator set', async () => {
      await apply(plan('premium'));
      await change('setQuota', 'tenant: "contoso", kind: JOBS_QUEUED, limit: 9');
      await apply(tenant('contoso', { quotas: { requestRate: { perSecond: 222 }, jobsInFlight: 3 } }));
      expect(await rateOf('contoso')).toMatchObject({ limit: 222, source: 'OVERRIDE', planLimit: 150 });
      await apply(tenant('contoso', { quotas: { jobsInFlight: 3 } }));
      expect(await rateOf('contoso')).toMatchObject({ limit: 150, source: 'PLAN' });
      const overrides = await sql<{ kind: string; origin: string }>(
        'select kind, origin from quota_override where tenant_id = $1 order by kind',
        ids['contoso'],
      );
      expect(overrides).toEqual([
        { kind: 'CONCURRENCY', origin: 'OPERATOR' },
        { kind: 'JOBS_IN_FLIGHT', origin: 'MANIFEST' },
        { kind: 'JOBS_QUEUED', origin: 'OPERATOR' },
      ]);
    });
  });

  describe('usage', () => {
    const usage = (slug: string, over: object): object => ({
      tenantId: ids[slug] ?? randomUUID(),
      requests: 0,
      throttled: 0,
      shed: 0,
      databaseMs: 0,
      queuedMs: 0,
      jobs: 0,
      p99Ms: 0,
      ...over,
    });
    const ingest = (...reports: object[]): Promise<void> => {
      const { database } = controlPlane.controlPlane.foundation;
      const store = controlPlane.controlPlane.app.get(UsageStore);
      return database.transaction((tx) => store.ingest(tx, reports as Parameters<UsageStore['ingest']>[1]));
    };

    it('is charted by step without gaps, with the p99 of the whole step', async () => {
      const bucket = (at: number, count: number): number[] => [...Array<number>(at).fill(0), count];
      await ingest(usage('northwind', { requests: 990, databaseMs: 5, latencies: bucket(10, 990) }));
      await ingest(usage('northwind', { requests: 10, jobs: 2, latencies: bucket(30, 10) }));
      const { usage: points } = await graphql<{ usage: Record<string, number>[] }>(
        `
          query ($input: UsageInput!) {
            usage(input: $input) {
              at
              requests
              throttled
              shed
              databaseMs
              queuedMs
              p99Ms
              jobs
            }
          }
        `,
        { input: { tenant: 'northwind', from: new Date(Date.now() - 600_000).toISOString(), step: 120 } },
      );
      expect(points.length).toBeGreaterThanOrEqual(5);
      const used = points.filter(({ requests }) => (requests ?? 0) > 0);
      expect(used.reduce((total, { requests }) => total + (requests ?? 0), 0)).toBe(1_000);
      expect(used.reduce((total, { jobs }) => total + (jobs ?? 0), 0)).toBe(2);
      expect(points[0]).toMatchObject({ requests: 0, p99Ms: null });
      if (used.length === 1) expect(used[0]?.['p99Ms']).toBeCloseTo(0.1 * 1.2 ** 10);
      expect(await refusal('{ usage(input: {tenant: "northwind", step: 61}) { at } }')).toBe('INVALID_INPUT');
    });

    it('ranks noisy neighbours', async () => {
      await ingest(
        usage('contoso', { requests: 5_000, throttled: 700, databaseMs: 60_000 }),
        usage('fabrikam', { requests: 10, databaseMs: 10, queuedMs: 900 }),
      );
      const { noisyNeighbors } = await graphql<{
        noisyNeighbors: { tenant: string; victims: number; share: number }[];
      }>(
        '{ noisyNeighbors(input: {minutes: 5, first: 2}) { tenant requests throttled databaseMs share victims score } }',
      );
      expect(noisyNeighbors).toHaveLength(2);
      expect(noisyNeighbors[0]).toMatchObject({ tenant: 'contoso', throttled: 700, victims: 1 });
      expect(noisyNeighbors[0]?.share).toBeGreaterThan(0.99);
    });

    it('tells of pressure near and over a limit, and of nobody else', async () => {
      const { notifications } = controlPlane.controlPlane.foundation;
      const heard: Record<string, unknown>[] = [];
      const stop = await notifications.subscribe('tierdeck_quota_pressure', (payload) =>
        heard.push(JSON.parse(payload ?? '{}') as Record<string, unknown>),
      );
      await ingest(usage('northwind', { requests: 39 }));
      await ingest(usage('northwind', { requests: 41 }));
      await ingest(usage('fabrikam', { requests: 50, throttled: 9, throttledByConcurrency: 4 }));
      await until(() => heard.length === 3);
      stop();
      expect(heard).toEqual([
        expect.objectContaining({
          tenant: 'northwind',
          kind: 'REQUEST_RATE',
          used: 41,
          limit: 50,
          throttled: 0,
        }),
        expect.objectContaining({
          tenant: 'fabrikam',
          kind: 'CONCURRENCY',
          used: 16,
          limit: 16,
          throttled: 4,
        }),
        expect.objectContaining({
          tenant: 'fabrikam',
          kind: 'REQUEST_RATE',
          used: 59,
          limit: 50,
          throttled: 5,
        }),
      ]);
    });
  });
});
