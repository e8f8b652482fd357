import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { InMemStorageProvider, startUnleash, type Context, type Unleash } from 'unleash-client';
import type { ClientFeaturesResponse } from 'unleash-client/lib/feature.js';
import { TestControlPlane } from '../support/control-plane.js';
import {
  caseCount,
  specifications,
  stateOf,
  type Specification,
  type SpecificationContext,
  type SpecificationVariant,
} from './specification.js';

/**
 * Every case of the public specification for Unleash SDKs, through this server: each file's state is imported as it is
 * into an environment of its own and asked for by the unmodified SDK in each of its modes, and by its context through
 * the frontend API and OFREP.
 */
const modes = {
  polling: { type: 'polling', format: 'full' },
  delta: { type: 'polling', format: 'delta' },
  streaming: { type: 'streaming' },
} as const;
type Mode = keyof typeof modes;

const all = specifications();

describe('conformance with @unleash/client-specification', () => {
  let server: TestControlPlane;
  const tokens = new Map<string, { client: string; frontend: string }>();

  beforeAll(async () => {
    server = await TestControlPlane.start();
    for (const specification of all) {
      const environment = environmentOf(specification);
      await change('createEnvironment', 'CreateEnvironmentInput', { name: environment }, 'name');
      const file = JSON.stringify(stateOf(specification));
      const report = await change<{ created: string[]; updated: string[]; notes: unknown[] }>(
        'importUnleash',
        'ImportUnleashInput',
        { environment, file },
        'created updated notes { subject outcome message }',
      );
      expect(report.created.length + report.updated.length).toBe(stateOf(specification).features.length);
      tokens.set(environment, {
        client: await token(environment, 'CLIENT'),
        frontend: await token(environment, 'FRONTEND'),
      });
    }
  });
  afterAll(() => server.stop());

  it('has the 279 cases of version 6.1', () => {
    expect(all.reduce((sum, one) => sum + caseCount(one), 0)).toBe(279);
  });

  for (const mode of Object.keys(modes) as Mode[]) {
    describe(`the unmodified SDK, ${mode}`, () => {
      for (const specification of all) {
        it(`${specification.name}: ${caseCount(specification)} cases`, async () => {
          const sdk = await connect(specification, mode);
          try {
            const wrong = wrongOf(specification, (name, context) => {
              const variant = sdk.getVariant(name, context as Context);
              return { enabled: sdk.isEnabled(name, context as Context), variant };
            });
            expect(await wrong).toEqual([]);
          } finally {
            sdk.destroy();
          }
        });
      }
    });
  }

  describe('the frontend API', () => {
    for (const specification of all) {
      it(`${specification.name}: ${caseCount(specification)} cases`, async () => {
        const wrong = await wrongOf(specification, async (name, context) => {
          const { toggles } = (await post(specification, '/api/frontend', 'frontend', { context })) as {
            toggles: { name: string; variant: SpecificationVariant & { featureEnabled?: boolean } }[];
          };
          const toggle = toggles.find((one) => one.name === name);
          return { enabled: toggle !== undefined, variant: toggle?.variant };
        });
        expect(wrong).toEqual([]);
      });
    }
  });

  describe('OFREP', () => {
    for (const specification of all) {
      it(`${specification.name}: ${caseCount(specification)} cases`, async () => {
        const wrong = await wrongOf(specification, async (name, { properties, ...context }) => {
          const path = `/ofrep/v1/evaluate/flags/${encodeURIComponent(name)}`;
          const asked = { ...properties, ...context };
          const answer = (await post(specification, path, 'client', { context: asked })) as OfrepAnswer;
          return ofrepResult(answer);
        });
        expect(wrong).toEqual([]);
      });
    }
  });

  async function connect(specification: Specification, mode: Mode): Promise<Unleash> {
    return startUnleash({
      appName: 'conformance',
      url: `${server.url}/api/`,
      customHeaders: { Authorization: tokensOf(specification).client },
      refreshInterval: 60_000,
      disableMetrics: true,
      skipInstanceCountWarning: true,
      storageProvider: new InMemStorageProvider<ClientFeaturesResponse>(),
      experimentalMode: modes[mode],
    });
  }

  async function post(
    specification: Specification,
    path: string,
    kind: 'client' | 'frontend',
    body: unknown,
  ): Promise<unknown> {
    const response = await fetch(`${server.url}${path}`, {
      method: 'POST',
      headers: { authorization: tokensOf(specification)[kind], 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return response.json();
  }

  function tokensOf(specification: Specification): { client: string; frontend: string } {
    const found = tokens.get(environmentOf(specification));
    if (!found) throw new Error('no token');
    return found;
  }

  async function token(environment: string, kind: string): Promise<string> {
    const input = { name: kind, kind, environment };
    return (await change<{ secret: string }>('createSdkToken', 'CreateSdkTokenInput', input, 'secret'))
      .secret;
  }

  async function change<T>(name: string, type: string, input: unknown, fields: string): Promise<T> {
    const query = `mutation ($input: ${type}!) { ${name}(input: $input) { ${fields} } }`;
    const { data, errors } = await server.graphql(query, { input });
    if (errors) throw new Error(JSON.stringify(errors));
    return data?.[name] as T;
  }
});

interface Answered {
  enabled: boolean;
  variant: unknown;
}

interface OfrepAnswer {
  value?: unknown;
  variant?: string;
  errorCode?: string;
  metadata?: { enabled?: boolean };
}

/** Cases that are answered otherwise than they should be. */
async function wrongOf(
  { tests = [], variantTests = [] }: Specification,
  ask: (name: string, context: SpecificationContext) => Answered | Promise<Answered>,
): Promise<unknown[]> {
  const wrong: unknown[] = [];
  for (const { description, context, toggleName, expectedResult } of tests) {
    const { enabled } = await ask(toggleName, context);
    if (enabled !== expectedResult) wrong.push({ description, enabled });
  }
  for (const { description, context, toggleName, expectedResult } of variantTests) {
    const { enabled, variant } = await ask(toggleName, context);
    if (enabled !== expectedResult.feature_enabled || !sameVariant(variant, expectedResult))
      wrong.push({ description, enabled, variant, expectedResult });
  }
  return wrong;
}

/** The frontend API leaves flags out that are off; OFREP has values instead of payloads. */
function sameVariant(given: unknown, { name, enabled, payload }: SpecificationVariant): boolean {
  const variant = given as Partial<SpecificationVariant> & { value?: unknown };
  if (given === undefined) return !enabled;
  if ((variant.enabled ?? false) !== enabled || (enabled && variant.name !== name)) return false;
  if (!enabled) return true;
  const expected = payload?.value ?? name;
  const own = 'value' in variant ? variant.value : (variant.payload?.value ?? name);
  return typeof own === 'string'
    ? own === expected
    : JSON.stringify(own) === JSON.stringify(JSON.parse(expected));
}

function ofrepResult({ variant, value, errorCode, metadata }: OfrepAnswer): Answered {
  const enabled = errorCode === undefined && (metadata?.enabled ?? false);
  const named = enabled && variant !== undefined && variant !== 'on';
  return { enabled, variant: named ? { name: variant, enabled: true, value } : undefined };
}

function environmentOf({ name }: Specification): string {
  return `spec-${name.slice(0, 2)}`;
}
