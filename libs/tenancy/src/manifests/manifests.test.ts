import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { rowsOf } from '#platform';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { TestTenancy } from '../../../../test/support/tenancy.js';
import type { ManifestProblem } from '../tenancy.errors.js';
import type { Manifest } from './manifest-handler.js';

const good = `apiVersion: tierdeck/v1
kind: Tenant
metadata: { slug: good-one, labels: { region: eu } }
spec:
  name: Good
  plan: standard
  database: SHARED
  integrationWorkers: SHARED
`;

describe('manifests', () => {
  let scratch: TestDatabase;
  let tenancy: TestTenancy;
  const parts: unknown[] = [];

  beforeAll(async () => {
    scratch = await createTestDatabase('control-plane');
    tenancy = await TestTenancy.start(scratch.url);
    tenancy.parts.register({
      field: 'quotas',
      schema: z.strictObject({ rate: z.number().positive() }),
      check: async (_tx, tenant) =>
        tenant.plan === 'unheard-of' ? [{ path: ['spec', 'plan'], message: 'there is no such plan' }] : [],
      diff: async (_tx, _tenant, quotas) =>
        quotas ? [{ path: 'spec.quotas.rate', before: null, after: quotas.rate }] : [],
      apply: async (command, tenant, quotas) => {
        const rows = await rowsOf(command.tx, 'select 1 from tenant where id = $1', [tenant.id]);
        parts.push({ slug: tenant.slug, quotas, inTransaction: rows.length });
      },
    });
    tenancy.manifests.register<Manifest>({
      kind: 'Plan',
      order: 10,
      schema: z.strictObject({
        apiVersion: z.literal('tierdeck/v1'),
        kind: z.literal('Plan'),
        metadata: z.strictObject({ name: z.string() }),
        spec: z.strictObject({ weight: z.number() }),
      }),
      nameOf: ({ metadata }) => String(metadata['name']),
      diff: async () => ({ action: 'CREATE', fields: [] }),
      apply: async (_command, { metadata }) => {
        parts.push({ plan: metadata['name'] });
        return [];
      },
    });
  });

  afterAll(async () => {
    await tenancy.stop();
    await scratch.drop();
  });

  async function problemsOf(...contents: string[]): Promise<ManifestProblem[]> {
    const before = await state();
    const error = await tenancy.apply(...contents).then(
      () => undefined,
      (thrown: unknown) => thrown as { code: string; details: { problems: ManifestProblem[] } },
    );
    expect(error?.code).toBe('MANIFEST_INVALID');
    expect(await state()).toEqual(before);
    return error?.details.problems ?? [];
  }

  async function state(): Promise<unknown> {
    return tenancy.database.query(
      `select (select revision from revision_head), (select count(*) from tenant), (select count(*) from operation)`,
    );
  }

  it.each<[what: string, from: string, to: string, line: number, field: string, message: string]>([
    [
      'a misspelt field',
      'database: SHARED',
      'databse: SHARED',
      7,
      'spec.databse',
      'is not a known field; did you mean "database"?',
    ],
    ['an unknown field', 'plan: standard', 'colour: red', 6, 'spec.colour', 'is not a known field'],
    ['a missing field', '  name: Good\n', '', 4, 'spec.name', 'is required'],
    [
      'a wrong value',
      'database: SHARED',
      'database: OWN',
      7,
      'spec.database',
      'expected one of "SHARED"|"DEDICATED"',
    ],
    ['a wrong type', 'name: Good', 'name: [Good]', 5, 'spec.name', 'expected string, received array'],
    [
      'a wrong slug',
      'good-one',
      'Good One',
      3,
      'metadata.slug',
      'must be 2 to 31 small letters, digits or dashes, and begin with a letter',
    ],
    ['another version', 'tierdeck/v1', 'tierdeck/v9', 1, 'apiVersion', 'expected "tierdeck/v1"'],
    [
      'a misspelt kind',
      'kind: Tenant',
      'kind: Tennant',
      2,
      'kind',
      '"Tennant" is not a kind; did you mean "Tenant"?',
    ],
    [
      'a kit that is not there',
      '  plan: standard',
      '  data: { kit: nowhere }',
      6,
      'spec.data.kit',
      'there is no kit "nowhere" in kits/',
    ],
    [
      'a kit outside of kits/',
      '  plan: standard',
      '  data: { kit: ../build }',
      6,
      'spec.data.kit',
      'must be the name of a folder in kits/',
    ],
    [
      'a field of another domain',
      '  plan: standard',
      '  quotas: { rate: -1 }',
      6,
      'spec.quotas.rate',
      'Too small: expected number to be >0',
    ],
    [
      'a misspelt field of another domain',
      '  plan: standard',
      '  quotas: { rat: 1, rate: 1 }',
      6,
      'spec.quotas.rat',
      'is not a known field; did you mean "rate"?',
    ],
    [
      'a rule of another domain',
      'plan: standard',
      'plan: unheard-of',
      6,
      'spec.plan',
      'there is no such plan',
    ],
    [
      'a unit of the wrong form',
      '  plan: standard',
      '  units:\n    branches:\n      - { code: oslo }',
      8,
      'spec.units.branches[0].name',
      'is required',
    ],
  ])(
    'names file, line and field of %s, and applies nothing',
    async (_what, from, to, line, field, message) => {
      expect(await problemsOf(good.replace(from, to))).toEqual([{ file: '0.yaml', line, field, message }]);
    },
  );

  it('tells of every problem of every file at once, and applies none of the good ones', async () => {
    const problems = await problemsOf(
      good,
      `${good}---\n${good.replace('good-one', 'Bad One').replace('  name: Good\n', '')}`,
      good.replace('spec:', 'spec: ]'),
      good.replace('plan: standard', 'plan: standard\n  plan: premium'),
    );
    expect(problems.map(({ file, line, field }) => ({ file, line, field }))).toEqual([
      { file: '1.yaml', line: 12, field: 'metadata.slug' },
      { file: '1.yaml', line: 13, field: 'spec.name' },
      { file: '2.yaml', line: 4, field: '' },
      { file: '3.yaml', line: 7, field: '' },
      { file: '1.yaml', line: 3, field: 'metadata' },
    ]);
  });

  it('is not blown up by aliases that multiply', async () => {
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]'];
    for (const [one, two] of ['ab', 'bc', 'cd', 'de', 'ef', 'fg', 'gh']) {
      bomb.push(`${two}: &${two} [${Array(9).fill(`*${one}`).join(', ')}]`);
    }
    expect(await problemsOf(bomb.join('\n'))).toMatchObject([{ file: '0.yaml' }]);
  });

  it('creates, then changes nothing, then updates what differs; diff tells the same beforehand', async () => {
    const file = [{ file: '0.yaml', content: good }];
    expect(await tenancy.manifests.diff(file)).toMatchObject([
      { kind: 'Tenant', name: 'good-one', action: 'CREATE' },
    ]);
    const { operationIds } = await tenancy.apply(good);
    expect(await tenancy.operations.settled(operationIds[0] as string, 30_000)).toBe('SUCCEEDED');
    const before = await state();
    expect(await tenancy.manifests.diff(file)).toMatchObject([{ action: 'NONE', fields: [] }]);
    expect(await tenancy.apply(`# a comment\n${good}`)).toMatchObject({ operationIds: [] });
    expect(await state()).toEqual(before);
    const changed = good.replace('name: Good', 'name: Better').replace('region: eu', 'region: us');
    expect(await tenancy.manifests.diff([{ file: '0.yaml', content: changed }])).toMatchObject([
      {
        action: 'UPDATE',
        fields: [
          { path: 'metadata.labels', before: { region: 'eu' }, after: { region: 'us' } },
          { path: 'spec.name', before: 'Good', after: 'Better' },
          { path: 'spec.region', before: 'eu', after: 'us' },
        ],
      },
    ]);
    await tenancy.apply(changed);
    expect(await tenancy.readModel.bySlug('good-one')).toMatchObject({
      name: 'Better',
      region: 'us',
      labels: { region: 'us' },
      status: 'ACTIVE',
    });
    expect(await tenancy.apply(changed)).toMatchObject({ changes: [{ action: 'NONE' }] });
  });

  it('leaves alone what an operator has changed since, until the manifest changes', async () => {
    const manifest = good.replaceAll('good-one', 'drifted');
    const { operationIds } = await tenancy.apply(manifest);
    await tenancy.operations.settled(operationIds[0] as string, 30_000);
    await tenancy.foundation.commands.asSystem('test', (command) =>
      tenancy.tenants.changePlacement(command, { tenant: 'drifted', integrationWorkers: 'DEDICATED' }),
    );
    expect(await tenancy.apply(manifest)).toMatchObject({ changes: [{ action: 'NONE' }] });
    expect((await tenancy.readModel.bySlug('drifted')).workerPlacement).toBe('DEDICATED');
  });

  it('starts an operation for other workers, and refuses to move rows', async () => {
    const manifest = good.replaceAll('good-one', 'placed');
    await tenancy.apply(manifest);
    const { operationIds } = await tenancy.apply(manifest.replace('Workers: SHARED', 'Workers: DEDICATED'));
    expect(operationIds).toHaveLength(1);
    // What it still does would be taken for a change by the manifest that is refused.
    await tenancy.rest();
    expect(await problemsOf(manifest.replace('database: SHARED', 'database: DEDICATED'))).toMatchObject([
      { line: 7, field: 'spec.database', message: expect.stringContaining('tierdeck tenant move placed') },
    ]);
    await tenancy.reconcile();
  });

  it('applies fields of other domains in the same transaction, and kinds in their order', async () => {
    parts.length = 0;
    const plan = `apiVersion: tierdeck/v1\nkind: Plan\nmetadata: { name: standard }\nspec: { weight: 1 }\n`;
    const manifest = good
      .replaceAll('good-one', 'parted')
      .replace('  plan: standard', '  quotas: { rate: 5 }');
    await tenancy.apply(manifest, plan);
    expect(parts).toEqual([{ plan: 'standard' }, { slug: 'parted', quotas: { rate: 5 }, inTransaction: 1 }]);
  });

  it('reads the tenants that come with the project', async () => {
    const slugs = ['northwind', 'adventure-works', 'wide-world-importers', 'albion-gifts', 'bestbuy-stores'];
    const files = await Promise.all(
      slugs.map(async (slug) => ({ file: slug, content: await readFile(`tenants/${slug}.yaml`, 'utf8') })),
    );
    const changes = await tenancy.manifests.diff(files);
    expect(changes.map(({ name, action }) => ({ name, action }))).toEqual(
      slugs.map((name) => ({ name, action: 'CREATE' })),
    );
  });
});
