import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { migrate, readMigrations } from '#platform';
import { createTestDatabase, withTestClient, type TestDatabase } from '../../../../test/support/database.js';

const before = '0019';
const change = (segments: string): string =>
  `[{"kind": "SET_RULE", "flag": "engine", "scope": {"kind": "ENVIRONMENT", "key": "*"},
     "rule": {"enabled": true, "variant": "new"${segments}}, "base": null}]`;
const requests = {
  plain: [change(''), 'IN_REVIEW', null],
  review: [change(', "segments": [1]'), 'IN_REVIEW', null],
  scheduled: [change(', "segments": [1]'), 'SCHEDULED', '2090-01-01'],
  applied: [change(', "segments": [1]'), 'APPLIED', null],
} as const;

/** What an installation of before holds: references to nothing, variants of a BOOLEAN flag, and approvals by number. */
async function seed(client: pg.Client): Promise<void> {
  await client.query(`
    begin;
    select set_config('tierdeck.approval', 'deployment', true);
    insert into segment (name, constraints) values ('pilot', '[{"contextName": "region", "operator": "IN", "values": ["eu"]}]');
    insert into flag (key, kind, risk_class, variants) values
      ('engine', 'VARIANT', 'FINANCIAL', '[{"name": "new"}]'), ('plain', 'BOOLEAN', 'FINANCIAL', '[]');
    insert into flag_environment (flag_key, environment, revision, strategies, variants) values
      ('engine', 'production', 1, '[{"name": "default", "segments": [1, 4711], "variants": [{"name": "new"}]}]', '[{"name": "new"}]'),
      ('plain', 'production', 1, '[{"name": "default", "segments": [4711], "variants": [{"name": "x"}]}]', '[{"name": "x"}]'),
      ('plain', 'staging', 1, '[]', '[{"name": "x"}]');
    insert into api_token (id, name, role, secret_hash) values ('00000000-0000-0000-0000-000000000001', 'old', 'admin', 'x');
    commit`);
  for (const [title, [changes, status, at]] of Object.entries(requests)) {
    const { rows } = await client.query<{ id: string }>(
      `insert into change_request (id, title, environment, changes, digest, status, author, author_id)
       values (gen_random_uuid(), $1, 'production', $2, '', 'IN_REVIEW', 'Ann', 'ann') returning id`,
      [title, changes],
    );
    const id = rows[0]?.id;
    await client.query(
      `insert into change_request_approval (request_id, author_id, digest, version, by_id, by_name)
       select id, author_id, digest, version, 'bob', 'Bob' from change_request where id = $1`,
      [id],
    );
    for (const step of status === 'APPLIED' ? ['APPLYING', 'APPLIED'] : [status])
      await client.query('update change_request set status = $2, apply_at = $3 where id = $1', [
        id,
        step,
        at,
      ]);
  }
}

describe('an installation whose approvals are bound to numbers', () => {
  let scratch: TestDatabase;
  let digests: Record<string, string>;

  beforeAll(async () => {
    scratch = await createTestDatabase('empty');
    const all = await readMigrations('migrations/control-plane');
    await withTestClient(scratch.name, async (client) => {
      await migrate(
        client,
        all.filter(({ name }) => name < before),
      );
      await seed(client);
      const { rows } = await client.query<{ title: string; digest: string }>(
        'select title, digest from change_request',
      );
      digests = Object.fromEntries(rows.map(({ title, digest }) => [title, digest]));
      await migrate(client, all);
    });
  });
  afterAll(() => scratch?.drop());

  const rowsOf = <Row extends pg.QueryResultRow>(sql: string): Promise<Row[]> =>
    withTestClient(scratch.name, async (client) => (await client.query<Row>(sql)).rows);

  it('keeps approvals of what refers to nothing, and of what was applied; others are given again', async () => {
    const found = await rowsOf<{ title: string; digest: string }>(
      `select title, digest, status, author_person, change_request_approvals(id, version, digest) as given
       from change_request order by title`,
    );
    expect(found).toMatchObject([
      { title: 'applied', status: 'APPLIED', given: 1, digest: digests['applied'] },
      { title: 'plain', status: 'IN_REVIEW', given: 1, digest: digests['plain'], author_person: 'ann' },
      { title: 'review', status: 'IN_REVIEW', given: 0 },
      { title: 'scheduled', status: 'IN_REVIEW', given: 0 },
    ]);
    for (const { title, digest } of found.slice(2)) expect(digest).not.toBe(digests[title]);
  });

  it('takes variants from BOOLEAN flags, and numbers from segments that are not there', async () => {
    expect(
      await rowsOf('select flag_key, environment, strategies, variants from flag_environment order by 1, 2'),
    ).toEqual([
      {
        flag_key: 'engine',
        environment: 'production',
        strategies: [{ name: 'default', segments: [1, -4_711], variants: [{ name: 'new' }] }],
        variants: [{ name: 'new' }],
      },
      {
        flag_key: 'plain',
        environment: 'production',
        strategies: [{ name: 'default', segments: [-4_711], variants: [] }],
        variants: [],
      },
      { flag_key: 'plain', environment: 'staging', strategies: [], variants: [] },
    ]);
  });

  it('takes an old token for a person of its own', async () => {
    expect(await rowsOf('select id = person::uuid as own from api_token')).toEqual([{ own: true }]);
  });
});
