import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { InMemStorageProvider, Unleash } from 'unleash-client';
import { TestControlPlane } from '../../../../test/support/control-plane.js';
import { exampleTenants, until } from '../flags.fixture.js';

interface Place {
  column: string;
  tenant: string;
  branch?: string;
  warehouse?: string;
  account?: string;
}
interface Value {
  enabled: boolean;
  variant: string | null;
}
interface Explained extends Value {
  reason: string;
  trace: { outcome: string; explanation: string }[];
}

const places: Place[] = [
  { column: 'contoso', tenant: 'contoso' },
  { column: 'contoso/seattle', tenant: 'contoso', branch: 'contoso/seattle' },
  { column: 'northwind', tenant: 'northwind' },
  { column: 'northwind/london', tenant: 'northwind', branch: 'northwind/london' },
  { column: 'northwind/seattle', tenant: 'northwind', branch: 'northwind/seattle' },
  {
    column: 'northwind/w1',
    tenant: 'northwind',
    branch: 'northwind/seattle',
    warehouse: 'northwind/w1',
  },
  {
    column: 'northwind/ALFKI',
    tenant: 'northwind',
    branch: 'northwind/london',
    account: 'northwind/ALFKI',
  },
];
const placement: Record<string, Record<string, string>> = {
  contoso: { tier: 'DEDICATED', region: 'us' },
  northwind: { tier: 'SHARED', region: 'eu' },
};

const flags = [
  'segment-on',
  'segment-off',
  'raw-segment',
  'raw-variant',
  'raw-everybody',
  'raw-rule',
  'child-of-off',
  'child-of-some',
  'child-of-killed',
  'child-unless',
  'share-a',
  'share-b',
  'share-c',
];

