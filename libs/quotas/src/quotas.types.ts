import { Field, Float, InputType, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { quotaKinds, type QuotaKind, type QuotaSource } from './quota.js';

export const QuotaKindEnum = Object.fromEntries(quotaKinds.map((kind) => [kind, kind])) as {
  [K in QuotaKind]: K;
};
registerEnumType(QuotaKindEnum, { name: 'QuotaKind' });

const QuotaSourceEnum: { [S in QuotaSource]: S } = { PLAN: 'PLAN', OVERRIDE: 'OVERRIDE', BOOST: 'BOOST' };
registerEnumType(QuotaSourceEnum, { name: 'QuotaSource' });

@ObjectType('QuotaBoost', { description: 'Another limit for a while.' })
export class QuotaBoostType {
  @Field(() => Float)
  limit!: number;
  @Field(() => Float, { nullable: true })
  burst!: number | null;
  @Field(() => Date)
  until!: Date;
  @Field(() => String, { nullable: true })
  reason!: string | null;
  @Field(() => String)
  by!: string;
}

@ObjectType('Quota', {
  description: 'One limit of a tenant as it holds now: boost, else override, else plan.',
})
export class QuotaType {
  @Field(() => String, { description: 'Slug.' })
  tenant!: string;
  @Field(() => QuotaKindEnum)
  kind!: QuotaKind;
  @Field(() => Float, { description: 'Requests a second for REQUEST_RATE, a count for the other kinds.' })
  limit!: number;
  @Field(() => Float, { nullable: true, description: 'Requests that may come at once; only REQUEST_RATE.' })
  burst!: number | null;
  @Field(() => Boolean, { description: 'A hard limit refuses, a soft one only tells.' })
  hard!: boolean;
  @Field(() => QuotaSourceEnum)
  source!: QuotaSource;
  @Field(() => Float)
  planLimit!: number;
  @Field(() => Float, { nullable: true })
  override!: number | null;
  @Field(() => QuotaBoostType, { nullable: true })
  boost!: QuotaBoostType | null;
}

@ObjectType('PlanLimit')
export class PlanLimitType {
  @Field(() => QuotaKindEnum)
  kind!: QuotaKind;
  @Field(() => Float)
  limit!: number;
  @Field(() => Float, { nullable: true })
  burst!: number | null;
  @Field(() => Boolean)
  hard!: boolean;
}

@ObjectType('Plan', { description: 'Default limits, and the share of scarce capacity.' })
export class PlanType {
  @Field(() => String)
  name!: string;
  @Field(() => String, { nullable: true })
  description!: string | null;
  @Field(() => Float)
  weight!: number;
  @Field(() => [PlanLimitType])
  limits!: PlanLimitType[];
}

@ObjectType('UsagePoint')
export class UsagePointType {
  @Field(() => Date)
  at!: Date;
  @Field(() => Float)
  requests!: number;
  @Field(() => Float, { description: 'Refused with 429.' })
  throttled!: number;
  @Field(() => Float, { description: 'Shed with 503.' })
  shed!: number;
  @Field(() => Float, { description: 'Time database connections were held.' })
  databaseMs!: number;
  @Field(() => Float, { description: 'Time requests waited for a slot.' })
  queuedMs!: number;
  @Field(() => Float, { nullable: true, description: 'Exact to within a fifth; null without requests.' })
  p99Ms!: number | null;
  @Field(() => Float)
  jobs!: number;
}

@ObjectType('NoisyNeighbor')
export class NoisyNeighborType {
  @Field(() => String, { description: 'Slug.' })
  tenant!: string;
  @Field(() => Float)
  requests!: number;
  @Field(() => Float)
  throttled!: number;
  @Field(() => Float)
  databaseMs!: number;
  @Field(() => Float, { description: 'Share of the database time of all tenants, 0 to 1.' })
  share!: number;
  @Field(() => Int, { description: 'Other tenants that had to wait or were shed.' })
  victims!: number;
  @Field(() => Float, {
    description: "Mean wait of the others' requests in milliseconds, weighted by share.",
  })
  score!: number;
}

@ObjectType('QuotaPressure', { description: 'A tenant is near its limit or over it.' })
export class QuotaPressureType {
  @Field(() => String, { description: 'Slug.' })
  tenant!: string;
  @Field(() => QuotaKindEnum)
  kind!: QuotaKind;
  @Field(() => Float)
  used!: number;
  @Field(() => Float)
  limit!: number;
  @Field(() => Float)
  throttled!: number;
  @Field(() => Date)
  at!: Date;
}

@ObjectType()
export class QuotaPayload {
  @Field(() => QuotaType)
  quota!: QuotaType;
}

@InputType({ isAbstract: true })
abstract class QuotaKeyInput {
  @Field(() => String, { description: 'Slug.' })
  tenant!: string;
  @Field(() => QuotaKindEnum)
  kind!: QuotaKind;
  @Field(() => String, { nullable: true, description: 'Idempotency key.' })
  clientMutationId?: string | null;
}

@InputType()
export class SetQuotaInput extends QuotaKeyInput {
  @Field(() => Float)
  limit!: number;
  @Field(() => Float, { nullable: true })
  burst?: number | null;
  @Field(() => Boolean, { nullable: true, defaultValue: true })
  hard?: boolean | null;
  @Field(() => String, { nullable: true })
  reason?: string | null;
}

@InputType()
export class ClearQuotaInput extends QuotaKeyInput {}

@InputType()
export class BoostQuotaInput extends QuotaKeyInput {
  @Field(() => Float)
  limit!: number;
  @Field(() => Float, { nullable: true })
  burst?: number | null;
  @Field(() => Int, { description: 'How long, 1 to 43200.' })
  minutes!: number;
  @Field(() => String, { nullable: true })
  reason?: string | null;
}

@InputType()
export class ClearBoostInput extends QuotaKeyInput {}

@InputType()
export class UsageInput {
  @Field(() => String, { description: 'Slug.' })
  tenant!: string;
  @Field(() => Date, { nullable: true, description: 'Default: an hour before `to`.' })
  from?: Date | null;
  @Field(() => Date, { nullable: true, description: 'Default: now.' })
  to?: Date | null;
  @Field(() => Int, { nullable: true, description: 'Seconds of one point, a multiple of 60; default 60.' })
  step?: number | null;
}

@InputType()
export class NoisyNeighborsInput {
  @Field(() => Int, { nullable: true, description: 'How far to look back, 1 to 1440; default 15.' })
  minutes?: number | null;
  @Field(() => Int, { nullable: true, description: 'Default 20.' })
  first?: number | null;
}
