import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FakeControlPlane, tenantSnapshot } from './control-plane.fixture.js';
import { TierdeckRuntime } from './runtime.js';
import { createTenantDatabase, type TenantDatabaseFixture } from './tenant-database.fixture.js';

/** MT-18: a statement that runs into a wall is counted for its tenant, and the control plane is told. */
describe('statements that the walls refuse', () => {
  const [own, other] = [randomUUID(), randomUUID()];
  let fixture: TenantDatabaseFixture;
  let controlPlane: FakeControlPlane;
  let runtime: TierdeckRuntime;
  let dataDir: string;

  beforeAll(async () => {
    fixture = await createTenantDatabase([own, other]);
    dataDir = await mkdtemp(join(tmpdir(), 'tierdeck-walls-'));
    const tenants = [own, other].map((id, i) =>
      tenantSnapshot({ id, slug: `t${i}`, databaseId: fixture.login.id }),
    );
    controlPlane = new FakeControlPlane({ revision: 1, tenants, databases: [fixture.login] });
    await controlPlane.start();
    const { url, token } = controlPlane;
    runtime = await TierdeckRuntime.start({ url, token, service: 'orders', dataDir });
  });
  afterAll(async () => {
    await runtime.stop();
    await controlPlane.stop();
    await fixture.drop();
    await rm(dataDir, { recursive: true });
  });

  it('are counted, once each, and other faults are not', async () => {
    const scope = runtime.database({ id: own });
    const plant = `insert into item (tenant_id, sku) values ('${other}', 'planted')`;
    await expect(scope.query(plant)).rejects.toMatchObject({ code: '42501' });
    await expect(scope.query('select * from pg_authid')).rejects.toMatchObject({ code: '42501' });
    await expect(scope.transaction((tx) => tx.query(plant))).rejects.toMatchObject({ code: '42501' });
    await expect(scope.query('select 1 / 0')).rejects.toMatchObject({ code: '22012' });
    await expect(scope.query('select * from nothing')).rejects.toMatchObject({ code: '42P01' });
    await runtime.database({ id: other }).query('select sku from item');
    await runtime.flush();
    const refused = (id: string): number =>
      controlPlane.reports
        .flatMap(({ usage }) => usage)
        .filter(({ tenantId }) => tenantId === id)
        .reduce((sum, { refusedByWall = 0 }) => sum + refusedByWall, 0);
    expect([refused(own), refused(other)]).toEqual([3, 0]);
  });
});
