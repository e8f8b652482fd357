import type { EventEmitter } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OpenFeature } from '@openfeature/server-sdk';
import { InMemStorageProvider, Unleash } from 'unleash-client';
import { UnleashClient } from 'unleash-proxy-client';
import { contosoId, FlagsFixture, northwindId, until } from '../../libs/flags/src/flags.fixture.js';

/** The clients that services and pages have already, unmodified, each beside the same server. */
describe('real clients', () => {
  let flags: FlagsFixture;
  const seattle = { kind: 'BRANCH', key: 'northwind/seattle' } as const;

  beforeAll(async () => {
    flags = await FlagsFixture.start({ offerStreaming: true });
    await flags.create({
      key: 'engine',
      kind: 'VARIANT',
      variants: [{ name: 'old' }, { name: 'new', payload: { rounds: 2 } }],
      defaultVariant: 'old',
    });
    await flags.create({ key: 'express', kind: 'BOOLEAN' });
    await flags.set({ flag: 'engine', scope: seattle, enabled: true, variant: 'new' });
    const { revision } = await flags.set({
      flag: 'express',
      scope: { kind: 'TENANT', key: 'northwind' },
      enabled: true,
    });
    await flags.served(revision);
  });
  afterAll(() => flags.stop());

  it('unleash-proxy-client: a browser of one tenant', async () => {
    const { secret } = await flags.token('FRONTEND', northwindId);
    const kept = new Map<string, unknown>();
    const client = new UnleashClient({
      url: `${flags.url}/api/frontend`,
      clientKey: secret,
      appName: 'shop',
      refreshInterval: 0.05,
      metricsInterval: 0.05,
      usePOSTrequests: true,
      // Claims to be somebody else; its token says who it is.
      context: { userId: 'ann', properties: { tenant: 'contoso', branch: 'northwind/seattle' } },
      storageProvider: {
        get: (name: string) => Promise.resolve(kept.get(name)),
        save: (name: string, value: unknown) => Promise.resolve(void kept.set(name, value)),
      },
      fetch,
    });
    try {
      await client.start();
      expect(client.isEnabled('express')).toBe(true);
      expect(client.getVariant('engine')).toMatchObject({
        name: 'new',
        enabled: true,
        payload: { type: 'json', value: '{"rounds":2}' },
      });
      await flags.set({ flag: 'engine', scope: seattle, enabled: false });
      await until(() => !client.isEnabled('engine'));
      await flags.set({ flag: 'engine', scope: seattle, enabled: true, variant: 'new' });
      await until(() => client.isEnabled('engine'));
      await until(async () => {
        await flags.metrics.flush();
        const [summary] = await flags.readModel.environments(['express']);
        return (summary ?? []).some(({ metrics }) => metrics.yes > 0);
      });
    } finally {
      client.stop();
    }
  });

  it('OpenFeature over OFREP', async () => {
    const { secret } = await flags.token('CLIENT');
    await OpenFeature.setProviderAndWait(
      new OFREPProvider({ baseUrl: flags.url, headers: [['Authorization', `Bearer ${secret}`]] }),
    );
    try {
      const client = OpenFeature.getClient();
      const context = { targetingKey: 'ann', tenant: 'northwind', branch: 'northwind/seattle' };
      expect(await client.getObjectDetails('engine', {}, context)).toMatchObject({
        value: { rounds: 2 },
        variant: 'new',
        reason: 'TARGETING_MATCH',
      });
      expect(await client.getBooleanValue('express', false, context)).toBe(true);
      expect(await client.getBooleanValue('express', true, { tenant: 'contoso' })).toBe(false);
      expect(await client.getBooleanDetails('missing', true, context)).toMatchObject({
        value: true,
        errorCode: 'FLAG_NOT_FOUND',
      });
    } finally {
      await OpenFeature.close();
    }
  });

  it('unleash-client: many of them, none with a wrong value when the server is restarted', async () => {
    const token = (await flags.token('CLIENT', contosoId)).secret;
    const everywhere = (await flags.token('CLIENT')).secret;
    const wrong: string[] = [];
    const sdks = Array.from({ length: 40 }, (_, index) => {
      const ofContoso = index % 2 === 0;
      const sdk = new Unleash({
        appName: 'restart-test',
        instanceId: `restart-${index}`,
        url: `${flags.url}/api/`,
        refreshInterval: 100,
        disableMetrics: true,
        skipInstanceCountWarning: true,
        storageProvider: new InMemStorageProvider(),
        customHeaders: { Authorization: ofContoso ? token : everywhere },
        experimentalMode: index % 4 < 2 ? { type: 'streaming' } : { type: 'polling', format: 'delta' },
      });
      sdk.on('error', () => undefined);
      const expected = !ofContoso;
      const look = (): void => {
        if (!sdk.isSynchronized()) return;
        const isOn = sdk.isEnabled('express', { properties: { tenant: 'northwind' } });
        if (isOn !== expected) wrong.push(`${index}: ${isOn}`);
      };
      sdk.on('changed', look);
      sdk.on('synchronized', look);
      return { sdk, look, ofContoso };
    });
    try {
      await until(() => sdks.every(({ sdk }) => sdk.isSynchronized()));
      await flags.restartServer();
      for (const { look } of sdks) look();
      const { revision } = await flags.set({
        flag: 'engine',
        scope: { kind: 'REGION', key: 'us' },
        enabled: true,
        variant: 'old',
      });
      await flags.served(revision);
      const us = { properties: { region: 'us' } };
      await until(() => sdks.every(({ sdk }) => sdk.isEnabled('engine', us)));
      for (const { look } of sdks) look();
      expect(wrong).toEqual([]);
    } finally {
      for (const { sdk } of sdks) {
        sdk.destroy();
        // It drops its listeners at once, and a request of it that is still under way may fail after that.
        const { repository } = sdk as unknown as { repository: EventEmitter };
        repository.on('error', () => undefined);
      }
    }
  });
});
