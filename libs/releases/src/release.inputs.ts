import { Field, Float, ID, InputType, Int } from '@nestjs/graphql';
import { RuleConditionsInput } from '#flags';
import { JsonScalar } from '#platform';
import { IsolationTierEnum, type IsolationTier } from '#tenancy';

@InputType()
export class ReleaseFlagChangeInput extends RuleConditionsInput {
  @Field(() => String)
  flag!: string;
  @Field(() => Boolean)
  enabled!: boolean;
  @Field(() => String, { nullable: true })
  variant?: string | null;
}

@InputType()
export class GateInput {
  @Field(() => String, {
    description: 'margin, order-success, order-acceptance, fill-rate or edi-acceptance.',
  })
  kpi!: string;
  @Field(() => Float, { description: 'Highest share of bad outcomes that is still good, e.g. 0.01.' })
  threshold!: number;
  @Field(() => Int, { nullable: true, description: 'Outcomes needed to pass; 100 unless told.' })
  minSamples?: number | null;
}

@InputType({ description: 'All conditions given must hold; none given selects nobody.' })
export class SelectorInput {
  @Field(() => [String], { nullable: true })
  slugs?: string[] | null;
  @Field(() => JsonScalar, {
    nullable: true,
    description: 'e.g. {"ring": "canary"}; every label must match.',
  })
  labels?: Record<string, string> | null;
  @Field(() => [IsolationTierEnum], { nullable: true })
  tiers?: IsolationTier[] | null;
  @Field(() => [String], { nullable: true })
  regions?: string[] | null;
  @Field(() => Boolean, {
    nullable: true,
    description: 'Everybody no earlier wave selects; only in the last wave.',
  })
  rest?: boolean | null;
}

@InputType()
export class WaveInput {
  @Field(() => String)
  name!: string;
  @Field(() => SelectorInput)
  selector!: SelectorInput;
  @Field(() => Int, { nullable: true, description: 'Tenants at the same time; 4 unless told.' })
  concurrency?: number | null;
  @Field(() => Int, { nullable: true, description: '60 unless told.' })
  soakSeconds?: number | null;
  @Field(() => [GateInput], { nullable: true })
  gates?: GateInput[] | null;
}

@InputType()
export class CreateReleaseInput {
  @Field(() => String)
  name!: string;
  @Field(() => String, { nullable: true })
  description?: string | null;
  @Field(() => String, { description: 'sha256:… of what the data plane runs.' })
  artifactDigest!: string;
  @Field(() => [ReleaseFlagChangeInput], { nullable: true })
  flagChanges?: ReleaseFlagChangeInput[] | null;
  @Field(() => [String], { nullable: true, description: 'Names of files in migrations/tenant/releases.' })
  migrations?: string[] | null;
  @Field(() => [WaveInput])
  waves!: WaveInput[];
  @Field(() => String, { nullable: true })
  clientMutationId?: string | null;
}

@InputType({ description: 'Either a release that exists, or what one would be made of.' })
export class PlanReleaseInput {
  @Field(() => ID, { nullable: true })
  id?: string | null;
  @Field(() => [WaveInput], { nullable: true })
  waves?: WaveInput[] | null;
  @Field(() => String, { nullable: true })
  name?: string | null;
  @Field(() => String, { nullable: true })
  description?: string | null;
  @Field(() => String, { nullable: true })
  artifactDigest?: string | null;
  @Field(() => [ReleaseFlagChangeInput], { nullable: true })
  flagChanges?: ReleaseFlagChangeInput[] | null;
  @Field(() => [String], { nullable: true })
  migrations?: string[] | null;
}

@InputType()
export class ReleaseInput {
  @Field(() => ID)
  id!: string;
  @Field(() => String, { nullable: true })
  reason?: string | null;
  @Field(() => String, { nullable: true })
  clientMutationId?: string | null;
}

@InputType()
export class ApproveInput {
  @Field(() => ID)
  release!: string;
  @Field(() => String, { nullable: true })
  comment?: string | null;
  @Field(() => String, { nullable: true })
  clientMutationId?: string | null;
}
