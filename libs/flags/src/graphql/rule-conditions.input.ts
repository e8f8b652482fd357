import { Field, InputType, Int } from '@nestjs/graphql';
import { ruleValue, type RuleValue } from '../flag.js';
import { FlagConstraintInput, toConstraint } from './flag-model.input.js';

/** What a rule demands besides its scope: the same for a rule that is set, drafted, simulated or released. */
@InputType({ isAbstract: true })
export class RuleConditionsInput {
  @Field(() => Int, {
    nullable: true,
    description: 'Share of the sticky values in the scope that it turns on, the others are off; else 100.',
  })
  percentage?: number | null;
  @Field(() => String, {
    nullable: true,
    description: 'Context field whose value is in the share or not; else the next finer unit of the scope.',
  })
  stickiness?: string | null;
  @Field(() => [FlagConstraintInput], { nullable: true, description: 'All must hold for it to match.' })
  constraints?: FlagConstraintInput[] | null;
  @Field(() => [Int], { nullable: true, description: 'Ids of segments that must hold for it to match.' })
  segments?: number[] | null;
  @Field(() => Date, { nullable: true, description: 'It matches after this moment.' })
  startsAt?: Date | null;
  @Field(() => Date, { nullable: true, description: 'It matches before this moment.' })
  endsAt?: Date | null;
}

/**
 * A rule as somebody asks for it, without its scope, in the form that equal rules have.
 * @param enabled what it decides, where the input leaves that open.
 */
export function toRuleValue(
  input: RuleConditionsInput & { enabled?: boolean | null; variant?: string | null | undefined },
  enabled = input.enabled ?? true,
): RuleValue {
  const { variant, percentage, stickiness, constraints, segments, startsAt, endsAt } = input;
  return ruleValue({
    enabled,
    variant: variant ?? null,
    ...(typeof percentage === 'number' ? { percentage } : {}),
    ...(typeof stickiness === 'string' ? { stickiness } : {}),
    ...(constraints ? { constraints: constraints.map(toConstraint) } : {}),
    ...(segments ? { segments } : {}),
    ...(startsAt ? { startsAt: startsAt.toISOString() } : {}),
    ...(endsAt ? { endsAt: endsAt.toISOString() } : {}),
  });
}
