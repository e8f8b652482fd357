import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createClient, type Client } from 'graphql-ws';
import { WebSocket } from 'ws';
import { OperationsReconciler } from '#operations';
import { testAdminToken, TestControlPlane } from '../../../../test/support/control-plane.js';
import { clusterOfUrl, TenantDatabases } from '../index.js';

describe('subscriptions', () => {
  let server: TestControlPlane;
  let reconciler: OperationsReconciler;
  let client: Client;

  beforeAll(async () => {
    server = await TestControlPlane.start({ TIERDECK_TENANTS_DIR: 'tenants' });
    const { app, foundation } = server.controlPlane;
    const { databaseUrl } = foundation.configuration;
    await app.get(TenantDatabases).ensureCluster(clusterOfUrl('local', 'eu', databaseUrl));
    reconciler = new OperationsReconciler(foundation.operations, foundation.logger, { pollMs: 50 });
    client = connect(`Bearer ${testAdminToken}`);
  });

  afterAll(async () => {
    await client.dispose();
    await reconciler.stop();
    await server.stop();
  });

  function connect(authorization: string): Client {
    return createClient({
      url: `${server.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization },
      retryAttempts: 0,
    });
  }

  const onboard = async (slug: string): Promise<string> => {
    const { data } = await server.graphql(
      `mutation { onboardTenant(input: { slug: "${slug}", name: "${slug}", kit: "northwind" }) { operation { id } } }`,
    );
    return (data as { onboardTenant: { operation: { id: string } } }).onboardTenant.operation.id;
  };

  it('follow an operation from what it is to its end, with the progress of its steps', async () => {
    const id = await onboard('watched');
    const seen: {
      status: string;
      steps: { name: string; status: string; progress: { done?: number } | null }[];
    }[] = [];
    const events = client.iterate<{ operationProgress: (typeof seen)[number] }>({
      query: `subscription { operationProgress(id: "${id}") { status tenant { slug } steps { name status progress } } }`,
    });
    for await (const { data, errors } of events) {
      expect(errors).toBeUndefined();
      if (!data) break;
      seen.push(data.operationProgress);
      if (seen.length === 1) await reconciler.start(server.controlPlane.foundation.notifications);
      if (data.operationProgress.status === 'SUCCEEDED') break;
    }
    expect(seen[0]).toMatchObject({ status: 'PENDING', tenant: { slug: 'watched' } });
    const last = seen.at(-1);
    expect(last?.steps.every(({ status }) => status === 'SUCCEEDED' || status === 'SKIPPED')).toBe(true);
    expect(last?.steps.find(({ name }) => name === 'import-data')?.progress?.done).toBeGreaterThan(2_000);
  });

  it('tell of one tenant only, when asked for one', async () => {
    const seen: string[] = [];
    const events = client.iterate<{ tenantChanged: { slug: string; status: string } }>({
      query: 'subscription { tenantChanged(slug: "second") { slug status tier database { name } } }',
    });
    const following = (async () => {
      for await (const { data } of events) {
        if (data) seen.push(`${data.tenantChanged.slug} ${data.tenantChanged.status}`);
        if (data?.tenantChanged.status === 'ACTIVE') break;
      }
    })();
    await new Promise((resolve) => setTimeout(resolve, 200));
    await onboard('third');
    await onboard('second');
    await following;
    expect(new Set(seen.map((text) => text.split(' ')[0]))).toEqual(new Set(['second']));
    expect(seen.at(-1)).toBe('second ACTIVE');
  });

  it('tail the audit in order without a gap', async () => {
    const revisions: number[] = [];
    const events = client.iterate<{ auditTail: { revision: number; action: string } }>({
      query: 'subscription { auditTail { revision action } }',
    });
    const following = (async () => {
      for await (const { data } of events) {
        if (data) revisions.push(data.auditTail.revision);
        if (data?.auditTail.action === 'token.revoked') break;
      }
    })();
    await new Promise((resolve) => setTimeout(resolve, 200));
    const { data } = await server.graphql(
      'mutation { createToken(input: { name: "ci", role: viewer }) { id secret } }',
    );
    const { id } = (data as { createToken: { id: string } }).createToken;
    await onboard('fourth');
    await server.graphql(`mutation { revokeToken(input: { id: "${id}" }) { id } }`);
    await following;
    expect(revisions.length).toBeGreaterThanOrEqual(3);
    expect(revisions).toEqual(revisions.map((_, i) => (revisions[0] as number) + i));
  });

  it('are refused without a valid token', async () => {
    const stranger = connect('Bearer nobody');
    const events = stranger.iterate({ query: 'subscription { auditTail { revision } }' });
    const outcome = await events.next().then(
      ({ value }) =>
        (value as { errors?: { extensions?: { code?: string } }[] }).errors?.[0]?.extensions?.code,
      () => 'closed',
    );
    expect(['UNAUTHENTICATED', 'closed']).toContain(outcome);
    await stranger.dispose();
  });
});
