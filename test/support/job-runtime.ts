import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TierdeckRuntime, type RuntimeTenant, type TenantScope } from '#runtime';
import { createTestDataPlane, type TestDataPlane, type TestTenant } from './distribution-tenants.js';
import { FakeControlPlane } from './fake-control-plane.js';

/** A runtime over real tenant databases and a control plane at its border. */
export interface JobRuntime {
  data: TestDataPlane;
  controlPlane: FakeControlPlane;
  runtime: TierdeckRuntime;
  dataDir: string;
  /** The tenant as the database knows it, as the runtime knows it, and its database. */
  tenant(slug: string): { test: TestTenant; served: RuntimeTenant; scope: TenantScope };
  stop(): Promise<void>;
}

/** @param slugs tenants to make; one that ends in `!` has dedicated integration workers. */
export async function createJobRuntime(slugs: readonly string[]): Promise<JobRuntime> {
  const data = await createTestDataPlane(slugs.map((slug) => slug.replace('!', '')));
  for (const tenant of data.snapshot.tenants) {
    if (slugs.includes(`${tenant.slug}!`)) tenant.integrationWorkers = 'DEDICATED';
  }
  const controlPlane = new FakeControlPlane(data.snapshot);
  await controlPlane.start();
  const dataDir = await mkdtemp(join(tmpdir(), 'tierdeck-jobs-'));
  const runtime = await TierdeckRuntime.start({
    url: controlPlane.url,
    token: 'runtime',
    service: 'integration-worker',
    dataDir,
    connections: { perDatabase: 20 },
  });
  return {
    data,
    controlPlane,
    runtime,
    dataDir,
    tenant: (slug) => {
      const test = data.tenants.find((candidate) => candidate.slug === slug);
      const served = runtime.tenant(slug);
      if (!test || !served) throw new Error(`no tenant ${slug}`);
      return { test, served, scope: runtime.database(served) };
    },
    stop: async () => {
      await runtime.stop();
      await controlPlane.stop();
      await rm(dataDir, { recursive: true, force: true });
      await data.drop();
    },
  };
}

/** Waits for something that will happen; how long it takes is not looked at. */
export async function eventually(condition: () => Promise<boolean> | boolean): Promise<void> {
  for (let attempt = 0; !(await condition()); attempt++) {
    if (attempt > 600) throw new Error('it never happened');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
