import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EmbeddedPostgres } from '#platform';
import { ClustersService } from '../../libs/tenancy/src/placement/clusters.service.js';
import { PlacementPlanner } from '../../libs/tenancy/src/placement/placement-planner.js';
import { MovesService } from '../../libs/tenancy/src/moves/moves.service.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import {
  lastMove,
  moveReaches,
  moveRemains,
  MovingDataPlane,
  MovingWriter,
} from '../support/moving-tenant.js';
import { tenantManifest, TestTenancy } from '../support/tenancy.js';

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

describe('another cluster', () => {
  let scratch: TestDatabase;
  let tenancy: TestTenancy;
  let second: EmbeddedPostgres;
  let dataDir: string;
  let tenantId: string;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'tierdeck-cluster-'));
    // PostgreSQL may run as another user than the tests.
    await chmod(dataDir, 0o755);
    const settings = { fsync: 'off', shared_buffers: '64MB', max_connections: '60' };
    second = await EmbeddedPostgres.start({ dataDir, port: await freePort(), settings });
    scratch = await createTestDatabase('control-plane');
    tenancy = await TestTenancy.start(scratch.url);
    tenantId = await tenancy.onboard(tenantManifest('leaving'));
  }, 120_000);

  afterAll(async () => {
    await tenancy?.stop();
    await second?.stop();
    await scratch?.drop();
    await rm(dataDir, { recursive: true, force: true });
  });

  const command = <T>(work: Parameters<typeof tenancy.foundation.commands.asSystem<T>>[1]): Promise<T> =>
    tenancy.foundation.commands.asSystem('test', work);

  async function register(name: string, region: string, terms: object = {}): Promise<void> {
    const url = new URL(second.url());
    const clusters = tenancy.app.get(ClustersService);
    const cluster = {
      name,
      region,
      host: '127.0.0.1',
      port: second.port,
      ...terms,
      adminUser: url.username,
      adminPassword: decodeURIComponent(url.password),
    };
    await clusters.check(cluster);
    await command((c) => clusters.register(c, cluster));
    // One server cannot be two: the second name of it is never used.
    if (name === 'second') await clusters.open(name);
    await command((c) => clusters.opened(c, name));
  }

  const change = (
    cluster: string,
    database: 'SHARED' | 'DEDICATED' = 'SHARED',
  ): Promise<string | undefined> =>
    command((c) => tenancy.tenants.changePlacement(c, { tenant: 'leaving', cluster, database }));

  it('is registered only if it can be reached and is able to', async () => {
    const clusters = tenancy.app.get(ClustersService);
    const wish = {
      name: 'x',
      region: 'eu',
      host: '127.0.0.1',
      port: 1,
      adminUser: 'a',
      adminPassword: 'secret',
    };
    await expect(clusters.check(wish)).rejects.toMatchObject({ code: 'TENANT_DATABASE_UNREACHABLE' });
    await expect(clusters.check({ ...wish, name: 'No' })).rejects.toMatchObject({ field: 'name' });
    await expect(clusters.check({ ...wish, dedicatedDatabaseCost: -1 })).rejects.toMatchObject({
      field: 'dedicatedDatabaseCost',
    });
    await register('second', 'eu', { pooledTenantCost: 30, dedicatedDatabaseCost: 200, maxDatabases: 1 });
    await register('overseas', 'us');
  });

  it('in another region, full or retired is refused, and the plan says so before', async () => {
    await expect(change('overseas')).rejects.toMatchObject({
      code: 'PLACEMENT_CROSS_REGION',
      field: 'cluster',
    });
    await expect(change('second', 'DEDICATED')).rejects.toMatchObject({ code: 'CLUSTER_FULL' });
    await expect(change('nowhere')).rejects.toMatchObject({ code: 'CLUSTER_NOT_FOUND' });
    const planner = tenancy.app.get(PlacementPlanner);
    const tenant = await tenancy.readModel.bySlug('leaving');
    expect((await planner.plan(tenant, { cluster: 'overseas' })).blockers).toEqual([
      'It stays in region "eu"; "overseas" is in "us".',
    ]);
    expect(await planner.plan(tenant, { cluster: 'second' })).toMatchObject({
      blockers: [],
      currentMonthlyCost: null,
      targetMonthlyCost: 30,
      targetCluster: 'second',
    });
    await command((c) => tenancy.app.get(ClustersService).retire(c, 'overseas'));
    await expect(change('overseas')).rejects.toMatchObject({ code: 'PLACEMENT_CROSS_REGION' });
  });

  it('takes a tenant that is written all the while, and gives it back when the move is undone', async () => {
    const plane = await MovingDataPlane.start(tenancy);
    const home = (await tenancy.readModel.bySlug('leaving')).databaseId as string;
    const writer = new MovingWriter(plane.scope(tenantId), 'far');
    await change('second');
    const { targetId } = await moveReaches(tenancy, tenantId, ['UNDO_WINDOW', 'ABORTED']);
    expect((await tenancy.readModel.bySlug('leaving')).databaseId).toBe(targetId);
    expect(await lastMove(tenancy, tenantId)).toMatchObject({
      targetName: expect.stringMatching(/^second\//),
    });
    await command((c) => tenancy.app.get(MovesService).undo(c, 'leaving'));
    await moveReaches(tenancy, tenantId, ['UNDONE']);
    await writer.stop();
    expect(writer.failures).toEqual([]);
    const found = await writer.found();
    expect(found.written).toEqual(writer.written.toSorted((a, b) => a - b));
    expect((await tenancy.readModel.bySlug('leaving')).databaseId).toBe(home);
    for (const id of [home, targetId]) expect(await moveRemains(tenancy, id)).toEqual([]);
    await plane.stop();
  }, 60_000);
});
