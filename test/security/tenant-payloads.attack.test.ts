import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { UnleashConstraint, UnleashStrategy } from '../../libs/flags/src/compiler/index.js';
import { FlagsFixture, northwindId } from '../../libs/flags/src/flags.fixture.js';
import { SegmentsService } from '../../libs/flags/src/segments.service.js';

const seed = Number(process.env['TIERDECK_TEST_SEED'] ?? Date.now() % 2 ** 31);
const count = 60;

/** Everything that an author may write about contoso, whichever operator carries it. */
const keys = ['contoso', 'contoso/seattle', 'contoso/', 'northwind/seattle', 'fabrikam/w1'];
const inKeys = ['contoso/', 'contoso/sea', 'CONTOSO/S', 'northwind/sea', '/seattle', 'toso/seattle', 'sea'];
const patterns = [
  '^contoso/',
  '^contoso$',
  '^contoso-',
  'contoso/seattle',
  '(contoso|northwind)/(seattle|london)',
  '^(?:fabrikam|contoso)/.*$',
  '^northwind/|contoso/',
  String.raw`^contoso\/(a|b)+$`,
  '.*contoso/x',
  'seattle$',
];
const unitField = fc.constantFrom('branch', 'warehouse', 'account');
const ownedField = fc.oneof(unitField, fc.constant('userId'));
/** A user of no tenant may be called anything: what has no slash is not about a tenant. */
const userPatterns = patterns.filter((pattern) => pattern.includes('/'));
const constraintWith = (shape: {
  contextName: fc.Arbitrary<string>;
  operator: fc.Arbitrary<string>;
  values: fc.Arbitrary<string[]>;
  value?: fc.Arbitrary<string>;
}) =>
  fc.record({
    ...shape,
    inverted: fc.boolean(),
    caseInsensitive: fc.boolean(),
  }) as fc.Arbitrary<UnleashConstraint>;
const some = (values: string[]) => fc.subarray(values, { minLength: 1 });

const constraint = fc.oneof(
  constraintWith({
    contextName: fc.constantFrom('tenant', 'tier', 'region'),
    operator: fc.constantFrom('IN', 'NOT_IN', 'STR_CONTAINS', 'STR_STARTS_WITH', 'STR_ENDS_WITH'),
    values: some([...keys, 'northwind', 'SHARED', 'eu']),
  }),
  constraintWith({
    contextName: fc.constantFrom('tenant', 'tier', 'region'),
    operator: fc.constant('REGEX'),
    values: some(keys),
    value: fc.constantFrom(...patterns, 'contoso|northwind'),
  }),
  constraintWith({
    contextName: ownedField,
    operator: fc.constantFrom('IN', 'NOT_IN'),
    values: some(keys.slice(1)),
  }),
  constraintWith({
    contextName: ownedField,
    operator: fc.constantFrom('STR_CONTAINS', 'STR_STARTS_WITH', 'STR_ENDS_WITH'),
    values: some(inKeys),
    value: fc.constant('contoso'),
  }),
  constraintWith({
    contextName: unitField,
    operator: fc.constant('REGEX'),
    values: some(keys),
    value: fc.constantFrom(...patterns),
  }),
  constraintWith({
    contextName: fc.constant('userId'),
    operator: fc.constant('REGEX'),
    values: some(keys),
    value: fc.constantFrom(...userPatterns),
  }),
  // What an operator does not read may stand there all the same.
  constraintWith({
    contextName: fc.constantFrom('plan', 'branch'),
    operator: fc.constantFrom('SEMVER_EQ', 'SEMVER_GT'),
    values: some(keys),
    value: fc.constant('1.0.0'),
  }),
  constraintWith({
    contextName: fc.constantFrom('currentTime', 'tenant'),
    operator: fc.constantFrom('DATE_AFTER', 'DATE_BEFORE'),
    values: some(keys),
    value: fc.constant('2026-01-01'),
  }),
);

const strategy: fc.Arbitrary<UnleashStrategy> = fc.record({
  name: fc.constantFrom('default', 'flexibleRollout', 'userWithId'),
  parameters: fc.record({
    rollout: fc.constantFrom('30', '100'),
    stickiness: fc.constantFrom('tenant', 'branch', 'default'),
    groupId: fc.constant('g'),
    userIds: fc.constantFrom('contoso/ann,bob', 'Contoso/ann', 'northwind/ann'),
  }),
  constraints: fc.array(constraint, { maxLength: 3 }),
  segments: fc.uniqueArray(fc.integer({ min: 0, max: 3 }), { maxLength: 2 }),
  variants: fc.constant([]),
});
const override = fc.oneof(
  fc.record({ contextName: fc.constantFrom('tenant', 'branch'), values: some(keys) }),
  fc.record({ contextName: fc.constant('userId'), values: some(keys.slice(1)) }),
);
const variants = fc.constantFrom(1, 2).chain((size) =>
  fc.tuple(
    ...Array.from({ length: size }, (_, index) =>
      fc.record({
        name: fc.constant(`v${index}`),
        weight: fc.constant(500),
        stickiness: fc.constant('default'),
        overrides: fc.array(override, { maxLength: 2 }),
      }),
    ),
  ),
);

