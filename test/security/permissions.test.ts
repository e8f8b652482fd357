import { readFileSync } from 'node:fs';
import {
  buildSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  type GraphQLField,
  type GraphQLInputType,
} from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestControlPlane } from '../support/control-plane.js';

type Field = GraphQLField<unknown, unknown>;

const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));
const mutations = Object.values(schema.getMutationType()?.getFields() ?? {});
const queries = Object.values(schema.getQueryType()?.getFields() ?? {});
const scalars: Record<string, unknown> = {
  Int: 1,
  Float: 1,
  Boolean: true,
  DateTime: '2030-01-01T00:00:00Z',
  JSON: {},
};

/** The least value that GraphQL lets in for a type. */
function example(type: GraphQLInputType): unknown {
  if (isNonNullType(type)) return example(type.ofType);
  if (isListType(type)) return [];
  if (isEnumType(type)) return type.getValues()[0]?.name;
  if (!isInputObjectType(type)) return scalars[type.name] ?? 'x';
  const needed = Object.values(type.getFields()).filter(({ type: inner }) => isNonNullType(inner));
  return Object.fromEntries(needed.map(({ name, type: inner }) => [name, example(inner)]));
}

function request(kind: 'query' | 'mutation', field: Field): [string, Record<string, unknown>] {
  const needed = field.args.filter(({ type }) => isNonNullType(type));
  const declared = needed.map(({ name, type }) => `$${name}: ${type.toString()}`).join(', ');
  const passed = needed.map(({ name }) => `${name}: $${name}`).join(', ');
  const selection = isLeafType(getNamedType(field.type)) ? '' : '{ __typename }';
  const call = needed.length > 0 ? `${field.name}(${passed})` : field.name;
  return [
    `${kind} ${declared ? `(${declared})` : ''} { ${call} ${selection} }`,
    Object.fromEntries(needed.map(({ name, type }) => [name, example(type)])),
  ];
}

describe('permissions, of every root field of the schema', () => {
  let server: TestControlPlane;
  let viewer: string;
  let sdkTokens: string[];

  beforeAll(async () => {
    server = await TestControlPlane.start();
    const secretOf = async (name: string, mutation: string): Promise<string> => {
      const { data } = await server.graphql(`mutation { ${name}(${mutation}) { secret } }`);
      return (data as Record<string, { secret: string }>)[name]?.secret ?? 'missing';
    };
    viewer = await secretOf('createToken', 'input: { name: "viewer", role: viewer }');
    sdkTokens = await Promise.all(
      ['CLIENT', 'RUNTIME'].map((kind) =>
        secretOf('createSdkToken', `input: { name: "${kind}", kind: ${kind}, environment: "production" }`),
      ),
    );
  });

  afterAll(() => server?.stop());

  it.each(mutations.map((field): [string, Field] => [field.name, field]))(
    '%s is refused to a viewer',
    async (_name, field) => {
      const answer = await server.graphql(...request('mutation', field), viewer);
      expect([answer.status, answer.errors?.[0]?.extensions.code]).toEqual([403, 'FORBIDDEN']);
    },
  );

  it('everything is refused to nobody, and to a token of another kind', async () => {
    const requests = [
      ...queries.map((field) => request('query', field)),
      ...mutations.map((field) => request('mutation', field)),
    ];
    expect(sdkTokens).not.toContain('missing');
    for (const token of ['', ...sdkTokens]) {
      for (const [query, variables] of requests) {
        const { status, errors } = await server.graphql(query, variables, token);
        expect([query, status, errors?.[0]?.extensions.code]).toEqual([query, 401, 'UNAUTHENTICATED']);
      }
    }
  });
});