describe('explanation, matrix, simulation and playground', () => {
  let server: TestControlPlane;
  let sdk: Unleash;
  /** As the SDK has them, by flag and place. */
  const expected: Record<string, Value> = {};

  async function ask<T>(query: string, variables: Record<string, unknown> = {}): Promise<T> {
    const { data, errors } = await server.graphql(query, variables);
    if (errors) throw new Error(`${errors[0]?.extensions.code}: ${errors[0]?.message}`);
    return data as T;
  }
  const change = (name: string, input: object, answer = 'revision') =>
    ask<Record<string, Record<string, unknown>>>(
      `mutation ($input: ${name.charAt(0).toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { ${answer} } }`,
      { input },
    );
  const create = (key: string, more: object = {}) => change('createFlag', { key, kind: 'BOOLEAN', ...more });
  const rule = (flag: string, more: object = {}) =>
    change('setFlagRule', {
      flag,
      environment: 'production',
      scope: { kind: 'ENVIRONMENT', key: '*' },
      enabled: true,
      ...more,
    });
  const strategies = (flag: string, list: object[], variants?: object[]) =>
    change('setFlagStrategies', {
      flag,
      environment: 'production',
      strategies: list,
      variants,
      lintOverride: 'as Unleash has them',
    });

  beforeAll(async () => {
    server = await TestControlPlane.start();
    await server.controlPlane.foundation.database.query(exampleTenants);
    const segment = async (name: string, contextName: string, values: string[]) => {
      const input = { name, constraints: [{ contextName, operator: 'IN', values }] };
      const { createSegment } = await change('createSegment', input, 'id');
      return createSegment?.['id'] as number;
    };
    const europe = await segment('europe', 'region', ['eu']);
    const seattle = await segment('seattle', 'branch', ['northwind/seattle']);
    await create('segment-on');
    await rule('segment-on', { segments: [europe] });
    await create('segment-off');
    await rule('segment-off');
    const northwind = { kind: 'TENANT', key: 'northwind' };
    await rule('segment-off', { scope: northwind, enabled: false, segments: [seattle] });

    const rollout = (parameters: object, more: object = {}) => ({
      name: 'flexibleRollout',
      parameters: { rollout: '100', stickiness: 'tenant', groupId: 'raw', ...parameters },
      constraints: [],
      ...more,
    });
    await create('raw-segment');
    await strategies('raw-segment', [rollout({ rollout: '0' }), rollout({}, { segments: [europe] })]);
    await create('raw-variant', {
      kind: 'VARIANT',
      variants: [{ name: 'old' }, { name: 'a' }, { name: 'b' }],
      defaultVariant: 'old',
    });
    const weighed = (name: string) => ({ name, weight: 500, weightType: 'variable', stickiness: 'branch' });
    await strategies(
      'raw-variant',
      [rollout({ stickiness: 'branch' }, { segments: [europe] })],
      [weighed('a'), weighed('b')],
    );
    await create('raw-everybody');
    await strategies('raw-everybody', []);
    await create('raw-rule');
    await strategies('raw-rule', [rollout({})]);
    await rule('raw-rule', { scope: northwind, enabled: false, segments: [seattle] });

    await create('off');
    await create('some');
    await rule('some', { segments: [europe] });
    await create('killed');
    await rule('killed');
    await change('setFlagEnabled', { flag: 'killed', environment: 'production', enabled: false });
    const child = async (key: string, dependency: object) => {
      await create(key, { dependencies: [dependency] });
      await rule(key);
    };
    await child('child-of-off', { flag: 'off' });
    await child('child-of-some', { flag: 'some' });
    await child('child-of-killed', { flag: 'killed' });
    await child('child-unless', { flag: 'some', enabled: false });
    for (const key of ['share-a', 'share-b', 'share-c']) {
      await create(key);
      await rule(key, { percentage: 50 });
    }
    await create('last');

    const token = await change(
      'createSdkToken',
      { name: 'all', environment: 'production', kind: 'CLIENT' },
      'secret',
    );
    sdk = new Unleash({
      appName: 'same-answer',
      url: `${server.url}/api/`,
      refreshInterval: 20,
      disableMetrics: true,
      skipInstanceCountWarning: true,
      storageProvider: new InMemStorageProvider(),
      customHeaders: { Authorization: String(token['createSdkToken']?.['secret']) },
    });
    await until(() => sdk.getFeatureToggleDefinition('last') !== undefined);
    for (const flag of flags)
      for (const { column, ...place } of places) {
        const context = { properties: { ...placement[place.tenant], ...place } };
        const { name } = sdk.getVariant(flag, context);
        const variant = name === 'disabled' ? null : name;
        expected[`${flag} ${column}`] = { enabled: sdk.isEnabled(flag, context), variant };
      }
  });
  afterAll(async () => {
    sdk?.destroy();
    await server?.stop();
  });

  /** Off, a flag has its default variant here, and none for an SDK. */
  const value = ({ enabled, variant }: Value): Value => ({ enabled, variant: enabled ? variant : null });
  const asked = ({ column: _column, ...place }: Place) => place;

  async function explain(flag: string, place: Place): Promise<Explained> {
    const { evaluateFlag } = await ask<{ evaluateFlag: Explained }>(
      `query ($input: EvaluateFlagInput!) { evaluateFlag(input: $input) {
         enabled variant reason trace { outcome explanation } } }`,
      { input: { flag, environment: 'production', ...asked(place) } },
    );
    return evaluateFlag;
  }

  it('the SDK sees both answers of most flags, so that there is something to compare', () => {
    const seen = (flag: string) =>
      new Set(places.map(({ column }) => expected[`${flag} ${column}`]?.enabled));
    for (const flag of [
      'segment-on',
      'segment-off',
      'raw-segment',
      'raw-rule',
      'child-of-some',
      'child-unless',
    ])
      expect([flag, seen(flag).size]).toEqual([flag, 2]);
    expect(['share-a', 'share-b', 'share-c'].some((flag) => seen(flag).size === 2)).toBe(true);
    expect([...seen('child-of-off'), ...seen('child-of-killed'), ...seen('raw-everybody')]).toEqual([
      false,
      false,
      true,
    ]);
  });

  it('evaluateFlag says what the unmodified unleash-client gets', async () => {
    const answers: Record<string, Value> = {};
    for (const flag of flags)
      for (const place of places) answers[`${flag} ${place.column}`] = value(await explain(flag, place));
    expect(answers).toEqual(expected);
  });

  it('the matrix says what the unmodified unleash-client gets', async () => {
    interface Matrix {
      columns: { key: string }[];
      rows: { flag: { key: string }; cells: number[] }[];
      decisions: Value[];
    }
    const matrix = async (more: object) => {
      const { flagMatrix } = await ask<{ flagMatrix: Matrix }>(
        `query ($input: FlagMatrixInput!) { flagMatrix(input: $input) { columns { key } rows { flag { key } cells }
           decisions { enabled variant } } }`,
        {
          input: {
            environment: 'production',
            rows: { limit: 50 },
            columns: { limit: 50 },
            units: ['BRANCH', 'WAREHOUSE', 'ACCOUNT'],
            ...more,
          },
        },
      );
      const answers: Record<string, Value> = {};
      for (const { flag, cells } of flagMatrix.rows)
        for (const [index, cell] of cells.entries()) {
          const decision = flagMatrix.decisions[cell];
          if (decision && flags.includes(flag.key))
            answers[`${flag.key} ${flagMatrix.columns[index]?.key}`] = value(decision);
        }
      return answers;
    };
    expect(await matrix({})).toEqual(expected);
    // The parent is not in the window.
    const child = Object.entries(expected).filter(([key]) => key.startsWith('child-of-some '));
    expect(await matrix({ flag: 'child-of-some' })).toEqual(Object.fromEntries(child));
  });

  it('the simulation says what the unmodified unleash-client gets', async () => {
    interface Impact {
      flag: string;
      total: number;
      affected: { tenant: string; unitCode: string | null; before: Value; after: Value }[];
    }
    const changes = flags.map((flag) => ({ kind: 'SET_ENABLED', flag, enabled: false }));
    const { simulateFlagChanges } = await ask<{ simulateFlagChanges: Impact[] }>(
      `query ($input: SimulateFlagChangesInput!) { simulateFlagChanges(input: $input) { flag total
         affected { tenant unitCode before { enabled variant } after { enabled } } } }`,
      { input: { environment: 'production', changes } },
    );
    // Nobody is on afterwards: who was on is affected, and nobody else.
    const on: Record<string, Value> = {};
    for (const { flag, affected } of simulateFlagChanges)
      for (const { tenant, unitCode, before } of affected)
        on[`${flag} ${unitCode === null ? tenant : `${tenant}/${unitCode}`}`] = before;
    expect(on).toEqual(Object.fromEntries(Object.entries(expected).filter(([, { enabled }]) => enabled)));
    expect(simulateFlagChanges.map(({ total }) => total)).toEqual(flags.map(() => places.length));
  });

  it('the playground says what the unmodified unleash-client gets', async () => {
    const { playground } = await ask<{
      playground: { cells: { flag: string; context: number; live: Value }[] };
    }>(
      `query ($input: PlaygroundInput!) { playground(input: $input) { cells { flag context live { enabled variant } } } }`,
      { input: { flags, environments: ['production'], contexts: places.map(asked) } },
    );
    const answers = playground.cells.map(({ flag, context, live }) => [
      `${flag} ${places[context]?.column}`,
      value(live),
    ]);
    expect(Object.fromEntries(answers)).toEqual(expected);
  });

  it('names the segment, the strategy or the flag that decides', async () => {
    const [contoso, northwind] = [places[0], places[2]] as [Place, Place];
    const decisive = async (flag: string, place: Place) => {
      const { reason, trace } = await explain(flag, place);
      return [reason, ...trace.map(({ outcome, explanation }) => `${outcome} ${explanation}`)];
    };
    expect(await decisive('segment-on', northwind)).toEqual([
      'RULE',
      'WON Most specific rule that matches, with segment "europe": turns it on.',
    ]);
    expect(await decisive('segment-on', contoso)).toEqual([
      'DEFAULT',
      'NOT_MATCHED Segment "europe" needs region IN "eu"; the context has "us".',
    ]);
    expect(await decisive('raw-segment', northwind)).toEqual([
      'STRATEGY',
      expect.stringMatching(
        /^WON Strategy 2, flexibleRollout, with segment "europe" \(for 100 % by .*\), is the first that holds: turns it on\.$/,
      ),
      expect.stringMatching(
        /^NOT_MATCHED Strategy 1, flexibleRollout, does not hold: it is for 0 % by tenant; tenant ".*" is number \d+ of 100\.$/,
      ),
    ]);
    expect(await decisive('raw-segment', contoso)).toContain(
      'NOT_MATCHED Strategy 2, flexibleRollout, does not hold: Segment "europe" needs region IN "eu"; the context has "us".',
    );
    expect(await decisive('raw-everybody', contoso)).toEqual([
      'STRATEGY',
      'WON No rule matches, and the empty list of strategies turns it on for everybody.',
    ]);
    expect(await decisive('child-of-killed', northwind)).toEqual([
      'DEPENDENCY',
      'WON Depends on flag "killed", which must be on; it is off (KILLED).',
      'WITHOUT_EFFECT Most specific rule that matches: turns it on. Without effect: the flag depends on "killed".',
    ]);
  });
});
