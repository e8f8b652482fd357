import type { Enum } from './graphql/graphql.js';

/** The values of the schema's enums, in the order in which people meet them. */
export const tiers = ['SHARED', 'HYBRID', 'DEDICATED'] as const satisfies Enum<'IsolationTier'>[];

export const placements = ['SHARED', 'DEDICATED'] as const satisfies Enum<'Placement'>[];

export const tenantStatuses = [
  'ACTIVE',
  'PROVISIONING',
  'MOVING',
  'SUSPENDED',
  'FAILED',
  'OFFBOARDING',
  'OFFBOARDED',
] as const satisfies Enum<'TenantStatus'>[];

export const operationStatuses = [
  'RUNNING',
  'WAITING',
  'PENDING',
  'FAILED',
  'SUCCEEDED',
  'CANCELLED',
] as const satisfies Enum<'OperationStatus'>[];

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
] as const satisfies Enum<'ReleaseStatus'>[];

export const unitKinds = ['REGION', 'BRANCH', 'WAREHOUSE', 'ACCOUNT'] as const satisfies Enum<'UnitKind'>[];

export const changeRequestStatuses = [
  'DRAFT',
  'IN_REVIEW',
  'SCHEDULED',
  'REJECTED',
  'APPLYING',
  'APPLIED',
  'CLOSED',
  'DISCARDED',
] as const satisfies Enum<'ChangeRequestStatus'>[];

export const flagKinds = ['BOOLEAN', 'VARIANT'] as const satisfies Enum<'FlagKind'>[];
export const riskClasses = ['STANDARD', 'FINANCIAL'] as const satisfies Enum<'RiskClass'>[];
export const flagLifecycles = ['ACTIVE', 'DRAFT', 'STALE'] as const satisfies Enum<'FlagLifecycle'>[];
/** What the list of flags can be narrowed to beside its filters. */
export const flagViews = ['stale', 'killed', 'archived'] as const;

export const fleetStatuses = ['FAILED', 'BEHIND', 'CURRENT'] as const satisfies Enum<'FleetStatus'>[];

export const sdkTokenKinds = ['CLIENT', 'FRONTEND', 'RUNTIME'] as const satisfies Enum<'SdkTokenKind'>[];
/** Beside those in use. */
export const sdkTokenViews = ['revoked'] as const;
