import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { InMemStorageProvider, Unleash } from 'unleash-client';
import type { Mode } from 'unleash-client/lib/unleash-config.js';
import { environmentScope } from '../flag.js';
import { contosoId, FlagsFixture, northwindId, until } from '../flags.fixture.js';

interface Event {
  type: string;
  feature?: { name: string };
  featureName?: string;
  features?: { name: string }[];
}

describe('delta and streaming', () => {
  let flags: FlagsFixture;
  let token: string;
  const sdks: Unleash[] = [];
  const streams: AbortController[] = [];

  beforeAll(async () => {
    flags = await FlagsFixture.start({ offerStreaming: true });
    token = (await flags.token('CLIENT')).secret;
    for (const key of ['one', 'two']) await flags.create({ key, kind: 'BOOLEAN' });
    const { revision } = await flags.set({ flag: 'one', scope: environmentScope, enabled: true });
    await flags.served(revision);
  });
  afterEach(() => {
    for (const sdk of sdks.splice(0)) sdk.destroy();
    for (const stream of streams.splice(0)) stream.abort();
  });
  afterAll(() => flags.stop());

  async function connect(mode: Mode | undefined, secret = token) {
    const sdk = new Unleash({
      appName: 'streaming-test',
      url: `${flags.url}/api/`,
      refreshInterval: 20,
      disableMetrics: true,
      skipInstanceCountWarning: true,
      storageProvider: new InMemStorageProvider(),
      customHeaders: { Authorization: secret },
      ...(mode ? { experimentalMode: mode } : {}),
    });
    sdks.push(sdk);
    sdk.on('error', () => undefined);
    await until(() => sdk.isSynchronized() && sdk.getFeatureToggleDefinitions().length > 0);
    return sdk;
  }

  async function delta(etag?: string, query = '', secret = token) {
    const answer = await fetch(`${flags.url}/api/client/delta${query}`, {
      headers: { authorization: secret, ...(etag ? { 'if-none-match': etag } : {}) },
    });
    const text = await answer.text();
    const { events } = (text ? JSON.parse(text) : { events: [] }) as { events: Event[] };
    return { status: answer.status, etag: answer.headers.get('etag') ?? '', events, bytes: text.length };
  }

  /** The bytes of a stream as they come. */
  async function open(secret = token, lastEventId?: string) {
    const controller = new AbortController();
    streams.push(controller);
    const response = await fetch(`${flags.url}/api/client/streaming`, {
      headers: { authorization: secret, ...(lastEventId ? { 'last-event-id': lastEventId } : {}) },
      signal: controller.signal,
    });
    const stream = { status: response.status, text: '', ended: false, close: () => controller.abort() };
    if (!response.body || response.status !== 200) return stream;
    const decoder = new TextDecoder();
    void (async () => {
      try {
        for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>)
          stream.text += decoder.decode(chunk, { stream: true });
      } catch {
        // The test closed it.
      }
      stream.ended = true;
    })();
    return stream;
  }
  const lastId = (text: string) => [...text.matchAll(/^id: (.+)$/gm)].at(-1)?.[1] ?? '';

  for (const mode of [{ type: 'polling', format: 'delta' }, { type: 'streaming' }, undefined] as (
    Mode | undefined
  )[]) {
    it(`follows every kind of change in the SDK, ${mode ? JSON.stringify(mode) : 'with its default settings'}`, async () => {
      const sdk = await connect(mode);
      await until(() => sdk.isEnabled('one'));
      await flags.set({ flag: 'one', scope: environmentScope, enabled: false });
      await until(() => !sdk.isEnabled('one'));
      await flags.set({ flag: 'one', scope: environmentScope, enabled: true });
      await until(() => sdk.isEnabled('one'));
      const key = `passing-${mode?.type ?? 'default'}`;
      await flags.create({ key, kind: 'BOOLEAN' });
      await until(() => sdk.getFeatureToggleDefinition(key) !== undefined);
      await flags.commands.asSystem('test', (command) => flags.service.archive(command, { flag: key }));
      await until(() => sdk.getFeatureToggleDefinition(key) === undefined);
      const { repository } = sdk as unknown as { repository: { getMode(): string } };
      expect(repository.getMode()).toBe(mode?.type ?? 'streaming');
    });
  }

  it('gives an SDK that cannot stream everything when it comes back to polling', async () => {
    const headers = { authorization: token, 'unleash-connection-id': 'behind-a-proxy' };
    const get = (more: Record<string, string> = {}) =>
      fetch(`${flags.url}/api/client/features`, { headers: { ...headers, ...more } });
    const first = await get();
    expect(first.headers.get('fetch-mode')).toBe('streaming');
    const etag = first.headers.get('etag') ?? '';
    const back = await get({ 'if-none-match': etag });
    expect(back.status).toBe(200);
    expect(back.headers.get('fetch-mode')).toBeNull();
    expect((await get({ 'if-none-match': etag })).status).toBe(304);
    // A stream knows no filters: whoever filters goes on polling.
    const filtered = await fetch(`${flags.url}/api/client/features?project=default`, {
      headers: { authorization: token, 'unleash-connection-id': 'filters' },
    });
    expect(filtered.headers.get('fetch-mode')).toBeNull();
  });

  it('sends SDKs back to polling, with every flag, once streaming is switched off', async () => {
    const sdk = await connect(undefined);
    const { repository } = sdk as unknown as { repository: { getMode(): string } };
    await until(() => repository.getMode() === 'streaming' && sdk.isEnabled('one'));
    const bare = await open();
    const answers: boolean[] = [];
    const watch = setInterval(() => answers.push(sdk.isEnabled('one')), 2);
    try {
      await flags.restartServer({ offerStreaming: false });
      await until(() => repository.getMode() === 'polling');
      await flags.set({ flag: 'one', scope: { kind: 'USER', key: 'off' }, enabled: false });
      await until(() => !sdk.isEnabled('one', { userId: 'off' }));
    } finally {
      clearInterval(watch);
      await flags.restartServer({ offerStreaming: true });
    }
    expect(answers).not.toContain(false);
    await until(() => bare.ended);
  });

  it('tells what changed since a state, and everything to whoever has a state it does not know', async () => {
    const start = await delta();
    expect(start.events.map(({ type }) => type)).toEqual(['hydration']);
    expect((await delta(start.etag)).status).toBe(304);
    await flags.set({ flag: 'one', scope: { kind: 'USER', key: 'ann' }, enabled: true });
    const { revision } = await flags.set({
      flag: 'two',
      scope: { kind: 'USER', key: 'ann' },
      enabled: true,
    });
    await flags.served(revision);
    const later = await delta(start.etag);
    expect(later.events.map(({ type, feature }) => `${type} ${feature?.name}`).toSorted()).toEqual([
      'feature-updated one',
      'feature-updated two',
    ]);
    const narrowed = await delta(start.etag, '?namePrefix=two');
    expect(
      narrowed.events.map(({ type, feature, featureName }) => `${type} ${feature?.name ?? featureName}`),
    ).toEqual(['feature-removed one', 'feature-updated two']);
    for (const unknown of ['"17"', '"ffffffffffffffff:1:v1"', 'W/"x"'])
      expect((await delta(unknown)).events.map(({ type }) => type)).toEqual(['hydration']);
    const ahead = await delta(`"ffffffffffffffff:${revision + 100}:v1"`);
    expect(ahead.status).toBe(304);
    expect((await fetch(`${flags.url}/api/client/delta`)).status).toBe(401);
  });

  it('takes a stream up where it broke off, and holds back while the client knows more', async () => {
    const first = await open();
    await until(() => first.text.includes('unleash-connected'));
    const id = lastId(first.text);
    expect(first.text).toContain('"type":"hydration"');
    first.close();
    const again = await open(token, id);
    await until(() => again.text.includes('unleash-connected'));
    expect(again.text).toContain('data: {"events":[]}');
    again.close();
    const { revision } = await flags.set({ flag: 'two', scope: { kind: 'USER', key: 'bob' }, enabled: true });
    await flags.served(revision);
    const missed = await open(token, id);
    await until(() => missed.text.includes('feature-updated'));
    expect(missed.text).not.toContain('hydration');
    const newer = await open(token, `ffffffffffffffff:${revision + 2}:v1`);
    await flags.set({ flag: 'two', scope: { kind: 'USER', key: 'bob' }, enabled: false });
    await until(() => missed.text.includes('unleash-updated'));
    expect(newer.text).toBe('');
    await flags.set({ flag: 'two', scope: { kind: 'USER', key: 'bob' }, enabled: true });
    await until(() => newer.text.includes('hydration'));
  });

  it('sends a change for one tenant to nobody else, and moves the ETag of nobody else', async () => {
    const northwind = (await flags.token('CLIENT', northwindId)).secret;
    const contoso = (await flags.token('CLIENT', contosoId)).secret;
    const [own, other] = [await open(northwind), await open(contoso)];
    await until(() => own.text.includes('hydration') && other.text.includes('hydration'));
    const [before, etag] = [other.text, (await delta(undefined, '', contoso)).etag];
    const { revision } = await flags.set({
      flag: 'two',
      scope: { kind: 'BRANCH', key: 'northwind/seattle' },
      enabled: true,
    });
    await until(() => own.text.includes('northwind/seattle'));
    expect(other.text).toBe(before);
    expect((await delta(etag, '', contoso)).status).toBe(304);
    expect((await delta(undefined, '', contoso)).etag).toBe(etag);
    expect(flags.feed.environment('production')?.revision).toBeGreaterThanOrEqual(revision);
    // A tenant that moves to another tier gets what it sees from then on.
    await flags.set({ flag: 'two', scope: { kind: 'TIER', key: 'SHARED' }, enabled: true });
    await until(() => own.text.split('unleash-updated').length === 3);
    expect(other.text).toBe(before);
    await flags.database.query(`update tenant set database_placement = 'SHARED', worker_placement = 'SHARED'
      where slug = 'contoso'`);
    await flags.commands.asSystem('test', (command) =>
      command.record({
        area: 'tenancy',
        action: 'tenant.changed',
        subject: 'tenant/contoso',
        tenantId: contosoId,
      }),
    );
    await until(() => other.text.length > before.length);
    expect(other.text.slice(before.length)).toContain('"name":"two"');
    expect(other.text).not.toContain('northwind');
  });

  it('ends the streams of a token that is revoked, and no others', async () => {
    const { id, secret } = await flags.token('CLIENT');
    const [gone, stays] = [await open(secret), await open()];
    await until(() => gone.text.includes('hydration') && stays.text.includes('hydration'));
    await flags.commands.asSystem('test', (command) => flags.tokens.revoke(command, id));
    await until(() => gone.ended);
    expect(stays.ended).toBe(false);
    expect((await open(secret)).status).toBe(401);
    expect((await open((await flags.token('FRONTEND')).secret)).status).toBe(403);
  });

  it('keeps streams open while PostgreSQL is away, and marks what it serves', async () => {
    const stream = await open();
    await until(() => stream.text.includes('hydration'));
    const query = flags.database.query.bind(flags.database);
    flags.database.query = () => Promise.reject(new Error('connection refused'));
    try {
      await flags.commands.asSystem('test', ({ tx }) =>
        tx.query(`select pg_notify('tierdeck_revision', '{"area":"flags","environment":"production"}')`),
      );
      const get = () => fetch(`${flags.url}/api/client/features`, { headers: { authorization: token } });
      await until(async () => (await get()).headers.has('tierdeck-stale-since'));
      expect((await get()).status).toBe(200);
      expect(stream.ended).toBe(false);
    } finally {
      flags.database.query = query;
    }
    const { revision } = await flags.set({ flag: 'one', scope: { kind: 'USER', key: 'zoe' }, enabled: true });
    await flags.served(revision);
    await until(() => stream.text.includes('zoe'));
    const answer = await fetch(`${flags.url}/api/client/features`, { headers: { authorization: token } });
    expect(answer.headers.get('tierdeck-stale-since')).toBeNull();
  });

  it('binds a token to a branch and to a project', async () => {
    await flags.set({ flag: 'one', scope: { kind: 'BRANCH', key: 'northwind/london' }, enabled: false });
    const { revision } = await flags.set({ flag: 'one', scope: environmentScope, enabled: true });
    await flags.served(revision);
    const make = (more: { branch?: string; project?: string }) =>
      flags.commands.asSystem('test', (command) =>
        flags.tokens.create(command, {
          name: 'bound',
          kind: 'CLIENT',
          environment: 'production',
          tenantId: northwindId,
          ...more,
        }),
      );
    const london = await connect({ type: 'streaming' }, (await make({ branch: 'northwind/london' })).secret);
    const seattle = await connect(
      { type: 'streaming' },
      (await make({ branch: 'northwind/seattle' })).secret,
    );
    // Its branch stands, whatever the context says.
    const claim = { properties: { branch: 'northwind/seattle' } };
    expect([london.isEnabled('one', claim), seattle.isEnabled('one', {})]).toEqual([false, true]);
    const { secret } = await make({ project: 'other' });
    expect(secret).toMatch(/^other:production\./);
    expect((await delta(undefined, '', secret)).events[0]?.features).toEqual([]);
  });
});
