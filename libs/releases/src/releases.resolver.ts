import {
  Args,
  Context,
  ID,
  Mutation,
  Parent,
  Query,
  ResolveField,
  Resolver,
  Subscription,
} from '@nestjs/graphql';
import { Commands, type Actor, type Command } from '#audit';
import { toConditionsType } from '#flags';
import { CurrentActor, Requires } from '#identity';
import {
  NotFoundError,
  Notifications,
  PageArgs,
  requestLoader,
  subscribeTo,
  type Connection,
} from '#platform';
import { ApproveInput, CreateReleaseInput, PlanReleaseInput, ReleaseInput } from './release.inputs.js';
import type { ReleaseStatus } from './release.js';
import {
  ApprovalType,
  ReleaseConnection,
  ReleaseFlagChangeType,
  ReleasePayload,
  ReleasePlanType,
  ReleaseStatusEnum,
  ReleaseType,
  WaveType,
} from './release.type.js';
import {
  ReleasesReadModel,
  type ApprovalSummary,
  type ReleaseSummary,
  type WaveSummary,
} from './releases.read-model.js';
import { ReleasesService } from './releases.service.js';
import { RELEASE_CHANNEL } from './releases.store.js';

@Resolver(() => ReleaseType)
export class ReleasesResolver {
  readonly #waves = requestLoader((ids: readonly string[]) => this.readModel.waves(ids));
  readonly #approvals = requestLoader((ids: readonly string[]) => this.readModel.approvals(ids));

  constructor(
    private readonly readModel: ReleasesReadModel,
    private readonly service: ReleasesService,
    private readonly commands: Commands,
    private readonly notifications: Notifications,
  ) {}

  @Query(() => ReleaseConnection, { description: 'The newest first.' })
  @Requires('read')
  releases(
    @Args() page: PageArgs,
    @Args('status', { type: () => [ReleaseStatusEnum], nullable: true }) status?: ReleaseStatus[] | null,
  ): Promise<Connection<ReleaseSummary>> {
    return this.readModel.page(page, status);
  }

  @Query(() => ReleaseType, { nullable: true })
  @Requires('read')
  async release(@Args('id', { type: () => ID }) id: string): Promise<ReleaseSummary | null> {
    return (await this.readModel.find(id)) ?? null;
  }

  @Query(() => ReleasePlanType)
  @Requires('read')
  async planRelease(@Args('input') input: PlanReleaseInput): Promise<ReleasePlanType> {
    const plan = await this.service.plan(input);
    return {
      waves: plan.waves.map(({ tenants, ...wave }) => ({
        ...wave,
        tenants: tenants.map(({ slug }) => slug),
      })),
      unmatched: plan.unmatched.map(({ slug }) => slug),
      warnings: plan.warnings,
    };
  }

  @Mutation(() => ReleasePayload)
  @Requires('releases:write')
  async createRelease(
    @Args('input') input: CreateReleaseInput,
    @CurrentActor() actor: Actor,
  ): Promise<ReleasePayload> {
    const key = { clientMutationId: input.clientMutationId, input };
    return this.#payload(
      await this.commands.run(actor, key, (command) => this.service.create(command, input)),
    );
  }

  @Mutation(() => ReleasePayload, {
    description: 'Switches it on in staging and rehearses its migrations; READY when that went well.',
  })
  @Requires('releases:write')
  promoteRelease(@Args('input') input: ReleaseInput, @CurrentActor() actor: Actor): Promise<ReleasePayload> {
    return this.#run(actor, input.id, input, (command) => this.service.promote(command, input.id));
  }

  @Mutation(() => ReleasePayload)
  @Requires('releases:write')
  startRelease(@Args('input') input: ReleaseInput, @CurrentActor() actor: Actor): Promise<ReleasePayload> {
    return this.#run(actor, input.id, input, (command) => this.service.start(command, input.id));
  }

  @Mutation(() => ReleasePayload, { description: 'No further tenant is begun; gates stay on guard.' })
  @Requires('releases:write')
  pauseRelease(@Args('input') input: ReleaseInput, @CurrentActor() actor: Actor): Promise<ReleasePayload> {
    return this.#run(actor, input.id, input, (command) =>
      this.service.pause(command, input.id, input.reason ?? null),
    );
  }

  @Mutation(() => ReleasePayload)
  @Requires('releases:write')
  resumeRelease(@Args('input') input: ReleaseInput, @CurrentActor() actor: Actor): Promise<ReleasePayload> {
    return this.#run(actor, input.id, input, (command) => this.service.resume(command, input.id));
  }

  @Mutation(() => ReleasePayload, { description: 'Ends it; exposed tenants keep it.' })
  @Requires('releases:write')
  abortRelease(@Args('input') input: ReleaseInput, @CurrentActor() actor: Actor): Promise<ReleasePayload> {
    return this.#run(actor, input.id, input, (command) =>
      this.service.abort(command, input.id, input.reason ?? null),
    );
  }

  @Mutation(() => ReleasePayload, { description: 'Takes it back from every exposed tenant.' })
  @Requires('releases:write')
  rollBackRelease(@Args('input') input: ReleaseInput, @CurrentActor() actor: Actor): Promise<ReleasePayload> {
    return this.#run(actor, input.id, input, (command) =>
      this.service.rollBack(command, input.id, input.reason ?? null),
    );
  }

  @Mutation(() => ReleasePayload, { description: 'Approves exactly the content the release has.' })
  @Requires('releases:approve')
  approve(@Args('input') input: ApproveInput, @CurrentActor() actor: Actor): Promise<ReleasePayload> {
    const { release: id, comment } = input;
    return this.#run(actor, id, input, (command) => this.service.approve(command, id, comment ?? null));
  }

  @Subscription(() => ReleaseType, {
    description: 'The release as it is, then again whenever it goes on.',
    resolve: (release: ReleaseSummary) => release,
  })
  @Requires('read')
  releaseProgress(@Args('id', { type: () => ID }) id: string): AsyncIterableIterator<ReleaseSummary> {
    return subscribeTo(
      this.notifications,
      RELEASE_CHANNEL,
      async (payload) => (payload === undefined || payload === id ? this.readModel.find(id) : undefined),
      { initial: true },
    );
  }

  @ResolveField('flagChanges', () => [ReleaseFlagChangeType])
  flagChanges(@Parent() { flagChanges }: ReleaseSummary): ReleaseFlagChangeType[] {
    // Its rules are those of tenants.
    const scope = { kind: 'TENANT', key: '*' } as const;
    return flagChanges.map(({ flag, ...rule }) => ({
      flag,
      enabled: rule.enabled,
      variant: rule.variant,
      ...toConditionsType({ ...rule, scope }),
    }));
  }

  @ResolveField('waves', () => [WaveType])
  waves(@Parent() release: ReleaseSummary, @Context() context: object): Promise<WaveSummary[]> {
    return this.#waves(context).load(release.id);
  }

  @ResolveField('approvals', () => [ApprovalType])
  approvals(@Parent() release: ReleaseSummary, @Context() context: object): Promise<ApprovalSummary[]> {
    return this.#approvals(context).load(release.id);
  }

  async #run(
    actor: Actor,
    id: string,
    input: ReleaseInput | ApproveInput,
    work: (command: Command) => Promise<void>,
  ): Promise<ReleasePayload> {
    await this.commands.run(actor, { clientMutationId: input.clientMutationId, input }, work);
    return this.#payload(id);
  }

  async #payload(id: string): Promise<ReleasePayload> {
    const release = await this.readModel.find(id);
    if (!release) throw new NotFoundError('release', id);
    return { release };
  }
}
