import { ArgsType, Field, Float, ID, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { ConnectionOf, JsonScalar, PageArgs } from '#platform';
import { UnitKindEnum } from '#tenancy';
import {
  scopeKinds,
  type FlagKind,
  type FlagLifecycle,
  type FlagScopeKind,
  type RiskClass,
} from '../flag.js';
import { FlagLifecycleEnum } from './flag-model.type.js';
import { RuleConditionsType } from './rule-conditions.type.js';

export const FlagKindEnum = { BOOLEAN: 'BOOLEAN', VARIANT: 'VARIANT' } as const;
registerEnumType(FlagKindEnum, { name: 'FlagKind' });

export const RiskClassEnum = { STANDARD: 'STANDARD', FINANCIAL: 'FINANCIAL' } as const;
registerEnumType(RiskClassEnum, { name: 'RiskClass', description: 'FINANCIAL flags move money.' });

export const FlagScopeKindEnum = Object.fromEntries(scopeKinds.map((kind) => [kind, kind])) as {
  [Kind in FlagScopeKind]: Kind;
};
registerEnumType(FlagScopeKindEnum, {
  name: 'FlagScopeKind',
  description: 'From least to most specific; of the rules that match, the most specific wins.',
});

@ObjectType('FlagScope')
export class FlagScopeType {
  @Field(() => FlagScopeKindEnum)
  kind!: FlagScopeKind;
  @Field(() => String, { description: '"*" for ENVIRONMENT, a slug for TENANT, "slug/code" for units.' })
  key!: string;
  @Field(() => String, { description: 'What a person calls it.' })
  label!: string;
}

@ObjectType('FlagVariant')
export class FlagVariantType {
  @Field(() => String)
  name!: string;
  @Field(() => JsonScalar, { nullable: true })
  payload?: unknown;
  @Field(() => String, { nullable: true })
  description?: string | null | undefined;
}

@ObjectType('FlagRule')
export class FlagRuleType extends RuleConditionsType {
  @Field(() => ID)
  id!: string;
  @Field(() => FlagScopeType)
  scope!: FlagScopeType;
  @Field(() => Boolean)
  enabled!: boolean;
  @Field(() => String, { nullable: true })
  variant!: string | null;
  @Field(() => String, { nullable: true })
  reason!: string | null;
  @Field(() => String, { nullable: true, description: 'Why what the lint refuses is wanted.' })
  lintOverride!: string | null;
  @Field(() => String)
  setBy!: string;
  @Field(() => Date)
  setAt!: Date;
}

@ObjectType('FlagMetrics', { description: 'Evaluations that SDKs reported.' })
export class FlagMetricsType {
  @Field(() => Float)
  yes!: number;
  @Field(() => Float)
  no!: number;
  @Field(() => Date, { nullable: true })
  lastSeenAt!: Date | null;
}

@ObjectType('FlagEnvironment')
export class FlagEnvironmentType {
  @Field(() => String)
  name!: string;
  @Field(() => Boolean, { description: 'false is the kill switch: off for everybody.' })
  enabled!: boolean;
  @Field(() => Int, { description: 'Revision of the last change that SDKs of the environment could see.' })
  revision!: number;
  @Field(() => FlagMetricsType)
  metrics!: FlagMetricsType;
}

@ObjectType('Flag')
export class FlagType {
  @Field(() => String)
  key!: string;
  @Field(() => String)
  description!: string;
  @Field(() => FlagKindEnum)
  kind!: FlagKind;
  @Field(() => RiskClassEnum)
  riskClass!: RiskClass;
  @Field(() => String, { nullable: true })
  owner!: string | null;
  @Field(() => [FlagVariantType])
  variants!: readonly FlagVariantType[];
  @Field(() => String, { nullable: true, description: 'What the flag stands for when it is off.' })
  defaultVariant!: string | null;
  @Field(() => FlagLifecycleEnum)
  lifecycle!: FlagLifecycle;
  @Field(() => String)
  project!: string;
  @Field(() => String, { description: 'What it is for, in the words of Unleash.' })
  type!: string;
  @Field(() => Date, { nullable: true, description: 'When it should be gone; nothing switches by it.' })
  expiresAt!: Date | null;
  @Field(() => [String])
  tags!: readonly string[];
  @Field(() => Boolean)
  impressionData!: boolean;
  @Field(() => JsonScalar, { nullable: true, description: 'JSON schema that every payload keeps to.' })
  payloadSchema!: unknown;
  @Field(() => Boolean)
  archived!: boolean;
  @Field(() => Date)
  createdAt!: Date;
  @Field(() => Date)
  updatedAt!: Date;
  @Field(() => Int, { description: 'For expectedVersion: grows with every change of the flag or its rules.' })
  version!: number;
}

@ObjectType()
export class FlagConnection extends ConnectionOf<FlagType>(() => FlagType, 'Flag') {}

@ArgsType()
export class FlagsArgs extends PageArgs {
  @Field(() => String, { nullable: true, description: 'In key, description or owner.' })
  search?: string | null;
  @Field(() => Boolean, { nullable: true, defaultValue: false })
  archived?: boolean | null;
  @Field(() => [String], { nullable: true, description: 'Keys; one of them. None: any, as below.' })
  project?: string[] | null;
  @Field(() => [FlagKindEnum], { nullable: true })
  kind?: FlagKind[] | null;
  @Field(() => [RiskClassEnum], { nullable: true })
  riskClass?: RiskClass[] | null;
  @Field(() => [String], { nullable: true })
  owner?: string[] | null;
  @Field(() => [FlagLifecycleEnum], { nullable: true })
  lifecycle?: FlagLifecycle[] | null;
  @Field(() => Boolean, { nullable: true, description: 'Only those that a kill switch has off somewhere.' })
  killed?: boolean | null;
  @Field(() => Boolean, { nullable: true, description: 'Only those that `staleFlags` names after 30 days.' })
  stale?: boolean | null;
}

@ObjectType('FlagTraceStep')
export class FlagTraceStepType {
  @Field(() => FlagScopeType)
  scope!: FlagScopeType;
  @Field(() => String, { description: 'WON, WITHOUT_EFFECT, MATCHED_BUT_LESS_SPECIFIC or NOT_MATCHED.' })
  outcome!: string;
  @Field(() => Boolean)
  enabled!: boolean;
  @Field(() => String, { nullable: true })
  variant!: string | null;
  @Field(() => String)
  explanation!: string;
}

@ObjectType('FlagDecision')
export class FlagDecisionType {
  @Field(() => String)
  flag!: string;
  @Field(() => Boolean)
  enabled!: boolean;
  @Field(() => String, { nullable: true })
  variant!: string | null;
  @Field(() => JsonScalar, { nullable: true })
  payload!: unknown;
  @Field(() => String, { description: 'RULE, STRATEGY, DEFAULT, KILLED, ARCHIVED, DRAFT or DEPENDENCY.' })
  reason!: string;
  @Field(() => FlagRuleType, { nullable: true })
  rule!: FlagRuleType | null;
  @Field(() => [FlagTraceStepType], {
    description:
      'A flag that it depends on and that is not as it must be, rules from the most specific, strategies; of those that do not match, at most a hundred.',
  })
  trace!: FlagTraceStepType[];
}

@ObjectType('FlagDecisionSummary')
export class FlagDecisionSummaryType {
  @Field(() => Boolean)
  enabled!: boolean;
  @Field(() => String, { nullable: true })
  variant!: string | null;
}

@ObjectType('FlagEffect')
export class FlagEffectType {
  @Field(() => String)
  tenant!: string;
  @Field(() => UnitKindEnum, { nullable: true, description: 'Absent for the tenant as a whole.' })
  unitKind!: 'BRANCH' | 'WAREHOUSE' | 'ACCOUNT' | null;
  @Field(() => String, { nullable: true })
  unitCode!: string | null;
  @Field(() => String, { nullable: true })
  unitName!: string | null;
  @Field(() => FlagDecisionSummaryType)
  before!: FlagDecisionSummaryType;
  @Field(() => FlagDecisionSummaryType)
  after!: FlagDecisionSummaryType;
}

@ObjectType('FlagTransition')
export class FlagTransitionType {
  @Field(() => FlagDecisionSummaryType)
  before!: FlagDecisionSummaryType;
  @Field(() => FlagDecisionSummaryType)
  after!: FlagDecisionSummaryType;
  @Field(() => Int)
  count!: number;
}

@ObjectType('FlagSimulation')
export class FlagSimulationType {
  @Field(() => String)
  flag!: string;
  @Field(() => Int, { description: 'Tenants of whom something changes.' })
  affectedTenants!: number;
  @Field(() => [FlagTransitionType], { description: 'From what to what, the most frequent first.' })
  transitions!: FlagTransitionType[];
  @Field(() => [FlagEffectType], { description: 'A page of at most a thousand; affectedTotal counts all.' })
  affected!: FlagEffectType[];
  @Field(() => Int)
  affectedTotal!: number;
  @Field(() => Int)
  unchanged!: number;
  @Field(() => Int, { description: 'Tenants, branches, warehouses and accounts that were looked at.' })
  total!: number;
}

@ObjectType()
export class FlagPayload {
  @Field(() => FlagType)
  flag!: FlagType;
  @Field(() => Int, { description: 'What SDKs have applied once they are at this revision.' })
  revision!: number;
}

@ObjectType('FlagChange')
export class FlagChangeType {
  @Field(() => FlagType)
  flag!: FlagType;
  @Field(() => Int)
  revision!: number;
  @Field(() => String, { nullable: true, description: 'Absent if the change concerns every environment.' })
  environment!: string | null;
  @Field(() => String)
  action!: string;
}

@ObjectType()
export class SdkTokenPayload {
  @Field(() => ID)
  id!: string;
  @Field(() => String, {
    nullable: true,
    description: 'Shown once: a repetition of the request gives null, since only its hash is kept.',
  })
  secret!: string | null;
}

@ObjectType()
export class RevokeSdkTokenPayload {
  @Field(() => ID)
  id!: string;
}
