import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OperationsReconciler } from '#operations';
import { TestControlPlane } from '../../../../test/support/control-plane.js';
import { clusterOfUrl, TenantDatabases } from '../index.js';

const tenantFields = `slug status tier region labels database { placement cluster name loginRole rows }
  integrationWorkers { placement instances { id alive } } unitCounts { kind count } deadLetters { id }
  units(kind: BRANCH, first: 2) { totalCount edges { node { kind code key parentKind parentCode } } pageInfo { hasNextPage endCursor } }
  operations { totalCount edges { node { kind status tenant { slug } steps { name status attempts } } } }`;

interface Onboarded {
  onboardTenant: { operation: { id: string } };
}

describe('tenants over GraphQL', () => {
  let server: TestControlPlane;
  let reconciler: OperationsReconciler;

  beforeAll(async () => {
    server = await TestControlPlane.start({ TIERDECK_TENANTS_DIR: 'tenants' });
    const { app, foundation } = server.controlPlane;
    await app
      .get(TenantDatabases)
      .ensureCluster(clusterOfUrl('local', 'eu', foundation.configuration.databaseUrl));
    reconciler = new OperationsReconciler(foundation.operations, foundation.logger, { pollMs: 50 });
    await reconciler.start(foundation.notifications);
  });

  afterAll(async () => {
    await reconciler.stop();
    await server.stop();
  });

  const run = async <T = Record<string, object>>(
    query: string,
    variables: Record<string, unknown> = {},
  ): Promise<T> => {
    const { data, errors } = await server.graphql(query, variables);
    if (errors) throw new Error(JSON.stringify(errors));
    return data as T;
  };

  const settle = (id: string) => server.controlPlane.foundation.operations.settled(id, 30_000);

  it('onboards a tenant once per idempotency key and shows all of it', async () => {
    const mutation = `mutation ($input: OnboardTenantInput!) {
      onboardTenant(input: $input) { tenant { slug status } operation { id kind steps { name } } } }`;
    const input = {
      slug: 'first-one',
      name: 'First',
      kit: 'northwind',
      labels: { ring: 'canary' },
      clientMutationId: 'a',
    };
    const { onboardTenant: payload } = await run<Onboarded>(mutation, { input });
    expect(payload).toMatchObject({ tenant: { slug: 'first-one', status: 'PROVISIONING' } });
    const { onboardTenant: again } = await run<Onboarded>(mutation, { input });
    expect(again.operation.id).toBe(payload.operation.id);
    expect(await settle(payload.operation.id)).toBe('SUCCEEDED');
    const { tenant } = await run<{ tenant: { database: { rows: number } } }>(
      `{ tenant(slug: "first-one") { ${tenantFields} } }`,
    );
    expect(tenant).toMatchObject({
      status: 'ACTIVE',
      tier: 'SHARED',
      database: { placement: 'SHARED', cluster: 'local' },
      units: { pageInfo: { hasNextPage: true } },
      operations: {
        totalCount: 1,
        edges: [{ node: { kind: 'tenant.onboard', tenant: { slug: 'first-one' } } }],
      },
    });
    expect(tenant.database.rows).toBeGreaterThan(2_000);
  });

  it('lists tenants by filters, page by page', async () => {
    const onboard = (slug: string, more = '') =>
      run<Onboarded>(
        `mutation { onboardTenant(input: { slug: "${slug}", name: "${slug}" ${more} }) { operation { id } } }`,
      );
    const ids = [
      await onboard('aa-one', 'integrationWorkers: DEDICATED, region: "us"'),
      await onboard('aa-two', 'labels: { ring: "main" }'),
    ].map(({ onboardTenant }) => onboardTenant.operation.id);
    expect(await settle(ids[1] as string)).toBe('SUCCEEDED');
    const slugs = async (filter: string) => {
      const { tenants } = await run(
        `{ tenants(${filter}) { totalCount edges { cursor node { slug } } pageInfo { hasNextPage endCursor } } }`,
      );
      return tenants as unknown as {
        totalCount: number;
        edges: { node: { slug: string } }[];
        pageInfo: { hasNextPage: boolean; endCursor: string };
      };
    };
    const list = async (filter: string) => (await slugs(filter)).edges.map(({ node }) => node.slug);
    expect(await list('search: "aa-"')).toEqual(['aa-one', 'aa-two']);
    expect(await list('search: "%"')).toEqual([]);
    expect(await list('tier: [HYBRID]')).toEqual(['aa-one']);
    expect(await list('label: "ring=main"')).toEqual(['aa-two']);
    expect(await list('label: "ring"')).toEqual(['aa-two', 'first-one']);
    expect(await list('region: "us"')).toEqual(['aa-one']);
    const first = await slugs('first: 2');
    expect(first).toMatchObject({ totalCount: 3, pageInfo: { hasNextPage: true } });
    expect(await list(`first: 2, after: "${first.pageInfo.endCursor}"`)).toEqual(['first-one']);
  });

  it('suspends, resumes and plans a placement; a move is refused with its reason', async () => {
    const status = async (mutation: string) => {
      const data = await run<Record<string, { tenant: { status: string } }>>(
        `mutation { ${mutation}(input: { tenant: "aa-two", reason: "unpaid" }) { tenant { status } } }`,
      );
      return data[mutation]?.tenant.status;
    };
    expect(await status('suspendTenant')).toBe('SUSPENDED');
    expect(await status('resumeTenant')).toBe('ACTIVE');
    const { placementPlan } = await run(
      `{ placementPlan(input: { tenant: "first-one", database: DEDICATED }) { currentTier targetTier targetCluster rows copySeconds currentMonthlyCost targetMonthlyCost costHint steps risks blockers } }`,
    );
    expect(placementPlan).toMatchObject({
      currentTier: 'SHARED',
      targetTier: 'HYBRID',
      targetCluster: 'local',
      currentMonthlyCost: null,
      costHint: expect.stringContaining('tierdeck cluster update local'),
      blockers: [],
    });
    const refused = async (mutation: string) =>
      (await server.graphql(`mutation { ${mutation} { tenant { slug } } }`)).errors?.[0]?.extensions.code;
    expect(await refused('changePlacement(input: { tenant: "first-one", cluster: "nowhere" })')).toBe(
      'CLUSTER_NOT_FOUND',
    );
    expect(await refused('undoMove(input: { tenant: "first-one" })')).toBe('MOVE_STATE_CONFLICT');
    expect(await refused('finishMove(input: { tenant: "first-one" })')).toBe('MOVE_STATE_CONFLICT');
  });

  it('says what a cluster costs and holds, until that is taken away again', async () => {
    const update = async (terms: string): Promise<unknown> =>
      (
        await run(
          `mutation { updateDatabaseCluster(input: { name: "local", ${terms} }) {
             pooled maxDatabases pooledTenantCost dedicatedDatabaseCost } }`,
        )
      )['updateDatabaseCluster'];
    const plan = `{ placementPlan(input: { tenant: "first-one", database: DEDICATED }) { currentMonthlyCost targetMonthlyCost } }`;
    const said = { pooled: true, maxDatabases: 400, pooledTenantCost: 30, dedicatedDatabaseCost: 200 };
    expect(await update('maxDatabases: 400, pooledTenantCost: 30, dedicatedDatabaseCost: 200')).toEqual(said);
    expect(await run(plan)).toEqual({ placementPlan: { currentMonthlyCost: 30, targetMonthlyCost: 200 } });
    expect(await update('dedicatedDatabaseCost: null, pooled: null')).toEqual({
      ...said,
      dedicatedDatabaseCost: null,
    });
    expect(await run(plan)).toEqual({ placementPlan: { currentMonthlyCost: 30, targetMonthlyCost: null } });
    expect(await update('maxDatabases: null, pooledTenantCost: null')).toEqual({
      pooled: true,
      maxDatabases: null,
      pooledTenantCost: null,
      dedicatedDatabaseCost: null,
    });
    const [event] = await server.controlPlane.foundation.database.query<{ before: object; after: object }>(
      `select before, after from audit_event where action = 'cluster.updated' order by revision desc limit 1`,
    );
    expect(event).toMatchObject({
      before: { maxDatabases: 400, pooledTenantCost: 30 },
      after: { maxDatabases: null, pooledTenantCost: null },
    });
  });

  it('shows a token once, and refuses bad input by its field', async () => {
    const mutation = `mutation { createTenantToken(input: { tenant: "aa-two", name: "erp", clientMutationId: "t" }) { id secret } }`;
    const issue = () => run<{ createTenantToken: { id: string; secret: string | null } }>(mutation);
    const { createTenantToken: token } = await issue();
    expect(token.secret).toMatch(/^tdt_/);
    expect((await issue()).createTenantToken).toEqual({ id: token.id, secret: null });
    await run(`mutation { revokeTenantToken(input: { id: "${token.id}" }) { id } }`);
    const refused = async (input: string) =>
      (await server.graphql(`mutation { onboardTenant(input: { ${input} }) { tenant { slug } } }`))
        .errors?.[0]?.extensions;
    expect(await refused('slug: "No", name: "x"')).toMatchObject({ code: 'INVALID_INPUT', field: 'slug' });
    expect(await refused('slug: "aa-two", name: "x"')).toMatchObject({ code: 'TENANT_SLUG_TAKEN' });
    expect(await refused('slug: "ok-one", name: "x", kit: "nope"')).toMatchObject({ code: 'KIT_NOT_FOUND' });
    expect(await refused('slug: "ok-one", name: "x", kit: "../build"')).toMatchObject({
      code: 'INVALID_INPUT',
    });
  });

  it('offboards only what is confirmed, and shows the audit of it all, verified', async () => {
    const offboard = (confirm: string) =>
      server.graphql(
        `mutation { offboardTenant(input: { tenant: "first-one", retentionHours: 0, confirm: "${confirm}" }) { operation { id } } }`,
      );
    expect((await offboard('first')).errors?.[0]?.extensions).toMatchObject({ field: 'confirm' });
    const { data } = await offboard('first-one');
    const operation = (data as { offboardTenant: { operation: { id: string } } }).offboardTenant.operation.id;
    expect(await settle(operation)).toBe('SUCCEEDED');
    const { tenant, auditEvents, verifyAudit, operations, viewer } = await run<{
      tenant: object;
      auditEvents: { edges: { node: { action: string } }[] };
      verifyAudit: object;
      operations: object;
      viewer: object;
    }>(`{
      tenant(slug: "first-one") { status database { rows } unitCounts { count } }
      auditEvents(tenant: "first-one", first: 3) { totalCount edges { node { action tenant actor revision } } }
      verifyAudit { ok events brokenAt }
      operations(tenant: "first-one") { totalCount }
      viewer { name role permissions } }`);
    expect(tenant).toEqual({ status: 'OFFBOARDED', database: { rows: null }, unitCounts: [] });
    expect(auditEvents.edges[0]?.node.action).toBe('operation.succeeded');
    expect(auditEvents.edges[1]?.node.action).toBe('tenant.offboarded');
    expect(verifyAudit).toMatchObject({ ok: true, brokenAt: null });
    expect(operations).toEqual({ totalCount: 2 });
    expect(viewer).toMatchObject({ name: 'bootstrap-admin', role: 'admin' });
  });
});
