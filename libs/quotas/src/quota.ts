import type { QuotaKind, QuotaSnapshot } from '#runtime/wire';

export type { QuotaKind } from '#runtime/wire';

export const quotaKinds = ['REQUEST_RATE', 'CONCURRENCY', 'JOBS_IN_FLIGHT', 'JOBS_QUEUED'] as const;

export type QuotaSource = QuotaSnapshot['source'];

/** Requests a second for REQUEST_RATE, which alone has a burst; a count for the other kinds. */
export interface Limit {
  limit: number;
  burst: number | null;
}

/** A hard limit refuses what goes beyond it, a soft one only tells. */
export interface PlanLimit extends Limit {
  hard: boolean;
}

export interface QuotaBoost extends Limit {
  until: Date;
  reason: string | null;
  by: string;
}

/** What is stored about one limit of one tenant. */
export interface QuotaLayers {
  plan: PlanLimit;
  override: PlanLimit | null;
  boost: QuotaBoost | null;
}

export interface EffectiveQuota extends PlanLimit {
  source: QuotaSource;
}

/** The limit that holds at `now`: an active boost, else the tenant's override, else the plan's default. */
export function effectiveQuota({ plan, override, boost }: QuotaLayers, now: Date): EffectiveQuota {
  const standing: EffectiveQuota = override
    ? { ...override, source: 'OVERRIDE' }
    : { ...plan, source: 'PLAN' };
  if (!boost || boost.until <= now) return standing;
  return { limit: boost.limit, burst: boost.burst, hard: standing.hard, source: 'BOOST' };
}

/** The same for an instance, which must know what holds when the boost ends without asking again. */
export function quotaSnapshot(kind: QuotaKind, layers: QuotaLayers, now: Date): QuotaSnapshot {
  const { limit, burst, hard, source } = effectiveQuota(layers, now);
  const after = effectiveQuota({ ...layers, boost: null }, now);
  const boosted = source === 'BOOST' && layers.boost;
  return {
    kind,
    limit,
    burst,
    hard,
    source,
    boostUntil: boosted ? boosted.until.toISOString() : null,
    limitAfterBoost: boosted ? after.limit : null,
    burstAfterBoost: boosted ? after.burst : null,
  };
}

/** What is wrong with a limit; undefined if nothing is. */
export function limitProblem(kind: QuotaKind, { limit, burst }: Limit): string | undefined {
  if (!Number.isFinite(limit) || limit < 0 || limit > 1e9) return 'must be a number from 0 to 1,000,000,000';
  if (kind === 'REQUEST_RATE') {
    if (burst !== null && !(burst >= 1 && burst <= 1e9)) return 'must have a burst from 1 to 1,000,000,000';
    return undefined;
  }
  if (burst !== null) return 'may have a burst only for REQUEST_RATE';
  return Number.isInteger(limit) ? undefined : 'must be a whole number';
}
