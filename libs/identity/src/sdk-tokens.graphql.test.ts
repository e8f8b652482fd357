import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestControlPlane } from '../../../test/support/control-plane.js';
import { seedTenants } from '../../../test/support/seeded-tenants.js';

interface Listed {
  id: string;
  name: string;
}

describe('the list of SDK tokens', () => {
  let server: TestControlPlane;

  beforeAll(async () => {
    server = await TestControlPlane.start();
    await seedTenants(server.controlPlane.foundation, ['mill']);
    await create('web', 'kind: FRONTEND, environment: "staging", project: "default"');
    await create('orders', 'kind: CLIENT, environment: "production", tenant: "mill"');
    await create('snapshot', 'kind: RUNTIME, environment: "production"');
  });

  afterAll(() => server?.stop());

  async function ask<T>(query: string): Promise<T> {
    const { data, errors } = await server.graphql(query);
    if (errors) throw new Error(`${errors[0]?.extensions.code}: ${errors[0]?.message}`);
    return data as T;
  }

  async function create(name: string, what: string): Promise<{ id: string; secret: string }> {
    const { createSdkToken } = await ask<{ createSdkToken: { id: string; secret: string } }>(
      `mutation { createSdkToken(input: { name: "${name}", ${what} }) { id secret } }`,
    );
    return createSdkToken;
  }

  async function list(filter = ''): Promise<Listed[]> {
    const { sdkTokens } = await ask<{ sdkTokens: { edges: { node: Listed }[] } }>(
      `{ sdkTokens${filter && `(${filter})`} { edges { node { id name } } } }`,
    );
    return sdkTokens.edges.map(({ node }) => node);
  }
  const names = async (filter?: string) => (await list(filter)).map(({ name }) => name);

  it('says what each opens, the newest first, and is narrowed and paged', async () => {
    expect(await names()).toEqual(['snapshot', 'orders', 'web']);
    expect(await names('environment: "production", kind: [CLIENT, FRONTEND]')).toEqual(['orders']);
    expect(await names('tenant: "mill"')).toEqual(['orders']);
    const page = `{ edges { node { name kind environment project tenant branch revokedAt } cursor } totalCount
      pageInfo { hasNextPage } }`;
    interface Paged {
      sdkTokens: { edges: { cursor: string; node: object }[]; totalCount: number; pageInfo: object };
    }
    const first = await ask<Paged>(`{ sdkTokens(first: 2) ${page} }`);
    expect(first.sdkTokens).toMatchObject({ totalCount: 3, pageInfo: { hasNextPage: true } });
    const after = first.sdkTokens.edges[1]?.cursor;
    expect((await ask<Paged>(`{ sdkTokens(first: 2, after: "${after}") ${page} }`)).sdkTokens).toMatchObject({
      edges: [
        {
          node: {
            name: 'web',
            kind: 'FRONTEND',
            environment: 'staging',
            project: 'default',
            tenant: null,
            branch: null,
            revokedAt: null,
          },
        },
      ],
      pageInfo: { hasNextPage: false },
    });
  });

  it('has a revoked one only where those are asked for', async () => {
    const { id } = await create('gone', 'kind: CLIENT, environment: "staging"');
    await ask(`mutation { revokeSdkToken(input: { id: "${id}" }) { id } }`);
    expect(await names('environment: "staging"')).toEqual(['web']);
    expect(await list('revoked: true')).toEqual([{ id, name: 'gone' }]);
  });
});
