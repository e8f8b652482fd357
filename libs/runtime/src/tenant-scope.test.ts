import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { withTestClient } from '../../../test/support/database.js';
import { until } from '../../../test/support/until.js';
import { ConnectionPools, defaultConnectionLimits } from './connections.js';
import { silentLogger } from './logger.js';
import { pipeline } from './scoped-query.js';
import { createTenantDatabase, fixedHome, type TenantDatabaseFixture } from './tenant-database.fixture.js';
import { createTenantScope, type TenantScope } from './tenant-scope.js';

describe('a tenant scope', () => {
  const tenants = Array.from({ length: 50 }, () => randomUUID());
  const [alpha = '', beta = ''] = tenants;
  let fixture: TenantDatabaseFixture;
  let pools: ConnectionPools;

  beforeAll(async () => {
    fixture = await createTenantDatabase(tenants);
  });
  afterAll(() => fixture.drop());
  beforeEach(() => {
    pools = new ConnectionPools({ ...defaultConnectionLimits, perDatabase: 4 }, 'test', silentLogger);
  });
  afterEach(() => pools.close());

  function scopeOf(tenantId: string): TenantScope {
    return createTenantScope({
      tenantId,
      pools,
      home: fixedHome(fixture.login),
      onDatabaseTime: () => undefined,
    });
  }

  const skus = async (scope: TenantScope): Promise<string[]> =>
    (await scope.query<{ sku: string }>('select sku from item order by sku')).rows.map((row) => row.sku);

  it('sees the rows of its tenant and no other', async () => {
    expect(await skus(scopeOf(alpha))).toEqual([`own-${alpha}`]);
    const foreign = await scopeOf(alpha).query('select 1 from item where tenant_id = $1', [beta]);
    expect(foreign.rowCount).toBe(0);
    await expect(
      scopeOf(alpha).query('insert into item (tenant_id, sku) values ($1, $2)', [beta, 'planted']),
    ).rejects.toMatchObject({ code: '42501' });
  });

  it('leaks nothing among 1,000 queries at once of 50 tenants over 4 connections, with failures among them', async () => {
    const failures = [
      'select 1 / (length(sku) - length(sku)) from item',
      'select nothing from nowhere',
      'slect 1',
    ];
    const outcomes = await Promise.all(
      Array.from({ length: 1_000 }, async (_, i) => {
        const tenantId = tenants[i % tenants.length] ?? '';
        const scope = scopeOf(tenantId);
        if (i % 7 === 3) {
          return scope.query(failures[i % failures.length] ?? '').then(
            () => 'passed',
            (error: { code: string }) => (/^(22012|42P01|42601)$/.test(error.code) ? 'ok' : error.code),
          );
        }
        if (i % 11 === 5) {
          const seen = await scope.transaction(async (tx) => {
            const first = await tx.query<{ sku: string }>('select sku from item');
            const second = await tx.query<{ sku: string }>('select sku from item where quantity >= $1', [0]);
            return [...first.rows, ...second.rows].map((row) => row.sku);
          });
          return seen.join() === `own-${tenantId},own-${tenantId}` ? 'ok' : `leak ${seen.join()}`;
        }
        const { rows } = await scope.query<{ sku: string; me: string }>(
          `select sku, current_setting('tierdeck.tenant_id') as me, $1::int as n from item`,
          [i],
        );
        return rows.length === 1 && rows[0]?.sku === `own-${tenantId}` && rows[0].me === tenantId
          ? 'ok'
          : 'leak';
      }),
    );
    expect(new Set(outcomes)).toEqual(new Set(['ok']));
    expect(pools.sizes()[fixture.login.id]).toEqual({ open: 4, idle: 4, waiting: 0 });
  });

  it('leaves no context on the connection', async () => {
    await scopeOf(alpha).query('select 1');
    const connection = await pools.acquire(fixture.login);
    await expect(connection.client.query('select * from item')).rejects.toMatchObject({ code: '42501' });
    await connection.client.query('begin');
    await connection.client.query('set local role tierdeck_service');
    await expect(connection.client.query('select * from item')).rejects.toMatchObject({ code: '22P02' });
    await connection.client.query('rollback');
    pools.release(connection);
  });

  it('goes on with the same connection after an error of parsing, of a value, or in the middle of rows', async () => {
    const scope = scopeOf(alpha);
    const backend = async (): Promise<unknown> =>
      (await scope.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid;
    const pid = await backend();
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    await expect(scope.query('selct 1')).rejects.toMatchObject({ code: '42601' });
    await expect(scope.query('select $1::int', ['x'])).rejects.toMatchObject({ code: '22P02' });
    await expect(scope.query('select $1::jsonb', [circular])).rejects.toThrow(/circular/i);
    await expect(scope.query('select 1 / (500 - n) from generate_series(1, 1000) n')).rejects.toMatchObject({
      code: '22012',
    });
    expect((await scope.query('')).rows).toEqual([]);
    expect((await scope.query<{ n: number }>('select $1::int as n', [7])).rows).toEqual([{ n: 7 }]);
    expect(await backend()).toBe(pid);
  });

  it('carries large parameters and results', async () => {
    const text = 'ä'.repeat(3_000_000);
    const { rows } = await scopeOf(alpha).query<{ t: string }>('select $1::text as t', [text]);
    expect(rows[0]?.t).toBe(text);
    const many = await scopeOf(alpha).query('select n, md5(n::text) from generate_series(1, 50000) n');
    expect(many.rowCount).toBe(50_000);
  });

  it('commits a transaction whole, and undoes it whole', async () => {
    const scope = scopeOf(beta);
    await scope.transaction(async (tx) => {
      await tx.query('insert into item (sku) values ($1)', ['a']);
      await tx.query('insert into item (sku) values ($1)', ['b']);
    });
    await expect(
      scope.transaction(async (tx) => {
        await tx.query('delete from item');
        throw new Error('changed my mind');
      }),
    ).rejects.toThrow('changed my mind');
    await expect(
      scope.transaction(async (tx) => {
        await tx.query('delete from item');
        await tx.query('insert into item (sku) values (null)').catch(() => undefined);
      }),
    ).rejects.toThrow(/rolled back/);
    expect(await skus(scope)).toEqual(['a', 'b', `own-${beta}`]);
    expect(pools.sizes()[fixture.login.id]?.idle).toBe(1);
  });

  it('runs a transaction again after a serialization failure', async () => {
    const scope = scopeOf(alpha);
    let runs = 0;
    const add = (): Promise<void> =>
      scope.transaction(
        async (tx) => {
          runs++;
          const { rows } = await tx.query<{ quantity: number }>('select quantity from item');
          await tx.query('update item set quantity = $1', [(rows[0]?.quantity ?? 0) + 1]);
        },
        { isolation: 'serializable', attempts: 50 },
      );
    await Promise.all(Array.from({ length: 8 }, add));
    const { rows } = await scope.query('select quantity from item');
    expect(rows).toEqual([{ quantity: 8 }]);
    expect(runs).toBeGreaterThanOrEqual(8);
  });

  it('never hands on a connection that was left inside a transaction', async () => {
    const left = await pools.acquire(fixture.login);
    await left.client.query('begin');
    pools.release(left);
    const connection = await pools.acquire(fixture.login);
    expect((await connection.client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    expect(connection.client.getTransactionStatus()).toBe('I');
    pools.release(connection);
  });

  it('prepares a statement again whose preparation was skipped because one ahead of it failed', async () => {
    const { client } = await pools.acquire(fixture.login);
    const ahead = { name: 'ahead', text: 'select 1', values: [] };
    const late = { name: 'late', text: 'select 2 as two', values: [] };
    await pipeline(client, [], ahead);
    await client.query('begin');
    await expect(client.query('select 1 / 0')).rejects.toMatchObject({ code: '22012' });
    await expect(pipeline(client, [ahead], late)).rejects.toMatchObject({ code: '25P02' });
    await client.query('rollback');
    expect((await pipeline(client, [ahead], late)).rows).toEqual([{ two: 2 }]);
    await client.end();
  });

  it('survives a migration that changes what a prepared statement returns', async () => {
    const scope = scopeOf(alpha);
    const all = (): Promise<{ rows: object[] }> => scope.query('select * from item');
    const before = await all();
    await withTestClient(fixture.name, (client) => client.query('alter table item add column note text'));
    const after = await all();
    expect(Object.keys(after.rows[0] ?? {})).toEqual([...Object.keys(before.rows[0] ?? {}), 'note']);
    await withTestClient(fixture.name, (client) => client.query('alter table item drop column note'));
    const inside = await scope.transaction((tx) => tx.query('select * from item'));
    expect(inside.rows).toEqual(before.rows);
  });

  it('replaces a connection that the server closed', async () => {
    const scope = scopeOf(alpha);
    const killed = scope.query('select pg_sleep(30)');
    killed.catch(() => undefined);
    await withTestClient(fixture.name, async (client) => {
      await until(async () => {
        const { rowCount } = await client.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where usename = $1 and query like 'select pg_sleep%'`,
          [fixture.login.user],
        );
        return rowCount === 1;
      });
    });
    await expect(killed).rejects.toThrow();
    expect(await skus(scope)).toEqual([`own-${alpha}`]);
  });
});
