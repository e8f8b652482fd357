import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Type } from '@nestjs/common';
import { AppModule, type DistributionParts } from '../../apps/distribution/src/app.module.js';
import { RunningService } from '../../apps/distribution/src/distribution.fixture.js';
import { withTestClient } from '../support/database.js';
import { readCatalogue } from './prober/catalogue.js';
import { told } from './prober/finding.js';
import { attackRoute, routesOf, type Call, type Route } from './prober/http-attacks.js';
import { markedTenant } from './prober/probe-database.js';
import { seedEveryTable, uuidOf, type MarkedTenant } from './prober/seed-rows.js';

const routes = routesOf(AppModule.forRoot({} as DistributionParts).controllers as Type[]);
const own = new Set(['/healthz', '/readyz', '/metrics']);
const tenantRoutes = routes.filter(({ path }) => !own.has(path));

/** Every route of the data plane, called by one tenant with what another one owns. */
describe('attacks on the data plane over HTTP', () => {
  let service: RunningService;
  let victim: MarkedTenant;
  let owned: string[];

  beforeAll(async () => {
    service = await RunningService.start();
    const { database } = service.controlPlane.snapshot.databases[0] ?? { database: '' };
    victim = markedTenant('victim', service.south.id);
    owned = await withTestClient(database, async (admin) => {
      await admin.query(`select set_config('tierdeck.tenant_id', $1, false)`, [victim.id]);
      const catalogue = await readCatalogue(admin, 'tierdeck_service');
      await seedEveryTable(admin, catalogue, victim);
      const ids: string[] = [];
      for (const { name, columns } of catalogue.relations.filter(({ kind }) => kind === 'r')) {
        for (const { name: column, type } of columns) {
          if (type !== 'uuid' || !columns.some((it) => it.name === 'tenant_id')) continue;
          const { rows } = await admin.query<{ id: string }>(
            `select distinct "${column}" as id from "${name}" where tenant_id = $1 and "${column}" is not null limit 5`,
            [victim.id],
          );
          ids.push(...rows.map(({ id }) => id));
        }
      }
      return [...new Set([victim.mark, ...ids])];
    });
  });

  afterAll(() => service.stop());

  const call: Call = async (_method, path, { body, headers }) => {
    const { status, body: answer } = await service.call(service.north, path, body, headers);
    return { status, body: answer };
  };
  const unknown = (value: string): string =>
    value === victim.mark ? 'victim-00000000' : uuidOf(`nobody ${value}`);
  const attack = (route: Route, by: Call = call) => attackRoute(by, route, owned, unknown, [victim.mark]);

  it('attack something', () => {
    expect(tenantRoutes.length).toBeGreaterThan(8);
    expect(owned.length).toBeGreaterThan(5);
  });

  it.each(tenantRoutes.map((route): [string, Route] => [`${route.method} ${route.path}`, route]))(
    'get nothing from %s',
    async (_name, route) => {
      expect(told(await attack(route))).toEqual([]);
    },
  );

  it('find a route that looks at a header, one that tells of existence, and one that shows rows', async () => {
    const route: Route = { method: 'GET', path: '/orders/:id' };
    const leaking: Call = (_method, path) =>
      Promise.resolve({ status: 200, body: path.includes(victim.id) ? { name: victim.mark } : {} });
    expect((await attack(route, leaking)).map(({ attack: name }) => name).sort()).toEqual([
      'learn of a row',
      'read another tenant',
    ]);
    const forbidding: Call = (_method, path) =>
      Promise.resolve({ status: path.includes(victim.id) ? 403 : 404, body: {} });
    expect((await attack(route, forbidding)).map(({ attack: name }) => name)).toEqual(['learn of a row']);
  });

  it('mix nothing up among requests of two tenants at once, some of which fail', async () => {
    const paths = ['/accounts', '/items', '/branches', '/orders/x', '/items?limit=0'];
    const answers = await Promise.all(
      Array.from({ length: 150 }, async (_, i) => {
        const tenant = i % 2 === 0 ? service.north : service.south;
        const { status, body } = await service.call(tenant, paths[i % paths.length] ?? '');
        return { mine: tenant === service.south, status, marked: JSON.stringify(body).includes(victim.mark) };
      }),
    );
    const served = answers.filter(({ status }) => status === 200);
    expect(served.length).toBe(90);
    expect(served.filter(({ mine, marked }) => mine !== marked)).toEqual([]);
  });
});