/** A payload of one tenant says nothing of another, whatever the flags say, and is no longer for their number. */
describe(`attacks on the payloads of a tenant, seed ${seed}`, () => {
  let flags: FlagsFixture;
  let client: string;
  let frontend: string;
  const segmentIds: number[] = [];

  beforeAll(async () => {
    console.info(`tenant-payloads.attack.test.ts: TIERDECK_TEST_SEED=${seed}`);
    flags = await FlagsFixture.start();
    client = (await flags.token('CLIENT', northwindId)).secret;
    frontend = (await flags.token('FRONTEND', northwindId)).secret;
  });
  afterAll(() => flags.stop());

  const ask = async (path: string, headers: Record<string, string> = {}) => {
    const authorization = path.startsWith('/api/frontend') ? frontend : client;
    const answer = await fetch(`${flags.url}${path}`, { headers: { authorization, ...headers } });
    return { status: answer.status, text: await answer.text() };
  };
  async function put(
    key: string,
    strategies: readonly UnleashStrategy[],
    featureVariants: readonly UnleashStrategy['variants'][number][] = [],
  ): Promise<number> {
    const { revision } = await flags.commands.asSystem('test', (command) =>
      flags.service.setStrategies(command, {
        flag: key,
        environment: 'production',
        strategies: strategies.map((one) => ({
          ...one,
          segments: (one.segments ?? []).map((index) => segmentIds[index] ?? 99),
        })),
        variants: [...featureVariants],
        imported: true,
      }),
    );
    return revision;
  }

  it('find no name of another tenant, in whatever way they ask', async () => {
    const [segments = []] = fc.sample(
      fc.tuple(...Array.from({ length: 4 }, () => fc.array(constraint, { minLength: 1, maxLength: 2 }))),
      { seed, numRuns: 1 },
    );
    const service = new SegmentsService(flags.database);
    for (const [index, constraints] of [...segments, []].entries()) {
      const draft = { name: `contoso-${index}`, description: 'of contoso', constraints };
      const { id } = await flags.commands.asSystem('test', (command) => service.create(command, draft));
      segmentIds.push(id);
    }
    const drafts = fc.sample(fc.tuple(fc.array(strategy, { minLength: 1, maxLength: 3 }), variants), {
      seed,
      numRuns: count,
    });
    let revision = 0;
    // One that keeps its segment as it is: that is sent beside the flags.
    const plain = { name: 'default', parameters: {}, constraints: [], segments: [4], variants: [] };
    for (const [index, [strategies, own]] of [[[plain], []] as const, ...drafts].entries()) {
      const named = own.map(({ name }) => ({ name }));
      const kind = named.length > 0 ? 'VARIANT' : 'BOOLEAN';
      await flags.create({ key: `f${index}`, kind, variants: named, description: 'asked for by contoso' });
      revision = await put(`f${index}`, strategies, own);
    }
    await flags.served(revision);

    const spec = { 'unleash-client-spec': '5.1.9' };
    const whole = await ask('/api/client/features', spec);
    expect((JSON.parse(whole.text) as { segments: unknown[] }).segments).toContainEqual({
      id: segmentIds[4],
      constraints: [],
    });
    const answers = [whole, await ask('/api/client/features'), await ask('/api/client/delta', spec)];
    for (let index = 0; index <= count; index++)
      answers.push(await ask(`/api/client/features/f${index}`, spec));
    answers.push(await ask('/api/frontend?properties[branch]=contoso%2Fseattle'), await ask('/api/frontend'));
    for (const { status, text } of answers) {
      expect(status).toBe(200);
      expect(text.match(/.{0,200}(?:contoso|fabrikam).{0,50}/i)?.[0]).toBeUndefined();
    }
    // There is something to hide: the token of all tenants gets it.
    const all = (await flags.token('CLIENT')).secret;
    const everything = await fetch(`${flags.url}/api/client/features`, {
      headers: { authorization: all, ...spec },
    });
    expect((await everything.text()).match(/contoso/gi)?.length).toBeGreaterThan(count);
  });

  it('get as many bytes with a thousand other tenants as with one', async () => {
    const about = (slugs: readonly string[]): UnleashStrategy[] => {
      const of = (contextName: string, operator: string, values: string[]): UnleashConstraint[] => [
        { contextName, operator, values, inverted: false, caseInsensitive: false },
      ];
      const units = slugs.map((slug) => `${slug}/seattle`);
      const all = [
        of('tenant', 'NOT_IN', [...slugs]),
        of('branch', 'NOT_IN', units),
        of('account', 'STR_CONTAINS', [...units, 'sea']),
        of('warehouse', 'STR_ENDS_WITH', [...units, 'sea']),
        of('userId', 'STR_STARTS_WITH', [...units, 'ann']),
      ];
      const strategies = all.map((constraints): UnleashStrategy => ({
        name: 'flexibleRollout',
        parameters: { rollout: '50', stickiness: 'userId', groupId: 'g' },
        constraints,
        variants: [],
      }));
      return strategies;
    };
    await flags.create({ key: 'many', kind: 'BOOLEAN' });
    const bytes = async (slugs: readonly string[]) => {
      await flags.served(await put('many', about(slugs)));
      return (await ask('/api/client/features/many')).text.length;
    };
    const few = await bytes(['contoso']);
    expect(await bytes(Array.from({ length: 999 }, (_, index) => `tenant-${index}`))).toBe(few);
  });
});
