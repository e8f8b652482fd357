import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestControlPlane } from '../../../../test/support/control-plane.js';

const pool = {
  name: 'eu-1',
  region: 'eu',
  capacity: 2,
  apiServer: 'https://10.0.0.1:6443',
  namespace: 'workers',
  image: 'registry.example/tierdeck@sha256:0123',
  environmentSecret: 'tierdeck-worker',
  token: 'the-secret-token',
};

describe('worker pools through GraphQL', () => {
  let server: TestControlPlane;

  beforeAll(async () => {
    server = await TestControlPlane.start();
  });
  afterAll(() => server?.stop());

  const register = (input: object) =>
    server.graphql(
      `mutation ($input: RegisterWorkerPoolInput!) { registerWorkerPool(input: $input) { workerPool {
         name kind region capacity tenants retired kubernetes { apiServer namespace image environmentSecret } } } }`,
      { input },
    );
  const retire = (name: string) =>
    server.graphql(
      `mutation ($input: RetireWorkerPoolInput!) { retireWorkerPool(input: $input) { workerPool { retired } } }`,
      { input: { name } },
    );

  it('are registered with their secret kept to itself, listed and retired', async () => {
    const made = await register(pool);
    expect(made.data).toMatchObject({
      registerWorkerPool: { workerPool: { name: 'eu-1', kind: 'KUBERNETES', tenants: 0, retired: false } },
    });
    const { data } = await server.graphql('{ workerPools { name kind } }');
    expect(data).toEqual({
      workerPools: [
        { name: 'eu-1', kind: 'KUBERNETES' },
        { name: 'local', kind: 'LOCAL' },
      ],
    });
    const audit = await server.graphql('{ auditEvents { edges { node { before after } } } }');
    const rows = await server.controlPlane.foundation.database.query('select * from worker_pool');
    expect(JSON.stringify([made, audit, rows])).not.toContain(pool.token);
    expect((await retire('local')).data).toEqual({ retireWorkerPool: { workerPool: { retired: true } } });
    expect((await retire('eu-1')).errors?.[0]?.extensions.code).toBe('WORKER_POOL_NEEDED');
  });

  it.each([
    ['a name that is taken', { name: 'local' }, 'WORKER_POOL_TAKEN'],
    ['a name that is none', { name: 'EU 1' }, 'INVALID_INPUT'],
    ['an API without TLS elsewhere', { apiServer: 'http://10.0.0.1' }, 'INVALID_INPUT'],
    ['an address with a path', { apiServer: 'https://10.0.0.1/../x' }, 'INVALID_INPUT'],
    ['no room', { capacity: 0 }, 'INVALID_INPUT'],
    ['a namespace that is a path', { namespace: '../kube-system' }, 'INVALID_INPUT'],
    ['a token with a line break', { token: 'a\nb' }, 'INVALID_INPUT'],
  ])('are refused with %s', async (_name, wrong, code) => {
    const { errors } = await register({ ...pool, name: 'other', ...wrong });
    expect(errors?.[0]?.extensions.code).toBe(code);
    expect(JSON.stringify(errors)).not.toContain(pool.token);
  });
});
