import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Database } from '#platform';
import { createTestDatabase, withTestClient, type TestDatabase } from '../../../test/support/database.js';
import { AuditReadModel, Commands, systemActor } from './index.js';

describe('audit', () => {
  let scratch: TestDatabase;
  let database: Database;
  let audit: AuditReadModel;

  beforeAll(async () => {
    scratch = await createTestDatabase('control-plane');
    database = await Database.connect(scratch.url);
    audit = new AuditReadModel(database);
    const commands = new Commands(database);
    for (let i = 1; i <= 20; i++) {
      await commands.run(systemActor('test'), { input: i }, (command) =>
        command.record({
          area: i % 2 ? 'flags' : 'quotas',
          action: 'thing.changed',
          subject: `thing/${i % 3}`,
          before: { b: { d: i, c: [1, null, 'ä'] } },
          after: { price: 0.1 + i, at: new Date() },
          reason: 'why not',
        }),
      );
    }
  });

  afterAll(async () => {
    await database.close();
    await scratch.drop();
  });

  /** Does what no role of Tierdeck may: switches the trigger off and edits the past. */
  const tamper = (sql: string): Promise<unknown> =>
    withTestClient(scratch.name, (client) =>
      client.query(
        `alter table audit_event disable trigger all; ${sql}; alter table audit_event enable trigger all`,
      ),
    );

  it('verifies a chain that is as it was written', async () => {
    const { ok, events, headHash } = await audit.verify();
    expect({ ok, events }).toEqual({ ok: true, events: 20 });
    expect(headHash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('refuses to change or to delete an event', async () => {
    await expect(database.query('update audit_event set reason = $1', ['x'])).rejects.toThrow('append-only');
    await expect(database.query('delete from audit_event')).rejects.toThrow('append-only');
    await expect(database.query('truncate audit_event')).rejects.toThrow('append-only');
  });

  it.each([
    ['an altered actor', `update audit_event set actor_name = 'nobody' where revision = 7`, 'actor_name', 7],
    [
      'an altered value deep in after',
      `update audit_event set after = jsonb_set(after, '{price}', '9') where revision = 8`,
      'after',
      8,
    ],
    [
      'an altered time',
      `update audit_event set at = at + interval '1 millisecond' where revision = 9`,
      'at',
      9,
    ],
    ['a reason taken away', `update audit_event set reason = null where revision = 10`, 'reason', 10],
  ])('finds %s', async (_what, sql, column, revision) => {
    const [before] = await database.query<{ value: string }>(
      `select ${column}::text as value from audit_event where revision = $1`,
      [revision],
    );
    await tamper(sql);
    expect(await audit.verify()).toMatchObject({ ok: false, brokenAt: revision, events: revision - 1 });
    await withTestClient(scratch.name, async (client) => {
      await client.query('set session_replication_role = replica');
      await client.query(
        `update audit_event set ${column} = cast($1::text as ${column === 'at' ? 'timestamptz' : column === 'after' ? 'jsonb' : 'text'}) where revision = $2`,
        [before?.value, revision],
      );
    });
    expect(await audit.verify()).toMatchObject({ ok: true });
  });

  it('finds an event that was taken out, in the middle and at the end', async () => {
    await tamper(`create table kept as select * from audit_event where revision in (12, 20);
      delete from audit_event where revision = 20`);
    expect(await audit.verify()).toMatchObject({ ok: false, brokenAt: 20 });
    await tamper(`insert into audit_event select * from kept where revision = 20;
      delete from audit_event where revision = 12`);
    expect(await audit.verify()).toMatchObject({ ok: false, brokenAt: 12 });
    await tamper('insert into audit_event select * from kept where revision = 12');
    expect(await audit.verify()).toMatchObject({ ok: true });
  });

  it('finds a chain whose tail was cut off together with the head', async () => {
    const { headHash } = await audit.verify();
    await tamper(`create table tail as select * from audit_event where revision = 20;
      delete from audit_event where revision = 20;
      update revision_head set revision = 19, audit_hash = (select hash from audit_event where revision = 19)`);
    // The shortened chain is whole in itself: only a head hash kept elsewhere tells.
    const shortened = await audit.verify();
    expect(shortened.ok).toBe(true);
    expect(shortened.headHash).not.toBe(headHash);
  });

  it('lists by filters, the newest first, page by page', async () => {
    const revisions = async (filter: object, args: object) =>
      (await audit.page(filter, args)).edges.map(({ node }) => node.revision);
    expect(await revisions({ area: 'quotas' }, { first: 3 })).toEqual([18, 16, 14]);
    const first = await audit.page({ subject: 'thing/0' }, { first: 2 });
    expect(first.totalCount).toBe(6);
    expect(await revisions({ subject: 'thing/0' }, { first: 2, after: first.pageInfo.endCursor })).toEqual([
      12, 9,
    ]);
    expect(await revisions({ actor: 'somebody' }, {})).toEqual([]);
    expect((await audit.after(17)).map(({ revision }) => revision)).toEqual([18, 19]);
  });
});
