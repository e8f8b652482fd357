import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RuntimeReport, RuntimeSnapshot } from '#runtime/wire';
import { TestControlPlane } from '../../../../test/support/control-plane.js';
import { seedTenants } from '../../../../test/support/seeded-tenants.js';

describe('the runtime API', () => {
  let controlPlane: TestControlPlane;
  let token: string;
  let databaseId: string;
  let northwind: string;
  let contoso: string;
  const startedAt = new Date().toISOString();

  beforeAll(async () => {
    controlPlane = await TestControlPlane.start();
    const seeded = await seedTenants(controlPlane.controlPlane.foundation, ['northwind', 'contoso']);
    databaseId = seeded.databaseId;
    northwind = seeded.ids['northwind'] ?? '';
    contoso = seeded.ids['contoso'] ?? '';
    ({ secret: token } = await createToken('RUNTIME', null));
  });
  afterAll(() => controlPlane.stop());

  function sql<Row>(text: string, ...values: unknown[]): Promise<Row[]> {
    return controlPlane.controlPlane.foundation.database.query<Row>(text, values);
  }

  function createToken(
    kind: 'RUNTIME' | 'CLIENT',
    tenantId: string | null,
  ): Promise<{ id: string; secret: string }> {
    const { commands, sdkTokens } = controlPlane.controlPlane.foundation;
    return commands.asSystem('test', (command) =>
      sdkTokens.create(command, { name: randomUUID(), kind, environment: 'production', tenantId }),
    );
  }

  function call(path: string, init: RequestInit = {}, bearer = token): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${bearer}`);
    return fetch(new URL(path, controlPlane.url), { ...init, headers });
  }

  const post = (report: unknown, bearer = token): Promise<Response> =>
    call(
      '/runtime/report',
      { method: 'POST', body: JSON.stringify(report), headers: { 'content-type': 'application/json' } },
      bearer,
    );

  const report = (
    instanceId: string,
    sequence: number,
    overrides: Partial<RuntimeReport> = {},
  ): RuntimeReport => ({
    instanceId,
    service: 'distribution',
    tenantId: null,
    startedAt,
    sequence,
    appliedRevision: 1,
    usage: [
      {
        tenantId: northwind,
        requests: 10,
        throttled: 2,
        shed: 1,
        databaseMs: 12.5,
        queuedMs: 3,
        jobs: 4,
        p99Ms: 7,
        latencies: [0, 0, 10],
      },
    ],
    kpis: [
      {
        tenantId: northwind,
        branch: 'london',
        pricingEngine: 'waterfall-v2',
        ordersAccepted: 3,
        ordersRejected: 0,
        ordersFailed: 0,
        lines: 9,
        linesBelowCost: 1,
        linesFilled: 8,
        revenueMicros: '12345678901234567890',
        costMicros: '5',
        ediAccepted: 0,
        ediRejected: 0,
      },
    ],
    ...overrides,
  });

  it('gives a snapshot of tenants, their limits and their databases', async () => {
    const snapshot = (await (await call('/runtime/snapshot')).json()) as RuntimeSnapshot;
    expect(snapshot.databases).toEqual([
      {
        id: databaseId,
        kind: 'POOLED',
        host: '127.0.0.1',
        port: 5432,
        database: 'tierdeck_pool',
        user: 'tierdeck_pool',
        password: 'pool-password',
      },
    ]);
    expect(snapshot.tenants.map(({ slug }) => slug)).toEqual(['contoso', 'northwind']);
    expect(snapshot.tenants[1]).toMatchObject({ id: northwind, status: 'ACTIVE', tier: 'SHARED', weight: 1 });
    expect(snapshot.tenants[1]?.quotas.map(({ kind, limit, source }) => [kind, limit, source])).toEqual([
      ['REQUEST_RATE', 50, 'PLAN'],
      ['CONCURRENCY', 16, 'PLAN'],
      ['JOBS_IN_FLIGHT', 4, 'PLAN'],
      ['JOBS_QUEUED', 5_000, 'PLAN'],
    ]);
  });

  it('lets in RUNTIME tokens only, and shows one of a tenant that tenant alone', async () => {
    expect((await call('/runtime/snapshot', {}, 'wrong')).status).toBe(401);
    expect((await fetch(new URL('/runtime/stream', controlPlane.url))).status).toBe(401);
    const client = await createToken('CLIENT', null);
    const refused = await call('/runtime/snapshot', {}, client.secret);
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ error: { code: 'FORBIDDEN' } });
    const own = await createToken('RUNTIME', contoso);
    const snapshot = (await (await call('/runtime/snapshot', {}, own.secret)).json()) as RuntimeSnapshot;
    expect(snapshot.tenants.map(({ slug }) => slug)).toEqual(['contoso']);
    expect((await post(report(randomUUID(), 1), own.secret)).status).toBe(403);
  });

  it('applies each report once: usage, KPIs and heartbeat together', async () => {
    const instance = randomUUID();
    const answers = [];
    for (const sequence of [1, 1, 2, 1, 2])
      answers.push(await (await post(report(instance, sequence))).json());
    expect(answers.map((answer) => (answer as { applied: boolean }).applied)).toEqual([
      true,
      false,
      true,
      false,
      false,
    ]);
    const [usage] = await sql<Record<string, unknown>>(
      `select sum(requests)::int as requests, sum(throttled)::int as throttled, sum(shed)::int as shed,
         sum(database_ms) as database_ms, sum(jobs)::int as jobs, sum_histograms(latencies) as latencies
       from usage_minute where tenant_id = $1`,
      northwind,
    );
    expect(usage).toEqual({
      requests: 20,
      throttled: 4,
      shed: 2,
      database_ms: 25,
      jobs: 8,
      latencies: ['0', '0', '20'],
    });
    const [kpi] = await sql<{ orders: number; revenue: string }>(
      'select sum(orders_accepted)::int as orders, sum(revenue_micros)::text as revenue from release_kpi where tenant_id = $1',
      northwind,
    );
    expect(kpi).toEqual({ orders: 6, revenue: '24691357802469135780' });
    const [row] = await sql<object>(
      'select service, last_sequence::int, applied_revision::int from runtime_instance where id = $1',
      instance,
    );
    expect(row).toEqual({ service: 'distribution', last_sequence: 2, applied_revision: 1 });
  });

  it('applies one of many copies that come at once', async () => {
    const instance = randomUUID();
    const copies = await Promise.all(Array.from({ length: 20 }, () => post(report(instance, 1))));
    const applied = await Promise.all(
      copies.map(async (copy) => ((await copy.json()) as { applied: boolean }).applied),
    );
    expect(applied.filter(Boolean)).toHaveLength(1);
  });

  it('tells what was told of moves last, but only to a report that is new', async () => {
    const instance = randomUUID();
    const first = async (): Promise<unknown> => (await post(report(instance, 1))).json();
    expect(await first()).toEqual({ applied: true, toldRevision: 0 });
    expect(await first()).toEqual({ applied: false });
    const operation = randomUUID();
    await sql(
      `with o as (insert into operation (id, kind, subject, status, input, requested_by) values ($1, 'x', 'x', 'SUCCEEDED', '{}', 'x') returning id)
       insert into tenant_move (id, tenant_id, source_id, target_id, from_placement, to_placement, source_name,
         target_name, state, told_revision) select id, $2, $1, $1, 'SHARED', 'DEDICATED', 'a', 'b', 'FINISHED', 17 from o`,
      operation,
      northwind,
    );
    expect(await (await post(report(instance, 2))).json()).toEqual({ applied: true, toldRevision: 17 });
  });

  it('lists an instance until it says that it ends', async () => {
    const instance = randomUUID();
    const listed = async (): Promise<boolean> => {
      const { data } = await controlPlane.graphql('{ runtimeInstances { id } }');
      return (data as { runtimeInstances: { id: string }[] }).runtimeInstances.some(
        ({ id }) => id === instance,
      );
    };
    await post(report(instance, 1));
    expect(await listed()).toBe(true);
    await post(report(instance, 2, { ended: true }));
    expect(await listed()).toBe(false);
  });

  it('counts anew for an instance that was started again under its old name', async () => {
    const instance = randomUUID();
    await post(report(instance, 7));
    const later = new Date(Date.parse(startedAt) + 1_000).toISOString();
    expect(await (await post(report(instance, 1, { startedAt: later }))).json()).toMatchObject({
      applied: true,
    });
    expect(await (await post(report(instance, 8))).json()).toEqual({ applied: false });
  });

  it('refuses what is no report, and drops what is about unknown tenants', async () => {
    const instance = randomUUID();
    for (const wrong of [
      {},
      [],
      report(instance, 0),
      { ...report(instance, 1), usage: [{ tenantId: northwind, requests: -1 }] },
      { ...report(instance, 1), kpis: [{ ...report(instance, 1).kpis[0], revenueMicros: '1.5' }] },
      { ...report(instance, 1), instanceId: 'x'.repeat(201) },
    ]) {
      const answer = await post(wrong);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ error: { code: 'INVALID_INPUT' } });
    }
    const broken = await call('/runtime/report', {
      method: 'POST',
      body: '{"half',
      headers: { 'content-type': 'application/json' },
    });
    expect(broken.status).toBe(400);
    const stranger = randomUUID();
    const [usage] = report(instance, 1).usage;
    const dropped = await post(
      report(instance, 1, {
        tenantId: stranger,
        kpis: [],
        usage: usage ? [{ ...usage, tenantId: stranger }] : [],
      }),
    );
    expect(await dropped.json()).toMatchObject({ applied: true });
    expect(await sql('select 1 from usage_minute where tenant_id = $1', stranger)).toEqual([]);
  });

  it('streams the snapshot at once, and again after a change; ends the stream of a revoked token', async () => {
    const { id, secret } = await createToken('RUNTIME', null);
    const stream = await call('/runtime/stream', {}, secret);
    expect(stream.headers.get('content-type')).toBe('text/event-stream');
    const reader = (stream.body as ReadableStream<Uint8Array>).getReader();
    let text = '';
    const events = async (count: number): Promise<RuntimeSnapshot[]> => {
      for (;;) {
        const snapshots = [...text.matchAll(/^event: snapshot\nid: \d+\ndata: (.*)\n\n/gm)];
        if (snapshots.length >= count)
          return snapshots.map(([, data]) => JSON.parse(data ?? '') as RuntimeSnapshot);
        const { value, done } = await reader.read();
        if (done) throw new Error('the stream ended');
        text += Buffer.from(value).toString();
      }
    };
    const [first] = await events(1);
    const { errors } = await controlPlane.graphql(
      `mutation { setQuota(input: {tenant: "contoso", kind: CONCURRENCY, limit: 3}) { quota { limit } } }`,
    );
    expect(errors).toBeUndefined();
    const [, second] = await events(2);
    expect(second?.revision).toBeGreaterThan(first?.revision ?? Infinity);
    expect(second?.tenants[0]?.quotas[1]).toMatchObject({
      kind: 'CONCURRENCY',
      limit: 3,
      source: 'OVERRIDE',
    });
    const { commands, sdkTokens } = controlPlane.controlPlane.foundation;
    await commands.asSystem('test', (command) => sdkTokens.revoke(command, id));
    await expect(events(3)).rejects.toThrow();
  });
});
