import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ClustersService } from '../../libs/tenancy/src/placement/clusters.service.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { homesOf } from '../support/move-kills.js';
import { faultAfterStatement, faultAt, moverOf } from '../support/move-faults.js';
import { lastMove, moveReaches, moveRemains, MovingDataPlane } from '../support/moving-tenant.js';
import { OwnPostgres } from '../support/own-postgres.js';
import { tenantManifest, TestTenancy } from '../support/tenancy.js';

type Which = 'source' | 'target';

/** Points of a move at which a server dies: at a step, or when a statement of the mover has been answered. */
const deaths: {
  way: 'forward' | 'back';
  which: Which;
  step?: string;
  after?: boolean;
  statement?: string;
}[] = [
  { way: 'forward', which: 'target', step: 'prepare-target', after: true },
  { way: 'forward', which: 'source', step: 'copy-rows' },
  { way: 'forward', which: 'target', statement: 'set local session_replication_role = replica' },
  { way: 'forward', which: 'target', step: 'copy-rows', after: true },
  { way: 'forward', which: 'source', step: 'follow-changes', after: true },
  { way: 'forward', which: 'target', step: 'cut-over' },
  { way: 'forward', which: 'source', statement: `update tenant_home set state = 'PAUSED'` },
  { way: 'forward', which: 'target', statement: `update tenant_home set state = 'MOVED'` },
  { way: 'forward', which: 'source', step: 'cut-over', after: true },
  { way: 'forward', which: 'target', step: 'arm-way-back', after: true },
  { way: 'forward', which: 'source', step: 'verify' },
  { way: 'back', which: 'source', step: 'switch-back' },
  { way: 'back', which: 'target', statement: `update tenant_home set state = 'PAUSED'` },
  { way: 'back', which: 'source', statement: `update tenant_home set state = 'MOVED'` },
  { way: 'back', which: 'target', step: 'switch-back', after: true },
  { way: 'back', which: 'source', step: 'clean-up', after: true },
];

const kinds = { forward: 'tenant.move', back: 'tenant.undo-move' };

describe('a move between two servers that are killed and started again', () => {
  let servers: Record<'source' | 'target', OwnPostgres>;
  let scratch: TestDatabase;
  let tenancy: TestTenancy;
  let plane: MovingDataPlane;
  let tenantId: string;
  let poolId: string;

  beforeAll(async () => {
    const [source, target] = await Promise.all([OwnPostgres.start(), OwnPostgres.start()]);
    servers = { source, target };
    scratch = await createTestDatabase('control-plane');
    tenancy = await TestTenancy.start(scratch.url, { clusterUrl: source.url() });
    tenantId = await tenancy.onboard(tenantManifest('crashing'));
    poolId = (await tenancy.readModel.bySlug('crashing')).databaseId as string;
    const clusters = tenancy.app.get(ClustersService);
    const cluster = { name: 'second', region: 'eu', ...target.login };
    await tenancy.foundation.commands.asSystem('test', (c) => clusters.register(c, cluster));
    await clusters.open('second');
    await tenancy.foundation.commands.asSystem('test', (c) => clusters.opened(c, 'second'));
    plane = await MovingDataPlane.start(tenancy);
  }, 120_000);

  afterAll(async () => {
    await plane?.stop();
    await tenancy?.stop();
    await Promise.all(Object.values(servers ?? {}).map((server) => server.remove()));
    await scratch?.drop();
  });

  /** What a service does whose database is away: it tries again, without knowing whether it was done. */
  async function write(code: string): Promise<void> {
    const scope = plane.scope(tenantId, 30_000);
    for (let tries = 0; ; tries++) {
      try {
        await scope.query(`insert into region (code, name) values ($1, 'x') on conflict do nothing`, [code]);
        return;
      } catch (error) {
        if (tries > 200) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  it.each(['forward', 'back'] as const)(
    'loses nothing on its way %s, wherever one dies',
    async (way) => {
      const restore: (() => void)[] = [];
      const chosen = deaths.filter((death) => death.way === way);
      const died: string[] = [];
      const restarts: Promise<void>[] = [];
      for (const { which, step, after, statement } of chosen) {
        const name = `${way}-${died.length}-${restore.length}`;
        const fault = async (): Promise<void> => {
          await servers[which].kill();
          died.push(name);
          // What was going on meets a server that is away.
          restarts.push(servers[which].restart().then(() => write(name)));
        };
        if (statement) restore.push(faultAfterStatement(statement, fault));
        else restore.push(faultAt(tenancy, kinds[way], step ?? '', { [after ? 'after' : 'before']: fault }));
      }
      const mover = moverOf(tenancy, 'crashing');
      if (way === 'forward') await mover.to('SHARED', 'second');
      else await mover.undo();
      const wanted = way === 'forward' ? 'UNDO_WINDOW' : 'UNDONE';
      const move = await moveReaches(tenancy, tenantId, [wanted, 'ABORTED'], 90_000);
      for (const put of restore.toReversed()) put();
      await Promise.all(restarts);
      expect(move.state).toBe(wanted);
      expect(died).toHaveLength(chosen.length);
      const tenant = await tenancy.readModel.bySlug('crashing');
      expect(tenant).toMatchObject({
        status: 'ACTIVE',
        databaseId: way === 'forward' ? move.targetId : poolId,
      });
      expect(await homesOf(tenancy, tenantId)).toEqual([tenant.databaseId]);
      expect(await written(`${way}-%`)).toEqual(died.toSorted());
      if (way === 'back') {
        expect(await written('forward-%')).not.toEqual([]);
        const { sourceId, targetId } = await lastMove(tenancy, tenantId);
        for (const id of [sourceId, targetId]) expect(await moveRemains(tenancy, id)).toEqual([]);
      }
    },
    120_000,
  );

  async function written(like: string): Promise<string[]> {
    const { rows } = await plane
      .scope(tenantId)
      .query<{ code: string }>('select code from region where code like $1', [like]);
    return rows.map(({ code }) => code).sort();
  }
});
