import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { prepareConstraint } from '../evaluator/index.js';
import { lintRule, type LintedConstraint, type LintedRule, type LintSurroundings } from './lint-rule.js';

const around: LintSurroundings = {
  scope: { kind: 'TENANT', key: 'northwind' },
  riskClass: 'STANDARD',
  production: true,
  scopeExists: true,
  now: new Date('2026-11-23T12:00:00Z'),
};

const codes = (rule: Partial<LintedRule>, more: Partial<LintSurroundings> = {}): string[] =>
  lintRule({ enabled: true, ...rule }, { ...around, ...more }).map(({ code }) => code);

const constraint = (contextName: string, operator: string, values: string[], inverted = false) => ({
  contextName,
  operator,
  values,
  inverted,
});

describe('the lint', () => {
  it('tells of texts about units that every tenant gets to see', () => {
    const of = (contextName: string, operator: string, text: string, scope: Partial<LintSurroundings> = {}) =>
      codes({ constraints: [{ contextName, operator, values: [text], value: text }] }, scope);
    const everywhere = { scope: { kind: 'REGION', key: 'eu' } } as const;
    for (const operator of ['STR_CONTAINS', 'STR_ENDS_WITH', 'REGEX'])
      expect(of('branch', operator, 'contoso', everywhere)).toEqual(['SHOWN_TO_EVERY_TENANT']);
    for (const operator of ['STR_CONTAINS', 'STR_ENDS_WITH'])
      expect(of('branch', operator, 'contoso/sea', everywhere)).toEqual([]);
    expect(of('branch', 'REGEX', '^contoso/a|b', everywhere)).toEqual(['SHOWN_TO_EVERY_TENANT']);
    expect(of('branch', 'REGEX', '^contoso/sea', everywhere)).toEqual([]);
    expect(of('branch', 'STR_STARTS_WITH', 'contoso/', everywhere)).toEqual([]);
    expect(of('plan', 'STR_CONTAINS', 'gold', everywhere)).toEqual([]);
    // A rule for one tenant reaches its own services alone.
    expect(of('branch', 'STR_CONTAINS', 'sea')).toEqual([]);
  });

  it('refuses what opens where the context lacks the field', () => {
    const notSeattle = constraint('branch', 'NOT_IN', ['northwind/seattle']);
    expect(codes({ constraints: [notSeattle] })).toEqual(['OPENS_WITHOUT_FIELD']);
    expect(codes({ constraints: [constraint('plan', 'STR_CONTAINS', ['free'], true)] })).toEqual([
      'OPENS_WITHOUT_FIELD',
    ]);
    expect(codes({ segments: [1] }, { segments: new Map([[1, [notSeattle]]]) })).toEqual([
      'OPENS_WITHOUT_FIELD',
    ]);
    // The field is there: by the scope, by what the data plane states, by another constraint.
    expect(codes({ constraints: [constraint('tenant', 'NOT_IN', ['x'])] })).toEqual([]);
    expect(codes({ constraints: [constraint('tier', 'NOT_IN', ['SHARED'])] })).toEqual([]);
    expect(
      codes({ constraints: [notSeattle, constraint('branch', 'STR_STARTS_WITH', ['northwind/'])] }),
    ).toEqual([]);
    expect(codes({ constraints: [constraint('branch', 'NOT_IN', ['x'], true)] })).toEqual([]);
    expect(codes({ enabled: false, constraints: [notSeattle] })).toEqual([]);
  });

  it('refuses what is true for everybody', () => {
    for (const open of [
      constraint('branch', 'NOT_IN', []),
      constraint('branch', 'IN', [], true),
      constraint('branch', 'STR_CONTAINS', ['']),
      { contextName: 'branch', operator: 'REGEX', value: '.*' },
      constraint('remoteAddress', 'IN_CIDR', ['0.0.0.0/0']),
    ])
      expect(codes({ constraints: [open] })).toEqual(['OPENS_FOR_EVERYBODY']);
  });

  it('tells of shares, times, scopes and reach', () => {
    expect(codes({ percentage: 10, stickiness: 'random' })).toEqual(['RANDOM_STICKINESS']);
    expect(codes({ percentage: 10, stickiness: 'tenant' })).toEqual(['SHARE_IS_ALL_OR_NOTHING']);
    expect(codes({ percentage: 10, stickiness: 'account' })).toEqual(['STICKINESS_MISSING']);
    expect(codes({ percentage: 10 })).toEqual([]);
    expect(codes({ endsAt: '2026-01-01T00:00:00Z' })).toEqual(['NEVER_MATCHES']);
    expect(codes({}, { scopeExists: false })).toEqual(['SCOPE_UNKNOWN']);
    const everywhere = { scope: { kind: 'ENVIRONMENT', key: '*' }, riskClass: 'FINANCIAL' } as const;
    expect(codes({}, everywhere)).toEqual(['FINANCIAL_EVERYWHERE']);
    expect(codes({ percentage: 5 }, everywhere)).toEqual([]);
  });

  it('finds every rule that the evaluator opens for a context without fields', () => {
    const any: fc.Arbitrary<LintedConstraint> = fc.record({
      contextName: fc.constantFrom('branch', 'account', 'plan'),
      operator: fc.constantFrom('IN', 'NOT_IN', 'STR_CONTAINS', 'STR_STARTS_WITH', 'NUM_GT', 'SEMVER_EQ'),
      values: fc.array(fc.constantFrom('a', 'b'), { maxLength: 2 }),
      value: fc.constantFrom('1', '1.0.0'),
      inverted: fc.boolean(),
    });
    const seed = Number(process.env['TIERDECK_TEST_SEED'] ?? Date.now() % 2 ** 31);
    console.info(`lint-rule.test.ts: TIERDECK_TEST_SEED=${seed}`);
    fc.assert(
      fc.property(fc.array(any, { minLength: 1, maxLength: 4 }), (constraints) => {
        const opens = constraints.every((one) =>
          prepareConstraint({ caseInsensitive: false, inverted: false, values: [], ...one } as never)({}),
        );
        const found = codes({ constraints }).some((code) => code.startsWith('OPENS_'));
        // Nothing that opens without any field may pass.
        if (opens) expect(found).toBe(true);
      }),
      { numRuns: 2_000, seed },
    );
  });
});
