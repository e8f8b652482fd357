import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { environmentScope } from '../flag.js';
import { contosoId, FlagsFixture, northwindId, until } from '../flags.fixture.js';
import { SegmentsService } from '../segments.service.js';

/** What a client sends that it should not, what it does not know yet, and what it cannot take in. */
describe('SDKs at the bounds of the protocol', () => {
  let flags: FlagsFixture;
  let token: string;

  beforeAll(async () => {
    flags = await FlagsFixture.start();
    token = (await flags.token('CLIENT')).secret;
    const { revision } = await flags.create({ key: 'one', kind: 'BOOLEAN' });
    await flags.served(revision);
  });
  afterAll(() => flags.stop());

  function post(path: string, body: string, authorization = token) {
    const headers = { 'content-type': 'application/json', ...(authorization ? { authorization } : {}) };
    return fetch(`${flags.url}${path}`, { method: 'POST', headers, body });
  }
  async function features(headers: Record<string, string> = {}, query = '') {
    const answer = await fetch(`${flags.url}/api/client/features${query}`, {
      headers: { authorization: token, ...headers },
    });
    const body = (await answer.json()) as Payload;
    return { ...body, etag: answer.headers.get('etag') ?? '' };
  }
  async function counted(environment: string): Promise<number> {
    await flags.metrics.flush();
    const [summary] = await flags.readModel.environments(['one']);
    return summary?.find(({ name }) => name === environment)?.metrics.yes ?? -1;
  }

  it('refuses metrics that are too large, and counts nothing of them', async () => {
    const toggles = (count: number, name = 'one') =>
      Object.fromEntries(
        Array.from({ length: count }, (_, index) => [index ? `${name}${index}` : name, { yes: 1, no: 0 }]),
      );
    const report = (more: object) =>
      JSON.stringify({ appName: 'large', bucket: { toggles: toggles(1), ...more } });
    const single = { featureName: 'one', environment: 'production', yes: 1, no: 0 };
    const bulk = (count: number) =>
      JSON.stringify({ applications: [], metrics: Array.from({ length: count }, () => single) });
    const before = await counted('production');
    for (const [status, path, body] of [
      [413, 'metrics', report({ padding: 'x'.repeat(1_048_576) })],
      [413, 'metrics/bulk', bulk(20_000)],
      [413, 'register', report({ padding: 'x'.repeat(1_048_576) })],
      [400, 'metrics', report({ toggles: toggles(10_001) })],
      [400, 'metrics', report({ toggles: { ...toggles(1), ['x'.repeat(201)]: { yes: 1, no: 0 } } })],
      [400, 'metrics', report({ toggles: { one: { yes: 1e13, no: 0 } } })],
      [400, 'metrics/bulk', bulk(10_001)],
      [400, 'metrics/bulk', JSON.stringify({ metrics: [{ ...single, yes: 1e13 }] })],
    ] as const) {
      const answer = await post(`/api/client/${path}`, body);
      expect([path, body.slice(-60), answer.status]).toEqual([path, body.slice(-60), status]);
      expect(await answer.json()).toMatchObject({ name: expect.any(String), message: expect.any(String) });
    }
    expect(await counted('production')).toBe(before);
    expect((await post('/api/client/metrics', report({ toggles: toggles(10_000) }))).status).toBe(202);
    expect(await counted('production')).toBe(before + 1);
  });

  it('tells Unleash Edge which of its tokens are good, and for what', async () => {
    const ask = async (tokens: unknown) => {
      const answer = await post('/edge/validate', JSON.stringify({ tokens }), '');
      return { status: answer.status, tokens: ((await answer.json()) as { tokens?: unknown }).tokens };
    };
    const staging = (await flags.token('CLIENT', null, 'staging')).secret;
    const frontend = (await flags.token('FRONTEND', northwindId)).secret;
    const runtime = (await flags.token('RUNTIME')).secret;
    const revoked = await flags.token('CLIENT');
    await flags.commands.asSystem('test', (command) => flags.tokens.revoke(command, revoked.id));
    const good = (secret: string, type = 'client', environment = 'production') => ({
      token: secret,
      type,
      projects: ['*'],
      environment,
    });
    expect(await ask([token])).toEqual({ status: 200, tokens: [good(token)] });
    expect(await ask(['*:production.nonsense', '', runtime, revoked.secret])).toEqual({
      status: 200,
      tokens: [],
    });
    expect(await ask([staging, 'nonsense', frontend, revoked.secret, token, token])).toEqual({
      status: 200,
      tokens: [good(staging, 'client', 'staging'), good(frontend, 'frontend'), good(token)],
    });
    expect(await ask([])).toEqual({ status: 200, tokens: [] });
    for (const wrong of [undefined, 'text', [17], ['x'.repeat(501)], Array.from({ length: 1_001 }, String)])
      expect(await ask(wrong)).toMatchObject({ status: 400 });
  });

  it('holds a token to its environment, whatever the client says', async () => {
    const staging = (await flags.token('CLIENT', null, 'staging')).secret;
    const { revision } = await flags.set({ flag: 'one', scope: environmentScope, enabled: true });
    await flags.served(revision);
    const isOn = ({ features: [one] }: Payload) => (one?.strategies.length ?? 0) > 0 && one?.enabled;
    expect(isOn(await features())).toBe(true);
    const claims = { authorization: staging, 'unleash-environment': 'production' };
    expect(isOn(await features(claims, '?environment=production'))).toBe(false);
    // A token names its environment in clear; one with another name in it is another token.
    const renamed = staging.replace('staging', 'production');
    const refused = await fetch(`${flags.url}/api/client/features`, { headers: { authorization: renamed } });
    expect(refused.status).toBe(401);
    const before = [await counted('production'), await counted('staging')];
    const bucket = { toggles: { one: { yes: 5, no: 0 } } };
    await post('/api/client/metrics', JSON.stringify({ environment: 'production', bucket }), staging);
    const metrics = [{ featureName: 'one', environment: 'production', yes: 7, no: 0 }];
    await post('/api/client/metrics/bulk', JSON.stringify({ metrics }), staging);
    expect([await counted('production'), await counted('staging')]).toEqual([
      before[0],
      (before[1] ?? 0) + 5,
    ]);
  });

  it('writes segments into the strategies for SDKs that do not know them', async () => {
    const demand = (contextName: string, values: string[]) => ({
      contextName,
      operator: 'IN' as const,
      values,
      inverted: false,
      caseInsensitive: false,
    });
    const inSegment = demand('plan', ['gold']);
    const service = new SegmentsService(flags.database);
    await flags.create({ key: 'segmented', kind: 'BOOLEAN' });
    const { revision } = await flags.commands.asSystem('test', async (command) => {
      const segment = await service.create(command, {
        name: 'gold',
        description: '',
        constraints: [inSegment],
      });
      return flags.service.setRule(command, {
        flag: 'segmented',
        environment: 'production',
        scope: environmentScope,
        enabled: true,
        constraints: [demand('country', ['de'])],
        segments: [segment.id],
      });
    });
    await flags.served(revision);
    for (const authorization of [token, (await flags.token('CLIENT', contosoId)).secret]) {
      const answers = await Promise.all(
        [{}, { 'unleash-client-spec': '4.1.9' }, { 'unleash-client-spec': '4.2.0' }].map((spec) =>
          features({ authorization, ...spec }),
        ),
      );
      const shown = answers.map((answer) => {
        const strategies = answer.features.find(({ name }) => name === 'segmented')?.strategies ?? [];
        return {
          fields: strategies.map(({ constraints }) => constraints.map(({ contextName }) => contextName)),
          refers: strategies.map((strategy) => (strategy.segments?.length ?? 0) > 0),
          segments: answer.segments?.length ?? 0,
        };
      });
      const inlined = { fields: [['country', 'plan']], refers: [false], segments: 0 };
      expect(shown).toEqual([inlined, inlined, { fields: [['country']], refers: [true], segments: 1 }]);
    }
  });

  it('cuts off who does not read, and tells the rest when it comes back', async () => {
    const stream = (lastEventId?: string): Promise<Socket> =>
      new Promise((resolve) => {
        const socket = connect(Number(new URL(flags.url).port), '127.0.0.1', () => {
          socket.write(
            `GET /api/client/streaming HTTP/1.1\r\nhost: x\r\nauthorization: ${token}\r\n` +
              `${lastEventId ? `last-event-id: ${lastEventId}\r\n` : ''}\r\n`,
          );
          resolve(socket);
        });
        socket.on('error', () => undefined);
      });
    const read = (socket: Socket) => {
      const state = { text: '', ended: false };
      socket.setEncoding('latin1').on('data', (chunk) => (state.text += String(chunk)));
      socket.once('close', () => (state.ended = true));
      return state;
    };
    const change = async (round: number) => {
      const values = Array.from({ length: 1_000 }, (_, index) => `${round}-${index}-`.padEnd(900, 'x'));
      const { revision } = await flags.set({
        flag: 'one',
        scope: environmentScope,
        enabled: true,
        constraints: [
          { contextName: 'plan', operator: 'IN', values, inverted: false, caseInsensitive: false },
        ],
      });
      await flags.served(revision);
      return revision;
    };
    const [slow, quick] = [await stream(), read(await stream())];
    await until(() => quick.text.includes('hydration'));
    slow.pause();
    const open = () =>
      new Promise<number>((resolve) => flags.server.server.getConnections((_, count) => resolve(count)));
    const before = await open();
    let [round, last] = [0, 0];
    // What the kernel takes for a reader comes before what the server keeps for it.
    while ((await open()) >= before && round < 40) last = await change(++round);
    expect([round > 1, round < 40]).toEqual([true, true]);
    await until(() => quick.text.includes(`:${last}:v1`));
    expect(quick.ended).toBe(false);
    const missed = read(slow);
    slow.resume();
    await until(() => missed.ended);
    expect(missed.text).not.toContain(`:${last}:v1`);
    // The last event that arrived whole is where it goes on.
    const whole = missed.text.slice(0, missed.text.lastIndexOf('\n\n'));
    const id = [...whole.matchAll(/^id: (.+)$/gm)].at(-1)?.[1] ?? '';
    const again = read(await stream(id));
    await until(() => again.text.includes(`${round}-999-`));
    expect(again.text).toContain(`:${last}:v1`);
    expect(again.text).toContain('feature-updated');
    expect(again.text).not.toContain('hydration');
  });
});

interface Payload {
  features: {
    name: string;
    enabled: boolean;
    strategies: { constraints: { contextName: string }[]; segments?: number[] }[];
  }[];
  segments?: unknown[];
}
