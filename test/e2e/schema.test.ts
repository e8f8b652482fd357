import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { GraphQLSchemaHost } from '@nestjs/graphql';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { loadConfiguration } from '#platform';
import { startControlPlane, type ControlPlane } from '../../apps/control-plane/src/control-plane.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { freePort } from '../support/stack.js';

const header = '# Generated from the resolvers by "npm run schema". Do not edit.\n\n';
let scratch: TestDatabase;
let dataDir: string;
let controlPlane: ControlPlane;

beforeAll(async () => {
  scratch = await createTestDatabase('control-plane');
  dataDir = await mkdtemp(join(tmpdir(), 'tierdeck-schema-'));
  controlPlane = await startControlPlane(
    loadConfiguration({
      TIERDECK_DATABASE_URL: scratch.url,
      TIERDECK_DATA_DIR: dataDir,
      TIERDECK_PORT: String(await freePort()),
      TIERDECK_ROLES: 'api',
      TIERDECK_LOG_LEVEL: 'error',
    }),
  );
});

afterAll(async () => {
  await controlPlane?.stop();
  await scratch.drop();
  await rm(dataDir, { recursive: true, force: true });
});

it('matches the committed schema.graphql', async () => {
  const { schema } = controlPlane.app.get(GraphQLSchemaHost, { strict: false });
  const printed = `${header}${printSchema(lexicographicSortSchema(schema))}\n`;
  if (process.env['TIERDECK_UPDATE_SCHEMA']) await writeFile('schema.graphql', printed);
  expect(await readFile('schema.graphql', 'utf8')).toBe(printed);
});
