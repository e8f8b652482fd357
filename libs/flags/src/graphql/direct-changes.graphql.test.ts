import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestControlPlane } from '../../../../test/support/control-plane.js';
import { exampleTenants } from '../flags.fixture.js';

let server: TestControlPlane;
let segment = 0;

beforeAll(async () => {
  server = await TestControlPlane.start();
  await server.controlPlane.foundation.database.query(exampleTenants);
  await ask(`mutation { createFlag(input: { key: "express", kind: BOOLEAN }) { revision } }`);
  const { createSegment } = await ask<{ createSegment: { id: number } }>(
    `mutation { createSegment(input: { name: "Web", constraints: [
       { contextName: "channel", operator: "IN", values: ["web"] }] }) { id } }`,
  );
  segment = createSegment.id;
});
afterAll(() => server?.stop());

async function ask<T>(query: string, variables: Record<string, unknown> = {}): Promise<T> {
  const { data, errors } = await server.graphql(query, variables);
  if (errors?.[0]) throw Object.assign(new Error(errors[0].message), errors[0].extensions);
  return data as T;
}

const at = { flag: 'express', environment: 'production', scope: { kind: 'ENVIRONMENT', key: '*' } };
const setRule = (input: object): Promise<unknown> =>
  ask(`mutation ($input: SetFlagRuleInput!) { setFlagRule(input: $input) { revision } }`, {
    input: { ...at, enabled: true, ...input },
  });
const notEdi = { contextName: 'channel', operator: 'NOT_IN', values: ['edi'] };

describe('a rule that opens by accident', () => {
  it('is refused at once, with what is wrong and how to mend it, unless somebody says why it is wanted', async () => {
    await expect(setRule({ constraints: [notEdi] })).rejects.toMatchObject({
      code: 'LINT_REFUSED',
      message: expect.stringContaining('OPENS_WITHOUT_FIELD'),
      field: 'constraints.0',
      hint: expect.stringContaining('lintOverride'),
    });
    const lintOverride = 'Every service states its channel';
    await setRule({ constraints: [notEdi], lintOverride });
    const { flag } = await ask<{ flag: { rules: unknown[] } }>(
      `{ flag(key: "express") { rules(environment: "production") { lintOverride } } }`,
    );
    expect(flag.rules).toEqual([{ lintOverride }]);
  });

  it('is let through when a segment vouches for the field, and then holds that segment to it', async () => {
    await setRule({ constraints: [notEdi], segments: [segment] });
    const update = (lintOverride: string | null): Promise<unknown> =>
      ask(`mutation ($input: UpdateSegmentInput!) { updateSegment(input: $input) { version } }`, {
        input: {
          id: segment,
          constraints: [{ contextName: 'region', operator: 'IN', values: ['eu'] }],
          lintOverride,
        },
      });
    await expect(update(null)).rejects.toMatchObject({
      code: 'LINT_REFUSED',
      message: expect.stringContaining('OPENS_WITHOUT_FIELD'),
    });
    const changes = [
      {
        kind: 'UPDATE_SEGMENT',
        segment,
        constraints: [{ contextName: 'region', operator: 'IN', values: ['eu'] }],
      },
    ];
    const { lintFlagChanges } = await ask<{ lintFlagChanges: unknown[] }>(
      `query ($input: SimulateFlagChangesInput!) { lintFlagChanges(input: $input) { code flag change field } }`,
      { input: { environment: 'production', changes } },
    );
    expect(lintFlagChanges).toEqual([
      { code: 'OPENS_WITHOUT_FIELD', flag: 'express', change: 0, field: 'constraints' },
    ]);
    const { simulateFlagChanges } = await ask<{ simulateFlagChanges: unknown[] }>(
      `query ($input: SimulateFlagChangesInput!) {
         simulateFlagChanges(input: $input) { flag affectedTotal affectedTenants } }`,
      { input: { environment: 'production', changes } },
    );
    // Northwind and its four units are in the region; nobody has a channel here.
    expect(simulateFlagChanges).toEqual([{ flag: 'express', affectedTotal: 5, affectedTenants: 1 }]);
  });
});

describe('a draft with conditions', () => {
  it('is simulated with all of them', async () => {
    await setRule({ enabled: false });
    const simulate = async (draft: object): Promise<number> => {
      const { simulateFlagChange } = await ask<{ simulateFlagChange: { affectedTotal: number } }>(
        `query ($input: SimulateFlagChangeInput!) { simulateFlagChange(input: $input) { affectedTotal } }`,
        { input: { ...at, enabled: true, ...draft } },
      );
      return simulateFlagChange.affectedTotal;
    };
    const all = await simulate({});
    expect(all).toBe(7);
    expect(await simulate({ percentage: 0 })).toBe(0);
    expect(await simulate({ startsAt: '2100-01-01T00:00:00Z' })).toBe(0);
    const european = { contextName: 'region', operator: 'IN', values: ['eu'] };
    expect(await simulate({ constraints: [european] })).toBe(5);
    expect(await simulate({ segments: [segment] })).toBe(0);
  });

  it('is explained for any property of the context', async () => {
    await setRule({ constraints: [{ contextName: 'channel', operator: 'IN', values: ['web'] }] });
    const enabled = async (properties?: object): Promise<boolean> => {
      const { evaluateFlag } = await ask<{ evaluateFlag: { enabled: boolean } }>(
        `query ($input: EvaluateFlagInput!) { evaluateFlag(input: $input) { enabled } }`,
        { input: { flag: 'express', environment: 'production', tenant: 'northwind', properties } },
      );
      return evaluateFlag.enabled;
    };
    expect(await Promise.all([enabled(), enabled({ channel: 'web' }), enabled({ channel: 'edi' })])).toEqual([
      false,
      true,
      false,
    ]);
    await expect(enabled({ channel: 3 })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      field: 'properties',
    });
  });
});

describe('two writers at once', () => {
  const codes = async (writes: Promise<unknown>[]): Promise<string[]> =>
    (await Promise.allSettled(writes))
      .map((one) => (one.status === 'fulfilled' ? 'OK' : (one.reason as { code: string }).code))
      .sort();

  it('of one rule, segment or project: the second is told, and loses nothing of the first', async () => {
    const { flag } = await ask<{ flag: { version: number } }>(`{ flag(key: "express") { version } }`);
    const rule = (percentage: number) => setRule({ percentage, expectedVersion: flag.version });
    expect(await codes([rule(10), rule(20)])).toEqual(['FLAG_CHANGED', 'OK']);

    const { segments } = await ask<{ segments: { version: number }[] }>(`{ segments { version } }`);
    const describeSegment = (description: string) =>
      ask(`mutation ($input: UpdateSegmentInput!) { updateSegment(input: $input) { version } }`, {
        input: { id: segment, description, expectedVersion: segments[0]?.version },
      });
    expect(await codes([describeSegment('a'), describeSegment('b')])).toEqual(['OK', 'SEGMENT_CHANGED']);

    const { projects } = await ask<{ projects: { version: number }[] }>(`{ projects { version } }`);
    const rename = (name: string) =>
      ask(`mutation ($input: UpdateProjectInput!) { updateProject(input: $input) { version } }`, {
        input: { key: 'default', name, expectedVersion: projects[0]?.version },
      });
    expect(await codes([rename('One'), rename('Two')])).toEqual(['OK', 'PROJECT_CHANGED']);
  });
});
