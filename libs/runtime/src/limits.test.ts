import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../../../test/support/until.js';
import { ConnectionPools, defaultConnectionLimits, type ConnectionLimits } from './connections.js';
import { silentLogger } from './logger.js';
import { createTenantDatabase, fixedHome, type TenantDatabaseFixture } from './tenant-database.fixture.js';
import { createTenantScope, type TenantScope } from './tenant-scope.js';

describe('limits of a tenant in its database', () => {
  const [alpha, beta] = [randomUUID(), randomUUID()];
  let fixture: TenantDatabaseFixture;
  let pools: ConnectionPools;

  beforeAll(async () => {
    fixture = await createTenantDatabase([alpha, beta]);
  });
  afterAll(() => fixture.drop());
  afterEach(() => pools.close());

  function open(limits: Partial<ConnectionLimits>, kind: 'POOLED' | 'DEDICATED' = 'POOLED') {
    pools = new ConnectionPools({ ...defaultConnectionLimits, ...limits }, 'test', silentLogger);
    const login = { ...fixture.login, kind };
    return (tenantId: string): TenantScope =>
      createTenantScope({
        tenantId,
        pools,
        home: fixedHome(login),
        onDatabaseTime: () => undefined,
      });
  }
  const open2 = { perDatabase: 4, tenantShare: 0.5 };

  it('hold no more connections to a pooled database than its share, and leave the rest to others', async () => {
    const scopeOf = open(open2);
    const slow = Array.from({ length: 4 }, () => scopeOf(alpha).query('select pg_sleep(0.3)'));
    await until(() => pools.sizes()[fixture.login.id]?.waiting === 2);
    expect(pools.sizes()[fixture.login.id]).toEqual({ open: 2, idle: 0, waiting: 2 });
    expect((await scopeOf(beta).query('select 1')).rowCount).toBe(1);
    await Promise.all(slow);
    expect(pools.sizes()[fixture.login.id]).toMatchObject({ waiting: 0 });
    // All that was held is given back: the share is there again.
    await Promise.all(Array.from({ length: 6 }, () => scopeOf(alpha).query('select 1')));
  });

  it('hold all connections to a database of its own', async () => {
    const scopeOf = open(open2, 'DEDICATED');
    const slow = Array.from({ length: 4 }, () => scopeOf(alpha).query('select pg_sleep(0.2)'));
    await until(() => pools.sizes()[fixture.login.id]?.open === 4);
    await Promise.all(slow);
  });

  it('give memory by the kind of database, and let no statement take more', async () => {
    const workMem = async (scope: TenantScope): Promise<unknown> =>
      (await scope.query<{ m: string }>(`select current_setting('work_mem') as m`)).rows[0]?.m;
    expect(await workMem(open({})(alpha))).toBe('4MB');
    pools.close();
    expect(await workMem(open({}, 'DEDICATED')(alpha))).toBe('16MB');
    const scope = open({})(alpha);
    for (const sql of [
      'set work_mem = 1000000',
      ' /* x */ SET statement_timeout = 0',
      'reset all',
      'begin',
      'lock table item',
    ]) {
      await expect(scope.query(sql)).rejects.toMatchObject({ code: 'STATEMENT_REFUSED' });
      await expect(scope.transaction((tx) => tx.query(sql))).rejects.toMatchObject({
        code: 'STATEMENT_REFUSED',
      });
    }
  });

  it('end a statement at its time, by the server', async () => {
    const scopeOf = open({ statementTimeoutMs: { POOLED: 100, DEDICATED: 100 } });
    await expect(scopeOf(alpha).query('select pg_sleep(60)')).rejects.toMatchObject({ code: '57014' });
  });

  it('end it also if the session was talked out of its limit, and use that session no more', async () => {
    const scopeOf = open({ perDatabase: 1, statementTimeoutMs: { POOLED: 100, DEDICATED: 100 } });
    const pid = async (): Promise<unknown> =>
      (await scopeOf(alpha).query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid;
    const connection = await pools.acquire(fixture.login);
    await connection.client.query('set statement_timeout = 0');
    pools.release(connection);
    const before = await pid();
    await expect(scopeOf(alpha).query('select pg_sleep(60)')).rejects.toMatchObject({ code: '57014' });
    expect(await pid()).not.toBe(before);
  });
});
