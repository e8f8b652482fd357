import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, withTestClient, type TestDatabase } from '../../../../test/support/database.js';
import { tenantManifest, TestTenancy } from '../../../../test/support/tenancy.js';
import { clusterOfUrl } from './database-clusters.js';
import { databaseNames } from './database-names.js';
import { DatabaseProvisioner } from './database-provisioner.js';
import { readReleaseMigrations, readTenantMigrations } from './tenant-migrations.js';

describe('tenant databases', () => {
  let scratch: TestDatabase;
  let tenancy: TestTenancy;

  beforeAll(async () => {
    scratch = await createTestDatabase('control-plane');
    tenancy = await TestTenancy.start(scratch.url);
  });

  afterAll(async () => {
    await tenancy.stop();
    await scratch.drop();
  });

  const ensure = (): Promise<void> =>
    tenancy.databases.ensureCluster(clusterOfUrl('local', 'eu', scratch.url));

  const names = () => tenancy.app.get(DatabaseProvisioner).names;

  async function revision(): Promise<string> {
    const [row] = await tenancy.database.query<{ revision: string }>('select revision from revision_head');
    return row?.revision ?? '';
  }

  async function migrationsOf(database: string): Promise<string[]> {
    return withTestClient(database, async (client) => {
      const { rows } = await client.query<{ name: string }>(
        'select name from schema_migration order by name',
      );
      return rows.map(({ name }) => name);
    });
  }

  it('are made at the newest migration; a second start changes nothing', async () => {
    const before = await revision();
    await ensure();
    expect(await revision()).toBe(before);
    const base = (await readTenantMigrations()).map(({ name }) => name);
    expect(await migrationsOf(names().pool)).toEqual(base);
    await expect(withTestClient(names().template, async () => undefined)).rejects.toThrow(
      'not currently accepting connections',
    );
  });

  it('are brought right again from whatever a killed start has left', async () => {
    const { template, pool } = names();
    const wreckages = [
      // Killed while the template was open for its migration, before it was marked.
      `alter database ${template} allow_connections true; comment on database ${template} is null`,
      // Killed before the template was made, or before the pool was.
      `alter database ${template} is_template false; drop database ${template}`,
      `drop database ${pool} with (force)`,
      // Killed before the rights were set.
      `grant connect on database ${pool} to public; alter role ${pool} nologin password null`,
    ];
    for (const wreckage of wreckages) {
      await withTestClient('postgres', async (client) => {
        for (const statement of wreckage.split(';')) await client.query(statement);
      });
      await ensure();
      const [database] = await tenancy.databases.databases();
      const client = await tenancy.databases.connectAsService(database?.id as string);
      await client.end();
      const [rights] = await tenancy.database.query<{ open: boolean; closed: boolean }>(
        `select has_database_privilege('public', '${pool}', 'CONNECT') as open,
           (select not datallowconn from pg_database where datname = '${template}') as closed`,
      );
      expect({ wreckage, ...rights }).toEqual({ wreckage, open: false, closed: true });
    }
  });

  it('of a new tenant have the release migrations that the pool already has, and no others', async () => {
    const [released] = await readReleaseMigrations();
    await tenancy.onboard(tenantManifest('before-release', { database: 'DEDICATED', data: undefined }));
    expect(await migrationsOf(names().dedicated('before-release'))).not.toContain(released?.name);
    await withTestClient(names().pool, async (client) => {
      await client.query(released?.up ?? '');
      await client.query('insert into schema_migration (name, checksum) values ($1, $2)', [
        released?.name,
        released?.checksum,
      ]);
    });
    await tenancy.onboard(tenantManifest('after-release', { database: 'DEDICATED', data: undefined }));
    expect(await migrationsOf(names().dedicated('after-release'))).toContain(released?.name);
    await ensure();
  });

  it('take a new tenant beside the ledger that releases keep there', async () => {
    await withTestClient(names().pool, (client) =>
      client.query(
        'create table release_migration (name text primary key references schema_migration, release_id uuid not null)',
      ),
    );
    await tenancy.onboard(tenantManifest('beside-ledger', { data: undefined }));
    expect((await tenancy.readModel.bySlug('beside-ledger')).status).toBe('ACTIVE');
  });

  it('keep no password in clear, neither stored nor sent', async () => {
    const { databases } = await tenancy.databases.snapshot();
    const [stored] = await tenancy.database.query<{ dump: string }>(
      `select (select string_agg(d::text, '') from tenant_database d)
         || (select string_agg(c::text, '') from database_cluster c)
         || (select string_agg(a::text, '') from audit_event a)
         || (select string_agg(o::text, '') from operation o) as dump`,
    );
    expect(databases.length).toBeGreaterThan(0);
    for (const { password } of databases) expect(stored?.dump).not.toContain(password);
  });

  it('of two control planes on one server have different names, none cut off by PostgreSQL', () => {
    const standard = databaseNames('postgres://x@h/tierdeck');
    expect([standard.pool, standard.template, standard.dedicated('big-shop')]).toEqual([
      'tierdeck_pool',
      'tierdeck_template',
      'tenant_big_shop',
    ]);
    const other = databaseNames(`postgres://x@h/${'o'.repeat(40)}`);
    const long = [other.dedicated(`${'s'.repeat(30)}a`), other.dedicated(`${'s'.repeat(30)}b`)];
    expect(new Set(long).size).toBe(2);
    for (const name of long) expect(name.length).toBeLessThanOrEqual(63);
  });
});
