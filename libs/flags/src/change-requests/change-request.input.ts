import { ArgsType, Field, ID, InputType, Int } from '@nestjs/graphql';
import { InvalidInputError, PageArgs } from '#platform';
import type { FlagVariant, RiskClass } from '../flag.js';
import { FlagScopeInput, FlagVariantInput } from '../graphql/flag.input.js';
import { RiskClassEnum } from '../graphql/flag.type.js';
import type { ChangeRequestStatus } from './change-request.js';
import { ChangeRequestStatusEnum, FlagChangeKindEnum } from './change-request.type.js';
import type { DefinitionChange, FlagChangeKind, WantedChange } from './flag-change.js';

@InputType()
export class FlagChangeInput {
  @Field(() => FlagChangeKindEnum)
  kind!: FlagChangeKind;
  @Field(() => String)
  flag!: string;
  @Field(() => FlagScopeInput, { nullable: true, description: 'Of SET_RULE and CLEAR_RULE.' })
  scope?: FlagScopeInput | null;
  @Field(() => Boolean, { nullable: true, description: 'Of SET_RULE and SET_ENABLED.' })
  enabled?: boolean | null;
  @Field(() => String, { nullable: true, description: 'Of SET_RULE.' })
  variant?: string | null;
  @Field(() => RiskClassEnum, { nullable: true, description: 'Of UPDATE_FLAG.' })
  riskClass?: RiskClass | null;
  @Field(() => [FlagVariantInput], { nullable: true, description: 'Of UPDATE_FLAG.' })
  variants?: FlagVariantInput[] | null;
  @Field(() => String, { nullable: true, description: 'Of UPDATE_FLAG.' })
  defaultVariant?: string | null;
}

@InputType({ isAbstract: true })
abstract class ContentInput {
  @Field(() => String)
  title!: string;
  @Field(() => String, { nullable: true })
  description?: string | null;
  @Field(() => [FlagChangeInput])
  changes!: FlagChangeInput[];
  @Field(() => String, { nullable: true, description: 'Why what the lint refuses is wanted.' })
  lintOverride?: string | null;
  @Field(() => String, { nullable: true, description: 'Idempotency key: a repetition changes nothing.' })
  clientMutationId?: string | null;
}

@InputType()
export class OpenChangeRequestInput extends ContentInput {
  @Field(() => String)
  environment!: string;
  @Field(() => Boolean, { nullable: true, description: 'Also submit it for review.' })
  submit?: boolean | null;
}

@InputType()
export class EditChangeRequestInput extends ContentInput {
  @Field(() => ID)
  id!: string;
}

@InputType()
export class ChangeRequestInput {
  @Field(() => ID)
  id!: string;
  @Field(() => String, { nullable: true })
  reason?: string | null;
  @Field(() => String, { nullable: true })
  clientMutationId?: string | null;
}

@InputType()
export class ReviewChangeRequestInput {
  @Field(() => ID)
  id!: string;
  @Field(() => String, { description: 'Of the content that was looked at.' })
  digest!: string;
  @Field(() => String, { nullable: true })
  comment?: string | null;
  @Field(() => String, { nullable: true })
  clientMutationId?: string | null;
}

@InputType()
export class ScheduleChangeRequestInput {
  @Field(() => ID)
  id!: string;
  @Field(() => Date, { description: 'Of the database clock; in the future.' })
  at!: Date;
  @Field(() => String, { nullable: true })
  clientMutationId?: string | null;
}

@InputType()
export class SetApprovalPolicyInput {
  @Field(() => String)
  environment!: string;
  @Field(() => RiskClassEnum)
  riskClass!: RiskClass;
  @Field(() => Int, { description: '0 to 10.' })
  minApprovals!: number;
  @Field(() => String, { nullable: true })
  clientMutationId?: string | null;
}

@ArgsType()
export class ChangeRequestsArgs extends PageArgs {
  @Field(() => String, { nullable: true })
  environment?: string | null;
  @Field(() => [ChangeRequestStatusEnum], { nullable: true })
  status?: ChangeRequestStatus[] | null;
  @Field(() => String, { nullable: true, description: 'Only requests that change this flag.' })
  flag?: string | null;
}

/** @throws InvalidInputError with the path of what is missing. */
export function toWantedChanges(inputs: readonly FlagChangeInput[]): WantedChange[] {
  return inputs.map((input, index) => toWantedChange(input, `changes.${index}`));
}

function toWantedChange(input: FlagChangeInput, at: string): WantedChange {
  const { kind, flag } = input;
  const needed = <T>(value: T | null | undefined, name: string): T => {
    if (value === null || value === undefined)
      throw new InvalidInputError(`${kind} needs ${name}.`, { field: `${at}.${name}` });
    return value;
  };
  switch (kind) {
    case 'SET_RULE': {
      const rule = { enabled: needed(input.enabled, 'enabled'), variant: input.variant ?? null };
      return { kind, flag, scope: plain(needed(input.scope, 'scope')), rule };
    }
    case 'CLEAR_RULE':
      return { kind, flag, scope: plain(needed(input.scope, 'scope')) };
    case 'SET_ENABLED':
      return { kind, flag, enabled: needed(input.enabled, 'enabled') };
    case 'UPDATE_FLAG': {
      const definition: DefinitionChange = {
        ...(input.riskClass ? { riskClass: input.riskClass } : {}),
        ...(input.variants ? { variants: input.variants.map(toVariant) } : {}),
        ...(input.defaultVariant === undefined ? {} : { defaultVariant: input.defaultVariant }),
      };
      if (Object.keys(definition).length === 0) needed(undefined, 'riskClass');
      return { kind, flag, definition };
    }
  }
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
