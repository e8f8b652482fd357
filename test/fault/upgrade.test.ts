import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BackupsService, TenantDatabases } from '#tenancy';
import { readMigrations } from '#platform';
import { TestControlPlane } from '../support/control-plane.js';
import { withTestClient } from '../support/database.js';
import { createOldInstallation, type OldInstallation, type OldTenant } from '../support/old-installation.js';

describe('an installation of the first version, started with this one', () => {
  let old: OldInstallation;
  let upgraded: TestControlPlane;
  let tenants: OldTenant[];

  beforeAll(async () => {
    old = await createOldInstallation();
    tenants = [old.shared, old.dedicated];
    upgraded = await TestControlPlane.start({
      TIERDECK_DATABASE_URL: old.url,
      TIERDECK_MASTER_KEY: old.masterKey,
      TIERDECK_ROLES: 'api,reconciler',
      TIERDECK_PREPARED_DATABASES: '0',
    });
  });

  afterAll(async () => {
    await upgraded?.stop();
    await old.drop();
  });

  it('has every database at the newest migration: the dedicated one by an operation of the fleet', async () => {
    const { database, operations } = upgraded.controlPlane.foundation;
    const [operation] = await database.query<{ id: string }>(
      `select id from operation where kind = 'fleet.migrate'`,
    );
    expect(await operations.settled(operation?.id ?? '', 60_000)).toBe('SUCCEEDED');
    const { data } = await upgraded.graphql('{ fleet { current behind failed } }');
    expect(data?.['fleet']).toEqual({ current: 2, behind: 0, failed: 0 });
    const newest = (await readMigrations('migrations/tenant')).map(({ name }) => name);
    for (const { database } of tenants) expect(await ledger(database)).toEqual(newest);
    const migrated = await database.query<{ after: unknown }>(
      `select after from audit_event where action = 'fleet.migrated'`,
    );
    const names = { version: newest.at(-1), migrated: [`local/${old.dedicated.database}`], failed: [] };
    expect(migrated.map(({ after }) => after)).toEqual([names]);
    const ours = (await readMigrations('migrations/control-plane')).map(({ name }) => name);
    expect(await ledger(new URL(old.url).pathname.slice(1))).toEqual(ours);
  });

  it('shows each tenant its rows, lets it write, and shows it nothing of others', async () => {
    const databases = upgraded.controlPlane.app.get(TenantDatabases);
    for (const { slug, id } of tenants) {
      const codes = await databases.withTenant(
        { id, databaseId: await databaseIdOf(slug) },
        async (client) => {
          await client.query(`insert into region (code, name) values ('new', 'New')`);
          return (await client.query<{ code: string }>('select code from region order by code')).rows;
        },
      );
      expect(codes).toEqual([{ code: 'new' }, { code: `${slug}-region` }]);
      const login = await databases.connectAsService(await databaseIdOf(slug));
      await expect(login.query('select from public.region')).rejects.toThrow(/permission denied/);
      await login.end();
    }
  });

  it('answers by the flags it had', async () => {
    const answers = tenants.map(async ({ slug }) => {
      const input = { flag: 'notice', environment: 'production', tenant: slug };
      const { data } = await upgraded.graphql(
        'query ($input: EvaluateFlagInput!) { evaluateFlag(input: $input) { enabled } }',
        { input },
      );
      return data?.['evaluateFlag'];
    });
    expect(await Promise.all(answers)).toEqual([{ enabled: true }, { enabled: false }]);
  });

  it('does for its tenants what the first version could not', async () => {
    const { foundation, app } = upgraded.controlPlane;
    for (const { slug } of tenants) {
      const { operationId } = await foundation.commands.asSystem('test', (command) =>
        app.get(BackupsService).backUp(command, slug),
      );
      expect(await foundation.operations.settled(operationId, 60_000)).toBe('SUCCEEDED');
    }
  });

  const ledger = (database: string): Promise<string[]> =>
    withTestClient(database, async (client) => {
      const { rows } = await client.query<{ name: string }>(
        'select name from schema_migration order by name',
      );
      return rows.map(({ name }) => name);
    });

  async function databaseIdOf(slug: string): Promise<string> {
    const { database } = upgraded.controlPlane.foundation;
    const [row] = await database.query<{ database_id: string }>(
      'select database_id from tenant where slug = $1',
      [slug],
    );
    return row?.database_id ?? '';
  }
});
