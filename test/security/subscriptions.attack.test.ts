import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildSchema } from 'graphql';
import { createClient, type Client } from 'graphql-ws';
import { WebSocket } from 'ws';
import { TestControlPlane, testAdminToken } from '../support/control-plane.js';
import { seedTenants } from '../support/seeded-tenants.js';
import { until } from '../support/until.js';
import { requestOf, tenantFields } from './prober/graphql-attacks.js';

const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));
const subscriptions = Object.values(schema.getSubscriptionType()?.getFields() ?? {});

/** MT-02, MT-10: every subscription of the schema, and the streams of the data plane, with tokens of one tenant. */
describe('attacks on subscriptions', () => {
  let server: TestControlPlane;
  let ids: Record<string, string>;
  const tokens = new Map<string, string>();
  const clients: Client[] = [];

  beforeAll(async () => {
    server = await TestControlPlane.start();
    ({ ids } = await seedTenants(server.controlPlane.foundation, ['attacker', 'victim']));
    for (const kind of ['CLIENT', 'FRONTEND', 'RUNTIME']) {
      const input = `name: "${kind}", kind: ${kind}, environment: "production", tenant: "attacker"`;
      tokens.set(kind, await secretOf('createSdkToken', input));
    }
    tokens.set('TENANT', await secretOf('createTenantToken', 'name: "own", tenant: "attacker"'));
  });

  afterAll(async () => {
    for (const client of clients) await client.dispose();
    await server?.stop();
  });

  async function secretOf(mutation: string, input: string): Promise<string> {
    const { data } = await server.graphql(`mutation { ${mutation}(input: { ${input} }) { secret } }`);
    return (data as Record<string, { secret: string }>)[mutation]?.secret ?? 'missing';
  }

  function connect(token: string): Client {
    const client = createClient({
      url: `${server.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${token}` },
      retryAttempts: 0,
    });
    clients.push(client);
    return client;
  }

  const suspend = (slug: string) =>
    server.graphql(`mutation { suspendTenant(input: { tenant: "${slug}" }) { tenant { slug } } }`);
  const resume = (slug: string) =>
    server.graphql(`mutation { resumeTenant(input: { tenant: "${slug}" }) { tenant { slug } } }`);

  it.each(['CLIENT', 'FRONTEND', 'RUNTIME', 'TENANT'])(
    'open none of them with a %s token of a tenant, neither for another one nor for itself',
    async (kind) => {
      expect(subscriptions.length).toBeGreaterThan(6);
      const client = connect(tokens.get(kind) ?? '');
      for (const field of subscriptions) {
        for (const slug of ['victim', 'attacker']) {
          const { query, variables } = requestOf('subscription', field, slug);
          const outcome = await client
            .iterate({ query, variables })
            .next()
            .catch((error: unknown) => error);
          expect([field.name, JSON.stringify(outcome)]).toEqual([
            field.name,
            expect.stringContaining('A valid bearer token is needed'),
          ]);
        }
      }
    },
  );

  /** What comes of a subscription while both tenants change; `asked` is the tenant it was opened for. */
  async function eventsOf(field: (typeof subscriptions)[number], asked: string): Promise<string> {
    // What stands in the control plane itself: there is no database behind these tenants.
    const { query, variables } = requestOf('subscription', field, asked, 1);
    const seen: string[] = [];
    const events = connect(testAdminToken).iterate({ query, variables });
    const following = (async () => {
      for await (const { data, errors } of events) seen.push(JSON.stringify(data ?? errors));
    })().catch((error: unknown) => seen.push(JSON.stringify(error)));
    // A subscription begins some time after it was asked for: until then its own tenant changes again and again.
    await until(async () => {
      await suspend(asked);
      await resume(asked);
      return seen.length > 0;
    });
    for (const slug of ['victim', 'attacker']) {
      await suspend(slug);
      await resume(slug);
    }
    const before = seen.length;
    await suspend(asked);
    await resume(asked);
    await until(() => seen.length > before);
    await events.return?.();
    await following;
    return seen.join();
  }

  it('hear nothing of another tenant from a subscription for one, and find one that listens to the wrong tenant', async () => {
    const fields = tenantFields(schema, 'subscription');
    expect(fields.map(({ name }) => name)).toContain('tenantChanged');
    for (const field of fields) {
      const heard = await eventsOf(field, 'attacker');
      expect([field.name, /victim/.test(heard), heard.includes(ids['victim'] ?? '')]).toEqual([
        field.name,
        false,
        false,
      ]);
      // As if the resolver looked at another argument.
      expect(await eventsOf(field, 'victim')).toContain('victim');
    }
  });

  /** A subscription, and what came of it; one that is never told anything unless another one is asked for. */
  function follow(
    client: Client,
    field = 'quotaPressure { tenant }',
  ): { heard: number; refused: unknown; end: () => void } {
    const one = { heard: 0, refused: undefined as unknown, end: () => undefined as void };
    one.end = client.subscribe(
      { query: `subscription { ${field} }` },
      {
        next: () => one.heard++,
        error: (error) => (one.refused = error),
        complete: () => undefined,
      },
    );
    return one;
  }

  it('take no more subscriptions of one connection and of one operator than their share, until some end', async () => {
    const refusedOf = (all: { refused: unknown }[]): unknown[] =>
      all.flatMap(({ refused }) => (refused === undefined ? [] : [refused]));
    /** One more that is told something, or refused. */
    const oneMore = async (client: Client): Promise<boolean> => {
      const late = follow(client, 'auditTail { subject }');
      await until(async () => {
        await suspend('attacker');
        await resume('attacker');
        return late.heard > 0 || late.refused !== undefined;
      });
      late.end();
      return late.refused === undefined;
    };
    const first = connect(testAdminToken);
    const own = Array.from({ length: 120 }, () => follow(first));
    await until(() => refusedOf(own).length === 20);
    for (const refused of refusedOf(own)) expect(JSON.stringify(refused)).toContain('TOO_MANY_SUBSCRIPTIONS');
    const open = own.filter(({ refused }) => refused === undefined);

    const others = Array.from({ length: 5 }, () => connect(testAdminToken));
    const more = others.flatMap((client) => Array.from({ length: 100 }, () => follow(client)));
    await until(() => refusedOf(more).length === 100);
    expect(await oneMore(connect(testAdminToken))).toBe(false);
    const { data } = await server.graphql(
      'mutation { createToken(input: { name: "another", role: viewer }) { secret } }',
    );
    expect(await oneMore(connect((data as { createToken: { secret: string } }).createToken.secret))).toBe(
      true,
    );

    for (const client of others) await client.dispose();
    expect(await oneMore(first)).toBe(false);
    for (const { end } of open.slice(0, 10)) end();
    await until(() => oneMore(first));
    await first.dispose();
  });

  it('are held to the size of any request, one to an id, and end without a word of the inside', async () => {
    const messages: { id: string; type: string; payload?: unknown }[] = [];
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    socket.on('message', (data: Buffer) =>
      messages.push(JSON.parse(data.toString()) as (typeof messages)[0]),
    );
    await new Promise((resolve) => socket.once('open', resolve));
    const send = (message: object): void => socket.send(JSON.stringify(message));
    const errorOf = async (id: string): Promise<string> => {
      await until(() => messages.some((message) => message.id === id && message.type === 'error'));
      return JSON.stringify(messages.find((message) => message.id === id && message.type === 'error'));
    };
    const begin = (id: string, query: string): void => send({ id, type: 'subscribe', payload: { query } });
    send({ type: 'connection_init', payload: { authorization: `Bearer ${testAdminToken}` } });
    await until(() => messages.some(({ type }) => type === 'connection_ack'));

    const aliases = Array.from({ length: 60 }, (_, i) => `a${i}: subject`).join(' ');
    begin('wide', `subscription { auditTail { ${aliases} } }`);
    expect(await errorOf('wide')).toContain('more than 50 aliases');
    begin('unknown', 'subscription { auditTail { nothing } }');
    expect(await errorOf('unknown')).toContain('GRAPHQL_INVALID');
    begin('twice', 'subscription { auditTail { subject } }');
    begin('twice', 'subscription { auditTail { subject } }');
    expect(await errorOf('twice')).toContain('SUBSCRIPTION_ID_TAKEN');
    begin('broken', `subscription { releaseProgress(id: "${'-'.repeat(36)}") { id } }`);
    const broken = await errorOf('broken');
    expect(broken).toContain('INTERNAL');
    expect(broken).not.toMatch(/uuid|syntax|QueryFailed/);
    socket.terminate();
  });

  it('take no more streams for one tenant than its share, and leave room to others', async () => {
    const aborts = new AbortController();
    const open = async (token: string): Promise<number> => {
      const response = await fetch(`${server.url}/runtime/stream`, {
        headers: { authorization: `Bearer ${token}` },
        signal: aborts.signal,
      });
      return response.status;
    };
    try {
      const flood = await Promise.all(Array.from({ length: 230 }, () => open(tokens.get('RUNTIME') ?? '')));
      expect(flood.filter((status) => status === 200)).toHaveLength(200);
      expect(flood.filter((status) => status === 429)).toHaveLength(30);
      const input = 'name: "victim", kind: RUNTIME, environment: "production", tenant: "victim"';
      expect(await open(await secretOf('createSdkToken', input))).toBe(200);
    } finally {
      aborts.abort();
    }
  });
});
