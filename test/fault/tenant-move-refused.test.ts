import { createServer, connect, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { ClustersService } from '../../libs/tenancy/src/placement/clusters.service.js';
import { PlacementPlanner } from '../../libs/tenancy/src/placement/placement-planner.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { endingOf, faultAt, moverOf } from '../support/move-faults.js';
import { moveReaches, moveRemains } from '../support/moving-tenant.js';
import { OwnPostgres } from '../support/own-postgres.js';
import { freePort } from '../support/stack.js';
import { tenantManifest, TestTenancy } from '../support/tenancy.js';

describe('a move that cannot go well', () => {
  let scratch: TestDatabase;
  let tenancy: TestTenancy;
  let second: OwnPostgres;
  let tenantId: string;
  let poolId: string;

  beforeAll(async () => {
    scratch = await createTestDatabase('control-plane');
    tenancy = await TestTenancy.start(scratch.url);
    second = await OwnPostgres.start();
    tenantId = await tenancy.onboard(tenantManifest('stuck', { data: undefined }));
    poolId = (await tenancy.readModel.bySlug('stuck')).databaseId as string;
    const clusters = tenancy.app.get(ClustersService);
    await command((c) => clusters.register(c, { name: 'second', region: 'eu', ...second.login }));
    await clusters.open('second');
    await command((c) => clusters.opened(c, 'second'));
  }, 120_000);

  afterAll(async () => {
    await tenancy?.stop();
    await second?.remove();
    await scratch?.drop();
  });

  const command = <T>(work: Parameters<typeof tenancy.foundation.commands.asSystem<T>>[1]): Promise<T> =>
    tenancy.foundation.commands.asSystem('test', work);

  const blockers = async (wish: object): Promise<string[]> =>
    (await tenancy.app.get(PlacementPlanner).plan(await tenancy.readModel.bySlug('stuck'), wish)).blockers;

  const inPool = async (sql: string): Promise<void> => inClient(await tenancy.databases.connect(poolId), sql);

  /** Name of the pooled database of a cluster. */
  async function poolOf(cluster: string): Promise<string> {
    const all = await tenancy.databases.databases();
    return all.find((one) => one.cluster === cluster && one.kind === 'POOLED')?.name ?? '';
  }

  const tables: [string, string, string][] = [
    ['no tenant_id', '(id int primary key)', 'has no column tenant_id'],
    ['no primary key', '(tenant_id uuid not null)', 'has no primary key with tenant_id in it'],
    [
      'a key without the tenant',
      '(tenant_id uuid, id int primary key)',
      'has no primary key with tenant_id in it',
    ],
    [
      'a deferrable key',
      '(tenant_id uuid, id int, primary key (tenant_id, id) deferrable)',
      'has a deferrable primary key',
    ],
    [
      'no replica identity',
      '(tenant_id uuid, id int, primary key (tenant_id, id)); alter table release_notes replica identity nothing',
      'does not tell replication its primary key',
    ],
  ];

  it.each(tables)(
    'is refused for a table with %s, which the plan names before',
    async (_what, columns, flaw) => {
      await inPool(`create table release_notes ${columns}`);
      try {
        const blocker = `Table release_notes ${flaw}: its rows cannot be moved.`;
        expect(await blockers({ database: 'DEDICATED' })).toEqual([blocker]);
        const operation = await moverOf(tenancy, 'stuck').to('DEDICATED');
        await moveReaches(tenancy, tenantId, ['ABORTED']);
        expect(await endingOf(tenancy, operation)).toMatchObject({ code: 'MOVE_REFUSED', message: blocker });
        expect(await tenancy.readModel.bySlug('stuck')).toMatchObject({
          status: 'ACTIVE',
          databaseId: poolId,
        });
        expect(await moveRemains(tenancy, poolId)).toEqual([]);
      } finally {
        await inPool('drop table release_notes');
      }
    },
  );

  it('is refused for an unlogged table, whose changes nobody is told of', async () => {
    await inPool('create unlogged table release_notes (tenant_id uuid, id int, primary key (tenant_id, id))');
    expect(await blockers({ database: 'DEDICATED' })).toEqual([
      'Table release_notes is unlogged: its rows cannot be moved.',
    ]);
    await inPool('drop table release_notes');
  });

  it('goes back when the disk of the target is full, and says so', async () => {
    // A disk of a test's own cannot be filled everywhere: the server says what it says then.
    await tenancy.databases.withTenant({ id: tenantId, databaseId: poolId }, (client) =>
      client.query(`insert into region (code, name) values ('one', 'x')`),
    );
    const pool = await poolOf('second');
    const sql = (statements: string): Promise<void> => inDatabase(second.url(pool), statements);
    const restore = faultAt(tenancy, 'tenant.move', 'copy-rows', {
      before: () =>
        sql(`create function disk_full() returns trigger language plpgsql as
               $$ begin raise exception using errcode = '53100', message = 'could not extend file'; end $$;
             create trigger disk_full before insert on region execute function disk_full();
             alter table region enable always trigger disk_full`),
    });
    const operation = await moverOf(tenancy, 'stuck').to('SHARED', 'second');
    await moveReaches(tenancy, tenantId, ['ABORTED']);
    restore();
    expect(await endingOf(tenancy, operation)).toMatchObject({
      status: 'FAILED',
      code: 'MOVE_DISK_FULL',
      hint: expect.stringContaining('Make room'),
    });
    expect(await tenancy.readModel.bySlug('stuck')).toMatchObject({ status: 'ACTIVE', databaseId: poolId });
    expect(await moveRemains(tenancy, poolId)).toEqual([]);
    await sql('drop function disk_full() cascade');
  }, 40_000);

  it('is refused when the target is full, too old, or away', async () => {
    const clusters = tenancy.app.get(ClustersService);
    const there = { database: 'SHARED', cluster: 'second' };
    expect(await blockers(there)).toEqual([]);

    await command((c) => clusters.update(c, 'second', { maxBytes: 1_000 }));
    expect(await blockers(there)).toEqual(['Cluster "second" has used up its 1000 bytes.']);
    await command((c) => clusters.update(c, 'second', { maxBytes: 2 ** 40 }));

    // A real server of another version is not to be had here: one that says so about itself is.
    const old = await agedProxy(second.login.port);
    const { port } = old.address() as { port: number };
    await tenancy.database.query(`update database_cluster set port = $1 where name = 'second'`, [port]);
    expect(await blockers(there)).toEqual(['The target runs PostgreSQL 15; moves need 16 or newer.']);
    const refused = await moverOf(tenancy, 'stuck').to('SHARED', 'second');
    await moveReaches(tenancy, tenantId, ['ABORTED']);
    expect(await endingOf(tenancy, refused)).toMatchObject({
      code: 'MOVE_REFUSED',
      message: expect.stringContaining('moves need 16 or newer'),
    });
    old.close();

    const nobody = await freePort();
    await tenancy.database.query(`update database_cluster set port = $1 where name = 'second'`, [nobody]);
    expect(await blockers(there)).toEqual(['Cluster "second" cannot be reached.']);
  }, 40_000);
});

async function inDatabase(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await inClient(client, sql);
}

async function inClient(client: pg.Client, sql: string): Promise<void> {
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** Passes a server's answers on, in which it is PostgreSQL 15. */
async function agedProxy(port: number): Promise<Server> {
  const proxy = createServer((client) => {
    const server = connect(port, '127.0.0.1');
    client.pipe(server);
    server.on('data', (chunk: Buffer) =>
      client.write(Buffer.from(chunk.toString('latin1').replace(/\b18(00\d\d)\b/g, '15$1'), 'latin1')),
    );
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return proxy;
}
