import type { QuotaKind, QuotaSnapshot } from './wire.js';
import type { Rate } from './gcra.js';

/** A limit as it holds now. */
export interface EffectiveQuota {
  kind: QuotaKind;
  limit: number;
  burst: number | null;
  hard: boolean;
}

/**
 * The limit that holds at `now`: a boost ends on the instance's own clock, so it ends also while the control plane
 * is away.
 */
export function effectiveQuota(quota: QuotaSnapshot, now: Date): EffectiveQuota {
  const { kind, hard } = quota;
  const over = quota.boostUntil !== null && Date.parse(quota.boostUntil) <= now.getTime();
  return over
    ? { kind, hard, limit: quota.limitAfterBoost ?? quota.limit, burst: quota.burstAfterBoost }
    : { kind, hard, limit: quota.limit, burst: quota.burst };
}

/** A rate without a stated burst lets one second's worth come at once. */
export function rateOf(quota: EffectiveQuota): Rate {
  return { perSecond: quota.limit, burst: Math.max(1, quota.burst ?? quota.limit) };
}
