import { Args, Query, Resolver } from '@nestjs/graphql';
import { Requires } from '#identity';
import { FlagQuestions } from '../flag-questions.js';
import { EvaluateFlagInput, SimulateFlagChangeInput } from './flag.input.js';
import { FlagDecisionType, FlagSimulationType } from './flag.type.js';
import { toSimulationType } from '../simulation/simulation.presenter.js';
import { toRuleType } from './flags.resolver.js';

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
    const { decision, trace } = await this.questions.explain(input.flag, input.environment, {
      tenant: input.tenant ?? undefined,
      branch: input.branch ?? undefined,
      warehouse: input.warehouse ?? undefined,
      account: input.account ?? undefined,
      userId: input.userId ?? undefined,
    });
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
    return toSimulationType(await this.questions.simulate(input));
  }
}
