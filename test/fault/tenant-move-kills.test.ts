import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MovesService } from '../../libs/tenancy/src/moves/moves.service.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { killSeed, seeded } from '../support/kill-points.js';
import { homesOf, runMover } from '../support/move-kills.js';
import { endingOf, moverOf } from '../support/move-faults.js';
import { lastMove, moveRemains, MovingDataPlane, MovingWriter } from '../support/moving-tenant.js';
import { tenantManifest, TestTenancy } from '../support/tenancy.js';

/** Each costs the start of a process; the bench kills more often. */
const kills = 4;

describe('a move whose mover is killed with SIGKILL again and again', () => {
  let scratch: TestDatabase;
  let tenancy: TestTenancy;
  let plane: MovingDataPlane;
  let tenantId: string;

  beforeAll(async () => {
    scratch = await createTestDatabase('control-plane');
    tenancy = await TestTenancy.start(scratch.url, { leaseMs: 300 });
    tenantId = await tenancy.onboard(tenantManifest('killed'));
    await tenancy.rest();
    plane = await MovingDataPlane.start(tenancy);
  });

  afterAll(async () => {
    await plane?.stop();
    await tenancy?.stop();
    await scratch.drop();
  });

  it('goes back when it dies between the making of a database and the opening of it', async () => {
    await moverOf(tenancy, 'killed').to('DEDICATED');
    expect(await runMover(scratch.url, tenantId, '_tenant_killed" template')).toMatchObject({ killed: true });
    expect(await runMover(scratch.url, tenantId, 0)).toMatchObject({ killed: false, state: 'ABORTED' });
    const { status, databaseId } = await tenancy.readModel.bySlug('killed');
    expect(status).toBe('ACTIVE');
    expect(await homesOf(tenancy, tenantId)).toEqual([databaseId]);
  }, 60_000);

  it(`ends forward or back, with one home and all that was written (TIERDECK_TEST_SEED=${killSeed})`, async () => {
    const random = seeded(killSeed);
    const writer = new MovingWriter(plane.scope(tenantId, 60_000), 'kills');
    const command = (work: Parameters<typeof tenancy.foundation.commands.asSystem<string | undefined>>[1]) =>
      tenancy.foundation.commands.asSystem('test', work);
    await command((c) => tenancy.tenants.changePlacement(c, { tenant: 'killed', database: 'DEDICATED' }));
    let left = kills;
    while (left > 0) {
      const run = await runMover(scratch.url, tenantId, 1 + Math.floor(random() * 110));
      if (run.killed) left--;
      else if (run.state === 'UNDO_WINDOW')
        await command((c) => tenancy.app.get(MovesService).finish(c, 'killed'));
      else {
        const back = (await tenancy.readModel.bySlug('killed')).databasePlacement === 'SHARED';
        const database = back ? 'DEDICATED' : 'SHARED';
        await command((c) => tenancy.tenants.changePlacement(c, { tenant: 'killed', database }));
      }
    }
    const last = await runMover(scratch.url, tenantId, 0);
    expect(last.killed).toBe(false);
    const tenant = await tenancy.readModel.bySlug('killed');
    expect(await homesOf(tenancy, tenantId)).toEqual([tenant.databaseId]);
    if ((await lastMove(tenancy, tenantId)).state === 'UNDO_WINDOW') {
      await command((c) => tenancy.app.get(MovesService).finish(c, 'killed'));
      expect((await runMover(scratch.url, tenantId, 0)).state).toBe('FINISHED');
    }
    await writer.stop();
    expect(writer.failures).toEqual([]);
    const found = await writer.found();
    expect(found.written).toEqual(writer.written.toSorted((a, b) => a - b));
    expect(found.updates).toBe(writer.written.length);
    for (const { id } of await tenancy.databases.databases()) {
      expect(await moveRemains(tenancy, id)).toEqual([]);
    }
  }, 180_000);

  it.each([
    ['the target is made', 'insert into tenant_home as h'],
    ['rows are copied', 'set local session_replication_role = replica'],
  ])('goes back, says so by its name, and can be moved again when it dies while %s', async (_when, text) => {
    const mover = moverOf(tenancy, 'killed');
    const { databasePlacement, databaseId } = await tenancy.readModel.bySlug('killed');
    const elsewhere = databasePlacement === 'SHARED' ? 'DEDICATED' : 'SHARED';
    const operation = await mover.to(elsewhere);
    expect(await runMover(scratch.url, tenantId, text)).toMatchObject({ killed: true });
    expect(await runMover(scratch.url, tenantId, 0)).toMatchObject({ killed: false, state: 'ABORTED' });
    expect(await endingOf(tenancy, operation)).toMatchObject({
      status: 'FAILED',
      code: 'MOVE_INTERRUPTED',
      hint: expect.stringContaining('Move it again'),
    });
    expect(await tenancy.readModel.bySlug('killed')).toMatchObject({ status: 'ACTIVE', databaseId });
    expect(await homesOf(tenancy, tenantId)).toEqual([databaseId]);
    expect(await moveRemains(tenancy, databaseId as string)).toEqual([]);
  });
});
