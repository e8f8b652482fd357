import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { TestControlPlane } from '../support/control-plane.js';
import { seedTenants } from '../support/seeded-tenants.js';
import { until } from '../support/until.js';

interface Alert {
  kind: string;
  source: string;
  tenant: string | null;
  attempts: number;
}

/** MT-18: what is tried across tenants is seen by operators, and a flood of it does not drown them. */
describe('attempts to cross from one tenant to another', () => {
  let server: TestControlPlane;
  let ids: Record<string, string>;

  beforeAll(async () => {
    server = await TestControlPlane.start();
    ({ ids } = await seedTenants(server.controlPlane.foundation, ['prowler', 'mark']));
  });

  afterAll(() => server?.stop());

  async function alerts(source: string): Promise<Alert[]> {
    const { data } = await server.graphql(
      '{ securityAlerts(first: 500) { kind source tenant attempts firstAt lastAt } }',
    );
    const all = (data as { securityAlerts: (Alert & { firstAt: string })[] }).securityAlerts;
    return all
      .filter((alert) => alert.source === source)
      .map(({ kind, source: from, tenant, attempts }) => ({ kind, source: from, tenant, attempts }));
  }

  async function events(source: string): Promise<unknown[]> {
    const { data } = await server.graphql(
      `query ($subject: String!) { auditEvents(area: "security", subject: $subject) {
         edges { node { action tenant actorKind after } } } }`,
      { subject: source },
    );
    return (data as { auditEvents: { edges: { node: unknown }[] } }).auditEvents.edges.map(
      ({ node }) => node,
    );
  }

  async function counted(kind: string): Promise<number> {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    return Number(new RegExp(`cross_tenant_attempts_total\\{kind="${kind}"\\} (\\d+)`).exec(text)?.[1] ?? 0);
  }

  async function sdkToken(name: string, kind: string): Promise<string> {
    const { data } = await server.graphql(
      `mutation { createSdkToken(input: { name: "${name}", kind: ${kind}, environment: "production",
         tenant: "prowler" }) { secret } }`,
    );
    return (data as { createSdkToken: { secret: string } }).createSdkToken.secret;
  }

  const report = (token: string, body: object): Promise<Response> =>
    fetch(`${server.url}/runtime/report`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        instanceId: 'i',
        service: 'orders',
        tenantId: null,
        startedAt: '2026-01-01T00:00:00Z',
        sequence: 1,
        appliedRevision: 1,
        usage: [],
        kpis: [],
        ...body,
      }),
    });
  const used = { requests: 1, throttled: 0, shed: 0, databaseMs: 1, queuedMs: 0, jobs: 0, p99Ms: 1 };

  it('by reports about another tenant are one alert with one audit event, however many they are', async () => {
    const token = await sdkToken('reporter', 'RUNTIME');
    const before = await counted('FOREIGN_REPORT');
    const answers = await Promise.all(
      Array.from({ length: 60 }, () => report(token, { tenantId: ids['mark'] })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([403]));
    const source = 'sdk-token/reporter';
    // Attempts of one window are one alert; the test may run across the border of two.
    await until(async () => (await alerts(source)).reduce((sum, { attempts }) => sum + attempts, 0) === 60);
    const found = await alerts(source);
    expect(found.length).toBeLessThanOrEqual(2);
    expect(found[0]).toMatchObject({ kind: 'FOREIGN_REPORT', source, tenant: 'prowler' });
    const told = await events(source);
    expect(told).toHaveLength(found.length);
    expect(told[0]).toMatchObject({
      action: 'security.cross-tenant-attempt',
      tenant: 'prowler',
      actorKind: 'system',
      after: { kind: 'FOREIGN_REPORT' },
    });
    expect((await counted('FOREIGN_REPORT')) - before).toBe(60);
  });

  it('with a tenant’s token at the API of operators are told of, over HTTP, WebSocket and downloads', async () => {
    const { data } = await server.graphql(
      'mutation { createTenantToken(input: { tenant: "prowler", name: "shop" }) { secret } }',
    );
    const { secret } = (data as { createTenantToken: { secret: string } }).createTenantToken;
    const asked = await server.graphql('{ tenants { totalCount } }', {}, secret);
    expect([asked.status, asked.data]).toEqual([401, null]);
    const authorization = `Bearer ${secret}`;
    const archive = await fetch(`${server.url}/backups/${ids['mark']}/archive`, {
      headers: { authorization },
    });
    expect(archive.status).toBe(401);
    const client = createClient({
      url: `${server.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization },
      retryAttempts: 0,
    });
    const tail = client.iterate({ query: 'subscription { auditTail { subject } }' });
    await expect(tail.next()).rejects.toEqual([
      expect.objectContaining({ message: expect.stringContaining('token') as unknown }),
    ]);
    await client.dispose();
    const source = 'tenant-token/shop';
    await until(async () => (await alerts(source)).reduce((sum, { attempts }) => sum + attempts, 0) >= 3);
    expect((await alerts(source))[0]).toMatchObject({
      kind: 'TENANT_TOKEN_AT_OPERATOR_API',
      tenant: 'prowler',
    });
    expect(JSON.stringify([await alerts(source), await events(source)])).not.toContain(secret);
  });

  it('against the walls of the database are told of as the services report them', async () => {
    const { data } = await server.graphql(
      'mutation { createSdkToken(input: { name: "all", kind: RUNTIME, environment: "production" }) { secret } }',
    );
    const { secret } = (data as { createSdkToken: { secret: string } }).createSdkToken;
    const usage = [
      { ...used, tenantId: ids['prowler'], refusedByWall: 3 },
      { ...used, tenantId: ids['mark'], refusedByWall: 0 },
    ];
    // The same report again, as an instance sends it that missed the answer, tells nothing new.
    for (let i = 0; i < 2; i++) await report(secret, { service: 'orders', usage });
    await until(async () => (await alerts('service/orders')).length > 0);
    expect(await alerts('service/orders')).toEqual([
      { kind: 'WALL_REFUSED', source: 'service/orders', tenant: 'prowler', attempts: 3 },
    ]);
  });

  it('are not seen where there are none: unknown tokens and sound reports raise nothing', async () => {
    const token = await sdkToken('honest', 'RUNTIME');
    const sound = await report(token, {
      instanceId: 'honest',
      tenantId: ids['prowler'],
      usage: [{ ...used, tenantId: ids['prowler'] }],
    });
    expect(sound.status).toBeLessThan(300);
    const before = (await server.graphql('{ securityAlerts(first: 500) { id } }')).data;
    await server.graphql('{ tenants { totalCount } }', {}, 'tierdeck_admin_guessed');
    await server.graphql('{ tenants { totalCount } }', {}, '');
    // Another alert raised after these would be written after them.
    await report(await sdkToken('last', 'RUNTIME'), { tenantId: ids['mark'] });
    await until(async () => (await alerts('sdk-token/last')).length === 1);
    const after = (await server.graphql('{ securityAlerts(first: 500) { id } }')).data;
    const count = (answer: unknown): number =>
      (answer as { securityAlerts: unknown[] }).securityAlerts.length;
    expect(count(after)).toBe(count(before) + 1);
    expect(await alerts('sdk-token/honest')).toEqual([]);
  });
});
