import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestControlPlane, testAdminToken } from '../support/control-plane.js';

let server: TestControlPlane;

beforeAll(async () => {
  server = await TestControlPlane.start();
});

afterAll(() => server?.stop());

/** Neither a stack nor SQL nor a path of the inside. */
const inside = /\bat .*\.(ts|js)|select |insert |pg_|node_modules|relation "/i;

describe('GraphQL, bad input', () => {
  it.each([
    ['malformed JSON', '{"query": "{ viewer '],
    ['malformed GraphQL', JSON.stringify({ query: '{ viewer { name' })],
    ['an unknown field', JSON.stringify({ query: '{ viewer { password } }' })],
    ['no query', '{}'],
    ['a batch', JSON.stringify([{ query: '{ viewer { name } }' }])],
    [
      'a variable of the wrong type',
      JSON.stringify({
        query: 'query ($n: Int) { auditEvents(first: $n) { totalCount } }',
        variables: { n: 'x' },
      }),
    ],
  ])('answers %s with 400 and a code', async (_name, body) => {
    const answer = await server.post(body, testAdminToken);
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer)).not.toMatch(inside);
  });

  it('refuses a query that is too deep, too wide, or has too many aliases', async () => {
    const deep = `{ operations { edges { node { ${'tenant { operations { edges { node { '.repeat(6)} id ${' } } } }'.repeat(6)} } } } }`;
    const wide = `{ viewer { ${'name '.repeat(600)} } }`;
    const aliased = `{ viewer { ${Array.from({ length: 60 }, (_, i) => `a${i}: name`).join(' ')} } }`;
    const roots = `{ ${Array.from({ length: 25 }, (_, i) => `v${i}: viewer { name }`).join(' ')} }`;
    for (const query of [deep, wide, aliased, roots]) {
      const answer = await server.graphql(query);
      expect(answer.status).toBe(400);
      expect(answer.errors?.[0]?.extensions.code).toBe('GRAPHQL_INVALID');
      expect(answer.data ?? null).toBeNull();
    }
  });

  it('refuses a small query whose fragments multiply', async () => {
    const level = (at: number, below: string): string =>
      `fragment level${at} on Tenant { ${Array.from({ length: 12 }, (_, i) => `a${at}x${i}: operations { edges { node { ${below} } } }`).join(' ')} }`;
    const query = [
      '{ tenants { edges { node { ...level1 } } } }',
      level(1, 'tenant { ...level2 }'),
      level(2, 'tenant { ...level3 }'),
      level(3, 'id'),
    ].join(' ');
    const answer = await server.graphql(query);
    expect([answer.status, answer.errors?.[0]?.extensions.code]).toEqual([400, 'GRAPHQL_INVALID']);
    expect(answer.errors?.map(({ message }) => message)).toEqual(['The request has more than 500 fields.']);
  });

  it.each([
    ['selections', `{ viewer ${'{ name '.repeat(50_000)}`],
    ['values', `{ flags(search: ${'['.repeat(100_000)}) { totalCount } }`],
  ])('refuses %s nested deeper than its parser goes', async (_name, query) => {
    const answer = await server.graphql(query);
    expect([answer.status, answer.errors?.[0]?.extensions.code]).toEqual([400, 'GRAPHQL_INVALID']);
  });

  it.each([['\u0000'], ['half \ud800']])('refuses a text that cannot be kept: %j', async (text) => {
    const createFlag = 'mutation ($input: CreateFlagInput!) { createFlag(input: $input) { flag { key } } }';
    const input = { key: 'text.kept', kind: 'BOOLEAN', description: text };
    const answer = await server.graphql(createFlag, { input });
    expect([answer.status, answer.errors?.[0]?.extensions.code]).toEqual([400, 'INVALID_INPUT']);
  });

  it('refuses U+0000 where something is looked up by name', async () => {
    const answer = await server.graphql('query ($slug: String!) { tenant(slug: $slug) { slug } }', {
      slug: '\u0000',
    });
    expect([answer.status, answer.errors?.[0]?.extensions.code]).toEqual([400, 'INVALID_INPUT']);
  });

  it('refuses a page of a million with a typed error', async () => {
    const answer = await server.graphql('{ auditEvents(first: 1000000) { totalCount } }');
    expect(answer.errors?.[0]?.extensions).toMatchObject({ code: 'INVALID_INPUT', field: 'first' });
    expect(answer.status).toBe(400);
  });

  it('tells nobody anything without a valid token', async () => {
    for (const token of ['', 'wrong', `${testAdminToken}x`]) {
      const answer = await server.graphql('{ viewer { name } }', {}, token);
      expect(answer.status).toBe(401);
      expect(answer.errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
    }
  });

  it('takes no mutation by GET and no form post', async () => {
    const query = encodeURIComponent(
      'mutation { createToken(input: { name: "x", role: "admin" }) { secret } }',
    );
    const get = await fetch(`${server.url}/graphql?query=${query}`, {
      headers: { authorization: `Bearer ${testAdminToken}` },
    });
    expect(get.status).toBeGreaterThanOrEqual(400);
    const form = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain', authorization: `Bearer ${testAdminToken}` },
      body: JSON.stringify({ query: '{ viewer { name } }' }),
    });
    expect(form.status).toBeGreaterThanOrEqual(400);
  });

  it('bounds the size of a request', async () => {
    const answer = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${testAdminToken}` },
      body: JSON.stringify({ query: `{ viewer { name } } # ${'x'.repeat(4_300_000)}` }),
    });
    expect(answer.status).toBe(413);
    expect(await answer.text()).not.toMatch(inside);
  });
});
