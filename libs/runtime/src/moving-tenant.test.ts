import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  createTestDatabase,
  createTestLogin,
  withTestClient,
  type TestDatabase,
} from '../../../test/support/database.js';
import { ConnectionPools, defaultConnectionLimits } from './connections.js';
import { Directory } from './directory.js';
import { Homes } from './homes.js';
import { silentLogger } from './logger.js';
import { tenantSnapshot } from './control-plane.fixture.js';
import { contextOf } from './statements.js';
import { createTenantScope, type TenantScope } from './tenant-scope.js';
import type { DatabaseSnapshot } from './wire.js';

describe('a tenant that moves from one database to another', () => {
  let oldHome: TestDatabase;
  let newHome: TestDatabase;
  const role = `login_${randomUUID().slice(0, 8)}`;
  let tenant: string;
  let pools: ConnectionPools;
  let directory: Directory;
  let homes: Homes;
  let informed: boolean;

  beforeAll(async () => {
    oldHome = await createTestDatabase('tenant');
    newHome = await createTestDatabase('tenant');
    await withTestClient('postgres', (client) => createTestLogin(client, role, 'pass'));
  });
  afterAll(async () => {
    await oldHome.drop();
    await newHome.drop();
    await withTestClient('postgres', (client) => client.query(`drop role ${role}`));
  });

  beforeEach(async () => {
    tenant = randomUUID();
    pools = new ConnectionPools({ ...defaultConnectionLimits, perDatabase: 4 }, 'test', silentLogger);
    informed = true;
    homes = new Homes(
      () => directory,
      () => informed,
    );
    publish(oldHome.name, newHome.name);
    await setHome(newHome, 'PAUSED', 'infinity');
  });
  afterEach(() => pools.close());

  function login(database: TestDatabase): DatabaseSnapshot {
    const { hostname: host, port } = new URL(database.url);
    const kind = 'POOLED';
    const address = { host, port: Number(port), database: database.name };
    return { id: database.name, kind, ...address, user: role, password: 'pass' };
  }

  function publish(databaseId: string, standbyDatabaseId: string | null): void {
    const tenants = [tenantSnapshot({ id: tenant, slug: 'moving', databaseId, standbyDatabaseId })];
    directory = new Directory({ revision: 1, tenants, databases: [login(oldHome), login(newHome)] });
    homes.forget();
  }

  function scope(moveDeadlineMs = 5_000): TenantScope {
    const onDatabaseTime = (): void => undefined;
    return createTenantScope({
      tenantId: tenant,
      pools,
      home: homes.of(tenant),
      moveDeadlineMs,
      onDatabaseTime,
    });
  }

  /** As the mover does: under the exclusive lock. */
  async function setHome(database: TestDatabase, state: string, until: string | null = null): Promise<void> {
    await withTestClient(database.name, async (client) => {
      await client.query('begin');
      await client.query(`select pg_advisory_xact_lock(hashtextextended('tierdeck_home:' || $1, 0))`, [
        tenant,
      ]);
      await client.query(
        `insert into tenant_home (tenant_id, state, paused_until) values ($1, $2, $3)
         on conflict (tenant_id) do update set state = excluded.state, paused_until = excluded.paused_until`,
        [tenant, state, until],
      );
      await client.query('commit');
    });
  }

  async function regions(database: TestDatabase): Promise<string[]> {
    return withTestClient(database.name, async (client) => {
      const { rows } = await client.query<{ code: string }>(
        'select code from region where tenant_id = $1 order by code',
        [tenant],
      );
      return rows.map(({ code }) => code);
    });
  }

  const write = (code: string, through = scope()): Promise<unknown> =>
    through.query('insert into region (code, name) values ($1, $1)', [code]);

  it('is written where it was until it is paused, and in the standby as soon as it is open', async () => {
    await write('before');
    await setHome(oldHome, 'PAUSED', new Date(Date.now() + 60_000).toISOString());
    const waiting = [
      write('statement'),
      scope().transaction(async (tx) => {
        await tx.query('select 1 from region');
        await tx
          .query(`insert into region (code, name) values ('transaction', 'x')`)
          .catch((error: unknown) => {
            throw new Error('what a service makes of an error', { cause: error });
          });
      }),
    ];
    expect((await scope().query('select code from region')).rowCount).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 60));
    await setHome(oldHome, 'MOVED');
    await setHome(newHome, 'ACTIVE');
    await Promise.all(waiting);
    expect(await regions(oldHome)).toEqual(['before']);
    expect(await regions(newHome)).toEqual(['statement', 'transaction']);
  });

  it('is found again when it went back', async () => {
    await setHome(oldHome, 'MOVED');
    await setHome(newHome, 'ACTIVE');
    await write('there');
    await setHome(newHome, 'MOVED');
    await setHome(oldHome, 'ACTIVE');
    await Promise.all([write('back-1'), write('back-2'), write('back-3')]);
    expect(await regions(newHome)).toEqual(['there']);
    expect(await regions(oldHome)).toEqual(['back-1', 'back-2', 'back-3']);
  });

  it('is waited for until a snapshot says where it is, if the standby is not known', async () => {
    publish(oldHome.name, null);
    await setHome(oldHome, 'MOVED');
    await setHome(newHome, 'ACTIVE');
    const waiting = write('late');
    await new Promise((resolve) => setTimeout(resolve, 40));
    publish(newHome.name, oldHome.name);
    await waiting;
    expect(await regions(newHome)).toEqual(['late']);
  });

  it('opens its new home itself when the mover has died on the way', async () => {
    const key = randomUUID();
    await setHome(oldHome, 'MOVED');
    await withTestClient(oldHome.name, (client) =>
      client.query('update tenant_home set arrival_key = $2 where tenant_id = $1', [tenant, key]),
    );
    await withTestClient(newHome.name, (client) =>
      client.query(
        `update tenant_home set arrival_digest = sha256(convert_to($2::uuid::text, 'UTF8')), arrival_epoch = 2
         where tenant_id = $1`,
        [tenant, key],
      ),
    );
    await Promise.all([
      write('first'),
      scope().transaction((tx) => tx.query(`insert into region (code, name) values ('second', 'x')`)),
    ]);
    expect(await regions(newHome)).toEqual(['first', 'second']);
    expect(await regions(oldHome)).toEqual([]);
  });

  it('keeps a writer waiting no longer than its deadline', async () => {
    await setHome(oldHome, 'PAUSED', 'infinity');
    await expect(write('never', scope(30))).rejects.toMatchObject({ code: 'TENANT_MOVING', httpStatus: 503 });
    await expect(
      scope(30).transaction((tx) => tx.query(`insert into region (code, name) values ('never', 'x')`)),
    ).rejects.toMatchObject({ code: 'TENANT_MOVING' });
  });

  it('is written again where it is when a pause has run out, e.g. because the mover died', async () => {
    await setHome(oldHome, 'PAUSED', new Date(Date.now() + 200).toISOString());
    await write('after');
    expect(await regions(oldHome)).toEqual(['after']);
  });

  it('cannot be written by a transaction whose snapshot is older than the move', async () => {
    for (const known of [true, false]) {
      tenant = randomUUID();
      publish(oldHome.name, newHome.name);
      if (known) await setHome(oldHome, 'ACTIVE');
      let tries = 0;
      await scope().transaction(
        async (tx) => {
          await tx.query('select count(*) from region');
          if (tries++ === 0) {
            await setHome(oldHome, 'MOVED');
            await setHome(newHome, 'ACTIVE');
          }
          await tx.query(`insert into region (code, name) values ('once', 'x')`);
        },
        { isolation: 'repeatable read' },
      );
      expect(await regions(oldHome)).toEqual([]);
      expect(await regions(newHome)).toEqual(['once']);
    }
  });

  it('is never read where it lived before, by an instance that has not heard of the move', async () => {
    await write('shared');
    const before = scope();
    expect((await before.query('select code from region')).rows).toEqual([{ code: 'shared' }]);
    await setHome(oldHome, 'MOVED');
    await setHome(newHome, 'ACTIVE');
    await withTestClient(newHome.name, (client) =>
      client.query(`insert into region (tenant_id, code, name) values ($1, 'newer', 'x')`, [tenant]),
    );
    const read = async (
      isolation: 'read committed' | 'repeatable read',
      readOnly: boolean,
    ): Promise<unknown> =>
      before.transaction(async (tx) => (await tx.query('select code from region')).rows, {
        isolation,
        readOnly,
      });
    const newer = [{ code: 'newer' }];
    expect((await before.query('select code from region')).rows).toEqual(newer);
    publish(oldHome.name, newHome.name);
    expect(await read('read committed', true)).toEqual(newer);
    publish(oldHome.name, newHome.name);
    expect(await read('repeatable read', true)).toEqual(newer);
    // Cut off since before the move was announced: it knows of no other home, and still sees no old row.
    publish(oldHome.name, null);
    informed = false;
    await expect(scope(30).query('select code from region')).rejects.toMatchObject({ code: 'TENANT_MOVING' });
  });

  it('is read on one side only by a transaction that the move overtakes', async () => {
    for (const isolation of ['read committed', 'repeatable read'] as const) {
      tenant = randomUUID();
      publish(oldHome.name, newHome.name);
      await setHome(newHome, 'PAUSED', 'infinity');
      await write('old');
      const seen: unknown[][] = [];
      await scope().transaction(
        async (tx) => {
          const codes: unknown[] = [];
          seen.push(codes);
          codes.push((await tx.query('select code from region')).rows[0]);
          if (seen.length === 1) {
            await setHome(oldHome, 'MOVED');
            await setHome(newHome, 'ACTIVE');
            await withTestClient(newHome.name, (client) =>
              client.query(`insert into region (tenant_id, code, name) values ($1, 'new', 'x')`, [tenant]),
            );
          }
          codes.push((await tx.query('select code from region')).rows[0]);
        },
        { isolation, readOnly: true },
      );
      const [old, now] = [{ code: 'old' }, { code: 'new' }];
      // It began before the move, and nothing was written there since; the next one begins after it.
      expect(seen).toEqual([[old, old]]);
      expect((await scope().query('select code from region')).rows).toEqual([now]);
    }
  });

  it('is not read where it was by a transaction that sends its first statement after the move', async () => {
    publish(oldHome.name, null);
    await write('old');
    let begun = 0;
    const transaction = scope().transaction(
      async (tx) => {
        if (begun++ === 0) {
          await setHome(oldHome, 'MOVED');
          await setHome(newHome, 'ACTIVE');
          // Meanwhile it has lost its lease, and then heard of the move.
          informed = false;
          setTimeout(() => publish(newHome.name, oldHome.name), 20);
        }
        return (await tx.query('select code from region')).rows;
      },
      { readOnly: true },
    );
    expect(await transaction).toEqual([]);
    expect(begun).toBeGreaterThan(1);
  });

  it('is not read where it goes before it has come', async () => {
    await withTestClient(newHome.name, (client) =>
      client.query(`insert into region (tenant_id, code, name) values ($1, 'copied so far', 'x')`, [tenant]),
    );
    publish(newHome.name, oldHome.name);
    await expect(scope(30).query('select code from region')).rejects.toMatchObject({ code: 'TENANT_MOVING' });
    const waiting = scope().query('select code from region');
    await setHome(newHome, 'ACTIVE');
    expect((await waiting).rowCount).toBe(1);
  });

  it('is read as before in a database of a version that cannot be asked', async () => {
    const older = await createTestDatabase('tenant');
    try {
      await withTestClient(older.name, (client) => client.query('drop function tierdeck_at_home()'));
      const tenants = [tenantSnapshot({ id: tenant, slug: 'moving', databaseId: older.name })];
      directory = new Directory({ revision: 1, tenants, databases: [login(older)] });
      informed = false;
      await scope().transaction((tx) => tx.query('select 1 from region'));
      await write('one');
      expect((await scope().query('select code from region')).rows).toEqual([{ code: 'one' }]);
    } finally {
      pools.close();
      await older.drop();
    }
  });

  it('lets the mover wait for a writer that is still at work, and not the other way round', async () => {
    const client = pools.acquire(login(oldHome));
    const { client: writer } = await client;
    await writer.query('begin');
    const { text, values } = contextOf(tenant);
    await writer.query(text, [...values]);
    await writer.query(`insert into region (code, name) values ('slow', 'x')`);
    let paused = false;
    const pausing = setHome(oldHome, 'PAUSED', 'infinity').then(() => (paused = true));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(paused).toBe(false);
    await writer.query('commit');
    pools.release(await client);
    await pausing;
  });

  it('is looked for in its new home by an instance that missed the move, after the old database is gone', async () => {
    const dropped = await createTestDatabase('tenant');
    const tenants = [
      tenantSnapshot({ id: tenant, slug: 'moving', databaseId: 'gone', standbyDatabaseId: newHome.name }),
    ];
    const databases = [{ ...login(dropped), id: 'gone' }, login(newHome)];
    directory = new Directory({ revision: 1, tenants, databases });
    await dropped.drop();
    await setHome(newHome, 'ACTIVE');
    await write('found');
    expect((await scope().query('select 1 from region')).rowCount).toBe(1);
  });
});
