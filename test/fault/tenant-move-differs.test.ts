import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { endingOf, faultAt, moverOf } from '../support/move-faults.js';
import {
  lastMove,
  moveReaches,
  moveRemains,
  MovingDataPlane,
  MovingWriter,
} from '../support/moving-tenant.js';
import { tenantManifest, TestTenancy } from '../support/tenancy.js';

describe('a move whose target is changed behind the back of the mover', () => {
  let scratch: TestDatabase;
  let tenancy: TestTenancy;
  let plane: MovingDataPlane;
  let tenantId: string;
  let poolId: string;
  let writer: MovingWriter | undefined;

  beforeAll(async () => {
    scratch = await createTestDatabase('control-plane');
    tenancy = await TestTenancy.start(scratch.url);
    tenantId = await tenancy.onboard(tenantManifest('altered'));
    poolId = (await tenancy.readModel.bySlug('altered')).databaseId as string;
    plane = await MovingDataPlane.start(tenancy);
  });

  afterAll(async () => {
    await plane?.stop();
    await tenancy?.stop();
    await scratch.drop();
  });

  afterEach(() => writer?.stop());

  /** As somebody does who may do everything: past row-level security and the fence. */
  async function alter(sql: string): Promise<void> {
    const { targetId } = await lastMove(tenancy, tenantId);
    const client = await tenancy.databases.connect(targetId);
    try {
      await client.query('set session_replication_role = replica');
      const { rowCount } = await client.query(sql, [tenantId]);
      expect(rowCount).toBe(1);
    } finally {
      await client.end();
    }
  }

  const items = async (): Promise<{ n: number; sum: number }> => {
    const scope = plane.scope(tenantId);
    const sql = 'select count(*)::int as n, sum(list_price)::float as sum from item';
    const { rows } = await scope.query<{ n: number; sum: number }>(sql);
    return rows[0] as { n: number; sum: number };
  };

  const oneItem = 'ctid = (select ctid from item where tenant_id = $1 limit 1)';

  it.each([
    [
      'a row that changed',
      `update item set list_price = list_price + 1 where ${oneItem}`,
      'Table item has rows that differ.',
    ],
    [
      'a row that is missing',
      `delete from item where ${oneItem}`,
      /Table item has \d+ rows here and \d+ there\./,
    ],
  ])(
    'goes back because of %s, and the source is as it was',
    async (_what, sql, difference) => {
      const before = await items();
      writer = new MovingWriter(plane.scope(tenantId), 'altered', 2, 10);
      const restore = faultAt(tenancy, 'tenant.move', 'follow-changes', { after: () => alter(sql) });
      const mover = moverOf(tenancy, 'altered');
      const operation = await mover.to('DEDICATED');
      expect(await tenancy.operations.settled(operation, 20_000)).toBe('FAILED');
      restore();
      expect(await endingOf(tenancy, operation)).toMatchObject({
        code: 'MOVE_ROWS_DIFFER',
        message: expect.stringMatching(difference),
      });
      const { followUpId, targetId } = await lastMove(tenancy, tenantId);
      const undo = followUpId as string;
      expect(await tenancy.operations.settled(undo, 20_000)).toBe('FAILED');
      expect(await endingOf(tenancy, undo)).toMatchObject({
        code: 'MOVE_ROWS_DIFFER',
        message: expect.stringMatching(difference),
        hint: expect.stringContaining('retry'),
      });
      const tenant = await tenancy.readModel.bySlug('altered');
      expect(tenant).toMatchObject({ status: 'ACTIVE', databasePlacement: 'SHARED', databaseId: poolId });
      await writer.stop();
      expect(writer.failures).toEqual([]);
      const found = await writer.found();
      expect(found.written).toEqual(writer.written.toSorted((a, b) => a - b));
      expect(found.updates).toBe(writer.written.length);
      expect(await items()).toEqual(before);

      // Both databases are kept until somebody has looked.
      expect((await tenancy.databases.databases()).map(({ id }) => id)).toContain(targetId);
      await mover.retry(undo);
      await moveReaches(tenancy, tenantId, ['UNDONE']);
      expect((await tenancy.databases.databases()).map(({ id }) => id)).not.toContain(targetId);
      expect(await moveRemains(tenancy, poolId)).toEqual([]);
      await plane.scope(tenantId).query(`delete from region where code like 'altered:%'`);
    },
    40_000,
  );
});
