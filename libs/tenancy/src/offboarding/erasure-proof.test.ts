import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { tenantManifest, TestTenancy } from '../../../../test/support/tenancy.js';
import { ErasureProof } from './erasure-proof.js';

/** MT-12: each thing that offboarding may leave behind is found, and one that is not there is not. */
describe('the proof of an erasure', () => {
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

  async function found(slug: string, id: string, revision = 0): Promise<string[]> {
    const checks = await tenancy.app.get(ErasureProof).gather({ id, slug }, revision);
    return checks.flatMap(({ what, found: n }) => (n > 0 ? [what.replace(/\d+/, 'all')] : []));
  }

  it('finds rows, streams, databases, logins, entries and processes, one by one', async () => {
    const nobody = '00000000-0000-4000-8000-00000000dead';
    expect(await found('nobody-here', nobody)).toEqual([]);
    const pooled = await tenancy.onboard(tenantManifest('lingers', { data: undefined }));
    const own = await tenancy.onboard(
      tenantManifest('lingers-own', { data: undefined, database: 'DEDICATED' }),
    );
    const { databaseId } = await tenancy.readModel.bySlug('lingers');
    expect(await found('lingers', pooled)).toContain('entry in the runtime snapshot');
    expect(await found('lingers-own', own)).toEqual(
      expect.arrayContaining(['database', 'login role', 'entry in the runtime snapshot']),
    );

    const admin = await tenancy.databases.connect(databaseId as string);
    try {
      await admin.query(`select set_config('tierdeck.tenant_id', $1, false)`, [nobody]);
      await admin.query('set session_replication_role = replica');
      await admin.query(`insert into integration_job (tenant_id, kind, payload) values ($1, 'note', '{}')`, [
        nobody,
      ]);
      expect(await found('nobody-here', nobody)).toEqual(['rows in all tables', 'integration jobs']);
      await admin.query('delete from integration_job where tenant_id = $1', [nobody]);
      await admin.query(`create publication left_over for table item where (tenant_id = '${nobody}')`);
      expect(await found('nobody-here', nobody)).toEqual(['publications of its rows']);
      await admin.query(`select pg_create_logical_replication_slot('left_over', 'pgoutput')`);
      expect(await found('nobody-here', nobody)).toEqual([
        'publications of its rows',
        'replication slots of its rows',
      ]);
    } finally {
      await admin.query(`select pg_drop_replication_slot(slot_name) from pg_replication_slots
        where slot_name = 'left_over'`);
      await admin.query('drop publication if exists left_over');
      await admin.end();
    }
    const backupId = randomUUID();
    await tenancy.database.query(
      `insert into tenant_backup (id, tenant_id, reason, requested_by) values ($1, $2, 'REQUESTED', 'test')`,
      [backupId, pooled],
    );
    const aside = `${scratch.name}_aside`;
    await tenancy.database.query(
      `insert into tenant_restore (id, tenant_id, backup_id, mode, requested_by, cluster, database_name, expires_at)
       values ($1, $2, $3, 'SIDE_BY_SIDE', 'test', 'local', $4, now())`,
      [randomUUID(), pooled, backupId, aside],
    );
    expect(await found('lingers', pooled)).not.toContain('databases with an archive of it');
    await tenancy.database.query(`create database "${aside}"`);
    expect(await found('lingers', pooled)).toContain('databases with an archive of it');
    await tenancy.database.query(`drop database "${aside}"`);
    await tenancy.heartbeat('distribution', null, 1);
    expect(await found('nobody-here', nobody, 2)).toEqual(['processes that still know the tenant']);
  });
});
