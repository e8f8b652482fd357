import { contentDigest } from '#audit';
import type { RuleValue } from '#flags';
import type { TenantSelector } from '#tenancy';

export const releaseStatuses = [
  'DRAFT',
  'STAGED',
  'READY',
  'RUNNING',
  'PAUSED',
  'SUCCEEDED',
  'FAILED',
  'ABORTED',
  'ROLLING_BACK',
  'ROLLED_BACK',
] as const;
/**
 * DRAFT: created. STAGED: on in staging, migrations being rehearsed. READY: may start in production. FAILED: stopped,
 * and its rollback needs a person. ABORTED: stopped, exposed tenants keep it. ROLLED_BACK: nobody is exposed any more.
 */
export type ReleaseStatus = (typeof releaseStatuses)[number];

/** HELD: the soak is over, but some gate has too little data to pass. */
export type WaveStatus =
  'PENDING' | 'RUNNING' | 'SOAKING' | 'PASSED' | 'HELD' | 'FAILED' | 'ROLLED_BACK' | 'SKIPPED';

export type WaveTenantStatus = 'PENDING' | 'APPLYING' | 'EXPOSED' | 'FAILED' | 'ROLLED_BACK';

/** What a tenant's rule becomes when the release reaches it. */
export interface FlagChange extends RuleValue {
  flag: string;
}

/** A file of migrations/tenant/releases, pinned to what it said when the release was made. */
export interface ReleaseMigration {
  name: string;
  checksum: string;
}

/** A guard on a business figure: the share of bad outcomes must not exceed the threshold. */
export interface GateSpec {
  /** Name out of {@link kpis}. */
  kpi: string;
  /** Highest share of bad outcomes that is still good, in (0, 1). */
  threshold: number;
  /** Outcomes needed before the gate may pass. */
  minSamples: number;
}

/** Tenants by conditions that must all hold, or `rest`: every tenant no earlier wave selected. Nothing given selects nobody. */
export type WaveSelector = TenantSelector & { rest?: boolean };

export interface WaveSpec {
  name: string;
  selector: WaveSelector;
  /** Tenants applied at the same time. */
  concurrency: number;
  /** Time every tenant of the wave must have been exposed before the wave may pass, in seconds. */
  soakSeconds: number;
  gates: GateSpec[];
}

/** What a release is. Immutable: whatever differs is another release. */
export interface ReleaseContent {
  artifactDigest: string;
  flagChanges: FlagChange[];
  migrations: ReleaseMigration[];
  waves: WaveSpec[];
}

/** SHA-256 of the content; an approval is bound to it. */
export function releaseDigest(content: ReleaseContent): string {
  return contentDigest(content);
}
