import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { tenantManifest, TestTenancy } from '../support/tenancy.js';
import type { Placement } from '#tenancy';
import {
  lastMove,
  moveReaches,
  moveRemains,
  MovingDataPlane,
  MovingWriter,
} from '../support/moving-tenant.js';
import { MovesService } from '../../libs/tenancy/src/moves/moves.service.js';
import { until } from '../support/until.js';
import { readHome } from '../../libs/tenancy/src/moves/tenant-home.js';

describe('a tenant moves between the pooled database and its own while it is written', () => {
  let scratch: TestDatabase;
  let tenancy: TestTenancy;
  let plane: MovingDataPlane;
  let tenantId: string;
  let neighbour: string;
  let poolId: string;

  beforeAll(async () => {
    scratch = await createTestDatabase('control-plane');
    tenancy = await TestTenancy.start(scratch.url);
    tenantId = await tenancy.onboard(tenantManifest('moving'));
    neighbour = await tenancy.onboard(tenantManifest('staying'));
    poolId = (await tenancy.readModel.bySlug('staying')).databaseId as string;
    plane = await MovingDataPlane.start(tenancy);
  });

  afterAll(async () => {
    await plane?.stop();
    await tenancy?.stop();
    await scratch.drop();
  });

  const command = <T>(work: Parameters<typeof tenancy.foundation.commands.asSystem<T>>[1]): Promise<T> =>
    tenancy.foundation.commands.asSystem('test', work);

  const move = async (database: Placement): Promise<string> =>
    (await command((c) => tenancy.tenants.changePlacement(c, { tenant: 'moving', database }))) as string;

  const moves = (): MovesService => tenancy.app.get(MovesService);

  async function rowsIn(databaseId: string, id = tenantId): Promise<number> {
    const client = await tenancy.databases.connect(databaseId);
    try {
      const { rows } = await client.query<{ n: number }>(
        'select (select count(*) from item where tenant_id = $1)::int + (select count(*) from region where tenant_id = $1)::int as n',
        [id],
      );
      return rows[0]?.n ?? 0;
    } finally {
      await client.end();
    }
  }

  async function written(writer: MovingWriter): Promise<void> {
    await writer.stop();
    expect(writer.failures).toEqual([]);
    expect(writer.written.length).toBeGreaterThan(20);
    const found = await writer.found();
    expect(found.written).toEqual(writer.written.toSorted((a, b) => a - b));
    expect(found.updates).toBe(writer.written.length);
  }

  it('to a database of its own, and nothing is lost, doubled or left behind', async () => {
    const others = await rowsIn(poolId, neighbour);
    const writer = new MovingWriter(plane.scope(tenantId), 'out');
    const operation = await move('DEDICATED');
    await expect(move('DEDICATED')).rejects.toMatchObject({ code: 'TENANT_STATUS_CONFLICT' });
    await moveReaches(tenancy, tenantId, ['UNDO_WINDOW', 'ABORTED']);
    expect(await tenancy.operations.settled(operation, 10_000)).toBe('SUCCEEDED');
    const tenant = await tenancy.readModel.bySlug('moving');
    expect(tenant).toMatchObject({ status: 'ACTIVE', databasePlacement: 'DEDICATED' });
    expect(tenant.databaseId).not.toBe(poolId);
    const last = await lastMove(tenancy, tenantId);
    expect(last).toMatchObject({
      state: 'UNDO_WINDOW',
      fromPlacement: 'SHARED',
      rowsCopied: expect.any(Number),
    });
    expect(last.rowsCopied).toBeGreaterThan(2_000);
    expect(last.pauseMs).toBeGreaterThan(0);
    await written(writer);
    await command((c) => moves().finish(c, 'moving'));
    const finished = await moveReaches(tenancy, tenantId, ['FINISHED']);
    expect(finished.receipt).toMatchObject({ erasure: { how: 'ROWS_DELETED', remaining: 0 } });
    expect(await rowsIn(poolId)).toBe(0);
    expect(await rowsIn(poolId, neighbour)).toBe(others);
    expect(await moveRemains(tenancy, poolId)).toEqual([]);
    expect(await moveRemains(tenancy, tenant.databaseId as string)).toEqual([]);
    // An instance that missed all of it is still refused in the pool.
    await expect(
      tenancy.databases.withTenant({ id: tenantId, databaseId: poolId }, (client) =>
        client.query(`insert into region (code, name) values ('stale', 'x')`),
      ),
    ).rejects.toMatchObject({ code: 'TD002' });
  }, 45_000);

  it('and back into the pool, whose other tenants keep their rows; its own database is dropped', async () => {
    const own = (await tenancy.readModel.bySlug('moving')).databaseId as string;
    const before = await rowsIn(own);
    const others = await rowsIn(poolId, neighbour);
    const writer = new MovingWriter(plane.scope(tenantId), 'in');
    await move('SHARED');
    await moveReaches(tenancy, tenantId, ['UNDO_WINDOW', 'ABORTED']);
    await written(writer);
    await command((c) => moves().finish(c, 'moving'));
    await moveReaches(tenancy, tenantId, ['FINISHED']);
    expect((await tenancy.readModel.bySlug('moving')).databaseId).toBe(poolId);
    expect(await rowsIn(poolId)).toBe(before + writer.written.length);
    expect(await rowsIn(poolId, neighbour)).toBe(others);
    expect((await tenancy.databases.databases()).map(({ id }) => id)).not.toContain(own);
    expect(await moveRemains(tenancy, poolId)).toEqual([]);
  }, 45_000);

  it('goes back with all that was written since when the move is undone', async () => {
    const writer = new MovingWriter(plane.scope(tenantId), 'undo');
    await move('DEDICATED');
    const { targetId } = await moveReaches(tenancy, tenantId, ['UNDO_WINDOW', 'ABORTED']);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await command((c) => moves().undo(c, 'moving', 'too dear'));
    await moveReaches(tenancy, tenantId, ['UNDONE']);
    await written(writer);
    const tenant = await tenancy.readModel.bySlug('moving');
    expect(tenant).toMatchObject({ status: 'ACTIVE', databasePlacement: 'SHARED', databaseId: poolId });
    expect((await tenancy.databases.databases()).map(({ id }) => id)).not.toContain(targetId);
    expect(await moveRemains(tenancy, poolId)).toEqual([]);
    await expect(command((c) => moves().undo(c, 'moving'))).rejects.toMatchObject({
      code: 'MOVE_STATE_CONFLICT',
    });
  }, 45_000);

  it('stays where it is when the move is cancelled while an old transaction holds it up', async () => {
    const blocker = await tenancy.databases.connectAsService(poolId);
    await blocker.query('begin');
    await blocker.query(
      `select set_config('tierdeck.tenant_id', $1, true), set_config('role', 'tierdeck_service', true)`,
      [neighbour],
    );
    await blocker.query(`insert into region (code, name) values ('slow', 'x')`);
    const operation = await move('DEDICATED');
    const waits = async (): Promise<string> => {
      const [step] = await tenancy.database.query<{ why: string | null }>(
        'select max(error_message) as why from operation_step where operation_id = $1',
        [operation],
      );
      return step?.why ?? '';
    };
    await until(async () => (await waits()) !== '');
    expect(await waits()).toMatch(/has been in a transaction .* pg_terminate_backend\(\d+\)/);
    await command((c) => tenancy.operations.cancel(c, operation));
    await moveReaches(tenancy, tenantId, ['ABORTED'], 20_000);
    await blocker.query('commit');
    await blocker.end();
    const tenant = await tenancy.readModel.bySlug('moving');
    expect(tenant).toMatchObject({ status: 'ACTIVE', databasePlacement: 'SHARED', databaseId: poolId });
    await plane.scope(tenantId).query(`insert into region (code, name) values ('still-here', 'x')`);
    expect(await moveRemains(tenancy, poolId)).toEqual([]);
    const client = await tenancy.databases.connect(poolId);
    expect(await readHome(client, tenantId)).toMatchObject({ state: 'ACTIVE', moveId: null });
    await client.end();
    await expect(command((c) => tenancy.operations.retry(c, operation))).rejects.toMatchObject({
      code: 'MOVE_STATE_CONFLICT',
    });
  }, 45_000);
});
