import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestControlPlane } from '../../../../test/support/control-plane.js';
import { exampleTenants } from '../flags.fixture.js';

describe('the model of flags, over GraphQL', () => {
  let server: TestControlPlane;

  beforeAll(async () => {
    server = await TestControlPlane.start();
    await server.controlPlane.foundation.database.query(exampleTenants);
  });
  afterAll(() => server.stop());

  const change = async (name: string, input: object, fields: string) => {
    const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
    const query = `mutation ($input: ${type}!) { ${name}(input: $input) { ${fields} } }`;
    const { data, errors } = await server.graphql(query, { input });
    const [error] = errors ?? [];
    return {
      value: data?.[name] as Record<string, never> | undefined,
      code: error?.extensions.code,
      field: error?.extensions.field,
    };
  };
  const at = { environment: 'staging', scope: { kind: 'TENANT', key: 'northwind' }, enabled: true };
  const rule = (flag: string, more: object) => change('setFlagRule', { flag, ...at, ...more }, 'revision');
  const constraint = (more: object) => ({ contextName: 'plan', ...more });

  it('keeps what a rule demands, and refuses what could never hold', async () => {
    await change('createFlag', { key: 'deals', kind: 'BOOLEAN' }, 'revision');
    const segment = await change(
      'createSegment',
      { name: 'gold', constraints: [constraint({ operator: 'IN', values: ['gold'] })] },
      'id version',
    );
    const id = (segment.value as unknown as { id: number }).id;
    const set = await rule('deals', {
      percentage: 20,
      constraints: [constraint({ operator: 'NUM_GT', value: '3' })],
      segments: [id],
      endsAt: '2030-01-01T00:00:00Z',
    });
    expect(set.code).toBeUndefined();
    const { data } = await server.graphql(
      '{ flag(key: "deals") { rules(environment: "staging") { percentage stickiness segments endsAt constraints { operator value } } } }',
    );
    expect(data).toMatchObject({
      flag: {
        rules: [{ percentage: 20, stickiness: 'branch', segments: [id], endsAt: '2030-01-01T00:00:00.000Z' }],
      },
    });
    for (const [operator, value] of [
      ['REGEX', '('],
      ['NUM_GT', 'many'],
      ['SEMVER_GT', '1.x'],
      ['DATE_AFTER', 'tomorrow'],
      ['LIKE', 'x'],
    ])
      expect(await rule('deals', { constraints: [constraint({ operator, value })] })).toMatchObject({
        code: 'INVALID_INPUT',
      });
    expect(await rule('deals', { percentage: 101 })).toMatchObject({ field: 'percentage' });
    expect(await rule('deals', { segments: [4711] })).toMatchObject({ field: 'segments' });
    expect(await change('deleteSegment', { id }, 'id')).toMatchObject({ code: 'SEGMENT_IN_USE' });
    const constraints = [constraint({ operator: 'IN', values: ['silver'] })];
    const update = { id, expectedVersion: 1, constraints };
    expect(await change('updateSegment', update, 'version')).toMatchObject({ value: { version: 2 } });
    expect(await change('updateSegment', update, 'version')).toMatchObject({ code: 'SEGMENT_CHANGED' });
  });

  it('refuses dependencies that run in a circle or go deeper than SDKs follow, and payloads beside their schema', async () => {
    for (const key of ['one', 'two', 'three'])
      await change('createFlag', { key, kind: 'BOOLEAN' }, 'revision');
    const depend = (key: string, flag: string) =>
      change('updateFlag', { key, dependencies: [{ flag }] }, 'revision');
    expect((await depend('one', 'two')).code).toBeUndefined();
    for (const [key, flag] of [
      ['two', 'one'],
      ['three', 'one'],
      ['two', 'three'],
      ['three', 'three'],
      ['three', 'nothing'],
    ])
      expect(await depend(key as string, flag as string)).toMatchObject({
        code: 'INVALID_INPUT',
        field: 'dependencies',
      });
    const typed = {
      key: 'limits',
      kind: 'VARIANT',
      payloadSchema: { type: 'object', required: ['max'] },
      variants: [
        { name: 'a', payload: { max: 1 } },
        { name: 'b', payload: {} },
      ],
    };
    expect(await change('createFlag', typed, 'revision')).toMatchObject({ field: 'variants.1.payload' });
  });

  it('matches patterns of a payload schema in linear time, and refuses those that cannot be', async () => {
    const patterned = (pattern: string) => ({
      key: 'patterned',
      kind: 'VARIANT',
      payloadSchema: { type: 'string', pattern },
      variants: [{ name: 'a', payload: `${'a'.repeat(60)}!` }],
    });
    // Backtracking would take years.
    expect(await change('createFlag', patterned('^(a+)+$'), 'revision')).toMatchObject({
      field: 'variants.0.payload',
    });
    expect(await change('createFlag', patterned('(a)\\1'), 'revision')).toMatchObject({
      code: 'INVALID_INPUT',
      field: 'payloadSchema',
    });
    expect((await change('createFlag', patterned('^(a+)+!$'), 'revision')).code).toBeUndefined();
  });

  it('refuses a payload schema that asks for steps without end, or for more than there is time', async () => {
    const levels = Array.from({ length: 200 }, (_, level) => {
      const next = { $ref: `#/$defs/${level + 1}` };
      return [level, { allOf: [next, next] }] as const;
    });
    const doubling = { $defs: { ...Object.fromEntries(levels), 200: {} }, $ref: '#/$defs/0' };
    for (const payloadSchema of [{ allOf: [{ $ref: '#' }] }, doubling]) {
      const endless = {
        key: 'endless',
        kind: 'VARIANT',
        payloadSchema,
        variants: [{ name: 'a', payload: 1 }],
      };
      expect(await change('createFlag', endless, 'revision')).toMatchObject({
        code: 'INVALID_INPUT',
        field: 'payloadSchema',
      });
    }
  });

  it('lets one of two writers win, and tells the other', async () => {
    await change('createFlag', { key: 'raced', kind: 'BOOLEAN' }, 'revision');
    const input = { key: 'raced', expectedVersion: 2 };
    const both = await Promise.all([
      change('updateFlag', { ...input, description: 'a' }, 'revision'),
      change('updateFlag', { ...input, description: 'b' }, 'revision'),
    ]);
    expect(both.map(({ code }) => code ?? 'OK').sort()).toEqual(['FLAG_CHANGED', 'OK']);
  });

  it('imports an export of Unleash with a report, and exports manifests that apply takes without a difference', async () => {
    const file = JSON.stringify(unleashExport);
    const fields = 'dryRun created updated notes { subject outcome }';
    const input = { environment: 'staging', file };
    const report = {
      created: ['checkout'],
      notes: [
        { subject: 'contextFields', outcome: 'SKIPPED' },
        { subject: 'flag/checkout', outcome: 'CHANGED' },
        { subject: 'segment/eu', outcome: 'SKIPPED' },
        { subject: 'flag/checkout', outcome: 'CHANGED' },
      ],
    };
    const dry = await change('importUnleash', { ...input, dryRun: true }, fields);
    expect(dry.value).toMatchObject({ dryRun: true, ...report });
    expect((await server.graphql('{ flag(key: "checkout") { key } }')).data).toEqual({ flag: null });
    expect((await change('importUnleash', input, fields)).value).toMatchObject({ dryRun: false, ...report });
    expect((await change('importUnleash', input, fields)).value).toMatchObject({ updated: ['checkout'] });
    expect((await change('importUnleash', { ...input, file: '{' }, fields)).code).toBe('INVALID_INPUT');

    const { data } = await server.graphql('{ exportFlags { manifests } }');
    const { manifests } = (data as { exportFlags: { manifests: unknown[] } }).exportFlags;
    const text = manifests.map((manifest) => JSON.stringify(manifest)).join('\n---\n');
    const diff = await server.graphql(
      'query ($input: ApplyManifestsInput!) { manifestDiff(input: $input) { changes { name action fields { path } } } }',
      { input: { manifests: [{ file: 'flags.yaml', content: text }] } },
    );
    expect(diff.errors).toBeUndefined();
    expect(JSON.stringify(diff.data)).not.toMatch(/CREATE|UPDATE/);
  });

  it('clones an environment, and withholds there what needs an approval', async () => {
    await change('createFlag', { key: 'prices', kind: 'BOOLEAN', riskClass: 'FINANCIAL' }, 'revision');
    expect((await rule('prices', {})).code).toBeUndefined();
    const twin = { name: 'twin', cloneOf: 'staging', kind: 'PRODUCTION' };
    const made = await change('createEnvironment', twin, 'name copied withheld');
    expect(made.value).toMatchObject({ name: 'twin', withheld: ['prices'] });
    const { data } = await server.graphql(
      '{ flag(key: "deals") { rules(environment: "twin") { percentage } } }',
    );
    expect(data).toEqual({ flag: { rules: [{ percentage: 20 }] } });
    expect((await change('createEnvironment', twin, 'name')).code).toBe('ENVIRONMENT_EXISTS');
  });
});

