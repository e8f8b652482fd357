import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TierdeckRuntime } from '#runtime';
import { FakeControlPlane } from '../../libs/runtime/src/control-plane.fixture.js';
import { connectTo } from '../../libs/tenancy/src/databases/database-clusters.js';
import { ONBOARD_TENANT } from '../../libs/tenancy/src/onboarding/onboard-tenant.operation.js';
import { TenantTokensService } from '../../libs/tenancy/src/tenant-tokens.service.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { faultAfterStatement, faultAt } from '../support/move-faults.js';
import { tenantManifest, TestTenancy } from '../support/tenancy.js';
import { until } from '../support/until.js';
import { attackDatabases } from './prober/server-attacks.js';

const steps = ['create-database', 'import-data', 'verify'];

/** MT-13: a tenant that is not whole is reached by nobody: not by its own token, not by the login of another one. */
describe('a tenant that is half made', () => {
  let scratch: TestDatabase;
  let tenancy: TestTenancy;
  let controlPlane: FakeControlPlane;
  let runtime: TierdeckRuntime;
  let dataDir: string;
  let neighbour: string;

  beforeAll(async () => {
    scratch = await createTestDatabase('control-plane');
    tenancy = await TestTenancy.start(scratch.url);
    await tenancy.onboard(tenantManifest('neighbour', { data: undefined }));
    neighbour = (await tenancy.readModel.bySlug('neighbour')).databaseId as string;
    dataDir = await mkdtemp(join(tmpdir(), 'tierdeck-half-made-'));
    controlPlane = new FakeControlPlane({ revision: 0, tenants: [], databases: [] });
    await controlPlane.start();
    const { url, token } = controlPlane;
    runtime = await TierdeckRuntime.start({ url, token, service: 'attacked', dataDir });
    await until(() => controlPlane.streams === 1);
  });

  afterAll(async () => {
    await runtime?.stop();
    await controlPlane?.stop();
    await tenancy?.stop();
    await scratch?.drop();
    await rm(dataDir, { recursive: true, force: true });
  });

  /** Serves the data plane what the control plane would serve it now, and asks as the tenant does. */
  async function asTenant(slug: string): Promise<string> {
    const { tenants, databases } = await tenancy.databases.snapshot();
    const served = tenants.map(({ plan: _plan, ...tenant }) => ({ ...tenant, quotas: [], weight: 1 }));
    const revision = runtime.revision + 1;
    controlPlane.publish({ revision, tenants: served, databases });
    await until(() => runtime.revision === revision);
    const { secret } = await tenancy.foundation.commands.asSystem('test', (command) =>
      tenancy.app.get(TenantTokensService).create(command, { tenant: slug, name: randomUUID() }),
    );
    const known = await tenancy.databases.snapshot();
    const next = known.tenants.map(({ plan: _plan, ...tenant }) => ({ ...tenant, quotas: [], weight: 1 }));
    controlPlane.publish({ revision: revision + 1, tenants: next, databases: known.databases });
    await until(() => runtime.revision === revision + 1);
    try {
      const tenant = runtime.authenticate(`Bearer ${secret}`);
      await runtime.admit(tenant, () => runtime.database(tenant).query('select 1 from region'));
      return 'served';
    } catch (error) {
      return String((error as { code?: unknown }).code);
    }
  }

  /** Names of the databases that the login of the neighbour gets into. */
  async function entered(databases: readonly string[]): Promise<string[]> {
    const { role: user, password } = await tenancy.databases.login(neighbour);
    const { hostname: host, port } = new URL(scratch.url);
    const enter = (database: string) => connectTo({ host, port: Number(port), database, user, password });
    return (await attackDatabases(enter, databases)).map(({ object }) => object);
  }

  /** Onboards, and at each step tells what the tenant's own token gets. */
  async function attacked(
    slug: string,
    spec: Record<string, unknown>,
    breakIt: (step: string) => Promise<unknown> = async () => undefined,
  ): Promise<Record<string, string>> {
    const got: Record<string, string> = {};
    const restore = steps.map((step) =>
      faultAt(tenancy, ONBOARD_TENANT, step, {
        after: async () => {
          await breakIt(step);
          got[step] = await asTenant(slug);
        },
      }),
    );
    try {
      await tenancy.onboard(tenantManifest(slug, spec));
    } finally {
      for (const put of restore.toReversed()) put();
    }
    return got;
  }

  it.each([
    ['shared', {}, ['import-data', 'verify']],
    ['dedicated', { database: 'DEDICATED' }, steps],
  ])(
    'is served to nobody at any step of the onboarding of a %s one, and to its own in the end',
    async (slug, spec, seen) => {
      const got = await attacked(slug, spec);
      expect(Object.keys(got)).toEqual(seen);
      for (const outcome of Object.values(got))
        expect(['TENANT_SUSPENDED', 'UNAUTHENTICATED']).toContain(outcome);
      expect(await asTenant(slug)).toBe('served');
    },
  );

  it('is served, and that is seen, when an onboarding says too early that it is there', async () => {
    const got = await attacked('too-early', {}, async (step) => {
      if (step === 'import-data') {
        await tenancy.database.query(`update tenant set status = 'ACTIVE' where slug = 'too-early'`);
      }
    });
    expect(got).toEqual({ 'import-data': 'served', verify: 'served' });
  });

  it('has a database that the login of another one never gets into, not even while it is made', async () => {
    const found: string[][] = [];
    const look = async (): Promise<void> => {
      const all = await tenancy.database.query<{ datname: string }>(
        `select datname from pg_database where datname like $1 || '%'`,
        [scratch.name],
      );
      found.push(await entered(all.map(({ datname }) => datname)));
    };
    const restore = faultAfterStatement('create database', look);
    try {
      await attacked('guarded', { database: 'DEDICATED' }, look);
    } finally {
      restore();
    }
    const { database } = await tenancy.databases.login(neighbour);
    expect(found).toHaveLength(1 + steps.length);
    for (const names of found) expect(names).toEqual([database]);

    // The wall broken on purpose: the database as CREATE DATABASE makes it.
    const own = (await tenancy.readModel.bySlug('guarded')).databaseId as string;
    const { database: guarded } = await tenancy.databases.login(own);
    await tenancy.database.query(`grant connect on database "${guarded}" to public`);
    await look();
    expect(found.at(-1)?.sort()).toEqual([database, guarded].sort());
  });
});
