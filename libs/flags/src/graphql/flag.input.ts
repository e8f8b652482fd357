import { Field, ID, InputType, Int, IntersectionType } from '@nestjs/graphql';
import { SdkTokenKindEnum } from '#identity';
import { JsonScalar } from '#platform';
import type { FlagKind, FlagLifecycle, FlagScopeKind, RiskClass } from '../flag.js';
import { AskedContextInput } from './asked-context.input.js';
import { FlagDependencyInput } from './flag-model.input.js';
import { FlagLifecycleEnum } from './flag-model.type.js';
import { FlagKindEnum, FlagScopeKindEnum, RiskClassEnum } from './flag.type.js';
import { FlagEnvironmentInput, MutationInput } from './mutation.input.js';
import { RuleConditionsInput } from './rule-conditions.input.js';

@InputType()
export class FlagScopeInput {
  @Field(() => FlagScopeKindEnum)
  kind!: FlagScopeKind;
  @Field(() => String, { description: '"*" for ENVIRONMENT, a slug for TENANT, "slug/code" for units.' })
  key!: string;
}

@InputType()
export class FlagVariantInput {
  @Field(() => String)
  name!: string;
  @Field(() => JsonScalar, { nullable: true })
  payload?: unknown;
  @Field(() => String, { nullable: true })
  description?: string | null;
}

@InputType({ isAbstract: true })
abstract class FlagContentInput extends MutationInput {
  @Field(() => String)
  key!: string;
  @Field(() => String, { nullable: true })
  description?: string | null;
  @Field(() => RiskClassEnum, { nullable: true })
  riskClass?: RiskClass | null;
  @Field(() => [FlagVariantInput], { nullable: true })
  variants?: FlagVariantInput[] | null;
  @Field(() => String, { nullable: true })
  defaultVariant?: string | null;
  @Field(() => String, { nullable: true })
  owner?: string | null;
  @Field(() => FlagLifecycleEnum, { nullable: true })
  lifecycle?: FlagLifecycle | null;
  @Field(() => String, { nullable: true, description: 'Key of a project.' })
  project?: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'What it is for: release, experiment, operational, kill-switch or permission.',
  })
  type?: string | null;
  @Field(() => Date, { nullable: true, description: 'When it should be gone; nothing switches by it.' })
  expiresAt?: Date | null;
  @Field(() => [String], { nullable: true, description: 'Each as "type:value".' })
  tags?: string[] | null;
  @Field(() => Boolean, { nullable: true, description: 'SDKs then tell their application of evaluations.' })
  impressionData?: boolean | null;
  @Field(() => JsonScalar, { nullable: true, description: 'JSON schema that every payload keeps to.' })
  payloadSchema?: unknown;
  @Field(() => [FlagDependencyInput], {
    nullable: true,
    description: 'Flags that must be so for this one to be on; they have no dependencies themselves.',
  })
  dependencies?: FlagDependencyInput[] | null;
}

@InputType()
export class CreateFlagInput extends FlagContentInput {
  @Field(() => FlagKindEnum)
  kind!: FlagKind;
}

@InputType()
export class UpdateFlagInput extends FlagContentInput {
  @Field(() => String, { nullable: true })
  reason?: string | null;
  @Field(() => Int, {
    nullable: true,
    description: 'Refuse with FLAG_CHANGED if the flag has another version.',
  })
  expectedVersion?: number | null;
}

@InputType()
export class SetFlagRuleInput extends IntersectionType(FlagEnvironmentInput, RuleConditionsInput) {
  @Field(() => FlagScopeInput)
  scope!: FlagScopeInput;
  @Field(() => Boolean)
  enabled!: boolean;
  @Field(() => String, { nullable: true, description: 'Needed when a VARIANT flag is turned on.' })
  variant?: string | null;
  @Field(() => String, { nullable: true, description: 'Why what the lint refuses is wanted.' })
  lintOverride?: string | null;
}

@InputType()
export class ClearFlagRuleInput extends FlagEnvironmentInput {
  @Field(() => FlagScopeInput)
  scope!: FlagScopeInput;
}

@InputType()
export class SetFlagEnabledInput extends FlagEnvironmentInput {
  @Field(() => Boolean, { description: 'false turns the flag off for everybody, whatever the rules say.' })
  enabled!: boolean;
}

@InputType()
export class ArchiveFlagInput extends MutationInput {
  @Field(() => String)
  flag!: string;
  @Field(() => String, { nullable: true })
  reason?: string | null;
}

@InputType()
export class EvaluateFlagInput extends AskedContextInput {
  @Field(() => String)
  flag!: string;
  @Field(() => String)
  environment!: string;
}

@InputType()
export class SimulateFlagChangeInput extends RuleConditionsInput {
  @Field(() => String)
  flag!: string;
  @Field(() => String)
  environment!: string;
  @Field(() => FlagScopeInput)
  scope!: FlagScopeInput;
  @Field(() => Boolean, { nullable: true })
  enabled?: boolean | null;
  @Field(() => String, { nullable: true })
  variant?: string | null;
  @Field(() => Boolean, { nullable: true, description: 'Simulate that the rule is taken away.' })
  clear?: boolean | null;
  @Field(() => Int, { nullable: true, description: 'Examples to give, 0 to 1000; 1000 unless told.' })
  first?: number | null;
  @Field(() => Int, { nullable: true, description: 'Examples to leave out before them.' })
  skip?: number | null;
}

@InputType()
export class CreateSdkTokenInput extends MutationInput {
  @Field(() => String)
  name!: string;
  @Field(() => SdkTokenKindEnum)
  kind!: 'CLIENT' | 'FRONTEND' | 'RUNTIME';
  @Field(() => String)
  environment!: string;
  @Field(() => String, { nullable: true, description: 'Slug: the token then sees this tenant alone.' })
  tenant?: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'Code or unit key of a branch of the tenant: the token is then for it alone.',
  })
  branch?: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'The token then opens the flags of this project alone.',
  })
  project?: string | null;
}

@InputType()
export class RevokeSdkTokenInput extends MutationInput {
  @Field(() => ID)
  id!: string;
}
