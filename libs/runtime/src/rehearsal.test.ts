import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { createTestDatabase, withTestClient, type TestDatabase } from '../../../test/support/database.js';
import { rehearse } from './rehearsal.js';
import { statementOf } from './statements.js';

describe('a connection that is warmed up', () => {
  const tenant = randomUUID();
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase('tenant');
    statementOf(`insert into region (code, name) values ($1, $2)`, []);
    statementOf('select nothing from nowhere', []);
    statementOf('delete from region where code = $1', []);
  });
  afterAll(() => database.drop());

  /** Indexes that this backend has opened. */
  async function openedIndexes(client: pg.Client): Promise<string[]> {
    const { rows } = await client.query<{ ident: string }>(
      `select ident from pg_backend_memory_contexts where name = 'index info' and ident like 'region%'`,
    );
    return rows.map(({ ident }) => ident);
  }

  it('knows the tables and indexes of the statements to come, of which none was executed', () =>
    withTestClient(database.name, async (client) => {
      expect(await openedIndexes(client)).toEqual([]);
      await rehearse(client, tenant);
      expect(await openedIndexes(client)).toContain('region_pkey');
      expect((await client.query('select * from region')).rowCount).toBe(0);
    }));

  it('is left without a role, a tenant or a transaction', () =>
    withTestClient(database.name, async (client) => {
      await rehearse(client, tenant);
      const { rows } = await client.query(
        `select current_user = session_user as itself, nullif(current_setting('tierdeck.tenant_id', true), '') as tenant`,
      );
      expect(rows).toEqual([{ itself: true, tenant: null }]);
      expect(client.getTransactionStatus()).toBe('I');
    }));
});
