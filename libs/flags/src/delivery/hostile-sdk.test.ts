import { createServer, get, type ClientRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createLogger } from '#platform';
import { contosoId, FlagsFixture, northwindId, until } from '../flags.fixture.js';
import { PropagationReadModel } from '../receipts/propagation.read-model.js';
import { FlagStreams } from './flag-streams.js';
import type { SdkAccess } from './sdk-access.js';

/** What a client with one token, or with none, can do to the others. */
describe('a hostile SDK', () => {
  let flags: FlagsFixture;

  beforeAll(async () => {
    flags = await FlagsFixture.start();
    const { revision } = await flags.create({ key: 'one', kind: 'BOOLEAN' });
    await flags.served(revision);
  });
  afterAll(() => flags.stop());

  it('asks the database next to nothing with tokens that it makes up', async () => {
    const good = (await flags.token('CLIENT')).secret;
    const query = jest.spyOn(flags.database, 'query');
    try {
      const tokens = Array.from({ length: 998 }, (_, index) => `*:production.made-up-${index}`);
      const answer = await fetch(`${flags.url}/edge/validate`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ tokens: [...tokens, good] }),
      });
      expect(await answer.json()).toMatchObject({ tokens: [{ token: good }] });
      const polls = Array.from({ length: 200 }, (_, index) =>
        fetch(`${flags.url}/api/client/features`, {
          headers: { authorization: `*:production.guess-${index}` },
        }),
      );
      for (const poll of await Promise.all(polls)) expect(poll.status).toBe(401);
      expect(query.mock.calls.length).toBeLessThan(300);
    } finally {
      query.mockRestore();
    }
  });

  it('cannot pass for an instance of another tenant, nor name so many that others are not counted', async () => {
    const propagation = new PropagationReadModel(flags.database);
    const revision = flags.feed.environment('production')?.revision ?? 0;
    const poll = async (tenantId: string, etag?: string) => {
      const { secret } = await flags.token('CLIENT', tenantId);
      return fetch(`${flags.url}/api/client/features`, {
        headers: {
          authorization: secret,
          'unleash-appname': 'orders',
          'unleash-instanceid': 'orders-1',
          'unleash-interval': '15000',
          ...(etag ? { 'if-none-match': etag } : {}),
        },
      });
    };
    // The one lags, and says so; the other claims to be that very instance, up to date.
    await poll(contosoId, '"ffffffffffffffff:0:v1"');
    await poll(northwindId, (await poll(northwindId)).headers.get('etag') ?? '');
    await flags.receipts.flush();
    const [orders] = (await propagation.of('production', revision)).services;
    expect(orders).toMatchObject({
      service: 'orders',
      instances: 2,
      applied: 1,
      lagging: [{ tenant: 'contoso' }],
    });
    const named = (tenantId: string, id: string) =>
      flags.receipts.note('production', {
        id,
        service: tenantId === northwindId ? 'flood' : 'late',
        instance: id,
        sdk: null,
        intervalMs: 60_000,
        mode: 'POLLING',
        tenantId,
        appliedRevision: revision,
      });
    for (let index = 0; index < 60_000; index++) named(northwindId, `made-up-${index}`);
    named(contosoId, 'late-1');
    await flags.receipts.flush();
    await until(async () =>
      (await propagation.of('production', revision)).services.some(({ service }) => service === 'late'),
    );
    const { services } = await propagation.of('production', revision);
    expect(services.find(({ service }) => service === 'flood')?.instances).toBeLessThanOrEqual(5_000);
    await flags.database.query('delete from flag_instance');
  });

  it('is answered whatever it puts into headers, queries and contexts, and learns nothing from it', async () => {
    const client = (await flags.token('CLIENT', northwindId)).secret;
    const frontend = (await flags.token('FRONTEND', northwindId)).secret;
    const poll = (headers: Record<string, string>, path = '/api/client/features') =>
      fetch(`${flags.url}${path}`, { headers: { authorization: client, ...headers } });
    const etag = (await poll({})).headers.get('etag') ?? '';
    const many = Array.from({ length: 300 }, (_, index) => `"${index}"`).join(', ');
    const answers: [number, Promise<Response>][] = [
      [431, poll({ 'x-long': 'x'.repeat(20_000) })],
      [401, poll({ authorization: 'x'.repeat(15_000) })],
      [401, poll({ authorization: `*:production.${'\u00ff'.repeat(100)}` })],
      [304, poll({ 'if-none-match': `${many}, W/${etag}` })],
      [200, poll({ 'if-none-match': many })],
      [200, poll({ 'if-none-match': `"0123456789abcdef:${'9'.repeat(300)}:v1"` })],
      [200, poll({ 'unleash-appname': 'a'.repeat(9_000), 'unleash-connection-id': 'b'.repeat(5_000) })],
      [200, poll({ 'unleash-appname': 'a', 'unleash-interval': 'undefined', 'unleash-instanceid': '' })],
      [400, poll({ 'unleash-client-spec': '9'.repeat(9_000) })],
      [400, poll({}, `/api/client/features?namePrefix=${'x'.repeat(9_000)}`)],
      [200, poll({}, `/api/client/features?${'project=*&'.repeat(40)}`)],
      [400, poll({}, `/api/client/features?${'project=*&'.repeat(60)}`)],
      [
        200,
        poll({ authorization: frontend }, '/api/frontend?properties[__proto__]=x&__proto__=y&constructor=z'),
      ],
      [200, poll({ authorization: frontend }, '/api/frontend?%=%&properties[=&&&=x')],
    ];
    const context = (sent: unknown) =>
      fetch(`${flags.url}/api/frontend`, {
        method: 'POST',
        headers: { authorization: frontend, 'content-type': 'application/json' },
        body: typeof sent === 'string' ? sent : JSON.stringify({ context: sent }),
      });
    const fields = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${index}`, 'x']));
    answers.push(
      [200, context(fields(200))],
      [400, context(fields(201))],
      [400, context({ userId: 'x'.repeat(10_001) })],
      [200, context({ userId: { nested: ['x'] }, properties: 'none' })],
      [400, context('{"context":{"__proto__":{"tenant":"contoso"}}}')],
      [400, context('{"context":')],
    );
    const statuses = await Promise.all(answers.map(async ([, answer]) => (await answer).status));
    expect(statuses).toEqual(answers.map(([status]) => status));
    for (const [, answer] of answers) expect(await (await answer).text()).not.toContain('contoso');
    // What an instance calls itself is kept, cut to size.
    const long = { 'unleash-appname': 'a'.repeat(9_000), 'unleash-instanceid': 'b'.repeat(5_000) };
    const other = (await flags.token('CLIENT', contosoId)).secret;
    await poll({ ...long, authorization: other, 'if-none-match': '"0123456789abcdef:1:v1"' });
    await flags.receipts.flush();
    const kept = `select length(service) as service, length(instance) as instance from flag_instance
      where service like 'aaa%'`;
    expect(await flags.database.query(kept)).toEqual([{ service: 200, instance: 200 }]);
  });

  it('holds a share of the streams only, by tenant or by token', async () => {
    const feed = flags.feed.environment('production');
    const access = {
      grant: (secret: string) => {
        const tenantId = secret.startsWith('tenant') ? secret.slice(0, 7) : null;
        return Promise.resolve({ feed, tokenId: secret, tenantId, view: () => feed?.view() });
      },
    } as unknown as SdkAccess;
    const most = { all: 8, tenant: 2, token: 4 };
    const streams = new FlagStreams(access, flags.receipts, createLogger('test', 'silent'), true, most);
    const server = createServer((request, response) => void streams.handle(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const open: ClientRequest[] = [];
    const connect = (authorization: string) =>
      new Promise<number>((resolve, reject) => {
        const request = get({ port, host: '127.0.0.1', headers: { authorization } }, (response) => {
          response.resume().on('error', () => undefined);
          resolve(response.statusCode ?? 0);
        });
        request.on('error', reject);
        open.push(request);
      });
    try {
      const answers: number[] = [];
      for (const secret of [
        'tenant1-a',
        'tenant1-b',
        'tenant1-c',
        'all-a',
        'all-a',
        'all-a',
        'all-a',
        'all-a',
      ])
        answers.push(await connect(secret));
      expect(answers).toEqual([200, 200, 429, 200, 200, 200, 200, 429]);
      expect([await connect('tenant2-a'), await connect('all-b'), await connect('all-c')]).toEqual([
        200, 200, 429,
      ]);
      open[0]?.on('error', () => undefined).destroy();
      await until(() => streams.count === 7);
      expect(await connect('tenant1-d')).toBe(200);
    } finally {
      for (const request of open) request.on('error', () => undefined).destroy();
      streams.close();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
