import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectTo } from '../../libs/tenancy/src/databases/database-clusters.js';
import { createTestDatabase, withTestClient, type TestDatabase } from '../support/database.js';
import { tenantManifest, TestTenancy } from '../support/tenancy.js';
import { told } from './prober/finding.js';
import { attackMove } from './prober/move-attacks.js';
import {
  emptyTables,
  markedTenant,
  probeDatabase,
  seedDatabase,
  type Probe,
} from './prober/probe-database.js';
import { attackDatabases } from './prober/server-attacks.js';

/** Every attack on every table, view, function and sequence that the catalogue knows, as the data plane's own login. */
describe('attacks on tenant databases, as the role of the data plane', () => {
  let scratch: TestDatabase;
  let tenancy: TestTenancy;
  const probes = new Map<string, Probe>();

  beforeAll(async () => {
    scratch = await createTestDatabase('control-plane');
    tenancy = await TestTenancy.start(scratch.url);
    const homes = {
      pooled: await onboard('attacker', {}),
      dedicated: await onboard('own', { database: 'DEDICATED' }),
    };
    const pooledVictim = await onboard('victim', {});
    for (const [kind, home] of Object.entries(homes)) {
      const { role } = await tenancy.databases.login(home.databaseId);
      const own = markedTenant(`${kind}-attacker`, home.id);
      const other = markedTenant(`${kind}-victim`, kind === 'pooled' ? pooledVictim.id : undefined);
      probes.set(kind, {
        admin: await tenancy.databases.connect(home.databaseId),
        service: await tenancy.databases.connectAsService(home.databaseId),
        login: role,
        // In a dedicated database the role is bound to its tenant just the same: there a stranger attacks the owner.
        ...(kind === 'pooled' ? { attacker: own, victim: other } : { attacker: other, victim: own }),
      });
    }
    for (const probe of probes.values()) await seedDatabase(probe);
  });

  afterAll(async () => {
    for (const { admin, service } of probes.values()) await Promise.all([admin.end(), service.end()]);
    await tenancy.stop();
    await scratch.drop();
  });

  it.each(['pooled', 'dedicated'])('find nothing in the %s database', async (kind) => {
    const probe = probes.get(kind) as Probe;
    for (const tenant of [probe.attacker, probe.victim]) {
      expect(await emptyTables(probe.admin, probe.login, tenant)).toEqual([]);
    }
    expect(told(await probeDatabase(probe))).toEqual([]);
    expect(told(await attackMove(probe))).toEqual([]);
  });

  it('leave each login outside every database but its own', async () => {
    const { hostname: host, port } = new URL(scratch.url);
    const all = await withTestClient('postgres', async (client) => {
      const { rows } = await client.query<{ datname: string }>(
        `select datname from pg_database where datname in ('postgres', 'template1', $1) or starts_with(datname, $1 || '_')`,
        [scratch.name],
      );
      return rows.map(({ datname }) => datname);
    });
    expect(all.length).toBeGreaterThanOrEqual(6);
    for (const { databaseId } of await logins()) {
      const { database, role: user, password } = await tenancy.databases.login(databaseId);
      const enter = (name: string) => connectTo({ host, port: Number(port), database: name, user, password });
      await (await enter(database)).end();
      expect(
        told(
          await attackDatabases(
            enter,
            all.filter((name) => name !== database),
          ),
        ),
      ).toEqual([]);
    }
  });

  async function logins(): Promise<{ databaseId: string }[]> {
    return (await tenancy.databases.databases()).map(({ id }) => ({ databaseId: id }));
  }

  async function onboard(slug: string, spec: object): Promise<{ id: string; databaseId: string }> {
    const id = await tenancy.onboard(tenantManifest(slug, { data: undefined, ...spec }));
    return { id, databaseId: (await tenancy.readModel.bySlug(slug)).databaseId as string };
  }
});
