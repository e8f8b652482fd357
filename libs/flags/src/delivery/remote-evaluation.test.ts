import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { InMemStorageProvider, startUnleash } from 'unleash-client';
import { environmentScope } from '../flag.js';
import { contosoId, FlagsFixture, northwindId } from '../flags.fixture.js';

interface Answer {
  status: number;
  etag: string | null;
  body: Record<string, unknown>;
}

describe('evaluation on the server', () => {
  let flags: FlagsFixture;
  let frontend: string;

  beforeAll(async () => {
    flags = await FlagsFixture.start();
    frontend = (await flags.token('FRONTEND', northwindId)).secret;
    await flags.create({
      key: 'engine',
      kind: 'VARIANT',
      variants: [{ name: 'old' }, { name: 'new', payload: { rounds: 2 } }],
      defaultVariant: 'old',
    });
    await flags.create({ key: 'everywhere', kind: 'BOOLEAN' });
    await flags.create({ key: 'killed', kind: 'BOOLEAN' });
    await flags.set({ flag: 'everywhere', scope: environmentScope, enabled: true });
    await flags.set({ flag: 'killed', scope: environmentScope, enabled: true });
    await flags.set({
      flag: 'engine',
      scope: { kind: 'BRANCH', key: 'northwind/seattle' },
      enabled: true,
      variant: 'new',
    });
    const { revision } = await flags.commands.asSystem('test', (command) =>
      flags.service.setEnabled(command, { flag: 'killed', environment: 'production', enabled: false }),
    );
    await flags.served(revision);
  });
  afterAll(() => flags.stop());

  async function ask(
    path: string,
    body?: unknown,
    headers: Record<string, string> = { authorization: frontend },
  ): Promise<Answer> {
    const response = await fetch(`${flags.url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      etag: response.headers.get('etag'),
      body: text ? (JSON.parse(text) as Record<string, unknown>) : {},
    };
  }
  const names = ({ body }: Answer) => (body['toggles'] as { name: string }[]).map(({ name }) => name);

  it('gives frontend SDKs what is on for the context, by GET and by POST', async () => {
    const got = await ask('/api/frontend?appName=web&properties[branch]=northwind%2Fseattle');
    expect(got.body).toEqual({
      toggles: [
        {
          name: 'engine',
          enabled: true,
          impressionData: false,
          variant: {
            name: 'new',
            enabled: true,
            payload: { type: 'json', value: '{"rounds":2}' },
            feature_enabled: true,
            featureEnabled: true,
          },
        },
        {
          name: 'everywhere',
          enabled: true,
          impressionData: false,
          variant: { name: 'disabled', enabled: false, feature_enabled: true, featureEnabled: true },
        },
      ],
    });
    expect(got.etag).toMatch(/^W\/"/);
    const context = { appName: 'web', properties: { branch: 'northwind/seattle' } };
    const posted = await ask('/api/frontend', { context });
    expect(posted).toEqual(got);
    const headers = { authorization: frontend, 'if-none-match': got.etag ?? '' };
    expect((await ask('/api/frontend', { context }, headers)).status).toBe(304);
    expect(names(await ask('/api/frontend', { context: {} }, headers))).toEqual(['everywhere']);
  });

  it('holds a token to its tenant, whatever the context claims', async () => {
    const none = { authorization: (await flags.token('FRONTEND')).secret };
    await flags.set({
      flag: 'engine',
      scope: { kind: 'TENANT', key: 'contoso' },
      enabled: true,
      variant: 'new',
    });
    const { revision } = await flags.set({
      flag: 'engine',
      scope: { kind: 'BRANCH', key: 'contoso/seattle' },
      enabled: true,
      variant: 'new',
    });
    await flags.served(revision);
    const claim = { context: { properties: { tenant: 'contoso', branch: 'contoso/seattle' } } };
    expect(names(await ask('/api/frontend', claim))).not.toContain('engine');
    // A token of no tenant lets nobody be one.
    expect(names(await ask('/api/frontend', claim, none))).toEqual(['everywhere']);
    const theirs = { authorization: (await flags.token('FRONTEND', contosoId)).secret };
    expect(names(await ask('/api/frontend', { context: {} }, theirs))).toContain('engine');
  });

  it('holds a token to its branch, whatever the context claims', async () => {
    const make = (branch: string) =>
      flags.commands.asSystem('test', (command) =>
        flags.tokens.create(command, {
          name: branch,
          kind: 'FRONTEND',
          environment: 'production',
          tenantId: northwindId,
          branch,
        }),
      );
    await flags.create({ key: 'counter', kind: 'BOOLEAN' });
    const { revision } = await flags.set({
      flag: 'counter',
      scope: { kind: 'BRANCH', key: 'northwind/seattle' },
      enabled: true,
    });
    await flags.served(revision);
    const [london, seattle] = [await make('northwind/london'), await make('northwind/seattle')];
    const claims = [undefined, 'northwind/seattle', 'northwind/london', 'contoso/seattle'];
    for (const [{ secret }, expected] of [[london, false] as const, [seattle, true] as const]) {
      const headers = { authorization: secret };
      for (const branch of claims) {
        const properties = branch ? { branch } : {};
        const query = branch ? `?properties[branch]=${encodeURIComponent(branch)}&branch=${branch}` : '';
        const answers = [
          names(await ask(`/api/frontend${query}`, undefined, headers)).includes('counter'),
          names(await ask('/api/frontend', { context: { properties } }, headers)).includes('counter'),
          names(await ask('/api/frontend', { context: { ...properties } }, headers)).includes('counter'),
          (await ask('/ofrep/v1/evaluate/flags/counter', { context: properties }, headers)).body['value'],
        ];
        expect([branch, ...answers]).toEqual([branch, expected, expected, expected, expected]);
      }
    }
    const gone = await flags.commands.asSystem('test', (command) =>
      flags.service.archive(command, { flag: 'counter' }),
    );
    await flags.served(gone.revision);
  });

  it('lets nobody claim to be a user of another tenant', async () => {
    await flags.create({ key: 'for-ann', kind: 'BOOLEAN' });
    const scope = { kind: 'USER', key: 'contoso/ann' } as const;
    const { revision } = await flags.set({ flag: 'for-ann', scope, enabled: true });
    await flags.served(revision);
    const ann = { context: { userId: 'contoso/ann' } };
    const theirs = { authorization: (await flags.token('FRONTEND', contosoId)).secret };
    expect(names(await ask('/api/frontend', ann, theirs))).toContain('for-ann');
    expect(names(await ask('/api/frontend', ann))).not.toContain('for-ann');
    const { secret } = await flags.token('CLIENT', northwindId);
    const payload = await fetch(`${flags.url}/api/client/features`, { headers: { authorization: secret } });
    expect(await payload.text()).not.toContain('contoso');
    const gone = await flags.commands.asSystem('test', (command) =>
      flags.service.archive(command, { flag: 'for-ann' }),
    );
    await flags.served(gone.revision);
  });

  it('refuses tokens of the wrong kind and contexts that are none', async () => {
    const client = { authorization: (await flags.token('CLIENT')).secret };
    expect((await ask('/api/frontend', undefined, client)).status).toBe(403);
    expect((await ask('/api/frontend', undefined, {})).status).toBe(401);
    expect((await ask('/api/frontend', { context: 'seattle' })).status).toBe(400);
    expect((await ask('/api/frontend/client/metrics', { bucket: { toggles: {} } })).status).toBe(202);
    expect((await ask('/api/frontend/client/register', {})).status).toBe(202);
  });

  it('lets browsers of any origin ask', async () => {
    const preflight = await fetch(`${flags.url}/api/frontend`, {
      method: 'OPTIONS',
      headers: { origin: 'https://shop.example', 'access-control-request-headers': 'authorization' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization');
    const answer = await fetch(`${flags.url}/api/frontend`, {
      headers: { origin: 'https://shop.example', authorization: frontend },
    });
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  });

  it('evaluates one flag by OFREP, with reasons', async () => {
    const path = '/ofrep/v1/evaluate/flags';
    const context = { targetingKey: 'ann', branch: 'northwind/seattle' };
    expect((await ask(`${path}/engine`, { context })).body).toMatchObject({
      key: 'engine',
      value: { rounds: 2 },
      variant: 'new',
      reason: 'TARGETING_MATCH',
    });
    expect((await ask(`${path}/engine`, { context: {} })).body).toMatchObject({
      value: 'old',
      reason: 'STATIC',
    });
    expect((await ask(`${path}/killed`, { context: {} })).body).toMatchObject({
      value: false,
      reason: 'DISABLED',
    });
    expect(await ask(`${path}/none`, { context: {} })).toMatchObject({
      status: 404,
      body: { key: 'none', errorCode: 'FLAG_NOT_FOUND' },
    });
    expect(await ask(`${path}/engine`, { context: 7 })).toMatchObject({
      status: 400,
      body: { errorCode: 'INVALID_CONTEXT' },
    });
    expect((await ask(`${path}/engine`, [])).body).toMatchObject({ errorCode: 'PARSE_ERROR' });
    expect((await ask(`${path}/engine`, { context }, { 'x-api-key': frontend })).status).toBe(200);
    expect((await ask(`${path}/engine`, { context }, {})).status).toBe(401);
  });

  it('evaluates all flags by OFREP, with an ETag over the decisions', async () => {
    const path = '/ofrep/v1/evaluate/flags';
    const all = await ask(path, { context: { branch: 'northwind/seattle' } });
    expect((all.body['flags'] as { key: string }[]).map(({ key }) => key)).toEqual([
      'engine',
      'everywhere',
      'killed',
    ]);
    const headers = { authorization: frontend, 'if-none-match': all.etag ?? '' };
    expect((await ask(path, { context: { branch: 'northwind/seattle' } }, headers)).status).toBe(304);
    expect((await ask(path, { context: {} }, headers)).status).toBe(200);
  });

  it('decides for a token of one project as an SDK with it does: by what it sees', async () => {
    await flags.database.query(`insert into project (key, name) values ('shop', 'Shop')`);
    await flags.create({ key: 'shop-parent', kind: 'BOOLEAN', project: 'shop' });
    await flags.create({
      key: 'child',
      kind: 'BOOLEAN',
      project: 'shop',
      dependencies: [{ flag: 'everywhere' }],
    });
    await flags.create({
      key: 'kin',
      kind: 'BOOLEAN',
      project: 'shop',
      dependencies: [{ flag: 'shop-parent' }],
    });
    for (const flag of ['shop-parent', 'child'])
      await flags.set({ flag, scope: environmentScope, enabled: true });
    const { revision } = await flags.set({ flag: 'kin', scope: environmentScope, enabled: true });
    await flags.served(revision);
    const make = (kind: 'CLIENT' | 'FRONTEND', project: string) =>
      flags.commands.asSystem('test', (command) =>
        flags.tokens.create(command, {
          name: 'shop',
          kind,
          environment: 'production',
          tenantId: null,
          project,
        }),
      );
    for (const [project, expected] of [['shop', [false, true]] as const, ['*', [true, true]] as const]) {
      const sdk = await startUnleash({
        appName: 'of-a-project',
        url: `${flags.url}/api/`,
        customHeaders: { Authorization: (await make('CLIENT', project)).secret },
        disableMetrics: true,
        skipInstanceCountWarning: true,
        storageProvider: new InMemStorageProvider(),
      });
      sdk.on('warn', () => undefined);
      const headers = { authorization: (await make('FRONTEND', project)).secret };
      const on = names(await ask('/api/frontend', undefined, headers));
      const bulk = await ask('/ofrep/v1/evaluate/flags', { context: {} }, headers);
      const values = new Map(
        (bulk.body['flags'] as { key: string; value: unknown }[]).map((one) => [one.key, one.value]),
      );
      const said = ['child', 'kin'].map((key) => [sdk.isEnabled(key), on.includes(key), values.get(key)]);
      sdk.destroy();
      expect([project, said]).toEqual([project, expected.map((one) => [one, one, one])]);
    }
    for (const flag of ['child', 'kin', 'shop-parent'])
      await flags.commands.asSystem('test', (command) => flags.service.archive(command, { flag }));
  });

  it('shows a token of another project no flag, whatever the protocol', async () => {
    const { secret } = await flags.commands.asSystem('test', (command) =>
      flags.tokens.create(command, {
        name: 'bound',
        kind: 'FRONTEND',
        environment: 'production',
        tenantId: northwindId,
        project: 'other',
      }),
    );
    const headers = { authorization: secret };
    expect(names(await ask('/api/frontend', undefined, headers))).toEqual([]);
    const all = await ask('/ofrep/v1/evaluate/flags', { context: {} }, headers);
    expect([all.status, all.body['flags']]).toEqual([200, []]);
    const one = await ask('/ofrep/v1/evaluate/flags/everywhere', { context: {} }, headers);
    expect([one.status, one.body['errorCode']]).toEqual([404, 'FLAG_NOT_FOUND']);
  });
});
