import { Field, InputType, Int } from '@nestjs/graphql';
import { JsonScalar } from '#platform';
import type { UnleashConstraint } from '../compiler/index.js';
import type { FlagDependency } from '../flag.js';
import { FlagEnvironmentInput, MutationInput } from './mutation.input.js';

@InputType()
export class FlagConstraintInput {
  @Field(() => String, { description: 'Field of the context.' })
  contextName!: string;
  @Field(() => String, { description: "One of Unleash's 19 operators, e.g. IN." })
  operator!: string;
  @Field(() => [String], { nullable: true, description: 'Of IN, NOT_IN, STR_* and IN_CIDR.' })
  values?: string[] | null;
  @Field(() => String, { nullable: true, description: 'Of NUM_*, DATE_*, SEMVER_* and REGEX.' })
  value?: string | null;
  @Field(() => Boolean, { nullable: true })
  inverted?: boolean | null;
  @Field(() => Boolean, { nullable: true })
  caseInsensitive?: boolean | null;
}

@InputType()
export class FlagDependencyInput {
  @Field(() => String)
  flag!: string;
  @Field(() => Boolean, { nullable: true, description: 'false: the other flag must be off.' })
  enabled?: boolean | null;
  @Field(() => [String], { nullable: true, description: 'It must have one of these variants.' })
  variants?: string[] | null;
}

@InputType()
export class SetFlagStrategiesInput extends FlagEnvironmentInput {
  @Field(() => [JsonScalar], {
    nullable: true,
    description:
      'Unleash strategies that decide where no rule does; an empty list is on for everybody, null off.',
  })
  strategies?: unknown[] | null;
  @Field(() => [JsonScalar], {
    nullable: true,
    description: 'Unleash variants, for strategies without their own.',
  })
  variants?: unknown[] | null;
  @Field(() => String, { nullable: true, description: 'Why what the lint refuses is wanted.' })
  lintOverride?: string | null;
}

@InputType()
export class CreateProjectInput extends MutationInput {
  @Field(() => String)
  key!: string;
  @Field(() => String, { nullable: true })
  name?: string | null;
  @Field(() => String, { nullable: true })
  description?: string | null;
}

@InputType()
export class CreateSegmentInput extends MutationInput {
  @Field(() => String)
  name!: string;
  @Field(() => String, { nullable: true })
  description?: string | null;
  @Field(() => [FlagConstraintInput])
  constraints!: FlagConstraintInput[];
}

@InputType()
export class UpdateSegmentInput extends MutationInput {
  @Field(() => Int)
  id!: number;
  @Field(() => String, { nullable: true })
  name?: string | null;
  @Field(() => String, { nullable: true })
  description?: string | null;
  @Field(() => [FlagConstraintInput], { nullable: true })
  constraints?: FlagConstraintInput[] | null;
  @Field(() => Int, { nullable: true, description: 'Refuse with SEGMENT_CHANGED if it has another version.' })
  expectedVersion?: number | null;
  @Field(() => String, { nullable: true, description: 'Why what the lint refuses is wanted.' })
  lintOverride?: string | null;
}

@InputType()
export class DeleteSegmentInput extends MutationInput {
  @Field(() => Int)
  id!: number;
}

@InputType()
export class CreateEnvironmentInput extends MutationInput {
  @Field(() => String, { description: 'Lower-case letters, digits and dashes.' })
  name!: string;
  @Field(() => String, { nullable: true, description: 'STAGING (the default) or PRODUCTION.' })
  kind?: string | null;
  @Field(() => String, { nullable: true, description: 'Copy the flags of this environment.' })
  cloneOf?: string | null;
}

@InputType()
export class ImportUnleashInput extends MutationInput {
  @Field(() => String)
  environment!: string;
  @Field(() => String, { description: 'Text of an Unleash export (7.x, 8.x), or of a state as SDKs get it.' })
  file!: string;
  @Field(() => Boolean, { nullable: true, description: 'Only the report.' })
  dryRun?: boolean | null;
}

export function toConstraint(input: FlagConstraintInput): UnleashConstraint {
  const { contextName, operator, values, value, inverted, caseInsensitive } = input;
  return {
    contextName,
    operator,
    values: values ?? [],
    ...(value === undefined || value === null ? {} : { value }),
    inverted: inverted ?? false,
    caseInsensitive: caseInsensitive ?? false,
  };
}

export function toDependency({ flag, enabled, variants }: FlagDependencyInput): FlagDependency {
  return { flag, ...(enabled === false ? { enabled } : {}), ...(variants?.length ? { variants } : {}) };
}
