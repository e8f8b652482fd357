import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.js';
import { tenantManifest, TestTenancy } from '../../../test/support/tenancy.js';
import { DeadLettersService } from './dead-letters.service.js';

describe('dead letters', () => {
  let scratch: TestDatabase;
  let tenancy: TestTenancy;
  let letters: DeadLettersService;

  beforeAll(async () => {
    scratch = await createTestDatabase('control-plane');
    tenancy = await TestTenancy.start(scratch.url);
    letters = tenancy.app.get(DeadLettersService);
    for (const slug of ['north', 'south']) await tenancy.onboard(tenantManifest(slug, { data: undefined }));
  });

  afterAll(async () => {
    await tenancy?.stop();
    await scratch?.drop();
  });

  const retry = (tenant: string, id: string): Promise<void> =>
    tenancy.foundation.commands.asSystem('test', (command) => letters.retry(command, { tenant, id }));

  /** A job of a tenant, as its queue has it. */
  async function job(slug: string, status: string): Promise<string> {
    const tenant = await tenancy.readModel.bySlug(slug);
    return tenancy.databases.withTenant(
      { id: tenant.id, databaseId: tenant.databaseId as string },
      async (client) => {
        const { rows } = await client.query<{ id: string }>(
          `insert into integration_job (kind, payload, status, attempts, last_error)
         values ('make', '{"n": 1}', $1, 8, 'never') returning id`,
          [status],
        );
        return rows[0]?.id as string;
      },
    );
  }

  it('are listed for their tenant alone, and go back into its queue once, with an audit event', async () => {
    const id = await job('north', 'DEAD');
    await job('north', 'DONE');
    const [north, south] = [await tenancy.readModel.bySlug('north'), await tenancy.readModel.bySlug('south')];
    const letter = {
      id,
      kind: 'make',
      attempts: 8,
      error: 'never',
      createdAt: expect.any(Date),
      payload: { n: 1 },
    };
    expect(await letters.list(north)).toEqual([letter]);
    expect(await letters.list(south)).toEqual([]);
    await expect(letters.list(north, 501)).rejects.toMatchObject({ code: 'INVALID_INPUT', field: 'first' });

    await expect(retry('south', id)).rejects.toMatchObject({ code: 'DEAD_LETTER_NOT_FOUND' });
    await retry('north', id);
    await expect(retry('north', id)).rejects.toMatchObject({ code: 'DEAD_LETTER_NOT_FOUND' });
    await expect(retry('north', 'no-uuid')).rejects.toMatchObject({ code: 'DEAD_LETTER_NOT_FOUND' });
    expect(await letters.list(north)).toEqual([]);
    const queued = await tenancy.databases.withTenant(
      { id: north.id, databaseId: north.databaseId as string },
      async (client) =>
        (await client.query('select status, attempts from integration_job where id = $1', [id])).rows,
    );
    expect(queued).toEqual([{ status: 'QUEUED', attempts: 0 }]);
    const events = await tenancy.database.query(
      `select subject, after from audit_event where action = 'dead-letter.retried'`,
    );
    expect(events).toEqual([{ subject: 'tenant/north', after: { job: id } }]);
  });
});
