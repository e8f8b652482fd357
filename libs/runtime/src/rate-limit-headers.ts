import type { Rate, RateDecision } from './gcra.js';

/** Seconds after which a rate of zero is asked about again. */
const never = 3_600;

/**
 * RateLimit-Policy and RateLimit as in draft-ietf-httpapi-ratelimit-headers: the policy is a quota of `q` requests in
 * `w` seconds that a client may rely on, `r` what may be sent now, `t` the seconds until there is more.
 */
export function rateLimitHeaders(rate: Rate, decision: RateDecision): Record<string, string> {
  return {
    'ratelimit-policy': `"rate";${policyOf(rate)}`,
    ratelimit: `"rate";r=${decision.remaining};t=${secondsUntilMore(decision)}`,
  };
}

/** The bucket fills in burst/rate seconds; whoever keeps to one burst in that time is never refused. */
function policyOf({ perSecond, burst }: Rate): string {
  if (perSecond <= 0) return `q=0;w=${never}`;
  const window = Math.max(1, Math.ceil(burst / perSecond));
  return `q=${Math.max(Math.floor(burst), Math.floor(perSecond * window))};w=${window}`;
}

/** Whole seconds; Retry-After carries the same number, since it must not be earlier. */
export function secondsUntilMore(decision: RateDecision): number {
  const ms = decision.remaining === 0 ? decision.retryAfterMs : decision.resetMs;
  return Number.isFinite(ms) ? Math.ceil(ms / 1_000) : never;
}
