import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { GraphQLSchemaHost } from '@nestjs/graphql';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { TestControlPlane } from '../support/control-plane.js';

const header = '# Generated from the resolvers by "npm run schema". Do not edit.\n\n';
let server: TestControlPlane;

beforeAll(async () => {
  server = await TestControlPlane.start();
});

afterAll(() => server?.stop());

it('matches the committed schema.graphql', async () => {
  const { schema } = server.controlPlane.app.get(GraphQLSchemaHost, { strict: false });
  const printed = `${header}${printSchema(lexicographicSortSchema(schema))}\n`;
  if (process.env['TIERDECK_UPDATE_SCHEMA']) await writeFile('schema.graphql', printed);
  expect(await readFile('schema.graphql', 'utf8')).toBe(printed);
});
