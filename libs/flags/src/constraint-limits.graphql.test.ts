import { gunzipSync } from 'node:zlib';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestControlPlane, type GraphqlResponse } from '../../../test/support/control-plane.js';
import { until } from '../../../test/support/until.js';
import { exampleTenants } from './flags.fixture.js';

const most = 100_000;
const values = Array.from({ length: most }, (_, index) => `user-${index}`);

/** A constraint at the limits of what is taken, on every way in. */
describe('the size of constraints', () => {
  let server: TestControlPlane;
  const tokens: Record<string, string> = {};

  beforeAll(async () => {
    server = await TestControlPlane.start();
    await server.controlPlane.foundation.database.query(exampleTenants);
    for (const flag of ['many', 'units', 'bounds', 'parent', 'child'])
      await change('createFlag', 'CreateFlagInput', { key: flag, kind: 'BOOLEAN' });
    for (const [name, more] of [
      ['all', { kind: 'CLIENT' }],
      ['contoso', { kind: 'CLIENT', tenant: 'contoso' }],
      ['web', { kind: 'FRONTEND' }],
    ] as const) {
      const made = await server.graphql(
        'mutation ($input: CreateSdkTokenInput!) { createSdkToken(input: $input) { secret } }',
        { input: { name, environment: 'production', ...more } },
      );
      tokens[name] = (made.data as { createSdkToken: { secret: string } }).createSdkToken.secret;
    }
  });
  afterAll(() => server?.stop());

  function change(name: string, type: string, input: object): Promise<GraphqlResponse> {
    const query = `mutation ($input: ${type}!) { ${name}(input: $input) { revision } }`;
    return server.graphql(query, { input });
  }

  const setRule = (flag: string, constraint: object) =>
    change('setFlagRule', 'SetFlagRuleInput', {
      flag,
      environment: 'production',
      scope: { kind: 'ENVIRONMENT', key: '*' },
      enabled: true,
      constraints: [constraint],
    });

  const refusal = ({ errors }: GraphqlResponse) => errors?.[0]?.extensions;

  /** What `/api/client/features` says, as it is sent. */
  async function features(token: string | undefined): Promise<{ text: string; bytes: number }> {
    const chunks: Buffer[] = [];
    await new Promise<void>((resolve, reject) => {
      const headers = { authorization: token ?? '', 'accept-encoding': 'gzip' };
      request(`${server.url}/api/client/features`, { headers }, (response) => {
        response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', resolve);
      })
        .on('error', reject)
        .end();
    });
    const sent = Buffer.concat(chunks);
    return { text: gunzipSync(sent).toString(), bytes: sent.length };
  }

  async function frontend(userId: string): Promise<string[]> {
    const answer = await fetch(`${server.url}/api/frontend?userId=${userId}`, {
      headers: { authorization: tokens['web'] ?? '' },
    });
    return ((await answer.json()) as { toggles: { name: string }[] }).toggles.map(({ name }) => name);
  }

  async function explained(userId: string): Promise<boolean> {
    const { data } = await server.graphql(
      'query ($input: EvaluateFlagInput!) { evaluateFlag(input: $input) { enabled } }',
      { input: { flag: 'many', environment: 'production', userId } },
    );
    return (data as { evaluateFlag: { enabled: boolean } }).evaluateFlag.enabled;
  }

  it('takes 100,000 values through GraphQL, decides by each of them, and says what is too many', async () => {
    expect((await setRule('many', { contextName: 'userId', operator: 'IN', values })).errors).toBeUndefined();
    await until(async () => (await frontend('user-99999')).includes('many'));
    expect(await frontend('user-0')).toContain('many');
    expect(await frontend('user-100000')).not.toContain('many');
    expect([await explained('user-50000'), await explained('nobody')]).toEqual([true, false]);
    const { text, bytes } = await features(tokens['all']);
    expect(text).toContain('"user-99999"');
    expect(bytes * 3).toBeLessThan(text.length);
    const refused = await setRule('many', {
      contextName: 'userId',
      operator: 'IN',
      values: [...values, 'one-more'],
    });
    expect(refusal(refused)).toMatchObject({
      code: 'INVALID_INPUT',
      field: 'constraints.0.values',
      hint: expect.any(String),
    });
    expect(refused.errors?.[0]?.message).toContain('at most 100000 values, not 100001');
    expect(await frontend('one-more')).not.toContain('many');
  });

  it('sends a tenant only its own of 100,000 units', async () => {
    const units = Array.from({ length: most }, (_, i) => `${i === 7 ? 'contoso' : 'northwind'}/a-${i}`);
    const rule = await setRule('units', { contextName: 'account', operator: 'IN', values: units });
    expect(rule.errors).toBeUndefined();
    await until(async () => (await features(tokens['contoso'])).text.includes('contoso/a-7'));
    const { text } = await features(tokens['contoso']);
    expect(text).not.toContain('northwind/a-');
  });

  it('takes 100,000 values in a manifest and in an Unleash file, and not one more', async () => {
    const constraint = (more: string[]) => ({
      contextName: 'userId',
      operator: 'IN',
      values: [...values, ...more],
    });
    const manifest = (more: string[]) => ({
      apiVersion: 'tierdeck/v1',
      kind: 'Flag',
      metadata: { key: 'from-manifest' },
      spec: {
        kind: 'BOOLEAN',
        environments: {
          production: {
            rules: [{ scope: { kind: 'ENVIRONMENT' }, enabled: true, constraints: [constraint(more)] }],
          },
        },
      },
    });
    const apply = (more: string[]) =>
      server.graphql(
        'mutation ($input: ApplyManifestsInput!) { applyManifests(input: $input) { changes { action } } }',
        { input: { manifests: [{ file: 'many.yaml', content: JSON.stringify(manifest(more)) }] } },
      );
    expect((await apply([])).errors).toBeUndefined();
    const refused = await apply(['one-more']);
    expect(JSON.stringify(refused.errors)).toContain('100000');
    const file = (more: string[]) => ({
      version: 2,
      features: [
        {
          name: 'from-file',
          enabled: true,
          strategies: [{ name: 'default', constraints: [constraint(more)] }],
        },
      ],
    });
    const load = (more: string[]) =>
      server.graphql('mutation ($input: ImportUnleashInput!) { importUnleash(input: $input) { created } }', {
        input: { environment: 'production', file: JSON.stringify(file(more)) },
      });
    expect(JSON.stringify((await load(['one-more'])).errors ?? '')).toContain('100000');
    expect((await load([])).errors).toBeUndefined();
    await until(async () => (await frontend('user-99999')).includes('from-file'));
    expect(await frontend('user-99999')).toEqual(['from-file', 'from-manifest', 'many']);
    expect(await frontend('one-more')).toEqual([]);
  });

  it.each([
    ['1,001 parts of a text', { operator: 'STR_CONTAINS', values: values.slice(0, 1_001) }, 'values'],
    ['a pattern that repeats repetitions', { operator: 'REGEX', value: '((a{1,100}){1,100})x' }, 'value'],
    ['a pattern of thousands of steps', { operator: 'REGEX', value: '(.{1,100}){10}x' }, 'value'],
    ['a broken pattern', { operator: 'REGEX', value: '(a' }, 'value'],
    ['a pattern that looks behind', { operator: 'REGEX', value: '(?<=a)b' }, 'value'],
    ['a number that is none', { operator: 'NUM_GT', value: 'ten' }, 'value'],
    ['a version that is none', { operator: 'SEMVER_LT', value: 'v1' }, 'value'],
    ['a time that is none', { operator: 'DATE_AFTER', value: 'soon' }, 'value'],
    ['a list where a value is meant', { operator: 'NUM_EQ', values: ['1'] }, 'value'],
    ['a value where a list is meant', { operator: 'IN', value: 'x' }, 'values'],
    ['an operator that does not exist', { operator: 'LIKE', value: 'x' }, 'operator'],
  ])('refuses %s', async (_name, constraint, field) => {
    const answer = await setRule('bounds', { contextName: 'userId', ...constraint });
    expect(refusal(answer)).toMatchObject({ code: 'INVALID_INPUT', field: `constraints.0.${field}` });
  });

  it('refuses dependencies that go in a circle', async () => {
    const depend = (key: string, on: string) =>
      change('updateFlag', 'UpdateFlagInput', { key, dependencies: [{ flag: on }] });
    expect((await depend('child', 'parent')).errors).toBeUndefined();
    expect(refusal(await depend('parent', 'child'))).toMatchObject({ field: 'dependencies' });
    expect(refusal(await depend('parent', 'parent'))).toMatchObject({ field: 'dependencies' });
  });

  it('takes a large request of nobody as too large, before it is read', async () => {
    const body = JSON.stringify({ query: '{ viewer { name } }', variables: { x: 'x'.repeat(1_200_000) } });
    expect((await server.post(body)).status).toBe(413);
    expect((await server.post(body, 'no-such-token')).status).toBe(413);
  });
});
