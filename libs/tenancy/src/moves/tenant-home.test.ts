import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import {
  claimHome,
  closeHome,
  commitMoved,
  expectArrival,
  leaveHome,
  liftPause,
  openHome,
  pauseHome,
  readHome,
  releaseHome,
} from './tenant-home.js';

describe('the home of a tenant', () => {
  let database: TestDatabase;
  let mover: pg.Client;
  let writer: pg.Client;
  let tenant: string;
  const move = randomUUID();
  const key = randomUUID();

  beforeAll(async () => {
    database = await createTestDatabase('tenant');
    mover = new pg.Client({ connectionString: database.url });
    writer = new pg.Client({ connectionString: database.url, application_name: 'a-service' });
    await mover.connect();
    await writer.connect();
  });
  afterAll(async () => {
    await mover.end();
    await writer.end();
    await database.drop();
  });
  beforeEach(() => {
    tenant = randomUUID();
  });

  async function write(): Promise<string> {
    await writer.query('begin');
    try {
      await writer.query(`select set_config('tierdeck.tenant_id', $1, true)`, [tenant]);
      await writer.query(`insert into region (code, name) values ($1, 'x')`, [randomUUID()]);
      await writer.query('commit');
      return 'written';
    } catch (error) {
      await writer.query('rollback');
      return (error as { code: string }).code;
    }
  }

  it('is open, paused, open again, and left for good', async () => {
    expect(await readHome(mover, tenant)).toEqual({ state: 'ACTIVE', epoch: 1, moveId: null, closed: false });
    expect(await claimHome(mover, tenant, move)).toBe(true);
    expect(await write()).toBe('written');
    const first = await pauseHome(mover, tenant, move);
    expect(await write()).toBe('TD001');
    await liftPause(mover, tenant, first.token);
    expect(await write()).toBe('written');
    expect(await commitMoved(mover, tenant, first, key)).toBeUndefined();
    const second = await pauseHome(mover, tenant, move);
    expect(await commitMoved(mover, tenant, second, key)).toBe(2);
    expect(await write()).toBe('TD002');
    await liftPause(mover, tenant, second.token);
    expect(await readHome(mover, tenant)).toEqual({ state: 'MOVED', epoch: 2, moveId: move, closed: false });
    expect(await claimHome(mover, tenant, move)).toBe(false);
  });

  it('is not left after the pause has run out, for somebody may have written since', async () => {
    await claimHome(mover, tenant, move);
    const pause = await pauseHome(mover, tenant, move);
    await mover.query(`update tenant_home set paused_until = clock_timestamp() where tenant_id = $1`, [
      tenant,
    ]);
    expect(await write()).toBe('written');
    expect(await commitMoved(mover, tenant, pause, key)).toBeUndefined();
    expect(
      await commitMoved(mover, tenant, { ...pause, since: performance.now() - 60_000 }, key),
    ).toBeUndefined();
    expect((await readHome(mover, tenant)).state).toBe('PAUSED');
    expect(await write()).toBe('written');
  });

  it('is not paused for a move that it does not belong to any more', async () => {
    await claimHome(mover, tenant, move);
    await releaseHome(mover, tenant, move);
    await expect(pauseHome(mover, tenant, move)).rejects.toThrow(/not this move/);
    expect(await write()).toBe('written');
  });

  it('says who holds the fence up, and lets the other writers go on', async () => {
    await claimHome(mover, tenant, move);
    const slow = new pg.Client({ connectionString: database.url, application_name: 'slow-service' });
    await slow.connect();
    await slow.query('begin');
    await slow.query(`select set_config('tierdeck.tenant_id', $1, true)`, [tenant]);
    await slow.query(`insert into region (code, name) values ('slow', 'x')`);
    await expect(pauseHome(mover, tenant, move)).rejects.toMatchObject({
      code: 'MOVE_FENCE_BUSY',
      blockers: [{ application: 'slow-service' }],
    });
    expect(await write()).toBe('written');
    await slow.query('commit');
    await slow.end();
    const pause = await pauseHome(mover, tenant, move);
    await liftPause(mover, tenant, pause.token);
  });

  it('is opened before the mover does by whoever has the key that the former home gives out once it is left', async () => {
    const arrive = async (with_: string): Promise<boolean> => {
      await writer.query('begin');
      await writer.query(`select set_config('tierdeck.tenant_id', $1, true)`, [tenant]);
      const { rows } = await writer.query<{ open: boolean }>('select tierdeck_arrive($1) as open', [with_]);
      await writer.query('commit');
      return rows[0]?.open === true;
    };
    await closeHome(mover, tenant, move);
    expect(await arrive(key)).toBe(false);
    await expectArrival(mover, tenant, move, key, 8);
    expect(await arrive(randomUUID())).toBe(false);
    expect(await write()).toBe('TD001');
    expect(await arrive(key)).toBe(true);
    expect(await write()).toBe('written');
    expect(await readHome(mover, tenant)).toMatchObject({ state: 'ACTIVE', epoch: 8 });
    // The mover, late, changes nothing; and the key opens nothing again.
    await openHome(mover, tenant, move, 8);
    await closeHome(mover, tenant, move);
    expect(await arrive(key)).toBe(false);
    expect(await write()).toBe('TD001');
  });

  it('is closed where the tenant goes until it is opened, and says that it is elsewhere when that came to nothing', async () => {
    await closeHome(mover, tenant, move);
    expect(await write()).toBe('TD001');
    await openHome(mover, tenant, move, 7);
    await openHome(mover, tenant, move, 7);
    expect(await write()).toBe('written');
    expect(await readHome(mover, tenant)).toMatchObject({ state: 'ACTIVE', epoch: 7 });
    await closeHome(mover, tenant, move);
    await leaveHome(mover, tenant);
    expect(await write()).toBe('TD002');
  });
});
