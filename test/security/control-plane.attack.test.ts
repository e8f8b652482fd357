import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildSchema } from 'graphql';
import pg from 'pg';
import { roles } from '#identity';
import { TestControlPlane, testAdminToken } from '../support/control-plane.js';
import { seedTenants } from '../support/seeded-tenants.js';
import { readCatalogue, type Catalogue } from './prober/catalogue.js';
import { told } from './prober/finding.js';
import {
  attackExistence,
  attackQueries,
  requestOf,
  tenantFields,
  type Ask,
  type MarkedSlug,
} from './prober/graphql-attacks.js';
import { markedTenant } from './prober/probe-database.js';
import { seedEveryTable } from './prober/seed-rows.js';

const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));

/** GraphQL and the endpoints of the data plane, attacked with tokens of every role and kind. */
describe('attacks on the control plane', () => {
  let server: TestControlPlane;
  let admin: pg.Client;
  let catalogue: Catalogue;
  let attacker: MarkedSlug;
  let victim: MarkedSlug;
  const tokens = new Map<string, string>();

  beforeAll(async () => {
    server = await TestControlPlane.start();
    const { foundation } = server.controlPlane;
    const { ids } = await seedTenants(foundation, ['attacker', 'victim-of-it']);
    const named = (slug: string): MarkedSlug => ({ ...markedTenant(slug, ids[slug]), slug });
    attacker = named('attacker');
    victim = named('victim-of-it');
    admin = new pg.Client({ connectionString: foundation.configuration.databaseUrl });
    await admin.connect();
    catalogue = await readCatalogue(admin, 'postgres');
    for (const tenant of [attacker, victim]) await seedEveryTable(admin, catalogue, tenant);
    // The seeded audit events have taken revisions.
    await admin.query('update revision_head set revision = 1000');
    for (const role of roles) {
      tokens.set(role, await secretOf('createToken', `name: "${role}", role: ${role}`));
    }
  });

  afterAll(async () => {
    await admin?.end();
    await server?.stop();
  });

  async function secretOf(mutation: string, input: string): Promise<string> {
    const { data, errors } = await server.graphql(`mutation { ${mutation}(input: { ${input} }) { secret } }`);
    const secret = (data as Record<string, { secret: string }> | null)?.[mutation]?.secret;
    if (!secret) throw new Error(JSON.stringify(errors));
    return secret;
  }

  const asking =
    (token: string | undefined): Ask =>
    (query, variables) =>
      server.graphql(query, variables, token);

  it('attack something: fields that take a tenant, and rows of the victim wherever a tenant can have some', async () => {
    expect(tenantFields(schema, 'query').length).toBeGreaterThan(6);
    expect(tenantFields(schema, 'mutation').length).toBeGreaterThan(10);
    const empty: string[] = [];
    for (const { name, kind, columns } of catalogue.relations) {
      if (kind !== 'r' || !columns.some((column) => column.name === 'tenant_id')) continue;
      const { rowCount } = await admin.query(`select from "${name}" where tenant_id = $1`, [victim.id]);
      if (!rowCount) empty.push(name);
    }
    expect(empty).toEqual([]);
  });

  it.each(roles)('find nothing of another tenant with a token of role %s', async (role) => {
    expect(told(await attackQueries(schema, asking(tokens.get(role)), attacker, victim))).toEqual([]);
  });

  it.each(roles)('learn from no refusal to role %s whether a tenant exists', async (role) => {
    expect(told(await attackExistence(schema, asking(tokens.get(role)), victim, 'nobody-of-it'))).toEqual([]);
  });

  it('find each resolver that answers about the wrong tenant', async () => {
    // Every field that takes a tenant is made to leak in turn, as if its resolver looked at another argument.
    for (const field of tenantFields(schema, 'query')) {
      const { query } = requestOf('query', field, attacker.slug);
      const leaking: Ask = (asked, variables) => {
        const text = JSON.stringify(variables);
        const swapped = asked === query ? text.replaceAll(attacker.slug, victim.slug) : text;
        return server.graphql(asked, JSON.parse(swapped) as Record<string, unknown>, testAdminToken);
      };
      const leaks = await server.graphql(query, requestOf('query', field, victim.slug).variables);
      const tells = [victim.mark, victim.id, victim.slug].some((secret) =>
        JSON.stringify(leaks).includes(secret),
      );
      const findings = await attackQueries(schema, leaking, attacker, victim);
      expect([field.name, findings.map(({ object }) => object)]).toEqual([
        field.name,
        tells ? [`Query.${field.name}`] : [],
      ]);
    }
  });

  it('find a refusal that tells whether a tenant exists', async () => {
    const telling: Ask = async (query, variables) => {
      const answer = await server.graphql(query, variables, tokens.get('viewer'));
      const exists = JSON.stringify(variables).includes(victim.slug);
      return query.includes('suspendTenant') && !exists ? { ...answer, status: 404 } : answer;
    };
    const findings = await attackExistence(schema, telling, victim, 'nobody-of-it');
    expect(findings.map(({ object }) => object)).toEqual(['Mutation.suspendTenant']);
  });

  it('change nothing of another tenant, whatever is changed of one', async () => {
    const before = await fingerprint();
    const done: string[] = [];
    for (const field of tenantFields(schema, 'mutation')) {
      const { query, variables } = requestOf('mutation', field, attacker.slug);
      const { errors } = await server.graphql(query, variables);
      if (!errors) done.push(field.name);
    }
    expect(done.length).toBeGreaterThanOrEqual(3);
    expect(await fingerprint()).toEqual(before);
  });

  it.each(['CLIENT', 'FRONTEND', 'RUNTIME'])(
    'see one tenant alone with a %s token of it, at every address',
    async (kind) => {
      const secret = await secretOf(
        'createSdkToken',
        `name: "own", kind: ${kind}, environment: "production", tenant: "${attacker.slug}"`,
      );
      const routes = server.controlPlane.app
        .getHttpAdapter()
        .getInstance()
        .printRoutes({ commonPrefix: false })
        .matchAll(/(\/[\w/.:-]*) \(([A-Z, ]+)\)/g);
      const leaks: string[] = [];
      let asked = 0;
      for (const [, path = '', methods = ''] of routes) {
        if (!methods.includes('GET') || /stream/.test(path)) continue;
        asked++;
        const response = await fetch(`${server.url}${path.replaceAll(/:\w+/g, 'x')}`, {
          headers: { authorization: secret.startsWith('tierdeck') ? `Bearer ${secret}` : secret },
          signal: AbortSignal.timeout(5_000),
        });
        const text = await response.text();
        if ([victim.mark, victim.id, victim.slug].some((it) => text.includes(it))) leaks.push(path);
      }
      expect(asked).toBeGreaterThan(4);
      expect(leaks).toEqual([]);
    },
  );

  it('report about no tenant but the one of the token', async () => {
    const secret = await secretOf(
      'createSdkToken',
      `name: "forger", kind: RUNTIME, environment: "production", tenant: "${attacker.slug}"`,
    );
    const before = await fingerprint();
    const response = await fetch(`${server.url}/runtime/report`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        instanceId: 'forger',
        service: 'integration-worker',
        tenantId: victim.id,
        startedAt: new Date().toISOString(),
        sequence: 1,
        appliedRevision: 1,
        usage: [],
        kpis: [],
      }),
    });
    expect(response.status).toBe(403);
    expect(await fingerprint()).toEqual(before);
  });

  /** All rows of the victim, in every table of the control plane. */
  async function fingerprint(): Promise<Record<string, unknown>> {
    const prints: Record<string, unknown> = {};
    for (const { name, kind, columns } of catalogue.relations) {
      const column = name === 'tenant' ? 'id' : 'tenant_id';
      if (kind !== 'r' || !columns.some((it) => it.name === column)) continue;
      const { rows } = await admin.query(
        `select to_jsonb(r) as row from "${name}" r where "${column}" = $1 order by 1`,
        [victim.id],
      );
      prints[name] = rows;
    }
    return prints;
  }
});
