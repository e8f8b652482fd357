import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { faultAt, moverOf, waitsFor } from '../support/move-faults.js';
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

describe('a move whose cut-over a long transaction of the tenant holds up', () => {
  let scratch: TestDatabase;
  let server: OwnPostgres;
  let tenancy: TestTenancy;
  let plane: MovingDataPlane;
  let tenantId: string;
  let poolId: string;
  let writer: MovingWriter | undefined;
  let blocker: pg.Client | undefined;

  beforeAll(async () => {
    scratch = await createTestDatabase('control-plane');
    // A transaction that is held open here must not hold up the moves of other tests.
    server = await OwnPostgres.start({ max_prepared_transactions: '4' });
    tenancy = await TestTenancy.start(scratch.url, { clusterUrl: server.url() });
    tenantId = await tenancy.onboard(tenantManifest('held'));
    poolId = (await tenancy.readModel.bySlug('held')).databaseId as string;
    plane = await MovingDataPlane.start(tenancy);
  }, 60_000);

  afterAll(async () => {
    await plane?.stop();
    await tenancy?.stop();
    await server?.remove();
    await scratch?.drop();
  });

  afterEach(async () => {
    await writer?.stop();
    await blocker?.end();
  });

  async function longTransaction(): Promise<pg.Client> {
    const client = await tenancy.databases.connectAsService(poolId);
    await client.query('begin');
    await client.query(
      `select set_config('tierdeck.tenant_id', $1, true), set_config('role', 'tierdeck_service', true)`,
      [tenantId],
    );
    await client.query(`insert into region (code, name) values ('long', 'x')`);
    return client;
  }

  /** A move that comes to a step while a transaction is open, and says how to end it. */
  async function heldUp(
    begin: () => Promise<unknown> = async () => (blocker = await longTransaction()),
    step = 'cut-over',
    says = /pg_terminate_backend/,
  ): Promise<string> {
    const restore = faultAt(tenancy, 'tenant.move', step, { before: begin });
    const operation = await moverOf(tenancy, 'held').to('DEDICATED');
    await until(async () => says.test(await waitsFor(tenancy, operation)));
    restore();
    return operation;
  }

  it('says who it is and how to end it, lets the others write, and goes on when it has ended', async () => {
    writer = new MovingWriter(plane.scope(tenantId), 'beside', 2, 5);
    const operation = await heldUp();
    expect(await waitsFor(tenancy, operation)).toMatch(
      /Process \d+ \(tierdeck-provision\) has been in a transaction for \d+ s; .* pg_terminate_backend\(\d+\)/,
    );
    const { written } = writer;
    const before = written.length;
    await until(() => written.length > before + 20);
    expect((await lastMove(tenancy, tenantId)).state).toBe('FOLLOWING');
    await blocker?.query('commit');
    await moveReaches(tenancy, tenantId, ['UNDO_WINDOW', 'ABORTED']);
    expect((await tenancy.readModel.bySlug('held')).databasePlacement).toBe('DEDICATED');
    await writer.stop();
    expect(writer.failures).toEqual([]);
    const found = await writer.found();
    expect(found.written).toEqual(writer.written.toSorted((a, b) => a - b));
    const { rows } = await plane.scope(tenantId).query(`select 1 from region where code = 'long'`);
    expect(rows).toHaveLength(1);
    await plane.scope(tenantId).query(`delete from region where code = 'long'`);
    await moverOf(tenancy, 'held').undo();
    await moveReaches(tenancy, tenantId, ['UNDONE']);
  }, 40_000);

  it('is taken back when it is cancelled meanwhile, and the transaction commits where it began', async () => {
    const operation = await heldUp();
    await tenancy.foundation.commands.asSystem('test', (c) => tenancy.operations.cancel(c, operation));
    await moveReaches(tenancy, tenantId, ['ABORTED']);
    await blocker?.query('commit');
    const tenant = await tenancy.readModel.bySlug('held');
    expect(tenant).toMatchObject({ status: 'ACTIVE', databaseId: poolId });
    const { rows } = await plane.scope(tenantId).query(`select 1 from region where code = 'long'`);
    expect(rows).toHaveLength(1);
    expect(await moveRemains(tenancy, poolId)).toEqual([]);
  }, 40_000);

  it('names a prepared transaction, which no session holds, and the commands that end it', async () => {
    const gid = "orders'7";
    const prepare = async (): Promise<void> => {
      const client = await longTransaction();
      await client.query(`prepare transaction 'orders''7'`);
      await client.end();
    };
    await plane.scope(tenantId).query(`delete from region where code = 'long'`);
    const says = /prepared transaction 'orders''7' .* rollback prepared 'orders''7'/;
    await heldUp(prepare, 'cut-over', says);
    const pool = await tenancy.databases.connect(poolId);
    await pool.query(`commit prepared ${pool.escapeLiteral(gid)}`);
    await moveReaches(tenancy, tenantId, ['UNDO_WINDOW', 'ABORTED']);
    const { rows } = await plane.scope(tenantId).query(`select 1 from region where code = 'long'`);
    expect(rows).toHaveLength(1);
    await moverOf(tenancy, 'held').undo();
    await moveReaches(tenancy, tenantId, ['UNDONE']);

    // One that is older than the stream of changes: the slot cannot be made before it has ended.
    await plane.scope(tenantId).query(`delete from region where code = 'long'`);
    await heldUp(prepare, 'copy-rows', says);
    await pool.query(`rollback prepared ${pool.escapeLiteral(gid)}`);
    await pool.end();
    await moveReaches(tenancy, tenantId, ['UNDO_WINDOW', 'ABORTED']);
    expect((await tenancy.readModel.bySlug('held')).databasePlacement).toBe('DEDICATED');
    await moverOf(tenancy, 'held').undo();
    await moveReaches(tenancy, tenantId, ['UNDONE']);
  }, 60_000);

  it('waits for one that keeps the home locked, since its snapshot is older than its write', async () => {
    const begin = async (): Promise<void> => {
      blocker = await tenancy.databases.connectAsService(poolId);
      await blocker.query('begin isolation level repeatable read');
      await blocker.query(
        `select set_config('tierdeck.tenant_id', $1, true), set_config('role', 'tierdeck_service', true)`,
        [tenantId],
      );
      await blocker.query(`insert into region (code, name) values ('old', 'x')`);
    };
    await heldUp(begin, 'cut-over');
    expect((await lastMove(tenancy, tenantId)).state).toBe('FOLLOWING');
    await blocker?.query('commit');
    await moveReaches(tenancy, tenantId, ['UNDO_WINDOW', 'ABORTED']);
    expect((await tenancy.readModel.bySlug('held')).databasePlacement).toBe('DEDICATED');
    const { rows } = await plane.scope(tenantId).query(`select 1 from region where code = 'old'`);
    expect(rows).toHaveLength(1);
    await moverOf(tenancy, 'held').undo();
    await moveReaches(tenancy, tenantId, ['UNDONE']);
  }, 60_000);
});
