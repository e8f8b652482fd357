import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { clusterOfUrl, TenantDatabases } from '#tenancy';
import { TestControlPlane, type GraphqlResponse } from '../../../test/support/control-plane.js';
import { withTestClient } from '../../../test/support/database.js';

const migration = '0002_promised_date';
const fields = `id name status statusReason exposedTenants environment digest createdBy needsApproval migrations
  flagChanges { flag enabled variant } approvals { by digest comment }
  waves { position name status reason selector concurrency soakSeconds tenants { tenant { slug tier } status error at }
    gates { kpi threshold verdict observed samples minSamples evidence explanation } }`;

interface Release {
  id: string;
  status: string;
  statusReason: string | null;
  digest: string;
  waves: { name: string; status: string; tenants: { tenant: { slug: string }; status: string }[] }[];
}

/** The whole control plane with its real tenant databases, by nothing but its GraphQL. */
describe('releases over GraphQL', () => {
  let server: TestControlPlane;
  let reviewerToken: string;

  beforeAll(async () => {
    server = await TestControlPlane.start({ TIERDECK_ROLES: 'api,reconciler' });
    const { app, foundation } = server.controlPlane;
    const cluster = clusterOfUrl('local', 'eu', foundation.configuration.databaseUrl);
    await app.get(TenantDatabases).ensureCluster(cluster);
    await onboard('north', 'SHARED');
    await onboard('south', 'DEDICATED');
    await run(`mutation { createFlag(input: { key: "pricing.engine", kind: VARIANT, riskClass: FINANCIAL,
      variants: [{ name: "wwi-best-price" }, { name: "waterfall-v2" }] }) { flag { key } } }`);
    const { createToken } = await run<{ createToken: { secret: string } }>(
      `mutation { createToken(input: { name: "Reviewer", role: release }) { secret } }`,
    );
    reviewerToken = createToken.secret;
  });

  afterAll(() => server.stop());

  async function run<T = Record<string, unknown>>(
    query: string,
    variables: Record<string, unknown> = {},
    token?: string,
  ): Promise<T> {
    const { data, errors } = await server.graphql(query, variables, token);
    if (errors) throw new Error(JSON.stringify(errors));
    return data as T;
  }

  async function onboard(slug: string, database: string): Promise<void> {
    const { onboardTenant } = await run<{ onboardTenant: { operation: { id: string } } }>(
      `mutation { onboardTenant(input: { slug: "${slug}", name: "${slug}", database: ${database} }) { operation { id } } }`,
    );
    const { operations } = server.controlPlane.foundation;
    expect(await operations.settled(onboardTenant.operation.id, 30_000)).toBe('SUCCEEDED');
  }

  const act = async (mutation: string, input: object, token?: string): Promise<GraphqlResponse> => {
    const type = { createRelease: 'CreateReleaseInput', approve: 'ApproveInput' }[mutation] ?? 'ReleaseInput';
    return server.graphql(
      `mutation ($input: ${type}!) { ${mutation}(input: $input) { release { ${fields} } } }`,
      { input },
      token,
    );
  };

  function releaseOf({ data }: GraphqlResponse, mutation: string): Release {
    const payload = data?.[mutation] as { release: Release } | undefined;
    if (!payload) throw new Error(`${mutation} gave no release`);
    return payload.release;
  }

  async function until(id: string, wanted: string): Promise<Release> {
    const deadline = Date.now() + 30_000;
    for (;;) {
      const { release } = await run<{ release: Release }>(
        `query ($id: ID!) { release(id: $id) { ${fields} } }`,
        { id },
      );
      if (release.status === wanted) return release;
      if (Date.now() > deadline) throw new Error(`still ${JSON.stringify(release)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Databases of the tenants that have the migration's column. */
  async function migrated(): Promise<string[]> {
    const databases = await server.controlPlane.app.get(TenantDatabases).databases();
    const having = [];
    for (const { name, kind } of databases) {
      const { rowCount } = await withTestClient(name, (client) =>
        client.query(`select from information_schema.columns where column_name = 'promised_date'`),
      );
      if (rowCount) having.push(kind);
    }
    return having.sort();
  }

  it('promotes, asks for an approval, goes through its waves with the real migration, and is rolled back', async () => {
    const waves = [
      { name: 'pool', selector: { tiers: ['SHARED'] }, soakSeconds: 0 },
      { name: 'everybody else', selector: { rest: true }, soakSeconds: 0 },
    ];
    const input = {
      name: 'Waterfall',
      artifactDigest: `sha256:${'c'.repeat(64)}`,
      flagChanges: [{ flag: 'pricing.engine', enabled: true, variant: 'waterfall-v2' }],
      migrations: [migration],
      waves,
      clientMutationId: 'waterfall',
    };
    const plan = await run(
      `query ($input: PlanReleaseInput!) { planRelease(input: $input) { waves { name tenants } unmatched warnings } }`,
      { input: { waves } },
    );
    expect(plan['planRelease']).toEqual({
      waves: [
        { name: 'pool', tenants: ['north'] },
        { name: 'everybody else', tenants: ['south'] },
      ],
      unmatched: [],
      warnings: [],
    });
    const created = await act('createRelease', input);
    const release = releaseOf(created, 'createRelease');
    const { id } = release;
    const again = await act('createRelease', input);
    expect(releaseOf(again, 'createRelease').id).toBe(id);

    await act('promoteRelease', { id });
    await until(id, 'READY');
    expect(await migrated()).toEqual([]);
    const codeOf = ({ errors }: GraphqlResponse): string | undefined => errors?.[0]?.extensions.code;
    expect(codeOf(await act('startRelease', { id }))).toBe('APPROVAL_NEEDED');
    expect(codeOf(await act('approve', { release: id }))).toBe('AUTHOR_CANNOT_APPROVE');
    const approved = await act('approve', { release: id, comment: 'fine' }, reviewerToken);
    expect(approved.data?.['approve']).toMatchObject({
      release: { approvals: [{ by: 'Reviewer', digest: release.digest, comment: 'fine' }] },
    });
    expect(codeOf(await act('startRelease', { id }))).toBeUndefined();
    const done = await until(id, 'SUCCEEDED');
    expect(done.waves).toMatchObject([
      { status: 'PASSED', tenants: [{ tenant: { slug: 'north', tier: 'SHARED' }, status: 'EXPOSED' }] },
      { status: 'PASSED', tenants: [{ tenant: { slug: 'south', tier: 'HYBRID' }, status: 'EXPOSED' }] },
    ]);
    expect(await migrated()).toEqual(['DEDICATED', 'POOLED']);
    // A tenant made now is cloned from a template that has what the pool has.
    await onboard('east', 'DEDICATED');
    expect(await migrated()).toEqual(['DEDICATED', 'DEDICATED', 'POOLED']);

    await act('rollBackRelease', { id, reason: 'drill' });
    const back = await until(id, 'ROLLED_BACK');
    expect(back).toMatchObject({ statusReason: 'drill', exposedTenants: 0 });
    const rules = await run(`{ flag(key: "pricing.engine") { rules(environment: "production") { id } } }`);
    expect(rules['flag']).toEqual({ rules: [] });
    // East got the column with its database, not by the release.
    expect(await migrated()).toEqual(['DEDICATED']);
    await onboard('west', 'DEDICATED');
    expect(await migrated()).toEqual(['DEDICATED']);
  });

  it('lets a tenant leave that was in a release, with its database', async () => {
    const { offboardTenant } = await run<{ offboardTenant: { operation: { id: string } } }>(
      `mutation { offboardTenant(input: { tenant: "south", confirm: "south", reason: "contract ended", retentionHours: 0 }) { operation { id } } }`,
    );
    const { operations } = server.controlPlane.foundation;
    expect(await operations.settled(offboardTenant.operation.id, 60_000)).toBe('SUCCEEDED');
  });

  it('lists releases by status and refuses those without the right', async () => {
    const { releases } = await run<{ releases: { totalCount: number; edges: { node: Release }[] } }>(
      `{ releases(status: [ROLLED_BACK]) { totalCount edges { node { name status } } } }`,
    );
    expect(releases).toEqual({
      totalCount: 1,
      edges: [{ node: { name: 'Waterfall', status: 'ROLLED_BACK' } }],
    });
    const { createToken } = await run<{ createToken: { secret: string } }>(
      `mutation { createToken(input: { name: "Viewer", role: viewer }) { secret } }`,
    );
    const refused = await act('startRelease', { id: 'x' }, createToken.secret);
    expect(refused.errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    const { environments } = await run<{ environments: object[] }>('{ environments { name kind position } }');
    expect(environments).toEqual([
      { name: 'staging', kind: 'STAGING', position: 1 },
      { name: 'production', kind: 'PRODUCTION', position: 2 },
    ]);
  });
});
