import { InMemStorageProvider, Unleash } from 'unleash-client';
import type { ControlPlaneProcess } from './control-plane-process.js';
import { StreamClient } from './flag-stream-client.js';
import { sdkToken, setRule, until } from './flag-world.js';
import { median } from './measure.js';
import type { Measurement } from './report.js';

const tenantCount = 5_000;
const flag = 'bench.every-tenant';
const calls = 20_000;
const rounds = 9;

/** A flag with a rule for each of 5,000 tenants, as their SDKs see it, and what a change for one tells the others. */
export async function benchFlagTenants(controlPlane: ControlPlaneProcess): Promise<Measurement[]> {
  await applyTenantRules(controlPlane);
  const { mine, other, whole } = {
    mine: await sdkToken(controlPlane, 'CLIENT', 'tenant-4999'),
    other: await sdkToken(controlPlane, 'CLIENT', 'tenant-17'),
    whole: await sdkToken(controlPlane, 'CLIENT'),
  };
  const tenantMicros = await evaluationMicros(controlPlane, mine);
  const wholeMicros = await evaluationMicros(controlPlane, whole);
  const bystander = new StreamClient(controlPlane.url, other, 'bystander');
  const concerned = new StreamClient(controlPlane.url, mine, 'concerned');
  await until(() => bystander.connected && concerned.connected);
  const before = bystander.bytes;
  await setRule(controlPlane, flag, false, { kind: 'TENANT', key: 'tenant-4999' });
  await until(() => concerned.updatedAt > 0);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const bytes = bystander.bytes - before;
  for (const client of [bystander, concerned]) client.close();
  return [
    {
      name: `evaluation of a rule on ${tenantCount} tenants, token of one`,
      ours: `${tenantMicros.toFixed(1)} µs`,
      reference: `token of all: ${wholeMicros.toFixed(0)} µs`,
      ratio: tenantMicros / 5,
      goal: '≤ 5 µs',
      reached: tenantMicros <= 5,
    },
    {
      name: 'bytes of a change for one tenant, to another one',
      ours: `${bytes} B`,
      reference: '0 B',
      ratio: bytes,
      goal: '0',
      reached: bytes === 0,
    },
  ];
}

async function applyTenantRules(controlPlane: ControlPlaneProcess): Promise<void> {
  const tenants = Array.from({ length: tenantCount }, (_, index) => `tenant-${index}`);
  await controlPlane.query(
    `insert into tenant (id, slug, name, plan, status, region, database_placement, worker_placement)
     select gen_random_uuid(), slug, slug, 'standard', 'ACTIVE', 'eu', 'SHARED', 'SHARED' from unnest($1::text[]) as slug`,
    [tenants],
  );
  await controlPlane.api.change(
    'createFlag',
    { key: flag, description: 'Bench.', kind: 'BOOLEAN' },
    'revision',
  );
  const scope = (key: string) => ({ kind: 'TENANT', key });
  await setRule(controlPlane, flag, true, scope('tenant-4999'));
  // One mutation for each would take minutes; the last one, through the API, makes the others known.
  await controlPlane.query(
    `insert into flag_rule (id, flag_key, environment, scope_kind, scope_key, enabled, set_by)
     select gen_random_uuid(), $2, 'production', 'TENANT', slug, true, 'bench' from unnest($1::text[]) as slug
     on conflict do nothing`,
    [tenants.slice(0, -2), flag],
  );
  await setRule(controlPlane, flag, true, scope('tenant-4998'));
}

async function evaluationMicros(controlPlane: ControlPlaneProcess, secret: string): Promise<number> {
  const sdk = new Unleash({
    url: `${controlPlane.url}/api`,
    appName: 'bench',
    customHeaders: { Authorization: secret },
    disableMetrics: true,
    skipInstanceCountWarning: true,
    storageProvider: new InMemStorageProvider(),
  });
  sdk.on('error', () => undefined);
  await until(() => sdk.isSynchronized() && sdk.getFeatureToggleDefinition(flag) !== undefined);
  const context = { properties: { tenant: 'tenant-4999' } };
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const startedAt = performance.now();
    let on = 0;
    for (let i = 0; i < calls; i++) on += sdk.isEnabled(flag, context) ? 1 : 0;
    if (on !== calls) throw new Error('the flag is not on for the tenant');
    times.push(((performance.now() - startedAt) * 1_000) / calls);
  }
  sdk.destroy();
  return median(times);
}
