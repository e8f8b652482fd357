import { Context, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { requestLoader } from '#platform';
import type { UnleashStrategy } from '../compiler/index.js';
import type { EnvironmentStrategies } from '../flag-strategies.store.js';
import { FlagsReadModel, type FlagEnvironmentSummary } from '../flags.read-model.js';
import { FlagStrategyType, StrategyVariantType } from './flag-strategies.type.js';
import { FlagEnvironmentType } from './flag.type.js';

/** What decides a flag in an environment where no rule does. */
@Resolver(() => FlagEnvironmentType)
export class FlagStrategiesResolver {
  readonly #strategies = requestLoader((pairs: readonly { flag: string; environment: string }[]) =>
    this.readModel.strategies(pairs),
  );
  readonly #segmentNames = requestLoader((ids: readonly number[]) => this.readModel.segmentNames(ids));

  constructor(private readonly readModel: FlagsReadModel) {}

  @ResolveField('strategies', () => [FlagStrategyType], {
    nullable: true,
    description: 'Decide where no rule does. Null: off there; an empty list: on for everybody there.',
  })
  async strategies(
    @Parent() environment: FlagEnvironmentSummary,
    @Context() context: object,
  ): Promise<FlagStrategyType[] | null> {
    const { strategies } = await this.#of(environment, context);
    return strategies && Promise.all(strategies.map((strategy) => this.#toType(strategy, context)));
  }

  @ResolveField('variants', () => [StrategyVariantType], {
    description: 'For strategies without variants of their own.',
  })
  async variants(
    @Parent() environment: FlagEnvironmentSummary,
    @Context() context: object,
  ): Promise<readonly StrategyVariantType[]> {
    return (await this.#of(environment, context)).variants;
  }

  #of({ flag, name }: FlagEnvironmentSummary, context: object): Promise<EnvironmentStrategies> {
    return this.#strategies(context).load({ flag, environment: name });
  }

  async #toType({ segments = [], ...strategy }: UnleashStrategy, context: object): Promise<FlagStrategyType> {
    const names = this.#segmentNames(context);
    return {
      ...strategy,
      segments: await Promise.all(segments.map(async (id) => ({ id, name: await names.load(id) }))),
    };
  }
}
