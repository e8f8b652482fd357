import { z } from 'zod';
import type { PlanLimit, QuotaKind } from './quota.js';

/** Name of each kind in a manifest. */
export const manifestNames: Record<QuotaKind, ManifestName> = {
  REQUEST_RATE: 'requestRate',
  CONCURRENCY: 'concurrency',
  JOBS_IN_FLIGHT: 'jobsInFlight',
  JOBS_QUEUED: 'jobsQueued',
};
export type ManifestName = 'requestRate' | 'concurrency' | 'jobsInFlight' | 'jobsQueued';

const most = 1_000_000_000;
const rate = z.strictObject({
  perSecond: z.number().min(0).max(most),
  burst: z.number().min(1).max(most).optional(),
  hard: z.boolean().default(true),
});
const wholeNumber = z.int().min(0).max(most);
/** `16`, or `{ limit: 16, hard: false }`. */
const count = z.union([wholeNumber, z.strictObject({ limit: wholeNumber, hard: z.boolean().default(true) })]);

/** Limits of every kind, as a plan states them. */
export const planLimits = z.strictObject({
  requestRate: rate,
  concurrency: count,
  jobsInFlight: count,
  jobsQueued: count,
});

/** Limits that deviate from the plan, as a tenant states them. */
export const tenantLimits = planLimits.partial();

export type ManifestLimits = z.infer<typeof tenantLimits>;
type ManifestLimit = ManifestLimits[ManifestName];

/** @returns undefined for a kind that the manifest leaves out. */
export function limitIn(limits: ManifestLimits, kind: QuotaKind): PlanLimit | undefined {
  const value: ManifestLimit = limits[manifestNames[kind]];
  if (value === undefined) return undefined;
  if (typeof value === 'number') return { limit: value, burst: null, hard: true };
  if ('perSecond' in value) return { limit: value.perSecond, burst: value.burst ?? null, hard: value.hard };
  return { limit: value.limit, burst: null, hard: value.hard };
}

/** A limit as a manifest would state it, for the difference that is shown. */
export function asManifest(kind: QuotaKind, limit: PlanLimit | undefined): ManifestLimit | null {
  if (!limit) return null;
  const { limit: value, burst, hard } = limit;
  if (kind === 'REQUEST_RATE') return { perSecond: value, ...(burst === null ? {} : { burst }), hard };
  return hard ? value : { limit: value, hard };
}
