import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { InMemStorageProvider, Unleash } from 'unleash-client';
import type { Mode } from 'unleash-client/lib/unleash-config.js';
import { environmentScope } from '../flag.js';
import { contosoId, FlagsFixture, northwindId, until } from '../flags.fixture.js';
import { PropagationReadModel } from './propagation.read-model.js';

describe('receipts of flag changes', () => {
  let flags: FlagsFixture;
  let propagation: PropagationReadModel;
  const sdks: Unleash[] = [];

  beforeAll(async () => {
    flags = await FlagsFixture.start({ offerStreaming: true });
    propagation = new PropagationReadModel(flags.database);
    const { revision } = await flags.create({ key: 'switch', kind: 'BOOLEAN' });
    await flags.served(revision);
  });
  afterEach(async () => {
    for (const sdk of sdks.splice(0)) sdk.destroy();
    await flags.database.query('delete from flag_instance');
  });
  afterAll(() => flags.stop());

  async function connect(service: string, mode: Mode, tenantId: string | null = null) {
    const sdk = new Unleash({
      appName: service,
      instanceId: `${service}-${sdks.length}`,
      url: `${flags.url}/api/`,
      refreshInterval: 30,
      disableMetrics: true,
      skipInstanceCountWarning: true,
      storageProvider: new InMemStorageProvider(),
      customHeaders: { Authorization: (await flags.token('CLIENT', tenantId)).secret },
      experimentalMode: mode,
    });
    sdks.push(sdk);
    sdk.on('error', () => undefined);
    await new Promise((resolve) => sdk.once('synchronized', resolve));
    return sdk;
  }
  const now = async (revision: number) => propagation.of('production', revision);

  it('tells how many of which service have a change, whatever way they get it', async () => {
    await connect('pricing', { type: 'streaming' });
    await connect('pricing', { type: 'polling', format: 'full' });
    await connect('orders', { type: 'polling', format: 'delta' });
    const { revision } = await flags.set({ flag: 'switch', scope: environmentScope, enabled: true });
    await until(async () => (await now(revision)).applied === 3);
    expect(await now(revision)).toMatchObject({
      instances: 3,
      complete: true,
      services: [
        { service: 'orders', instances: 1, applied: 1, lagging: [] },
        { service: 'pricing', instances: 2, applied: 2, lagging: [] },
      ],
    });
    for (const sdk of sdks) expect(sdk.isEnabled('switch')).toBe(true);
    expect(await propagation.revisionOf('production', 'switch')).toBe(revision);
  });

  it('names who lags, and forgets who went away', async () => {
    const stays = await connect('pricing', { type: 'streaming' });
    const headers = {
      authorization: (await flags.token('CLIENT', northwindId)).secret,
      'unleash-appname': 'stuck',
      'unleash-instanceid': 'stuck-1',
      'unleash-interval': '15000',
    };
    const ask = (etag?: string) =>
      fetch(`${flags.url}/api/client/features`, {
        headers: { ...headers, ...(etag ? { 'if-none-match': etag } : {}) },
      });
    const etag = (await ask()).headers.get('etag') ?? '';
    await ask(etag);
    const { revision } = await flags.set({ flag: 'switch', scope: environmentScope, enabled: false });
    await until(async () => (await now(revision)).applied === 1);
    await until(async () => (await now(revision)).instances === 2);
    // Asking with the old ETag shows what it has, not what it is about to get.
    await ask(etag);
    await flags.receipts.flush();
    const [, stuck] = (await now(revision)).services;
    expect(stuck).toMatchObject({
      service: 'stuck',
      applied: 0,
      lagging: [{ instance: 'stuck-1', mode: 'POLLING', tenant: 'northwind' }],
    });
    expect(stuck?.lagging[0]?.appliedRevision).toBeLessThan(revision);
    stays.destroy();
    await until(async () => (await now(revision)).services.every(({ service }) => service !== 'pricing'));
  });

  it('counts an instance whom a change does not concern as having it', async () => {
    await connect('orders', { type: 'streaming' }, contosoId);
    await connect('stock', { type: 'polling', format: 'full' }, contosoId);
    const { revision } = await flags.set({
      flag: 'switch',
      scope: { kind: 'TENANT', key: 'northwind' },
      enabled: true,
    });
    await until(async () => (await now(revision)).applied === 2);
  });

  it('keeps what it cannot write until it can', async () => {
    await connect('orders', { type: 'streaming' });
    const query = flags.database.query.bind(flags.database);
    await flags.receipts.flush();
    flags.database.query = () => Promise.reject(new Error('connection refused'));
    await flags.receipts.flush();
    flags.database.query = query;
    const { revision } = await flags.set({ flag: 'switch', scope: environmentScope, enabled: true });
    await until(async () => (await now(revision)).services.some(({ service }) => service === 'orders'));
    await until(async () => (await now(revision)).complete);
  });
});
