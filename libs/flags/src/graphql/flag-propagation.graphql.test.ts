import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { testAdminToken, TestControlPlane } from '../../../../test/support/control-plane.js';

let server: TestControlPlane;

beforeAll(async () => {
  server = await TestControlPlane.start();
});
afterAll(() => server.stop());

it('follows a change until the connected instance has it, and refuses an environment that is none', async () => {
  const mutate = async <T>(query: string): Promise<T> => {
    const { data, errors } = await server.graphql(`mutation { ${query} }`);
    expect(errors).toBeUndefined();
    return Object.values(data ?? {})[0] as T;
  };
  await mutate('createFlag(input: { key: "a", description: "a", kind: BOOLEAN }) { revision }');
  const { secret } = await mutate<{ secret: string }>(
    'createSdkToken(input: { name: "a", kind: CLIENT, environment: "production" }) { secret }',
  );
  const controller = new AbortController();
  const stream = await fetch(`${server.url}/api/client/streaming`, {
    headers: { authorization: secret, 'unleash-appname': 'orders', 'unleash-instanceid': 'orders-1' },
    signal: controller.signal,
  });
  const client = createClient({
    url: `${server.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${testAdminToken}` },
    retryAttempts: 0,
  });
  try {
    expect(stream.status).toBe(200);
    const fields = 'instances applied complete services { service lagging { instance mode } }';
    const { revision } = await mutate<{ revision: number }>(
      'setFlagEnabled(input: { flag: "a", environment: "production", enabled: false }) { revision }',
    );
    const events = client.iterate<{ flagPropagation: { instances: number; applied: number } }>({
      query: `subscription { flagPropagation(environment: "production", revision: ${revision}) { ${fields} } }`,
    });
    for await (const { data } of events) if (data?.flagPropagation.applied === 1) break;
    const { data } = await server.graphql(
      `{ flagPropagation(environment: "production", flag: "a") { revision ${fields} } }`,
    );
    expect(data).toEqual({
      flagPropagation: {
        revision,
        instances: 1,
        applied: 1,
        complete: true,
        services: [{ service: 'orders', lagging: [] }],
      },
    });
    const { errors } = await server.graphql('{ flagPropagation(environment: "none") { complete } }');
    expect(errors?.[0]?.extensions.code).toBe('ENVIRONMENT_NOT_FOUND');
  } finally {
    controller.abort();
    await client.dispose();
  }
});
