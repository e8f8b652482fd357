import { contextField, scopeKinds, type FlagRule, type FlagScopeKind } from '../flag.js';
import type { FlagState } from './evaluate.js';
import {
  unleashPayload,
  type UnleashConstraint,
  type UnleashFeature,
  type UnleashStrategy,
} from './unleash-feature.js';

/** Every flag is in one project until there are several. */
const unleashProject = 'default';

/**
 * Compiles the rules of a flag to an Unleash feature that every SDK evaluates as {@link evaluate} does.
 *
 * For each scope kind and each value that its rules turn on there is one strategy: the scope's field is one of the keys
 * with that value, and no more specific field is one of the keys that decide otherwise. A strategy is thus enabled
 * exactly if the winning rule has its value, so at most one value can be enabled, and the SDKs' rule that the first
 * enabled strategy gives the variant cannot pick another one. An absent field makes NOT_IN true, which is right here:
 * a rule about a field that the context lacks does not match.
 */
export function compileFeature(state: FlagState, description?: string): UnleashFeature {
  const strategies = state.enabled && !state.archived ? compileStrategies(state) : [];
  return {
    name: state.flag.key,
    type: 'release',
    project: unleashProject,
    ...(description ? { description } : {}),
    // A feature without strategies is on for everybody in the SDKs: with nothing that turns it on, it must be off.
    enabled: strategies.length > 0,
    stale: false,
    impressionData: false,
    strategies,
    variants: [],
    dependencies: [],
  };
}

function compileStrategies(state: FlagState): UnleashStrategy[] {
  const byKind = groupByKind(state.rules);
  return scopeKinds.flatMap((kind, level) =>
    [...(byKind.get(kind) ?? new Map<Value, string[]>())]
      .filter(([value]) => value !== OFF)
      .map(([value, keys]) => {
        const exclusions = scopeKinds.slice(level + 1).flatMap((finer) => excluding(finer, value, byKind));
        return strategy(state, value, [...including(kind, keys), ...exclusions]);
      }),
  );
}

/** A variant's name, ON for a flag without variants, or OFF. */
type Value = string | typeof ON | typeof OFF;
const ON = Symbol('on');
const OFF = Symbol('off');

function valueOf(rule: FlagRule): Value {
  return rule.enabled ? (rule.variant ?? ON) : OFF;
}

function groupByKind(rules: readonly FlagRule[]): Map<FlagScopeKind, Map<Value, string[]>> {
  const byKind = new Map<FlagScopeKind, Map<Value, string[]>>();
  for (const rule of rules) {
    const values = byKind.get(rule.scope.kind) ?? new Map<Value, string[]>();
    const keys = values.get(valueOf(rule)) ?? [];
    keys.push(rule.scope.key);
    values.set(valueOf(rule), keys);
    byKind.set(rule.scope.kind, values);
  }
  return byKind;
}

function including(kind: FlagScopeKind, keys: string[]): UnleashConstraint[] {
  return kind === 'ENVIRONMENT' ? [] : [constraint(kind, 'IN', keys)];
}

function excluding(
  kind: FlagScopeKind,
  value: Value,
  byKind: ReadonlyMap<FlagScopeKind, ReadonlyMap<Value, string[]>>,
): UnleashConstraint[] {
  const others = [...(byKind.get(kind) ?? [])]
    .filter(([other]) => other !== value)
    .flatMap(([, keys]) => keys);
  return others.length === 0 || kind === 'ENVIRONMENT' ? [] : [constraint(kind, 'NOT_IN', others)];
}

function constraint(
  kind: Exclude<FlagScopeKind, 'ENVIRONMENT'>,
  operator: 'IN' | 'NOT_IN',
  keys: string[],
): UnleashConstraint {
  const values = [...keys].sort();
  return { contextName: contextField[kind], operator, values, inverted: false, caseInsensitive: false };
}

function strategy(state: FlagState, value: Value, constraints: UnleashConstraint[]): UnleashStrategy {
  if (typeof value === 'symbol') return { name: 'default', parameters: {}, constraints, variants: [] };
  const payload = unleashPayload(state.flag.variants.find(({ name }) => name === value)?.payload);
  return {
    name: 'flexibleRollout',
    parameters: { rollout: '100', stickiness: 'default', groupId: state.flag.key },
    constraints,
    variants: [
      {
        name: value,
        weight: 1000,
        weightType: 'fix',
        stickiness: 'default',
        ...(payload ? { payload } : {}),
      },
    ],
  };
}
