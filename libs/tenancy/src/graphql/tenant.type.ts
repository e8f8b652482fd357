import { ArgsType, Field, Float, ID, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { ConnectionOf, JsonScalar, PageArgs } from '#platform';
import type { IsolationTier, Placement, Suspension, TenantStatus, UnitKind } from '../tenant.js';

export const PlacementEnum = { SHARED: 'SHARED', DEDICATED: 'DEDICATED' } as const;
registerEnumType(PlacementEnum, { name: 'Placement' });

export const IsolationTierEnum = { SHARED: 'SHARED', HYBRID: 'HYBRID', DEDICATED: 'DEDICATED' } as const;
registerEnumType(IsolationTierEnum, {
  name: 'IsolationTier',
  description: 'Follows from the placements of database and workers: one dedicated makes HYBRID.',
});

export const TenantStatusEnum = {
  PROVISIONING: 'PROVISIONING',
  ACTIVE: 'ACTIVE',
  MOVING: 'MOVING',
  SUSPENDED: 'SUSPENDED',
  OFFBOARDING: 'OFFBOARDING',
  OFFBOARDED: 'OFFBOARDED',
  FAILED: 'FAILED',
} as const;
registerEnumType(TenantStatusEnum, { name: 'TenantStatus' });

export const SuspensionEnum = { READ_ONLY: 'READ_ONLY', ALL: 'ALL' } as const;
registerEnumType(SuspensionEnum, {
  name: 'Suspension',
  description: 'What is refused: writes alone (READ_ONLY), or everything.',
});

export const UnitKindEnum = {
  REGION: 'REGION',
  BRANCH: 'BRANCH',
  WAREHOUSE: 'WAREHOUSE',
  ACCOUNT: 'ACCOUNT',
} as const;
registerEnumType(UnitKindEnum, { name: 'UnitKind' });

/** Parents are {@link Tenant} of the model: another domain's resolver may return one where it has this type. */
@ObjectType('Tenant', { description: 'A distributor that runs on the platform.' })
export class TenantType {
  @Field(() => ID)
  id!: string;
  @Field(() => String)
  slug!: string;
  @Field(() => String)
  name!: string;
  @Field(() => String)
  plan!: string;
  @Field(() => TenantStatusEnum)
  status!: TenantStatus;
  @Field(() => String, { nullable: true })
  region!: string | null;
  @Field(() => JsonScalar)
  labels!: Record<string, string>;
  @Field(() => SuspensionEnum, { nullable: true, description: 'Of a SUSPENDED tenant.' })
  suspension!: Suspension | null;
  @Field(() => Date, {
    nullable: true,
    description: 'Of an OFFBOARDING tenant: until then it can be brought back.',
  })
  eraseAfter!: Date | null;
  @Field(() => Date, { nullable: true, description: 'Set: its erasure has begun.' })
  erasingSince!: Date | null;
  @Field(() => Date)
  createdAt!: Date;
}

@ObjectType()
export class TenantConnection extends ConnectionOf<TenantType>(() => TenantType, 'Tenant') {}

@ObjectType('DatabasePlacement', { description: 'Where the rows of a tenant are.' })
export class DatabasePlacementType {
  @Field(() => PlacementEnum)
  placement!: Placement;
  @Field(() => String, { nullable: true })
  cluster!: string | null;
  @Field(() => String, { nullable: true })
  name!: string | null;
  @Field(() => String, { nullable: true })
  loginRole!: string | null;
}

@ObjectType('RuntimeInstance', { description: 'A data-plane process, as its heartbeat shows it.' })
export class RuntimeInstanceType {
  @Field(() => ID)
  id!: string;
  @Field(() => String)
  service!: string;
  @Field(() => Date)
  seenAt!: Date;
  @Field(() => Date)
  startedAt!: Date;
  @Field(() => Int)
  appliedRevision!: number;
  @Field(() => Boolean)
  alive!: boolean;
}

@ObjectType('WorkerPlacement', { description: 'Where the integration jobs of a tenant run.' })
export class WorkerPlacementType {
  @Field(() => PlacementEnum)
  placement!: Placement;
  @Field(() => [RuntimeInstanceType], { description: 'Workers of this tenant alone.' })
  instances!: RuntimeInstanceType[];
}

@ObjectType('Unit', { description: 'A region, branch, warehouse or account of a tenant.' })
export class UnitType {
  @Field(() => UnitKindEnum)
  kind!: UnitKind;
  @Field(() => String)
  code!: string;
  @Field(() => String)
  name!: string;
  @Field(() => String, { description: 'Name across all tenants, e.g. northwind/seattle, as flags use it.' })
  key!: string;
  @Field(() => UnitKindEnum, { nullable: true })
  parentKind!: UnitKind | null;
  @Field(() => String, { nullable: true })
  parentCode!: string | null;
  @Field(() => JsonScalar)
  attributes!: Record<string, unknown>;
}

@ObjectType()
export class UnitConnection extends ConnectionOf<UnitType>(() => UnitType, 'Unit') {}

@ObjectType('UnitCount')
export class UnitCountType {
  @Field(() => UnitKindEnum)
  kind!: UnitKind;
  @Field(() => Int)
  count!: number;
}

@ObjectType('DeadLetter', { description: 'An integration job that was given up.' })
export class DeadLetterType {
  @Field(() => ID)
  id!: string;
  @Field(() => String)
  kind!: string;
  @Field(() => Int)
  attempts!: number;
  @Field(() => String, { nullable: true })
  error!: string | null;
  @Field(() => Date)
  createdAt!: Date;
  @Field(() => JsonScalar, { nullable: true })
  payload!: unknown;
}

@ObjectType('PlacementPlan', { description: 'What a change of placement would mean, before it is made.' })
export class PlacementPlanType {
  @Field(() => String)
  tenant!: string;
  @Field(() => IsolationTierEnum)
  currentTier!: IsolationTier;
  @Field(() => IsolationTierEnum)
  targetTier!: IsolationTier;
  @Field(() => String, { nullable: true })
  currentCluster!: string | null;
  @Field(() => String, { nullable: true })
  targetCluster!: string | null;
  @Field(() => Float, { description: 'Rows that would be copied.' })
  rows!: number;
  @Field(() => Float, { nullable: true, description: 'Rough: at 220,000 rows a second.' })
  copySeconds!: number | null;
  @Field(() => Float, {
    nullable: true,
    description: 'By the rate card of its cluster; null: it does not say.',
  })
  currentMonthlyCost!: number | null;
  @Field(() => Float, { nullable: true })
  targetMonthlyCost!: number | null;
  @Field(() => String, { nullable: true, description: 'How a cost becomes known that is not.' })
  costHint!: string | null;
  @Field(() => [String], { description: 'What would happen, in order.' })
  steps!: string[];
  @Field(() => [String], { description: 'What to think of before.' })
  risks!: string[];
  @Field(() => [String], { description: 'Why it cannot be done; empty if it can.' })
  blockers!: string[];
}

@ObjectType('LegalHold', { description: 'A reason for which the data of a tenant must not be erased.' })
export class LegalHoldType {
  @Field(() => ID)
  id!: string;
  @Field(() => String)
  reason!: string;
  @Field(() => String)
  placedBy!: string;
  @Field(() => Date)
  placedAt!: Date;
  @Field(() => String, { nullable: true })
  releasedBy!: string | null;
  @Field(() => Date, { nullable: true, description: 'null: it holds.' })
  releasedAt!: Date | null;
  @Field(() => String, { nullable: true })
  releaseReason!: string | null;
}

@ArgsType()
export class TenantsArgs extends PageArgs {
  @Field(() => String, { nullable: true, description: 'Part of slug or name.' })
  search?: string | null;
  @Field(() => [TenantStatusEnum], { nullable: true })
  status?: TenantStatus[] | null;
  @Field(() => [IsolationTierEnum], { nullable: true })
  tier?: IsolationTier[] | null;
  @Field(() => String, { nullable: true })
  region?: string | null;
  @Field(() => String, { nullable: true, description: 'A label: `ring=canary`, or `ring` for any value.' })
  label?: string | null;
}

@ArgsType()
export class UnitsArgs extends PageArgs {
  @Field(() => UnitKindEnum, { nullable: true })
  kind?: UnitKind | null;
  @Field(() => String, { nullable: true, description: 'Code of the parent.' })
  parent?: string | null;
}
