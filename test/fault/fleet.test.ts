import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FleetService } from '#tenancy';
import { DatabaseProvisioner } from '../../libs/tenancy/src/databases/database-provisioner.js';
import { FleetStore } from '../../libs/tenancy/src/fleet/fleet.store.js';
import { createTestDatabase, withTestClient, type TestDatabase } from '../support/database.js';
import { everyKill, killPoints, killSeed, seeded } from '../support/kill-points.js';
import { runOperation } from '../support/operation-process.js';
import { tenantManifest, TestTenancy } from '../support/tenancy.js';

const slugs = ['ada', 'bob', 'cyd', 'dee'];
/** Not idempotent: a second go at a database would show. */
const migration = `create table counted (n int); insert into counted values (1);`;
const deaths = [
  'prepare-clusters:done',
  'migrate-databases:after:0901_counted',
  'migrate-databases:progress:1',
];
const randomKills = everyKill ? 3 : 1;

describe(`a fleet migration killed with SIGKILL (TIERDECK_TEST_SEED=${killSeed})`, () => {
  let scratch: TestDatabase;
  let tenancy: TestTenancy;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tierdeck-fleet-'));
    await cp('migrations/tenant', folder, { recursive: true });
    scratch = await createTestDatabase('control-plane');
    tenancy = await start();
    await tenancy.reconcile();
    const wish = { database: 'DEDICATED', data: undefined };
    for (const slug of slugs) await tenancy.onboard(tenantManifest(slug, wish));
    await tenancy.stop();
    await writeFile(join(folder, '0901_counted.sql'), migration);
    tenancy = await start();
  }, 120_000);

  afterAll(async () => {
    await tenancy.stop();
    await scratch.drop();
    await rm(folder, { recursive: true, force: true });
  });

  it('brings every database to one version, each migration once, and retries alone what failed', async () => {
    const fleet = tenancy.app.get(FleetService);
    await inDatabase('bob', 'create table counted (n text)');
    const operation = (await command((c) => fleet.migrate(c))) as string;
    const random = seeded(killSeed);
    for (const point of killPoints(deaths, 2, random)) {
      expect(await kill(operation, point)).toEqual({ signal: 'SIGKILL', status: '' });
    }
    // What is left to do may be less than the statements after which these die.
    for (let n = 0; n < randomKills; n++) {
      await kill(operation, `any:statements:${1 + Math.floor(random() * 12)}`);
    }
    expect(await tenancy.perform(operation)).toBe('FAILED');
    expect(await errorOf(operation)).toContain(`local/${nameOf('bob')}: Migration 0901_counted failed`);
    expect(await counts()).toEqual({ current: slugs.length, behind: 0, failed: 1 });
    for (const slug of ['ada', 'cyd', 'dee']) expect(await stateOf(slug)).toEqual(migrated);

    await inDatabase('bob', 'drop table counted');
    const retry = (await command((c) => fleet.retry(c, 'bob'))) as string;
    expect(await kill(retry, 'migrate-databases:done')).toEqual({ signal: 'SIGKILL', status: '' });
    expect(await tenancy.perform(retry)).toBe('SUCCEEDED');
    for (const slug of slugs) expect(await stateOf(slug)).toEqual(migrated);
    expect(await counts()).toEqual({ current: slugs.length + 1, behind: 0, failed: 0 });
  }, 300_000);

  const migrated = { ledger: 1, effects: 1, locks: 0 };

  const start = (): Promise<TestTenancy> =>
    TestTenancy.start(scratch.url, { reconcile: false, configuration: { tenantMigrationsDir: folder } });

  const kill = (operation: string, point: string): ReturnType<typeof runOperation> =>
    runOperation(scratch.url, operation, point, { tenantMigrationsDir: folder, fleetWidth: 4 });

  const nameOf = (slug: string): string => tenancy.app.get(DatabaseProvisioner).names.dedicated(slug);

  const inDatabase = (slug: string, sql: string): Promise<unknown> =>
    withTestClient(nameOf(slug), (client) => client.query(sql));

  const counts = (): Promise<unknown> => tenancy.app.get(FleetStore).counts();

  const command = <T>(work: Parameters<typeof tenancy.foundation.commands.asSystem<T>>[1]): Promise<T> =>
    tenancy.foundation.commands.asSystem('test', work);

  async function errorOf(operation: string): Promise<string | undefined> {
    const [row] = await tenancy.database.query<{ error_message: string }>(
      'select error_message from operation where id = $1',
      [operation],
    );
    return row?.error_message;
  }

  /** Lines of the ledger, effects of the migration, and locks that a killed process has left. */
  async function stateOf(slug: string): Promise<unknown> {
    return withTestClient(nameOf(slug), async (client) => {
      const { rows } = await client.query(
        `select (select count(*)::int from schema_migration where name = '0901_counted') as ledger,
           (select count(*)::int from counted) as effects,
           (select count(*)::int from pg_locks l join pg_database d on d.oid = l.database
            where l.locktype = 'advisory' and d.datname = current_database()) as locks`,
      );
      return rows[0];
    });
  }
});
