import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { InMemStorageProvider, Unleash } from 'unleash-client';
import { environmentScope } from '../flag.js';
import { contosoId, FlagsFixture, northwindId, until } from '../flags.fixture.js';

describe('the Unleash API, asked by the unmodified unleash-client', () => {
  let flags: FlagsFixture;
  let token: string;
  const sdks: Unleash[] = [];
  const seattle = { kind: 'BRANCH', key: 'northwind/seattle' } as const;
  const atSeattle = { properties: { tenant: 'northwind', branch: 'northwind/seattle' } };
  const atLondon = { properties: { tenant: 'northwind', branch: 'northwind/london' } };

  beforeAll(async () => {
    flags = await FlagsFixture.start();
    token = (await flags.token('CLIENT')).secret;
    await flags.create({
      key: 'pricing.engine',
      kind: 'VARIANT',
      variants: [{ name: 'wwi-best-price' }, { name: 'waterfall-v2', payload: { rounds: 2 } }],
      defaultVariant: 'wwi-best-price',
    });
    const { revision } = await flags.create({ key: 'plain', kind: 'BOOLEAN' });
    await flags.served(revision);
  });
  afterEach(() => {
    for (const sdk of sdks.splice(0)) sdk.destroy();
  });
  afterAll(() => flags.stop());

  async function connect(secret = token, options: Partial<ConstructorParameters<typeof Unleash>[0]> = {}) {
    const sdk = new Unleash({
      appName: 'flags-test',
      url: `${flags.url}/api/`,
      refreshInterval: 20,
      disableMetrics: true,
      skipInstanceCountWarning: true,
      storageProvider: new InMemStorageProvider(),
      customHeaders: { Authorization: secret },
      ...options,
    });
    sdks.push(sdk);
    sdk.on('error', () => undefined);
    await new Promise((resolve) => sdk.once('synchronized', resolve));
    return sdk;
  }

  function get(path = '/api/client/features', headers: Record<string, string> = { authorization: token }) {
    return fetch(`${flags.url}${path}`, { headers });
  }

  it('switches one branch, leaves the next one alone, and takes it back', async () => {
    const sdk = await connect();
    expect(sdk.isEnabled('pricing.engine', atSeattle)).toBe(false);
    await flags.set({ flag: 'pricing.engine', scope: seattle, enabled: true, variant: 'waterfall-v2' });
    await until(() => sdk.isEnabled('pricing.engine', atSeattle));
    expect(sdk.getVariant('pricing.engine', atSeattle)).toMatchObject({
      name: 'waterfall-v2',
      payload: { type: 'json', value: '{"rounds":2}' },
    });
    expect(sdk.isEnabled('pricing.engine', atLondon)).toBe(false);
    await flags.set({ flag: 'pricing.engine', scope: seattle, enabled: false });
    await until(() => !sdk.isEnabled('pricing.engine', atSeattle));
  });

  it('turns a flag off for everybody by its kill switch', async () => {
    await flags.set({ flag: 'plain', scope: environmentScope, enabled: true });
    const sdk = await connect();
    await until(() => sdk.isEnabled('plain', atLondon));
    const enable = (enabled: boolean) =>
      flags.commands.asSystem('test', (command) =>
        flags.service.setEnabled(command, { flag: 'plain', environment: 'production', enabled }),
      );
    await enable(false);
    await until(() => !sdk.isEnabled('plain', atLondon));
    await enable(true);
    await until(() => sdk.isEnabled('plain', atLondon));
  });

  it('takes an archived flag out of the payload', async () => {
    await flags.create({ key: 'short-lived', kind: 'BOOLEAN' });
    const sdk = await connect();
    await until(() => sdk.getFeatureToggleDefinition('short-lived') !== undefined);
    await flags.commands.asSystem('test', (command) =>
      flags.service.archive(command, { flag: 'short-lived' }),
    );
    await until(() => sdk.getFeatureToggleDefinition('short-lived') === undefined);
  });

  it('decides from the backup file when the server is gone', async () => {
    const { revision } = await flags.set({ flag: 'plain', scope: environmentScope, enabled: true });
    await flags.served(revision);
    const backupPath = await mkdtemp(join(tmpdir(), 'tierdeck-backup-'));
    try {
      const fileOptions = { backupPath, storageProvider: undefined } as never;
      const first = await connect(token, fileOptions);
      expect(first.isEnabled('plain')).toBe(true);
      const orphan = new Unleash({
        appName: 'flags-test',
        url: 'http://127.0.0.1:9/api/',
        refreshInterval: 60_000,
        disableMetrics: true,
        skipInstanceCountWarning: true,
        backupPath,
      });
      sdks.push(orphan);
      await new Promise((resolve) => orphan.once('error', resolve));
      expect(orphan.isEnabled('plain')).toBe(true);
    } finally {
      for (const sdk of sdks.splice(0)) sdk.destroy();
      await rm(backupPath, { recursive: true });
    }
  });

  it('answers an ETag it gave with an empty 304, and the same bytes to everybody', async () => {
    const first = await get();
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[0-9a-f]+:\d+:v1"$/);
    const again = await get('/api/client/features', { authorization: token, 'if-none-match': etag });
    expect(again.status).toBe(304);
    expect(await again.text()).toBe('');
    const plain = await get('/api/client/features', { authorization: token, 'accept-encoding': 'identity' });
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(await plain.text()).toBe(await first.text());
  });

  it('keeps its ETag when something else changes', async () => {
    const before = (await get()).headers.get('etag');
    const { revision } = await flags.set({
      flag: 'plain',
      environment: 'staging',
      scope: environmentScope,
      enabled: true,
    });
    await flags.served(revision, 'staging');
    await flags.feed.environment('production')?.catchUp();
    expect(flags.feed.environment('production')?.revision).toBeGreaterThanOrEqual(revision);
    expect((await get()).headers.get('etag')).toBe(before);
  });

  it('never gives an SDK an older state than it has seen', async () => {
    const head = flags.feed.environment('production')?.revision ?? 0;
    const newer = `"0123456789abcdef:${head + 1_000}:v1"`;
    const answer = await get('/api/client/features', { authorization: token, 'if-none-match': newer });
    expect(answer.status).toBe(304);
    const same = `"0123456789abcdef:${head}:v1"`;
    expect((await get('/api/client/features', { authorization: token, 'if-none-match': same })).status).toBe(
      200,
    );
  });

  it('tells none from wrong from revoked', async () => {
    expect((await get('/api/client/features', {})).status).toBe(401);
    expect((await get('/api/client/features', { authorization: '*:production.nonsense' })).status).toBe(401);
    for (const kind of ['FRONTEND', 'RUNTIME'] as const) {
      const { secret } = await flags.token(kind);
      expect((await get('/api/client/features', { authorization: secret })).status).toBe(403);
    }
    const { id, secret } = await flags.token('CLIENT');
    expect((await get('/api/client/features', { authorization: `Bearer ${secret}` })).status).toBe(200);
    const sdk = await connect(secret);
    const stopped = new Promise((resolve) => sdk.once('error', resolve));
    await flags.commands.asSystem('test', (command) => flags.tokens.revoke(command, id));
    expect(String(await stopped)).toContain('401');
  });

  it('serves on, and never refuses a good token, while PostgreSQL is away', async () => {
    const fresh = (await flags.token('CLIENT')).secret;
    expect((await get()).status).toBe(200);
    const query = flags.database.query.bind(flags.database);
    flags.database.query = () => Promise.reject(new Error('connection refused'));
    try {
      // As after a reconnect of LISTEN: everything known is in doubt, and cannot be asked for.
      await flags.commands.asSystem('test', ({ tx }) =>
        tx.query(`select pg_notify('tierdeck_revision', '{"area":"identity"}')`),
      );
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect((await get()).status).toBe(200);
      const unknown = await get('/api/client/features', { authorization: fresh });
      expect(unknown.status).toBe(503);
      expect(unknown.headers.get('retry-after')).toBe('1');
    } finally {
      flags.database.query = query;
    }
    expect((await get('/api/client/features', { authorization: fresh })).status).toBe(200);
  });

  it('gives a tenant its own view, which names no other and changes with nothing of others', async () => {
    const northwind = (await flags.token('CLIENT', northwindId)).secret;
    const contoso = (await flags.token('CLIENT', contosoId)).secret;
    await flags.set({ flag: 'pricing.engine', scope: seattle, enabled: true, variant: 'waterfall-v2' });
    const tier = { kind: 'TIER', key: 'DEDICATED' } as const;
    const { revision } = await flags.set({ flag: 'plain', scope: tier, enabled: false });
    await flags.served(revision);
    const own = await connect(northwind);
    expect(own.isEnabled('pricing.engine', atSeattle)).toBe(true);
    const other = await connect(contoso);
    // The tier comes from the token: the context need not say it.
    expect(other.isEnabled('plain', {})).toBe(false);
    expect(own.isEnabled('plain', {})).toBe(true);
    const before = await get('/api/client/features', { authorization: contoso });
    expect(await before.text()).not.toContain('northwind');
    const change = await flags.set({ flag: 'pricing.engine', scope: seattle, enabled: false });
    await flags.served(change.revision);
    const after = await get('/api/client/features', { authorization: contoso });
    expect(after.headers.get('etag')).toBe(before.headers.get('etag'));
    await until(() => !own.isEnabled('pricing.engine', atSeattle));
    // The tenant moves to another tier: its view follows.
    await flags.database.query(`update tenant set database_placement = 'SHARED' where slug = 'contoso'`);
    await flags.commands.asSystem('test', (command) =>
      command.record({
        area: 'tenancy',
        action: 'tenant.changed',
        subject: 'tenant/contoso',
        tenantId: contosoId,
      }),
    );
    await until(() => other.isEnabled('plain', {}));
  });

  it('filters by project, prefix and tag, gives one feature, and refuses a spec that is no version', async () => {
    const names = async (query: string) => {
      const { features } = (await (await get(`/api/client/features?${query}`)).json()) as {
        features: { name: string }[];
      };
      return features.map(({ name }) => name);
    };
    expect(await names('namePrefix=pri')).toEqual(['pricing.engine']);
    expect(await names('project=default')).toEqual(['plain', 'pricing.engine']);
    expect(await names('project=other')).toEqual([]);
    expect(await names('tag=team:x')).toEqual([]);
    expect(await names('colour=blue')).toEqual(['plain', 'pricing.engine']);
    expect((await get('/api/client/features?tag=team')).status).toBe(400);
    expect((await get(`/api/client/features?namePrefix=${'x'.repeat(201)}`)).status).toBe(400);
    expect(await (await get('/api/client/features/plain')).json()).toMatchObject({ name: 'plain' });
    expect((await get('/api/client/features/none')).status).toBe(404);
    const spec = { authorization: token, 'unleash-client-spec': 'v5' };
    expect((await get('/api/client/features', spec)).status).toBe(400);
  });

  it('registers an SDK and counts what it reports', async () => {
    const sdk = await connect(token, { disableMetrics: false, metricsInterval: 30 });
    await new Promise((resolve) => sdk.once('registered', resolve));
    sdk.isEnabled('plain', atSeattle);
    sdk.isEnabled('plain', atSeattle);
    sdk.isEnabled('pricing.engine', atSeattle);
    await new Promise((resolve) => sdk.once('sent', resolve));
    await flags.metrics.flush();
    const [summary] = await flags.readModel.environments(['plain']);
    expect(summary?.find(({ name }) => name === 'production')).toMatchObject({ metrics: { yes: 2, no: 0 } });
    expect(summary?.find(({ name }) => name === 'staging')).toMatchObject({ metrics: { yes: 0, no: 0 } });
  });

  it('counts bulk metrics of its own environment and refuses malformed ones', async () => {
    const post = (path: string, body: string) =>
      fetch(`${flags.url}/api/client/${path}`, {
        method: 'POST',
        headers: { authorization: token, 'content-type': 'application/json' },
        body,
      });
    const metrics = ['production', 'staging'].map((environment) => ({
      featureName: 'pricing.engine',
      environment,
      yes: 0,
      no: 40,
    }));
    const [before] = await flags.readModel.environments(['pricing.engine']);
    expect((await post('metrics/bulk', JSON.stringify({ applications: [], metrics }))).status).toBe(202);
    expect((await post('metrics', '{"appName":"x","bucket":null}')).status).toBe(202);
    expect((await post('metrics', '{"bucket":{"toggles":{"plain":{"yes":-1}}}}')).status).toBe(400);
    expect((await post('metrics', '{"bucket":')).status).toBe(400);
    await flags.metrics.flush();
    const [after] = await flags.readModel.environments(['pricing.engine']);
    const growth = after?.map(({ metrics: { no } }, index) => no - (before?.[index]?.metrics.no ?? 0));
    expect(growth).toEqual([0, 40]);
  });
});
