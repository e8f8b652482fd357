import { Args, Context, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { Commands, type Actor, type Command } from '#audit';
import { CurrentActor, Requires } from '#identity';
import { InvalidInputError, requestLoader } from '#platform';
import { flagTypes } from '../flag.js';
import { EnvironmentNotFoundError } from '../flags.errors.js';
import { FlagsReadModel, type FlagEnvironmentSummary, type LabelledRule } from '../flags.read-model.js';
import { FlagsService, type FlagChangeResult, type NewFlag } from '../flags.service.js';
import type { FlagRecord } from '../flags.store.js';
import {
  ArchiveFlagInput,
  ClearFlagRuleInput,
  CreateFlagInput,
  SetFlagEnabledInput,
  SetFlagRuleInput,
  UpdateFlagInput,
} from './flag.input.js';
import { toDependency } from './flag-model.input.js';
import { FlagDependencyType } from './flag-model.type.js';
import { FlagEnvironmentType, FlagPayload, FlagRuleType, FlagType } from './flag.type.js';
import { toRuleValue } from './rule-conditions.input.js';
import { toConditionsType } from './rule-conditions.type.js';

/** One flag, and its changes. */
@Resolver(() => FlagType)
export class FlagsResolver {
  readonly #environments = requestLoader((keys: readonly string[]) => this.readModel.environments(keys));
  readonly #rules = requestLoader((pairs: readonly { flag: string; environment: string }[]) =>
    this.readModel.rules(pairs),
  );

  constructor(
    private readonly readModel: FlagsReadModel,
    private readonly service: FlagsService,
    private readonly commands: Commands,
  ) {}

  @Query(() => FlagType, { nullable: true })
  @Requires('read')
  async flag(@Args('key', { type: () => String }) key: string): Promise<FlagRecord | null> {
    return (await this.readModel.find(key)) ?? null;
  }

  @Mutation(() => FlagPayload)
  @Requires('flags:write')
  createFlag(
    @Args('input', { type: () => CreateFlagInput }) input: CreateFlagInput,
    @CurrentActor() actor: Actor,
  ): Promise<FlagPayload> {
    const flag = { ...contentOf(input), kind: input.kind };
    return this.#change(actor, input, (command) => this.service.createFlag(command, flag));
  }

  @Mutation(() => FlagPayload, { description: 'Changes what a flag is; what is left out stays.' })
  @Requires('flags:write')
  updateFlag(
    @Args('input', { type: () => UpdateFlagInput }) input: UpdateFlagInput,
    @CurrentActor() actor: Actor,
  ): Promise<FlagPayload> {
    const { reason, expectedVersion } = input;
    const change = { ...contentOf(input), reason, expectedVersion };
    return this.#change(actor, input, (command) => this.service.changeDefinition(command, change));
  }

  @Mutation(() => FlagPayload)
  @Requires('flags:write')
  setFlagRule(
    @Args('input', { type: () => SetFlagRuleInput }) input: SetFlagRuleInput,
    @CurrentActor() actor: Actor,
  ): Promise<FlagPayload> {
    const { flag, environment, scope, reason, expectedVersion, lintOverride } = input;
    const at = { flag, environment, scope, reason, expectedVersion, lintOverride };
    const change = { ...at, ...toRuleValue(input) };
    return this.#change(actor, input, (command) => this.service.setRule(command, change));
  }

  @Mutation(() => FlagPayload)
  @Requires('flags:write')
  clearFlagRule(
    @Args('input', { type: () => ClearFlagRuleInput }) input: ClearFlagRuleInput,
    @CurrentActor() actor: Actor,
  ): Promise<FlagPayload> {
    return this.#change(actor, input, (command) => this.service.clearRule(command, input));
  }

  @Mutation(() => FlagPayload, { description: 'The kill switch of an environment.' })
  @Requires('flags:write')
  setFlagEnabled(
    @Args('input', { type: () => SetFlagEnabledInput }) input: SetFlagEnabledInput,
    @CurrentActor() actor: Actor,
  ): Promise<FlagPayload> {
    return this.#change(actor, input, (command) => this.service.setEnabled(command, input));
  }

  @Mutation(() => FlagPayload)
  @Requires('flags:write')
  archiveFlag(
    @Args('input', { type: () => ArchiveFlagInput }) input: ArchiveFlagInput,
    @CurrentActor() actor: Actor,
  ): Promise<FlagPayload> {
    return this.#change(actor, input, (command) => this.service.archive(command, input));
  }

  @ResolveField('dependencies', () => [FlagDependencyType])
  dependencies(@Parent() flag: FlagRecord): FlagDependencyType[] {
    return flag.dependencies.map(({ flag: key, enabled = true, variants = [] }) => ({
      flag: key,
      enabled,
      variants,
    }));
  }

  @ResolveField('environments', () => [FlagEnvironmentType])
  async environments(
    @Parent() flag: FlagRecord,
    @Context() context: object,
  ): Promise<FlagEnvironmentSummary[]> {
    return this.#environments(context).load(flag.key);
  }

  /** @throws EnvironmentNotFoundError ENVIRONMENT_NOT_FOUND */
  @ResolveField('environment', () => FlagEnvironmentType)
  async environment(
    @Parent() flag: FlagRecord,
    @Args('name', { type: () => String }) name: string,
    @Context() context: object,
  ): Promise<FlagEnvironmentSummary> {
    const all = await this.#environments(context).load(flag.key);
    const found = all.find((environment) => environment.name === name);
    if (!found)
      throw new EnvironmentNotFoundError(
        name,
        all.map((environment) => environment.name),
      );
    return found;
  }

  @ResolveField('rules', () => [FlagRuleType])
  async rules(
    @Parent() flag: FlagRecord,
    @Args('environment', { type: () => String }) environment: string,
    @Context() context: object,
  ): Promise<FlagRuleType[]> {
    return (await this.#rules(context).load({ flag: flag.key, environment })).map(toRuleType);
  }

  async #change(
    actor: Actor,
    input: { clientMutationId?: string | null },
    change: (command: Command) => Promise<FlagChangeResult>,
  ): Promise<FlagPayload> {
    const { flag, revision } = await this.commands.run(
      actor,
      { clientMutationId: input.clientMutationId, input },
      change,
    );
    return { flag: await this.readModel.byKey(flag), revision };
  }
}

/** Fields of a flag in one environment. */
@Resolver(() => FlagEnvironmentType)
export class FlagEnvironmentResolver {
  readonly #rules = requestLoader((pairs: readonly { flag: string; environment: string }[]) =>
    this.readModel.rules(pairs),
  );

  constructor(private readonly readModel: FlagsReadModel) {}

  @ResolveField('rules', () => [FlagRuleType])
  async rules(
    @Parent() { flag, name }: FlagEnvironmentSummary,
    @Context() context: object,
  ): Promise<FlagRuleType[]> {
    return (await this.#rules(context).load({ flag, environment: name })).map(toRuleType);
  }
}

export function toRuleType({ label, ...rule }: LabelledRule): FlagRuleType {
  return { ...rule, ...toConditionsType(rule), scope: { ...rule.scope, label } };
}

function contentOf({
  clientMutationId: _clientMutationId,
  ...input
}: Omit<CreateFlagInput, 'kind'>): Omit<NewFlag, 'kind'> {
  const type = flagTypes.find((one) => one === input.type);
  if (typeof input.type === 'string' && !type)
    throw new InvalidInputError(`A flag is of type ${flagTypes.join(', ')}.`, { field: 'type' });
  return { ...input, type, dependencies: input.dependencies?.map(toDependency) };
}
