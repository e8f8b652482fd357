import { randomId } from '../../components/random-id.js';
import { type Constraint, isComplete, toConstraintInput } from '../conditions/conditions.js';
import type { FlagDetail } from '../flags.query.js';

type StoredStrategy = NonNullable<FlagDetail['environment']['strategies']>[number];
type StoredVariant = FlagDetail['environment']['variants'][number];

/** A variant with its weight among the others, as the form holds it. */
export interface WeightedVariant {
  name: string;
  weight: number;
  weightType: string | null;
  stickiness: string | null;
  payload: { type: string; value: string } | null;
  overrides: { contextName: string; values: string[] }[];
}

/** A strategy as the form holds it. */
export interface StrategyDraft {
  id: string;
  name: string;
  parameters: Record<string, string>;
  constraints: Constraint[];
  segments: number[];
  variants: WeightedVariant[];
}

/** The strategies that every SDK knows by itself, in words. */
export const knownStrategies: readonly (readonly [name: string, title: string])[] = [
  ['default', 'Everybody'],
  ['flexibleRollout', 'A share, sticky'],
  ['userWithId', 'Users by id'],
  ['remoteAddress', 'Addresses'],
  ['applicationHostname', 'Host names'],
  ['gradualRolloutUserId', 'A share of users (old)'],
  ['gradualRolloutSessionId', 'A share of sessions (old)'],
  ['gradualRolloutRandom', 'A share at random (old)'],
];

export interface ParameterField {
  name: string;
  label: string;
  kind: 'PERCENT' | 'LIST' | 'TEXT' | 'STICKINESS';
  placeholder?: string;
}

const group: ParameterField = { name: 'groupId', label: 'Group', kind: 'TEXT', placeholder: 'The flag' };
const percentage: ParameterField = { name: 'percentage', label: 'On for', kind: 'PERCENT' };

/** The parameters that a strategy has; undefined for one that no SDK knows. */
export function parametersOf(strategy: string): readonly ParameterField[] | undefined {
  const fields: Record<string, ParameterField[]> = {
    default: [],
    flexibleRollout: [
      { name: 'rollout', label: 'On for', kind: 'PERCENT' },
      { name: 'stickiness', label: 'Of', kind: 'STICKINESS' },
      group,
    ],
    userWithId: [{ name: 'userIds', label: 'User ids', kind: 'LIST', placeholder: 'ann' }],
    remoteAddress: [{ name: 'IPs', label: 'Addresses', kind: 'LIST', placeholder: '10.0.0.0/8' }],
    applicationHostname: [{ name: 'hostNames', label: 'Host names', kind: 'LIST', placeholder: 'web-1' }],
    gradualRolloutUserId: [percentage, group],
    gradualRolloutSessionId: [percentage, group],
    gradualRolloutRandom: [percentage],
  };
  return fields[strategy];
}

/** A new one starts at nobody: it is widened by hand. */
export const emptyStrategy = (name = 'flexibleRollout'): StrategyDraft => ({
  id: randomId(),
  name,
  parameters: startOf(name),
  constraints: [],
  segments: [],
  variants: [],
});

export function startOf(name: string): Record<string, string> {
  if (name === 'flexibleRollout') return { rollout: '0', stickiness: 'default' };
  return name.startsWith('gradualRollout') ? { percentage: '0' } : {};
}

export function draftOfStrategy(stored: StoredStrategy): StrategyDraft {
  return {
    id: randomId(),
    name: stored.name,
    parameters: { ...(stored.parameters as Record<string, string>) },
    constraints: stored.constraints.map((one) => ({ ...one, value: one.value ?? null })),
    segments: stored.segments.map(({ id }) => id),
    variants: stored.variants.map(draftOfVariant),
  };
}

export const draftOfVariant = ({ overrides, payload, ...rest }: StoredVariant): WeightedVariant => ({
  ...rest,
  weightType: rest.weightType ?? null,
  stickiness: rest.stickiness ?? null,
  payload: payload ? { type: payload.type, value: payload.value } : null,
  overrides: (overrides ?? []).map(({ contextName, values }) => ({ contextName, values: [...values] })),
});

/** What decides where no rule does, as `setFlagStrategies` takes it. */
export interface Strategies {
  /** null: off there; none: on for everybody there. */
  strategies: ReturnType<typeof toStrategyInput>[] | null;
  /** For strategies without their own. */
  variants: ReturnType<typeof toWeightedInput>[];
}

export const strategiesOf = ({ environment }: FlagDetail): Strategies => ({
  strategies: environment.strategies?.map((one) => toStrategyInput(draftOfStrategy(one))) ?? null,
  variants: environment.variants.map((one) => toWeightedInput(draftOfVariant(one))),
});

const isVariantComplete = ({ name }: WeightedVariant): boolean => name.trim() !== '';

/** Whether nothing is missing. */
export const isStrategyComplete = ({ name, constraints, variants }: StrategyDraft): boolean =>
  name.trim() !== '' && constraints.every(isComplete) && variants.every(isVariantComplete);

/** As `setFlagStrategies` takes it: Unleash's own form. */
export const toStrategyInput = ({ name, parameters, constraints, segments, variants }: StrategyDraft) => ({
  name: name.trim(),
  parameters,
  constraints: constraints.map(toConstraintInput),
  segments,
  variants: variants.map(toWeightedInput),
});

export const toWeightedInput = ({
  name,
  weight,
  weightType,
  stickiness,
  payload,
  overrides,
}: WeightedVariant) => ({
  name: name.trim(),
  weight,
  weightType,
  stickiness,
  payload,
  overrides,
});

/** `20 % by tenant`, `ann, bob`; nothing for one without parameters. */
export function describeParameters({ name, parameters }: Pick<StrategyDraft, 'name' | 'parameters'>): string {
  const { rollout, percentage: share, stickiness, userIds, IPs, hostNames } = parameters;
  if (name === 'flexibleRollout')
    return `${rollout ?? 0} %${stickiness && stickiness !== 'default' ? ` by ${stickiness}` : ''}`;
  if (name.startsWith('gradualRollout')) return `${share ?? 0} %`;
  const list = userIds ?? IPs ?? hostNames;
  if (list !== undefined) return list.split(',').join(', ') || 'nobody';
  return Object.entries(parameters)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');
}

export const strategyTitle = (name: string): string =>
  knownStrategies.find(([known]) => known === name)?.[1] ?? name;
