/**
 * The Unleash client protocol's own shapes: what `/api/client/features` carries and every SDK reads. Field names are
 * the protocol's. Imported states are kept as they came, so names of strategies and operators are open: an SDK takes
 * an unknown one as "not enabled".
 */
export interface UnleashFeature {
  name: string;
  type: string;
  project: string;
  description?: string;
  enabled: boolean;
  stale: boolean;
  impressionData: boolean;
  /** None: the feature is as `enabled` says. Otherwise on if any of them is, and the first that is gives the variant. */
  strategies: UnleashStrategy[];
  /** Variants of the feature as a whole, for strategies that have none of their own. */
  variants: UnleashVariant[];
  /** All must hold; a parent that has dependencies itself never does. */
  dependencies: UnleashDependency[];
}

export const unleashStrategies = [
  'default',
  'flexibleRollout',
  'userWithId',
  'remoteAddress',
  'applicationHostname',
  'gradualRolloutUserId',
  'gradualRolloutSessionId',
  'gradualRolloutRandom',
] as const;
export type UnleashStrategyName = (typeof unleashStrategies)[number];

export interface UnleashStrategy {
  /** One of {@link unleashStrategies}, or a name that no SDK knows by itself. */
  name: string;
  parameters: Record<string, string>;
  constraints: UnleashConstraint[];
  /** Ids of segments whose constraints must hold too; an id that is not in the payload never holds. */
  segments?: number[];
  variants: UnleashVariant[];
}

export const unleashOperators = [
  'IN',
  'NOT_IN',
  'STR_STARTS_WITH',
  'STR_ENDS_WITH',
  'STR_CONTAINS',
  'NUM_EQ',
  'NUM_GT',
  'NUM_GTE',
  'NUM_LT',
  'NUM_LTE',
  'DATE_AFTER',
  'DATE_BEFORE',
  'SEMVER_EQ',
  'SEMVER_GT',
  'SEMVER_GTE',
  'SEMVER_LT',
  'SEMVER_LTE',
  'REGEX',
  'IN_CIDR',
] as const;
export type UnleashOperator = (typeof unleashOperators)[number];

export interface UnleashConstraint {
  contextName: string;
  /** One of {@link unleashOperators}; any other never holds, inverted or not. */
  operator: string;
  /** Of the operators that take a list: IN, NOT_IN, STR_*, IN_CIDR. */
  values: string[];
  /** Of the operators that compare with one value: NUM_*, DATE_*, SEMVER_*, REGEX. */
  value?: string;
  inverted: boolean;
  /** Of STR_* and REGEX. */
  caseInsensitive: boolean;
}

export interface UnleashSegment {
  id: number;
  name?: string;
  constraints: UnleashConstraint[];
}

export interface UnleashVariant {
  name: string;
  /** Share of the sum of the weights. */
  weight: number;
  weightType?: 'fix' | 'variable';
  stickiness?: string;
  payload?: UnleashPayload;
  /** Of feature variants: contexts that get this variant whatever the weights. */
  overrides?: UnleashOverride[];
}

export interface UnleashOverride {
  contextName: string;
  values: string[];
}

export interface UnleashPayload {
  type: 'string' | 'number' | 'json' | 'csv';
  value: string;
}

export interface UnleashDependency {
  feature: string;
  /** Absent means true. */
  enabled?: boolean;
  /** The parent must have one of these; absent or empty: any. */
  variants?: string[];
}

/** Text and numbers go as they are, anything else as JSON text: an SDK sees strings only. */
export function unleashPayload(payload: unknown): UnleashPayload | undefined {
  if (payload === undefined || payload === null) return undefined;
  if (typeof payload === 'string') return { type: 'string', value: payload };
  if (typeof payload === 'number') return { type: 'number', value: String(payload) };
  return { type: 'json', value: JSON.stringify(payload) };
}

/** The other way round, as far as the text is what its type says. */
export function payloadValue({ type, value }: UnleashPayload): unknown {
  if (type === 'number' && value.trim() !== '' && Number.isFinite(Number(value))) return Number(value);
  if (type !== 'json') return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}
