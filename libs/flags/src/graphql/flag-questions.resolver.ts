import { Args, Query, Resolver } from '@nestjs/graphql';
import { Requires } from '#identity';
import { FlagQuestions } from '../flag-questions.js';
import { EvaluateFlagInput, SimulateFlagChangeInput } from './flag.input.js';
import { FlagDecisionType, FlagSimulationType } from './flag.type.js';
import { toSimulationType } from '../simulation/simulation.presenter.js';
import { toRuleType } from './flags.resolver.js';
import { toRuleValue } from './rule-conditions.input.js';

/** What flags are, why, and what they would be. */
@Resolver()
export class FlagQuestionsResolver {
  constructor(private readonly questions: FlagQuestions) {}

  @Query(() => FlagDecisionType, {
    description: 'The decision, the rule that made it, and every rule that did not.',
  })
  @Requires('read')
  async evaluateFlag(
    @Args('input', { type: () => EvaluateFlagInput }) input: EvaluateFlagInput,
  ): Promise<FlagDecisionType> {
    const { decision, trace } = await this.questions.explain(input.flag, input.environment, input);
    return {
      flag: input.flag,
      ...decision,
      rule: decision.rule && toRuleType(decision.rule),
      trace: trace.map(({ rule, scope, ...step }) => ({
        ...step,
        scope: { ...scope, label: rule?.label ?? 'Everywhere' },
      })),
    };
  }

  @Query(() => FlagSimulationType, {
    description: 'Who would see something else, before anything is changed.',
  })
  @Requires('read')
  async simulateFlagChange(
    @Args('input', { type: () => SimulateFlagChangeInput }) input: SimulateFlagChangeInput,
  ): Promise<FlagSimulationType> {
    const { flag, environment, scope, clear, first, skip } = input;
    const rule = toRuleValue(input);
    return toSimulationType(
      await this.questions.simulate({ flag, environment, scope, rule, clear, first, skip }),
    );
  }
}