/** As `/api/admin/features-batch/export` of Unleash 7 gives it. */
const unleashExport = {
  features: [{ name: 'checkout', type: 'release', project: 'shop', stale: false, impressionData: true }],
  featureStrategies: [
    {
      id: '1',
      featureName: 'checkout',
      name: 'flexibleRollout',
      parameters: { rollout: '25', stickiness: 'userId', groupId: 'checkout' },
      constraints: [
        { contextName: 'country', operator: 'IN', values: ['de'], inverted: false, caseInsensitive: false },
      ],
      segments: [7],
      sortOrder: 1,
    },
    { id: '2', featureName: 'checkout', name: 'ourOwn', parameters: {}, constraints: [], sortOrder: 0 },
    { id: '3', featureName: 'checkout', name: 'default', disabled: true, sortOrder: 2 },
  ],
  featureEnvironments: [
    {
      featureName: 'checkout',
      environment: 'development',
      enabled: true,
      variants: [{ name: 'blue', weight: 1000, weightType: 'variable', stickiness: 'default' }],
    },
  ],
  contextFields: [{ name: 'country' }],
  featureTags: [{ featureName: 'checkout', tagType: 'simple', tagValue: 'shop' }],
  segments: [{ id: 7, name: 'eu' }],
  tagTypes: [],
};
