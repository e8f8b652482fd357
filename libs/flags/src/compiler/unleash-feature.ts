/** The part of Unleash's feature schema that compiled flags use. Field names are the protocol's. */
export interface UnleashFeature {
  name: string;
  type: string;
  project: string;
  description?: string;
  enabled: boolean;
  stale: boolean;
  impressionData: boolean;
  strategies: UnleashStrategy[];
  variants: never[];
  dependencies: never[];
}

export interface UnleashStrategy {
  name: 'default' | 'flexibleRollout';
  parameters: Record<string, string>;
  constraints: UnleashConstraint[];
  variants: UnleashVariant[];
}

export interface UnleashConstraint {
  contextName: string;
  operator: 'IN' | 'NOT_IN';
  values: string[];
  inverted: boolean;
  caseInsensitive: boolean;
}

export interface UnleashVariant {
  name: string;
  weight: number;
  weightType: 'fix';
  stickiness: string;
  payload?: UnleashPayload;
}

export interface UnleashPayload {
  type: 'string' | 'number' | 'json';
  value: string;
}

/** Text and numbers go as they are, anything else as JSON text: an SDK sees strings only. */
export function unleashPayload(payload: unknown): UnleashPayload | undefined {
  if (payload === undefined || payload === null) return undefined;
  if (typeof payload === 'string') return { type: 'string', value: payload };
  if (typeof payload === 'number') return { type: 'number', value: String(payload) };
  return { type: 'json', value: JSON.stringify(payload) };
}
