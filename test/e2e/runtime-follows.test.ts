import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TierdeckRuntime } from '#runtime';
import { TestControlPlane } from '../support/control-plane.js';
import { seedTenants } from '../support/seeded-tenants.js';
import { until } from '../support/until.js';

describe('the runtime inside a service, beside a real control plane', () => {
  let controlPlane: TestControlPlane;
  let dataDir: string;

  beforeAll(async () => {
    controlPlane = await TestControlPlane.start();
    dataDir = await mkdtemp(join(tmpdir(), 'tierdeck-runtime-follows-'));
    await seedTenants(controlPlane.controlPlane.foundation, ['northwind']);
  });
  afterAll(async () => {
    await controlPlane.stop();
    await rm(dataDir, { recursive: true });
  });

  async function change(mutation: string, input: object): Promise<void> {
    const type = `${mutation[0]?.toUpperCase()}${mutation.slice(1)}Input`;
    const { errors } = await controlPlane.graphql(
      `mutation ($input: ${type}!) { ${mutation}(input: $input) { quota { limit } } }`,
      { input: { tenant: 'northwind', kind: 'REQUEST_RATE', ...input } },
    );
    expect(errors).toBeUndefined();
  }

  it('sees a limit, a boost and its end at once, reports what was used, and serves on when its token is revoked', async () => {
    const { commands, sdkTokens, database } = controlPlane.controlPlane.foundation;
    const { id: tokenId, secret: token } = await commands.asSystem('test', (command) =>
      sdkTokens.create(command, {
        name: 'runtime',
        kind: 'RUNTIME',
        environment: 'production',
        tenantId: null,
      }),
    );
    const runtime = await TierdeckRuntime.start({
      url: controlPlane.url,
      token,
      service: 'distribution',
      dataDir,
    });
    try {
      const tenant = runtime.tenant('northwind');
      if (!tenant) throw new Error('northwind is missing');
      const limit = (): number | undefined => runtime.quota(tenant, 'REQUEST_RATE')?.limit;
      expect(limit()).toBe(50);
      await change('setQuota', { limit: 70, burst: 90 });
      await until(() => limit() === 70);
      await change('boostQuota', { limit: 500, burst: 500, minutes: 5, reason: 'stock-taking' });
      await until(() => limit() === 500);
      await change('clearBoost', {});
      await until(() => limit() === 70);

      await runtime.admit(tenant, async () => undefined);
      expect(await runtime.flush()).toBe(true);
      const [usage] = await database.query('select sum(requests)::int as requests from usage_minute');
      expect(usage).toEqual({ requests: 1 });

      await commands.asSystem('test', (command) => sdkTokens.revoke(command, tokenId));
      await until(async () => !(await runtime.flush()));
      expect(limit()).toBe(70);
    } finally {
      await runtime.stop();
    }
  });
});
