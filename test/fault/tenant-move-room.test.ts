import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { StepWaiting, type StepContext } from '#operations';
import { roomFlaws } from '../../libs/tenancy/src/moves/move-room.js';
import { PlacementPlanner } from '../../libs/tenancy/src/placement/placement-planner.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { endingOf, moverOf } from '../support/move-faults.js';
import { lastMove, moveReaches } from '../support/moving-tenant.js';
import { OwnPostgres } from '../support/own-postgres.js';
import { tenantManifest, TestTenancy } from '../support/tenancy.js';

/** Every way back that is open keeps a stream; the server here has workers for two. */
describe('moves on a server without room for the streams of them all', () => {
  const slugs = ['one', 'two', 'three'];
  const blocker = 'max_logical_replication_workers is 2 and must be 3 or more';
  let server: OwnPostgres;
  let scratch: TestDatabase;
  let tenancy: TestTenancy;
  const ids = new Map<string, string>();

  beforeAll(async () => {
    server = await OwnPostgres.start({ max_logical_replication_workers: '2' });
    scratch = await createTestDatabase('control-plane');
    tenancy = await TestTenancy.start(scratch.url, { clusterUrl: server.url() });
    for (const slug of slugs) ids.set(slug, await tenancy.onboard(tenantManifest(slug, { data: undefined })));
  }, 60_000);

  afterAll(async () => {
    await tenancy?.stop();
    await server?.remove();
    await scratch?.drop();
  });

  it('lets as many begin as there is room for, and refuses the others by the name and number of the setting', async () => {
    // At once: none of them has taken anything of the server when the others are looked at.
    const operations = await Promise.all(slugs.map((slug) => moverOf(tenancy, slug).to('DEDICATED')));
    const moves = await Promise.all(
      slugs.map((slug) => moveReaches(tenancy, ids.get(slug) as string, ['UNDO_WINDOW', 'ABORTED'])),
    );
    expect(moves.map(({ state }) => state).toSorted()).toEqual(['ABORTED', 'UNDO_WINDOW', 'UNDO_WINDOW']);
    const late = moves.findIndex(({ state }) => state === 'ABORTED');
    expect(await endingOf(tenancy, operations[late] as string)).toMatchObject({
      code: 'MOVE_REFUSED',
      message: expect.stringContaining(blocker),
    });

    const slug = slugs[late] as string;
    const tenant = await tenancy.readModel.bySlug(slug);
    const planner = tenancy.app.get(PlacementPlanner);
    const wish = { database: 'DEDICATED' as const };
    expect((await planner.plan(tenant, wish)).blockers).toEqual([expect.stringContaining(blocker)]);
    // As changePlacement asks: nothing is begun.
    await expect(planner.refuseUnsuited(tenant, wish)).rejects.toMatchObject({
      code: 'MOVE_REFUSED',
      message: expect.stringContaining(blocker),
    });

    const other = slugs.find((one) => one !== slug) as string;
    await moverOf(tenancy, other).finish();
    await moveReaches(tenancy, ids.get(other) as string, ['FINISHED']);
    expect((await planner.plan(tenant, wish)).blockers).toEqual([]);
    await planner.refuseUnsuited(tenant, wish);
    await moverOf(tenancy, slug).to('DEDICATED');
    await moveReaches(tenancy, ids.get(slug) as string, ['UNDO_WINDOW']);
    const { id: move, verified } = await lastMove(tenancy, ids.get(slug) as string);
    expect(verified).not.toBeNull();

    // A process of the control plane whose clock is hours ahead does not close the way back.
    const [step] = tenancy.operations.kind('tenant.finish-move').steps;
    const clock = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 2 * 3_600_000);
    try {
      await expect(step?.perform?.({ input: { move } } as unknown as StepContext)).rejects.toThrow(
        StepWaiting,
      );
    } finally {
      clock.mockRestore();
    }
  }, 90_000);
});

it('the PostgreSQL of the local stack has room for dozens of open ways back', async () => {
  const server = await OwnPostgres.start();
  const client = await server.connect();
  try {
    expect(await roomFlaws(client, 'server', { open: 30, streaming: 10 })).toEqual([]);
    expect(await roomFlaws(client, 'server', { open: 40, streaming: 0 })).toEqual([
      expect.stringContaining('max_logical_replication_workers is 40 and must be 41 or more'),
    ]);
  } finally {
    await client.end();
    await server.remove();
  }
}, 60_000);
