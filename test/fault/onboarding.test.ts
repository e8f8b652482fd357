import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { PreparedDatabases } from '#tenancy';
import { killPoints, killSeed, seeded } from '../support/kill-points.js';
import { runOperation } from '../support/operation-process.js';
import { tenantManifest, TestTenancy } from '../support/tenancy.js';

const dedicated = { database: 'DEDICATED', integrationWorkers: 'DEDICATED' };

/** Where the process dies, each time at a later point of the same onboarding. */
const deaths = [
  'reserve-database:begin',
  'reserve-database:done',
  'create-database:begin',
  ...[
    'pg_advisory_lock_shared',
    'create database',
    'create role',
    'alter role',
    'grant tierdeck_login',
    'revoke all on database',
    'grant connect',
  ].map((statement) => `create-database:after:${statement}`),
  'create-database:done',
  'import-data:begin',
  'import-data:progress:1',
  'import-data:after:create temporary table kit_rows',
  'import-data:after:insert into kit_import',
  'import-data:progress:9',
  'import-data:done',
  'copy-units:begin',
  'start-workers:begin',
  'start-workers:done',
  'verify:begin',
  'verify:done',
  'activate:begin',
  'activate:done',
];

/** The same out of a prepared database. */
const deathsOfRenaming = [
  'reserve-database:done',
  'create-database:after:alter database',
  'create-database:done',
];

describe(`an onboarding killed with SIGKILL after each step and in the middle of steps (TIERDECK_TEST_SEED=${killSeed})`, () => {
  const random = seeded(killSeed);
  let scratch: TestDatabase;
  let tenancy: TestTenancy;

  beforeAll(async () => {
    scratch = await createTestDatabase('control-plane');
    tenancy = await TestTenancy.start(scratch.url, { reconcile: false });
  });

  afterAll(async () => {
    await tenancy.stop();
    await scratch.drop();
  });

  it('ends with the same result as one that was left alone', async () => {
    const undisturbed = await begin('left-alone');
    expect(await tenancy.perform(undisturbed.operation)).toBe('SUCCEEDED');
    const killed = await begin('killed-often');
    await killAt(killed.operation, killPoints(deaths, 5, random));
    expect(await tenancy.perform(killed.operation)).toBe('SUCCEEDED');
    expect(await resultOf('killed-often')).toEqual(await resultOf('left-alone'));
  }, 300_000);

  it('ends with the same result out of a prepared database', async () => {
    await tenancy.app.get(PreparedDatabases).keepUp();
    const { operation } = await begin('out-of-stock');
    await killAt(operation, killPoints(deathsOfRenaming, 1, random));
    expect(await tenancy.perform(operation)).toBe('SUCCEEDED');
    expect(await resultOf('out-of-stock')).toEqual(await resultOf('left-alone'));
  }, 120_000);

  async function begin(slug: string): Promise<{ operation: string }> {
    const { operationIds } = await tenancy.apply(tenantManifest(slug, dedicated));
    const { id } = await tenancy.readModel.bySlug(slug);
    await tenancy.heartbeat('integration-worker', id);
    await tenancy.database.query(`update runtime_instance set seen_at = now() + interval '1 hour'`);
    return { operation: operationIds[0] as string };
  }

  async function killAt(operation: string, points: readonly string[]): Promise<void> {
    for (const point of points) {
      const end = await runOperation(scratch.url, operation, point);
      expect({ point, ...end }).toEqual({ point, signal: 'SIGKILL', status: '' });
    }
  }

  /** Everything an onboarding leaves behind, without the ids that differ. */
  async function resultOf(slug: string): Promise<unknown> {
    const tenant = await tenancy.readModel.bySlug(slug);
    const units = await tenancy.readModel.units(tenant.id);
    const database = (await tenancy.databases.databases()).find(({ id }) => id === tenant.databaseId);
    const admin = await tenancy.databases.connect(tenant.databaseId as string);
    const { rows: tables } = await admin.query<{ name: string }>(
      `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by relname`,
    );
    const content: Record<string, unknown> = {};
    for (const { name } of tables.filter(({ name }) => name !== 'schema_migration')) {
      // Times of import and random ids differ between any two tenants.
      const { rows } = await admin.query(
        `select count(*)::int as rows, sum(hashtextextended((to_jsonb(t) - '{tenant_id,id,imported_at,updated_at,at,created_at}'::text[])::text, 0)) as content
         from "${name}" t`,
      );
      content[name] = rows[0];
    }
    const { rows: guests } = await admin.query(
      `select rolname = $1 as own, rolsuper, rolbypassrls, rolcreatedb from pg_roles
       where rolcanlogin and not rolsuper and has_database_privilege(rolname, current_database(), 'CONNECT')`,
      [database?.loginRole],
    );
    await admin.end();
    const service = await tenancy.databases.withTenant(
      { id: tenant.id, databaseId: tenant.databaseId as string },
      async (client) => (await client.query('select count(*)::int as n from item')).rows,
    );
    const steps = await tenancy.database.query(
      `select s.name, s.status from operation_step s join operation o on o.id = s.operation_id
       where o.tenant_id = $1 order by s.position`,
      [tenant.id],
    );
    const activations = await tenancy.database.query(
      `select action, count(*)::int as times from audit_event where tenant_id = $1 group by action order by action`,
      [tenant.id],
    );
    return {
      status: tenant.status,
      units: units.map((unit) => ({ ...unit, tenantId: 'of either' })),
      kind: database?.kind,
      tenants: database?.tenantIds.length,
      content,
      guests,
      service,
      steps,
      activations,
    };
  }
});
