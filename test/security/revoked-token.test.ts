import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createClient, type Client } from 'graphql-ws';
import { WebSocket } from 'ws';
import { TestControlPlane } from '../support/control-plane.js';

interface Token {
  id: string;
  secret: string;
}

describe('an open WebSocket of a token that is revoked', () => {
  let server: TestControlPlane;
  let token: Token;
  let client: Client;

  beforeAll(async () => {
    server = await TestControlPlane.start();
    token = await createToken('leaver');
    client = createClient({
      url: `${server.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${token.secret}` },
      retryAttempts: 0,
    });
  });

  afterAll(async () => {
    await client.dispose();
    await server.stop();
  });

  async function createToken(name: string): Promise<Token> {
    const { data } = await server.graphql(
      `mutation { createToken(input: { name: "${name}", role: admin }) { id secret } }`,
    );
    return (data as { createToken: Token }).createToken;
  }

  async function ask(query: string): Promise<{ data?: unknown; code?: unknown }> {
    for await (const { data, errors } of client.iterate({ query })) {
      return errors ? { code: errors[0]?.extensions?.['code'] } : { data };
    }
    throw new Error('no answer');
  }

  it('changes nothing more and is told nothing more', async () => {
    const seen: string[] = [];
    const tail = client.iterate<{ auditTail: { subject: string } }>({
      query: 'subscription { auditTail { subject } }',
    });
    const ended = (async () => {
      for await (const { data } of tail) if (data) seen.push(data.auditTail.subject);
    })().catch(() => undefined);
    // The tail begins some time after it was asked for.
    for (let i = 0; seen.length === 0; i++) await createToken(`before-${i}`);
    expect(await ask('{ viewer { name } }')).toEqual({ data: { viewer: { name: 'leaver' } } });

    await server.graphql(`mutation { revokeToken(input: { id: "${token.id}" }) { id } }`);
    const mutation = ask('mutation { createToken(input: { name: "back-door", role: admin }) { id } }');
    // The tail may have closed the socket already.
    expect(await mutation.catch(() => ({ code: 'UNAUTHENTICATED' }))).toEqual({ code: 'UNAUTHENTICATED' });
    await createToken('after');
    await ended;
    expect(seen).not.toContain('token/leaver');
    expect(seen).not.toContain('token/after');
    const { data } = await server.graphql('{ auditEvents(subject: "token/back-door") { totalCount } }');
    expect(data).toEqual({ auditEvents: { totalCount: 0 } });
  });
});
