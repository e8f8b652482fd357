import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { MovesService } from '../../libs/tenancy/src/moves/moves.service.js';
import { PlacementPlanner } from '../../libs/tenancy/src/placement/placement-planner.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { endingOf, faultAt, moverOf } from '../support/move-faults.js';
import {
  lastMove,
  moveReaches,
  moveRemains,
  MovingDataPlane,
  MovingWriter,
} from '../support/moving-tenant.js';
import { OwnPostgres } from '../support/own-postgres.js';
import { tenantManifest, TestTenancy } from '../support/tenancy.js';
import { until } from '../support/until.js';

describe('a move on a server that runs out of room for its streams', () => {
  let server: OwnPostgres;
  let scratch: TestDatabase;
  let tenancy: TestTenancy;
  let plane: MovingDataPlane;
  let tenantId: string;
  let poolId: string;
  let writer: MovingWriter;
  let restore: () => void = () => undefined;

  beforeAll(async () => {
    server = await OwnPostgres.start({
      max_slot_wal_keep_size: '1MB',
      min_wal_size: '32MB',
      max_wal_size: '32MB',
      max_replication_slots: '6',
      max_wal_senders: '6',
    });
    scratch = await createTestDatabase('control-plane');
    tenancy = await TestTenancy.start(scratch.url, { clusterUrl: server.url() });
    tenantId = await tenancy.onboard(tenantManifest('starving'));
    poolId = (await tenancy.readModel.bySlug('starving')).databaseId as string;
    plane = await MovingDataPlane.start(tenancy);
  }, 60_000);

  afterAll(async () => {
    await plane?.stop();
    await tenancy?.stop();
    await server?.remove();
    await scratch?.drop();
  });

  let round = 0;
  beforeEach(() => {
    writer = new MovingWriter(plane.scope(tenantId), `round-${++round}`, 2, 10);
  });
  afterEach(async () => {
    restore();
    await writer.stop();
  });

  /** The tenant is where it was, with all that was written; nothing of the move is left. */
  async function expectBack(): Promise<void> {
    await moveReaches(tenancy, tenantId, ['ABORTED']);
    const tenant = await tenancy.readModel.bySlug('starving');
    expect(tenant).toMatchObject({ status: 'ACTIVE', databasePlacement: 'SHARED', databaseId: poolId });
    expect(await moveRemains(tenancy, poolId)).toEqual([]);
    const { targetId } = await lastMove(tenancy, tenantId);
    expect((await tenancy.databases.databases()).map(({ id }) => id)).not.toContain(targetId);
    await expectWritten();
  }

  async function expectWritten(): Promise<void> {
    await writer.stop();
    expect(writer.failures).toEqual([]);
    const found = await writer.found();
    expect(found.written).toEqual(writer.written.toSorted((a, b) => a - b));
    expect(found.updates).toBe(writer.written.length);
  }

  /** Fills WAL until the server gives up every slot that is behind. */
  async function loseSlots(): Promise<void> {
    await until(async () => {
      await server.run(
        `select pg_logical_emit_message(false, 'filler', repeat('x', 100000)) from generate_series(1, 400)`,
      );
      await server.run('select pg_switch_wal()');
      await server.run('checkpoint');
      const rows = await server.run(`select 1 from pg_replication_slots where wal_status = 'lost'`);
      return rows.length > 0;
    });
  }

  async function dropSlot(prefix: string): Promise<void> {
    await until(async () => {
      await server.run(
        `select pg_terminate_backend(active_pid) from pg_replication_slots where starts_with(slot_name, $1) and active`,
        [prefix],
      );
      await server
        .run(
          'select pg_drop_replication_slot(slot_name) from pg_replication_slots where starts_with(slot_name, $1)',
          [prefix],
        )
        .catch(() => undefined);
      const rows = await server.run('select 1 from pg_replication_slots where starts_with(slot_name, $1)', [
        prefix,
      ]);
      return rows.length === 0;
    });
  }

  it('goes back when the server gave up the slot, and says what to do', async () => {
    restore = faultAt(tenancy, 'tenant.move', 'follow-changes', { before: loseSlots });
    const operation = await moverOf(tenancy, 'starving').to('DEDICATED');
    await expectBack();
    expect(await endingOf(tenancy, operation)).toMatchObject({
      status: 'FAILED',
      code: 'MOVE_SLOT_LOST',
      message: expect.stringContaining('max_slot_wal_keep_size'),
      hint: expect.stringContaining('move again'),
    });
  }, 40_000);

  it('goes back when somebody drops the slot before the cut-over', async () => {
    restore = faultAt(tenancy, 'tenant.move', 'cut-over', { before: () => dropSlot('tierdeck_move') });
    const operation = await moverOf(tenancy, 'starving').to('DEDICATED');
    await expectBack();
    expect(await endingOf(tenancy, operation)).toMatchObject({ code: 'MOVE_SLOT_LOST' });
  }, 40_000);

  it('is refused, and the plan says so before, while other slots use the server up', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const name of names) await server.run('select pg_create_physical_replication_slot($1)', [name]);
    const planner = tenancy.app.get(PlacementPlanner);
    const wish = { database: 'DEDICATED' as const };
    const plan = await planner.plan(await tenancy.readModel.bySlug('starving'), wish);
    expect(plan.blockers).toEqual([expect.stringContaining('max_replication_slots')]);
    const operation = await moverOf(tenancy, 'starving').to('DEDICATED');
    await moveReaches(tenancy, tenantId, ['ABORTED']);
    expect(await endingOf(tenancy, operation)).toMatchObject({
      code: 'MOVE_REFUSED',
      message: expect.stringContaining('max_replication_slots'),
    });
    for (const name of names) await server.run('select pg_drop_replication_slot($1)', [name]);
    await expectBack();
  }, 40_000);

  it('goes back when slots or senders are used up while it is under way', async () => {
    restore = faultAt(tenancy, 'tenant.move', 'copy-rows', {
      before: async () => {
        for (let i = 0; i < 6; i++)
          await server.run('select pg_create_physical_replication_slot($1)', [`taken_${i}`]);
      },
    });
    const first = await moverOf(tenancy, 'starving').to('DEDICATED');
    await moveReaches(tenancy, tenantId, ['ABORTED']);
    for (let i = 0; i < 6; i++) await server.run('select pg_drop_replication_slot($1)', [`taken_${i}`]);
    expect(await endingOf(tenancy, first)).toMatchObject({
      code: 'MOVE_SLOTS_USED_UP',
      hint: expect.stringContaining('max_replication_slots'),
    });
    restore();

    const senders: pg.Client[] = [];
    restore = faultAt(tenancy, 'tenant.move', 'copy-rows', {
      before: async () => {
        for (let i = 0; i < 6; i++) {
          const connection = { connectionString: server.url(), replication: 'database' };
          const sender = new pg.Client(connection);
          sender.on('error', () => undefined);
          await sender.connect();
          senders.push(sender);
        }
      },
    });
    const second = await moverOf(tenancy, 'starving').to('DEDICATED');
    await moveReaches(tenancy, tenantId, ['ABORTED']);
    await Promise.all(senders.map((sender) => sender.end()));
    expect(await endingOf(tenancy, second)).toMatchObject({
      code: 'MOVE_SENDERS_USED_UP',
      hint: expect.stringContaining('max_wal_senders'),
    });
    await expectBack();
  }, 40_000);

  it('stays where it went when the way back is lost, and can give it up and move anew', async () => {
    const mover = moverOf(tenancy, 'starving');
    await mover.to('DEDICATED');
    const { targetId } = await moveReaches(tenancy, tenantId, ['UNDO_WINDOW', 'ABORTED']);
    await dropSlot('tierdeck_back');
    const undo = await mover.undo();
    expect(await tenancy.operations.settled(undo, 20_000)).toBe('FAILED');
    expect(await endingOf(tenancy, undo)).toMatchObject({
      code: 'MOVE_WAY_BACK_LOST',
      hint: expect.stringContaining('tierdeck tenant move starving --finish'),
    });
    expect(await lastMove(tenancy, tenantId)).toMatchObject({ state: 'UNDO_WINDOW' });
    const tenant = await tenancy.readModel.bySlug('starving');
    expect(tenant).toMatchObject({ status: 'ACTIVE', databaseId: targetId });
    await expectWritten();
    await mover.finish();
    await moveReaches(tenancy, tenantId, ['FINISHED']);
    await mover.to('SHARED');
    await moveReaches(tenancy, tenantId, ['UNDO_WINDOW', 'ABORTED']);
    await mover.finish();
    await moveReaches(tenancy, tenantId, ['FINISHED']);
    expect((await tenancy.readModel.bySlug('starving')).databaseId).toBe(poolId);
    expect(await moveRemains(tenancy, poolId)).toEqual([]);
    await expectWritten();
  }, 60_000);

  it('is finished by itself when the way back is lost after somebody had given it up', async () => {
    const mover = moverOf(tenancy, 'starving');
    await mover.to('DEDICATED');
    const { targetId } = await moveReaches(tenancy, tenantId, ['UNDO_WINDOW', 'ABORTED']);
    await dropSlot('tierdeck_back');
    // One changes their mind before the finish has begun.
    const moves = tenancy.app.get(MovesService);
    const undo = await tenancy.foundation.commands.asSystem('test', async (command) => {
      await moves.finish(command, 'starving');
      return moves.undo(command, 'starving');
    });
    expect(await tenancy.operations.settled(undo, 20_000)).toBe('FAILED');
    await moveReaches(tenancy, tenantId, ['FINISHED']);
    expect(await tenancy.readModel.bySlug('starving')).toMatchObject({
      status: 'ACTIVE',
      databaseId: targetId,
    });
    await expectWritten();
    await mover.to('SHARED');
    await moveReaches(tenancy, tenantId, ['UNDO_WINDOW', 'ABORTED']);
    await mover.finish();
    await moveReaches(tenancy, tenantId, ['FINISHED']);
  }, 60_000);
});
