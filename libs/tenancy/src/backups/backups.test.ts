import { randomUUID } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, withTestClient, type TestDatabase } from '../../../../test/support/database.js';
import { faultAt } from '../../../../test/support/move-faults.js';
import { tenantManifest, TestTenancy } from '../../../../test/support/tenancy.js';
import { TenantKeys } from '../keys/index.js';
import { RESTORE_IN_PLACE } from './restore-in-place.operation.js';
import type { Tenant } from '../tenant.js';
import { BackupPolicies } from './backup-policies.js';
import { BackupScheduler, BackupsReadModel, BackupsService } from './index.js';
import type { RestoreWish } from './backups.service.js';

describe('backups of a tenant', () => {
  let scratch: TestDatabase;
  let tenancy: TestTenancy;
  let backups: BackupsService;
  let readModel: BackupsReadModel;

  beforeAll(async () => {
    scratch = await createTestDatabase('control-plane');
    tenancy = await TestTenancy.start(scratch.url);
    backups = tenancy.app.get(BackupsService);
    readModel = tenancy.app.get(BackupsReadModel);
    for (const slug of ['shop', 'spare', 'scheduled'])
      await tenancy.onboard(tenantManifest(slug, { data: undefined }));
    await write('shop', 'one');
  });

  afterAll(async () => {
    await tenancy.stop();
    await scratch.drop();
  });

  const bySlug = (slug: string): Promise<Tenant> => tenancy.readModel.bySlug(slug);
  const command = <T>(work: Parameters<typeof tenancy.foundation.commands.asSystem<T>>[1]): Promise<T> =>
    tenancy.foundation.commands.asSystem('test', work);

  async function housed<T>(
    slug: string,
    work: Parameters<typeof tenancy.databases.withTenant<T>>[1],
  ): Promise<T> {
    const { id, databaseId } = await bySlug(slug);
    return tenancy.databases.withTenant({ id, databaseId: databaseId as string }, work);
  }

  const write = (slug: string, code: string) =>
    housed(slug, (client) => client.query(`insert into region (code, name) values ($1, 'R')`, [code]));

  const regions = (slug: string): Promise<string[]> =>
    housed(slug, async (client) => {
      const { rows } = await client.query<{ code: string }>('select code from region order by code');
      return rows.map(({ code }) => code);
    });

  async function backUp(slug: string): Promise<string> {
    const { operationId, backupId } = await command((c) => backups.backUp(c, slug));
    expect(await tenancy.operations.settled(operationId, 60_000)).toBe('SUCCEEDED');
    return backupId;
  }

  async function restore(wish: RestoreWish): Promise<{ id: string; status: string; error: string | null }> {
    const { operationId } = await command((c) => backups.restore(c, wish));
    const status = await tenancy.operations.settled(operationId, 60_000);
    const [row] = await tenancy.database.query<{ error_code: string | null }>(
      'select error_code from operation where id = $1',
      [operationId],
    );
    return { id: operationId, status, error: row?.error_code ?? null };
  }

  const partOf = async (slug: string, backup: string, table: string): Promise<string> => {
    const folder = join(tenancy.foundation.configuration.dataDir, 'archives', slug, backup);
    const name = (await readdir(folder)).find((part) => part.endsWith(`-${table}`));
    return join(folder, name ?? 'missing');
  };

  async function spoil(slug: string, backup: string): Promise<void> {
    const part = await partOf(slug, backup, 'region');
    const bytes = await readFile(part);
    bytes[10] = (bytes[10] as number) ^ 1;
    await writeFile(part, bytes);
  }

  const suspensions = (): Promise<{ n: number }[]> =>
    tenancy.database.query(`select count(*)::int as n from audit_event where action = 'tenant.suspended'`);

  it('show what they hold and how fresh it is', async () => {
    const { id } = await bySlug('shop');
    expect((await readModel.standings([id]))[0]).toMatchObject({
      backupFreshness: 'NEVER',
      drillState: 'NOT_YET',
    });
    const backup = await backUp('shop');
    const [listed] = await readModel.backups(id, 10);
    expect(listed).toMatchObject({
      id: backup,
      status: 'COMPLETE',
      rows: 1,
      keyVersion: 1,
      reason: 'REQUESTED',
    });
    expect(listed?.tables).toBeGreaterThan(20);
    const [standing] = await readModel.standings([id]);
    expect(standing).toMatchObject({ backupFreshness: 'FRESH', lastBackupAt: listed?.snapshotAt });
    await tenancy.database.query(
      `update tenant_backup set snapshot_at = snapshot_at - interval '2 days' where id = $1`,
      [backup],
    );
    expect((await readModel.standings([id]))[0]).toMatchObject({ backupFreshness: 'STALE' });
    await tenancy.database.query(
      `update tenant_backup set snapshot_at = snapshot_at + interval '2 days' where id = $1`,
      [backup],
    );
  });

  it('restored in place bring the state back, serve again, and can be undone', async () => {
    const backup = await backUp('shop');
    const before = await regions('shop');
    await write('shop', 'later');
    const done = await restore({ tenant: 'shop', backup, mode: 'IN_PLACE', confirm: 'shop' });
    expect(done.status).toBe('SUCCEEDED');
    expect(await regions('shop')).toEqual(before);
    expect((await bySlug('shop')).status).toBe('ACTIVE');
    const units = await tenancy.readModel.units((await bySlug('shop')).id);
    expect(units.map(({ code }) => code)).toEqual(before);
    const { beforeBackupId } = (await readModel.restore(done.id)) as { beforeBackupId: string };
    await restore({ tenant: 'shop', backup: beforeBackupId, mode: 'IN_PLACE', confirm: 'shop' });
    expect(await regions('shop')).toEqual([...before, 'later'].sort());
    const events = await tenancy.database.query<{ action: string }>(
      `select action from audit_event where correlation = $1 order by revision`,
      [`operation/${done.id}`],
    );
    expect(events.map(({ action }) => action)).toEqual([
      'tenant.suspended',
      'tenant.backed-up',
      'tenant.resumed',
      'tenant.restored',
    ]);
  });

  it('restored in place replace nothing that was written after the last archive of it', async () => {
    const backup = await backUp('shop');
    const put = faultAt(tenancy, RESTORE_IN_PLACE, 'replace', {
      // As an instance does that is cut off and has not heard of the suspension.
      before: () => write('shop', 'unheard'),
    });
    const overtaken = await restore({ tenant: 'shop', backup, mode: 'IN_PLACE', confirm: 'shop' });
    put();
    expect(overtaken).toMatchObject({ status: 'FAILED', error: 'RESTORE_OVERTAKEN' });
    expect(await regions('shop')).toContain('unheard');
    expect((await bySlug('shop')).status).toBe('ACTIVE');
    const again = await restore({ tenant: 'shop', backup, mode: 'IN_PLACE', confirm: 'shop' });
    expect(again.status).toBe('SUCCEEDED');
    expect(await regions('shop')).not.toContain('unheard');
    const { beforeBackupId } = (await readModel.restore(again.id)) as { beforeBackupId: string };
    await restore({ tenant: 'shop', backup: beforeBackupId, mode: 'IN_PLACE', confirm: 'shop' });
    expect(await regions('shop')).toContain('unheard');
  });

  it('are refused before anything is touched when the archive is broken', async () => {
    const backup = await backUp('shop');
    await write('shop', 'after-backup');
    const before = await regions('shop');
    await spoil('shop', backup);
    const [{ n: events } = { n: 0 }] = await suspensions();
    for (const wish of [{ mode: 'IN_PLACE' as const, confirm: 'shop' }, { mode: 'SIDE_BY_SIDE' as const }]) {
      expect(await restore({ tenant: 'shop', backup, ...wish })).toMatchObject({
        status: 'FAILED',
        error: 'ARCHIVE_REFUSED',
      });
    }
    expect(await regions('shop')).toEqual(before);
    expect((await bySlug('shop')).status).toBe('ACTIVE');
    expect(await suspensions()).toEqual([{ n: events }]);
    expect(await restore({ tenant: 'shop', backup, mode: 'NEW_TENANT', newSlug: 'half-made' })).toMatchObject(
      {
        error: 'ARCHIVE_REFUSED',
      },
    );
    expect((await bySlug('half-made')).status).toBe('FAILED');
    await tenancy.database.query(`update tenant_backup set status = 'REMOVED' where id = $1`, [backup]);
  });

  it.each(['SHARED', 'DEDICATED'] as const)(
    'restored as a new %s tenant have all rows and wait to be resumed',
    async (database) => {
      const backup = await backUp('shop');
      const newSlug = `copy-${database.toLowerCase()}`;
      const done = await restore({ tenant: 'shop', backup, mode: 'NEW_TENANT', newSlug, database });
      expect(done.status).toBe('SUCCEEDED');
      const made = await bySlug(newSlug);
      expect(made).toMatchObject({ status: 'SUSPENDED', databasePlacement: database, plan: 'standard' });
      expect(await regions(newSlug)).toEqual(await regions('shop'));
    },
  );

  it('restored side by side stand in a database that only the administrator may enter, until its time is over', async () => {
    const done = await restore({ tenant: 'shop', mode: 'SIDE_BY_SIDE', hours: 2 });
    expect(done.status).toBe('SUCCEEDED');
    const { databaseName } = (await readModel.restore(done.id)) as { databaseName: string };
    const { rows, guests } = await withTestClient(databaseName, async (client) => ({
      rows: (await client.query('select count(*)::int as n from region')).rows,
      guests: (
        await client.query(`select 1 from pg_roles where rolcanlogin and not rolsuper
          and has_database_privilege(rolname, current_database(), 'CONNECT')`)
      ).rows,
    }));
    expect([rows, guests]).toEqual([[{ n: (await regions('shop')).length }], []]);
    await tenancy.database.query(`update tenant_restore set expires_at = now() where id = $1`, [done.id]);
    await settleSchedule();
    expect(await readModel.restore(done.id)).toMatchObject({ status: 'DROPPED' });
    const left = await tenancy.database.query('select 1 from pg_database where datname = $1', [databaseName]);
    expect(left).toEqual([]);
  });

  it('are drilled: evidence of a pass with its figures, and a state that shows a failure', async () => {
    const { id } = await bySlug('shop');
    const backup = await backUp('shop');
    const passed = await command((c) => backups.drill(c, 'shop'));
    expect(await tenancy.operations.settled(passed, 60_000)).toBe('SUCCEEDED');
    expect((await readModel.drills(id, 1))[0]).toMatchObject({
      backupId: backup,
      status: 'PASSED',
      rows: (await regions('shop')).length,
      recoveryMs: expect.any(Number),
      dataAgeMs: expect.any(Number),
    });
    expect((await readModel.standings([id]))[0]?.drillState).toBe('PASSED');
    await spoil('shop', backup);
    const failed = await command((c) => backups.drill(c, 'shop'));
    expect(await tenancy.operations.settled(failed, 60_000)).toBe('FAILED');
    expect((await readModel.drills(id, 1))[0]).toMatchObject({
      status: 'FAILED',
      error: expect.stringContaining('Archive'),
    });
    expect((await readModel.standings([id]))[0]?.drillState).toBe('FAILED');
    const left = await tenancy.database.query(`select 1 from pg_database where datname = any($1)`, [
      [passed, failed].map((drill) => `tierdeck_drill_${drill.replaceAll('-', '').slice(0, 16)}`),
    ]);
    expect(left).toEqual([]);
    await tenancy.database.query(`update tenant_backup set status = 'REMOVED' where id = $1`, [backup]);
  });

  it('name what is wrong with a wish', async () => {
    const foreign = await backUp('spare');
    const wishes: [RestoreWish, string][] = [
      [{ tenant: 'shop', mode: 'IN_PLACE', confirm: 'shpo' }, 'INVALID_INPUT'],
      [{ tenant: 'shop', mode: 'NEW_TENANT' }, 'INVALID_INPUT'],
      [{ tenant: 'shop', mode: 'NEW_TENANT', newSlug: 'spare' }, 'TENANT_SLUG_TAKEN'],
      [{ tenant: 'shop', mode: 'SIDE_BY_SIDE', hours: 0 }, 'INVALID_INPUT'],
      [{ tenant: 'shop', mode: 'SIDE_BY_SIDE', backup: foreign }, 'BACKUP_NOT_FOUND'],
      [{ tenant: 'shop', mode: 'SIDE_BY_SIDE', backup: 'x' }, 'BACKUP_NOT_FOUND'],
      [{ tenant: 'scheduled', mode: 'SIDE_BY_SIDE' }, 'NO_BACKUP'],
      [{ tenant: 'nobody', mode: 'SIDE_BY_SIDE' }, 'TENANT_NOT_FOUND'],
    ];
    for (const [wish, code] of wishes) {
      await expect(command((c) => backups.restore(c, wish))).rejects.toMatchObject({ code });
    }
    const policies = tenancy.app.get(BackupPolicies);
    await expect(command((c) => policies.set(c, { plan: 'nope' }, {}))).rejects.toMatchObject({
      code: 'PLAN_NOT_FOUND',
    });
    await expect(command((c) => policies.set(c, { tenant: 'shop' }, { keepCount: 0 }))).rejects.toMatchObject(
      { field: 'keepCount' },
    );
  });

  it('are of no use to anybody once the key was shredded', async () => {
    const backup = await backUp('spare');
    await command(async (c) => tenancy.app.get(TenantKeys).shred(c, (await bySlug('spare')).id, 'gone'));
    expect(await restore({ tenant: 'spare', backup, mode: 'IN_PLACE', confirm: 'spare' })).toMatchObject({
      error: 'TENANT_KEY_SHREDDED',
    });
  });

  describe('by schedule', () => {
    const age = (column: string, days: number) =>
      tenancy.database.query(
        `update tenant_backup set ${column} = ${column} - $1 * interval '1 day' where tenant_id = $2`,
        [days, scheduledId],
      );
    let scheduledId: string;

    beforeAll(async () => {
      scheduledId = (await bySlug('scheduled')).id;
      const policies = tenancy.app.get(BackupPolicies);
      for (const slug of ['shop', 'spare', 'copy-shared', 'copy-dedicated'])
        await command((c) => policies.set(c, { tenant: slug }, { enabled: false }));
      await command((c) =>
        policies.set(
          c,
          { tenant: 'scheduled' },
          { intervalMinutes: 60, keepCount: 2, keepDays: 1, drillIntervalDays: 1 },
        ),
      );
    });

    it('are begun when due, not before, and not twice', async () => {
      await settleSchedule();
      expect(await readModel.backups(scheduledId, 10)).toEqual([]);
      await tenancy.database.query(
        `update tenant set created_at = created_at - interval '2 hours' where id = $1`,
        [scheduledId],
      );
      const scheduler = tenancy.app.get(BackupScheduler);
      await Promise.all([scheduler.step(), scheduler.step(), scheduler.step()]);
      await settleSchedule();
      expect(await readModel.backups(scheduledId, 10)).toMatchObject([
        { reason: 'SCHEDULED', status: 'COMPLETE' },
      ]);
    });

    it('are drilled when due', async () => {
      await age('snapshot_at', 1);
      await age('started_at', 1);
      await settleSchedule();
      expect(await readModel.drills(scheduledId, 10)).toMatchObject([{ status: 'PASSED' }]);
    });

    it('are removed when no policy keeps them, and the newest stay', async () => {
      for (let i = 0; i < 3; i++) await backUp('scheduled');
      const all = await readModel.backups(scheduledId, 10);
      await age('snapshot_at', 3);
      await age('started_at', 3);
      await tenancy.database.query(
        `insert into restore_drill (id, tenant_id, backup_id, status, requested_by, finished_at)
        values ($1, $2, $3, 'PASSED', 'test', now())`,
        [randomUUID(), scheduledId, all[0]?.id],
      );
      await settleSchedule();
      const after = await readModel.backups(scheduledId, 20);
      const removed = after
        .filter(({ status }) => status === 'REMOVED')
        .map(({ id }) => id)
        .sort();
      // The schedule has taken a new one: it and the newest of the others are the two that stay.
      expect(removed).toEqual(
        all
          .slice(1)
          .map(({ id }) => id)
          .sort(),
      );
      const stored = await readdir(join(tenancy.foundation.configuration.dataDir, 'archives', 'scheduled'));
      expect(stored.sort()).toEqual(
        after
          .filter(({ status }) => status === 'COMPLETE')
          .map(({ id }) => id)
          .sort(),
      );
    });
  });

  /** Lets the schedule do all that is due, and waits for what it has begun. */
  async function settleSchedule(): Promise<void> {
    const scheduler = tenancy.app.get(BackupScheduler);
    const running = (): Promise<{ id: string }[]> =>
      tenancy.database.query(`select id from operation where status in ('PENDING', 'RUNNING', 'WAITING')`);
    // The scheduler of the tenancy works as well, and may have been quicker.
    do {
      for (const { id } of await running()) await tenancy.operations.settled(id, 60_000);
    } while ((await scheduler.step()) || (await running()).length > 0);
  }
});
