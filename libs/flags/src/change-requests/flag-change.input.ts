import { Field, InputType, Int } from '@nestjs/graphql';
import { InvalidInputError, JsonScalar } from '#platform';
import type { FlagLifecycle, FlagVariant, RiskClass } from '../flag.js';
import { FlagScopeInput, FlagVariantInput } from '../graphql/flag.input.js';
import { FlagDependencyInput, toConstraint, toDependency } from '../graphql/flag-model.input.js';
import { FlagLifecycleEnum } from '../graphql/flag-model.type.js';
import { RiskClassEnum } from '../graphql/flag.type.js';
import { RuleConditionsInput, toRuleValue } from '../graphql/rule-conditions.input.js';
import { toStrategies } from '../unleash-files/wire-strategies.js';
import { FlagChangeKindEnum } from './change-request.type.js';
import type { DefinitionChange, FlagChangeKind, WantedChange } from './flag-change.js';

@InputType({
  description: 'Carries what the mutation of its kind carries; percentage to endsAt belong to SET_RULE.',
})
export class FlagChangeInput extends RuleConditionsInput {
  @Field(() => FlagChangeKindEnum)
  kind!: FlagChangeKind;
  @Field(() => String, { nullable: true, description: 'Of every kind but UPDATE_SEGMENT.' })
  flag?: string | null;
  @Field(() => Int, {
    nullable: true,
    description: 'Id, of UPDATE_SEGMENT; what it shall say stands in constraints.',
  })
  segment?: number | null;
  @Field(() => FlagScopeInput, { nullable: true, description: 'Of SET_RULE and CLEAR_RULE.' })
  scope?: FlagScopeInput | null;
  @Field(() => Boolean, { nullable: true, description: 'Of SET_RULE and SET_ENABLED.' })
  enabled?: boolean | null;
  @Field(() => String, { nullable: true, description: 'Of SET_RULE.' })
  variant?: string | null;
  @Field(() => [JsonScalar], {
    nullable: true,
    description: 'Of SET_STRATEGIES: Unleash strategies; an empty list is on for everybody, null off.',
  })
  strategies?: unknown[] | null;
  @Field(() => [JsonScalar], {
    nullable: true,
    description: 'Of SET_STRATEGIES: Unleash variants, for strategies without their own.',
  })
  featureVariants?: unknown[] | null;
  @Field(() => RiskClassEnum, { nullable: true, description: 'Of UPDATE_FLAG.' })
  riskClass?: RiskClass | null;
  @Field(() => [FlagVariantInput], { nullable: true, description: 'Of UPDATE_FLAG.' })
  variants?: FlagVariantInput[] | null;
  @Field(() => String, { nullable: true, description: 'Of UPDATE_FLAG.' })
  defaultVariant?: string | null;
  @Field(() => JsonScalar, { nullable: true, description: 'Of UPDATE_FLAG; null takes it away.' })
  payloadSchema?: unknown;
  @Field(() => [FlagDependencyInput], { nullable: true, description: 'Of UPDATE_FLAG.' })
  dependencies?: FlagDependencyInput[] | null;
  @Field(() => FlagLifecycleEnum, { nullable: true, description: 'Of UPDATE_FLAG.' })
  lifecycle?: FlagLifecycle | null;
  @Field(() => String, { nullable: true, description: 'Of UPDATE_FLAG.' })
  project?: string | null;
  @Field(() => [String], { nullable: true, description: 'Of UPDATE_FLAG, each as type:value.' })
  tags?: string[] | null;
}

/** @throws InvalidInputError with the path of what is missing. */
export function toWantedChanges(inputs: readonly FlagChangeInput[]): WantedChange[] {
  return inputs.map((input, index) => toWantedChange(input, `changes.${index}`));
}

function toWantedChange(input: FlagChangeInput, at: string): WantedChange {
  const { kind } = input;
  const needed = <T>(value: T | null | undefined, name: string): T => {
    if (value === null || value === undefined)
      throw new InvalidInputError(`${kind} needs ${name}.`, { field: `${at}.${name}` });
    return value;
  };
  if (kind === 'UPDATE_SEGMENT') {
    const constraints = needed(input.constraints, 'constraints').map(toConstraint);
    return { kind, segment: needed(input.segment, 'segment'), constraints };
  }
  const flag = needed(input.flag, 'flag');
  switch (kind) {
    case 'SET_RULE': {
      const rule = toRuleValue(input, needed(input.enabled, 'enabled'));
      return { kind, flag, scope: plain(needed(input.scope, 'scope')), rule };
    }
    case 'CLEAR_RULE':
      return { kind, flag, scope: plain(needed(input.scope, 'scope')) };
    case 'SET_ENABLED':
      return { kind, flag, enabled: needed(input.enabled, 'enabled') };
    case 'SET_STRATEGIES':
      return { kind, flag, strategies: toStrategies(input.strategies, input.featureVariants, `${at}.`) };
    case 'ARCHIVE_FLAG':
      return { kind, flag };
    case 'UPDATE_FLAG': {
      const definition = toDefinition(input);
      if (Object.keys(definition).length === 0) needed(undefined, 'riskClass');
      return { kind, flag, definition };
    }
  }
}

function toDefinition(input: FlagChangeInput): DefinitionChange {
  const { riskClass, variants, defaultVariant, payloadSchema, dependencies, lifecycle, project, tags } =
    input;
  return {
    ...(riskClass ? { riskClass } : {}),
    ...(variants ? { variants: variants.map(toVariant) } : {}),
    ...(defaultVariant === undefined ? {} : { defaultVariant }),
    ...(payloadSchema === undefined ? {} : { payloadSchema }),
    ...(dependencies ? { dependencies: dependencies.map(toDependency) } : {}),
    ...(lifecycle ? { lifecycle } : {}),
    ...(project ? { project } : {}),
    ...(tags ? { tags } : {}),
  };
}

function plain({ kind, key }: FlagScopeInput): { kind: FlagScopeInput['kind']; key: string } {
  return { kind, key };
}

function toVariant({ name, payload, description }: FlagVariantInput): FlagVariant {
  return {
    name,
    ...(payload === undefined || payload === null ? {} : { payload }),
    ...(description ? { description } : {}),
  };
}
