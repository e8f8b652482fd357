import { Field, Int, ObjectType } from '@nestjs/graphql';
import { stickinessOf } from '../compiler/index.js';
import type { FlagRule } from '../flag.js';
import { FlagConstraintType } from './flag-model.type.js';

/** What a rule demands besides its scope, with the defaults written out. */
@ObjectType({ isAbstract: true })
export abstract class RuleConditionsType {
  @Field(() => Int, { description: 'Share of the sticky values that it turns on.' })
  percentage!: number;
  @Field(() => String, { description: 'Context field whose value is in the share or not.' })
  stickiness!: string;
  @Field(() => [FlagConstraintType])
  constraints!: readonly FlagConstraintType[];
  @Field(() => [Int], { description: 'Ids of segments.' })
  segments!: readonly number[];
  @Field(() => Date, { nullable: true })
  startsAt!: Date | null;
  @Field(() => Date, { nullable: true })
  endsAt!: Date | null;
}

/** The fields of {@link RuleConditionsType}. */
export type RuleConditionsFields = { [Field in keyof RuleConditionsType]: RuleConditionsType[Field] };

export function toConditionsType(rule: FlagRule): RuleConditionsFields {
  const { percentage = 100, constraints = [], segments = [], startsAt, endsAt } = rule;
  return {
    percentage,
    stickiness: stickinessOf(rule),
    constraints,
    segments,
    startsAt: startsAt === undefined ? null : new Date(startsAt),
    endsAt: endsAt === undefined ? null : new Date(endsAt),
  };
}
