import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { InMemStorageProvider, Unleash } from 'unleash-client';
import { EmbeddedPostgres } from '#platform';
import { TestControlPlane } from '../support/control-plane.js';
import { freePort } from '../support/stack.js';
import { until } from '../support/until.js';

/** A PostgreSQL of its own, which is stopped and started again under a control plane and its SDKs. */
describe('PostgreSQL is stopped', () => {
  let dataDir: string;
  let port: number;
  let postgres: EmbeddedPostgres;
  let server: TestControlPlane;
  const secrets: Record<string, string> = {};
  const sdks: Unleash[] = [];
  const errors: string[] = [];

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'tierdeck-away-'));
    // PostgreSQL may run as another user than the tests.
    await chmod(dataDir, 0o755);
    port = await freePort();
    postgres = await startPostgres();
    server = await TestControlPlane.start({ TIERDECK_DATABASE_URL: postgres.url() });
    await change('createFlag', 'CreateFlagInput', { key: 'served', kind: 'BOOLEAN' });
    await setRule(true);
    for (const kind of ['CLIENT', 'FRONTEND'])
      secrets[kind] = await token({ name: kind, kind, environment: 'production' });
    secrets['unseen'] = await token({ name: 'unseen', kind: 'CLIENT', environment: 'production' });
  }, 120_000);

  afterAll(async () => {
    for (const sdk of sdks) sdk.destroy();
    await server?.stop();
    await postgres?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  function startPostgres(): Promise<EmbeddedPostgres> {
    const settings = { fsync: 'off', shared_buffers: '64MB', max_connections: '60' };
    return EmbeddedPostgres.start({ dataDir, port, settings });
  }

  const change = (name: string, type: string, input: object) =>
    server.graphql(`mutation ($input: ${type}!) { ${name}(input: $input) { revision } }`, { input });

  const setRule = (enabled: boolean) =>
    change('setFlagRule', 'SetFlagRuleInput', {
      flag: 'served',
      environment: 'production',
      scope: { kind: 'ENVIRONMENT', key: '*' },
      enabled,
    });

  async function token(input: object): Promise<string> {
    const { data } = await server.graphql(
      'mutation ($input: CreateSdkTokenInput!) { createSdkToken(input: $input) { secret } }',
      { input },
    );
    return (data as { createSdkToken: { secret: string } }).createSdkToken.secret;
  }

  const get = (path: string, secret = 'CLIENT', headers: Record<string, string> = {}) =>
    fetch(`${server.url}${path}`, { headers: { authorization: secrets[secret] ?? '', ...headers } });

  it('serves the last flags, marked, refuses no good token, keeps its streams, and goes on afterwards', async () => {
    for (const mode of [{ type: 'streaming' }, { type: 'polling', format: 'full' }] as const) {
      const sdk = new Unleash({
        url: `${server.url}/api`,
        appName: 'away',
        customHeaders: { Authorization: secrets['CLIENT'] ?? '' },
        refreshInterval: 50,
        disableMetrics: true,
        skipInstanceCountWarning: true,
        storageProvider: new InMemStorageProvider(),
        experimentalMode: mode,
      });
      sdk.on('error', (error: Error) => errors.push(error.message));
      sdk.on('warn', (message: string) => errors.push(message));
      sdks.push(sdk);
    }
    await until(() => sdks.every((sdk) => sdk.isSynchronized() && sdk.isEnabled('served')));
    expect((await get('/api/frontend', 'FRONTEND')).status).toBe(200);
    const etag = (await get('/api/client/features')).headers.get('etag') ?? '';

    await postgres.stop();
    await until(async () => (await get('/api/client/features')).headers.has('tierdeck-stale-since'));
    for (let round = 0; round < 20; round++) {
      const answers = await Promise.all([
        get('/api/client/features'),
        get('/api/client/features', 'CLIENT', { 'if-none-match': etag }),
        get('/api/client/delta'),
        get('/api/frontend', 'FRONTEND'),
        get('/api/client/features', 'unseen'),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([200, 304, 200, 200, 503]);
      expect(answers.slice(0, 4).every(({ headers }) => headers.has('tierdeck-stale-since'))).toBe(true);
      expect(await answers[0]?.text()).toContain('"served"');
    }
    expect(sdks.map((sdk) => sdk.isEnabled('served'))).toEqual([true, true]);
    expect(errors).toEqual([]);

    postgres = await startPostgres();
    await until(async () => !(await get('/api/client/features')).headers.has('tierdeck-stale-since'));
    expect((await get('/api/client/features', 'unseen')).status).toBe(200);
    await until(async () => !(await setRule(false)).errors);
    await until(() => sdks.every((sdk) => !sdk.isEnabled('served')));
    // The stream was never broken: the SDK would have said so.
    expect(errors).toEqual([]);
  }, 120_000);
});
