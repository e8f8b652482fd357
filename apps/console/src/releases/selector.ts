interface Selector {
  slugs?: string[] | null;
  labels?: Record<string, string> | null;
  tiers?: string[] | null;
  regions?: string[] | null;
  rest?: boolean | null;
}

/** Whom a wave selects, as people say it. */
export function describeSelector(value: unknown): string {
  const selector = (value ?? {}) as Selector;
  if (selector.rest) return 'everybody else';
  const parts = [
    ...(selector.slugs ?? []),
    ...Object.entries(selector.labels ?? {}).map(([key, wanted]) => `${key}=${wanted}`),
    ...(selector.tiers ?? []).map((tier) => `tier ${tier.toLowerCase()}`),
    ...(selector.regions ?? []).map((region) => `region ${region}`),
  ];
  return parts.length > 0 ? parts.join(', ') : 'nobody';
}
