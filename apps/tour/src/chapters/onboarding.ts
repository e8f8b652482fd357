import { randomBytes } from 'node:crypto';
import type { Instance } from '../instance.js';
import type { Promises } from '../promises.js';

type Placement = 'SHARED' | 'DEDICATED';

const tiers: { tier: string; database: Placement; integrationWorkers: Placement }[] = [
  { tier: 'SHARED', database: 'SHARED', integrationWorkers: 'SHARED' },
  { tier: 'HYBRID', database: 'SHARED', integrationWorkers: 'DEDICATED' },
  { tier: 'DEDICATED', database: 'DEDICATED', integrationWorkers: 'DEDICATED' },
];

/** Three tenants come aboard with Northwind's data, one a tier, and leave again without a trace. */
export async function onboarding(instance: Instance, promises: Promises): Promise<void> {
  const { controlPlane } = instance;
  const suffix = randomBytes(3).toString('hex');
  for (const { tier, ...placements } of tiers) {
    const slug = `tour-${tier.toLowerCase()}-${suffix}`;
    const startedAt = performance.now();
    const { operation } = await controlPlane.change<{ operation: { id: string } }>(
      'onboardTenant',
      { slug, name: `Tour ${tier.toLowerCase()}`, kit: 'northwind', ...placements },
      'operation { id }',
    );
    await controlPlane.succeeded(operation.id);
    const seconds = (performance.now() - startedAt) / 1000;
    promises.figure(`onboarding, ${tier.toLowerCase()}, with Northwind's data`, `${seconds.toFixed(2)} s`);

    const { tenant } = await controlPlane.request<{ tenant: { tier: string; status: string } }>(
      `query ($slug: String!) { tenant(slug: $slug) { tier status } }`,
      { slug },
    );
    promises.keep(
      `${slug} is active in the ${tier.toLowerCase()} tier`,
      tenant.status === 'ACTIVE' && tenant.tier === tier,
    );
    await leave(instance, promises, slug);
  }
}

async function leave({ controlPlane }: Instance, promises: Promises, slug: string): Promise<void> {
  const { operation } = await controlPlane.change<{ operation: { id: string } }>(
    'offboardTenant',
    { tenant: slug, confirm: slug, reason: 'the tour is over', retentionHours: 0 },
    'operation { id }',
  );
  await controlPlane.succeeded(operation.id);
  const { tenant } = await controlPlane.request<{ tenant: { status: string } | null }>(
    `query ($slug: String!) { tenant(slug: $slug) { status } }`,
    { slug },
  );
  promises.keep(`${slug} is offboarded`, tenant === null || tenant.status === 'OFFBOARDED');
}
