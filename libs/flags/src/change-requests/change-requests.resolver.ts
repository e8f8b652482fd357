import { Args, Context, ID, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { Commands, type Actor, type Command } from '#audit';
import { CurrentActor, Requires } from '#identity';
import { Database, requestLoader, type Connection } from '#platform';
import type { Approval, ChangeRequest } from './change-request.js';
import {
  ChangeRequestInput,
  ChangeRequestsArgs,
  EditChangeRequestInput,
  OpenChangeRequestInput,
  ReviewChangeRequestInput,
  ScheduleChangeRequestInput,
} from './change-request.input.js';
import {
  ChangeRequestApprovalType,
  ChangeRequestConnection,
  ChangeRequestPayload,
  ChangeRequestType,
  FlagConflictType,
  RequestedFlagChangeType,
} from './change-request.type.js';
import type { Conflict } from './change-requests.errors.js';
import { ChangeRequestsReadModel } from './change-requests.read-model.js';
import { ChangeRequestsService } from './change-requests.service.js';
import { findConflicts } from './change-base.js';
import { describeChange } from './describe-change.js';
import { toWantedChanges } from './flag-change.input.js';
import { flagOf, type FlagChange } from './flag-change.js';
import { segmentNames } from './references.js';

type Keyed = { clientMutationId?: string | null };

/** Drafts of flag changes, their review, and what becomes of them. */
@Resolver(() => ChangeRequestType)
export class ChangeRequestsResolver {
  readonly #approvals = requestLoader((ids: readonly string[]) => this.readModel.approvals(ids));

  constructor(
    private readonly readModel: ChangeRequestsReadModel,
    private readonly service: ChangeRequestsService,
    private readonly commands: Commands,
    private readonly database: Database,
  ) {}

  @Query(() => ChangeRequestConnection, { description: 'The newest first.' })
  @Requires('read')
  changeRequests(@Args() args: ChangeRequestsArgs): Promise<Connection<ChangeRequest>> {
    return this.readModel.page(args, args);
  }

  @Query(() => ChangeRequestType, { nullable: true })
  @Requires('read')
  async changeRequest(@Args('id', { type: () => ID }) id: string): Promise<ChangeRequest | null> {
    return (await this.readModel.find(id)) ?? null;
  }

  @Mutation(() => ChangeRequestPayload, {
    description: 'Drafts flag changes; nothing changes until it is applied.',
  })
  @Requires('flags:write')
  async openChangeRequest(
    @Args('input') input: OpenChangeRequestInput,
    @CurrentActor() actor: Actor,
  ): Promise<ChangeRequestPayload> {
    const { clientMutationId, title, description, environment, submit, lintOverride } = input;
    const changes = toWantedChanges(input.changes);
    const id = await this.commands.run(actor, { clientMutationId, input }, (command) =>
      this.service.open(command, { title, description, environment, submit, changes, lintOverride }),
    );
    return { changeRequest: await this.readModel.byId(id) };
  }

  @Mutation(() => ChangeRequestPayload, { description: 'New content; voids every approval.' })
  @Requires('flags:write')
  editChangeRequest(
    @Args('input') input: EditChangeRequestInput,
    @CurrentActor() actor: Actor,
  ): Promise<ChangeRequestPayload> {
    const { id, title, description, lintOverride } = input;
    const changes = toWantedChanges(input.changes);
    return this.#run(actor, id, input, (command) =>
      this.service.edit(command, id, { title, description, changes, lintOverride }),
    );
  }

  @Mutation(() => ChangeRequestPayload)
  @Requires('flags:write')
  submitChangeRequest(
    @Args('input') input: ChangeRequestInput,
    @CurrentActor() actor: Actor,
  ): Promise<ChangeRequestPayload> {
    return this.#run(actor, input.id, input, (command) => this.service.submit(command, input.id));
  }

  @Mutation(() => ChangeRequestPayload, { description: 'Approves exactly the content with this digest.' })
  @Requires('releases:approve')
  approveChangeRequest(
    @Args('input') input: ReviewChangeRequestInput,
    @CurrentActor() actor: Actor,
  ): Promise<ChangeRequestPayload> {
    const { id, digest, comment } = input;
    return this.#run(actor, id, input, (command) =>
      this.service.approve(command, id, digest, comment ?? null),
    );
  }

  @Mutation(() => ChangeRequestPayload, { description: 'Sends it back to its author.' })
  @Requires('releases:approve')
  rejectChangeRequest(
    @Args('input') input: ReviewChangeRequestInput,
    @CurrentActor() actor: Actor,
  ): Promise<ChangeRequestPayload> {
    const { id, digest, comment } = input;
    return this.#run(actor, id, input, (command) =>
      this.service.reject(command, id, digest, comment ?? null),
    );
  }

  @Mutation(() => ChangeRequestPayload, { description: 'Makes all of its changes, or none.' })
  @Requires('flags:write')
  applyChangeRequest(
    @Args('input') input: ChangeRequestInput,
    @CurrentActor() actor: Actor,
  ): Promise<ChangeRequestPayload> {
    return this.#run(actor, input.id, input, (command) => this.service.apply(command, input.id));
  }

  @Mutation(() => ChangeRequestPayload, { description: 'Has it applied at a time; again: another time.' })
  @Requires('flags:write')
  scheduleChangeRequest(
    @Args('input') input: ScheduleChangeRequestInput,
    @CurrentActor() actor: Actor,
  ): Promise<ChangeRequestPayload> {
    const { id, at } = input;
    return this.#run(actor, id, input, (command) => this.service.schedule(command, id, new Date(at)));
  }

  @Mutation(() => ChangeRequestPayload, { description: 'Takes its schedule away; the approvals stay.' })
  @Requires('flags:write')
  cancelChangeRequestSchedule(
    @Args('input') input: ChangeRequestInput,
    @CurrentActor() actor: Actor,
  ): Promise<ChangeRequestPayload> {
    return this.#run(actor, input.id, input, (command) =>
      this.service.cancelSchedule(command, input.id, input.reason ?? null),
    );
  }

  @Mutation(() => ChangeRequestPayload, { description: 'Withdraws it after it was submitted.' })
  @Requires('flags:write')
  closeChangeRequest(
    @Args('input') input: ChangeRequestInput,
    @CurrentActor() actor: Actor,
  ): Promise<ChangeRequestPayload> {
    return this.#run(actor, input.id, input, (command) =>
      this.service.close(command, input.id, input.reason ?? null),
    );
  }

  @Mutation(() => ChangeRequestPayload, { description: 'Throws a draft away.' })
  @Requires('flags:write')
  discardChangeRequest(
    @Args('input') input: ChangeRequestInput,
    @CurrentActor() actor: Actor,
  ): Promise<ChangeRequestPayload> {
    return this.#run(actor, input.id, input, (command) => this.service.discard(command, input.id));
  }

  @ResolveField('changes', () => [RequestedFlagChangeType])
  async changes(@Parent() { changes, refersTo }: ChangeRequest): Promise<RequestedFlagChangeType[]> {
    const names = await segmentNames(this.database, changes, refersTo);
    return changes.map((change) => ({
      kind: change.kind,
      flag: flagOf(change) ?? null,
      segment: change.kind === 'UPDATE_SEGMENT' ? change.segment : null,
      scope: 'scope' in change ? change.scope : null,
      before: change.base,
      after: valueAfter(change),
      summary: describeChange(change, names),
    }));
  }

  @ResolveField('approvals', () => [ChangeRequestApprovalType])
  approvals(@Parent() { id }: ChangeRequest, @Context() context: object): Promise<Approval[]> {
    return this.#approvals(context).load(id);
  }

  @ResolveField('conflicts', () => [FlagConflictType], {
    description: 'What somebody changed meanwhile, or what it refers to; with any, it cannot be applied.',
  })
  conflicts(@Parent() request: ChangeRequest): Promise<Conflict[]> {
    if (!['DRAFT', 'IN_REVIEW', 'SCHEDULED'].includes(request.status)) return Promise.resolve([]);
    return this.database.transaction((tx) => findConflicts(tx, request, false));
  }

  async #run(
    actor: Actor,
    id: string,
    input: Keyed,
    work: (command: Command) => Promise<void>,
  ): Promise<ChangeRequestPayload> {
    const { clientMutationId } = input;
    await this.commands.run(actor, { clientMutationId, input }, work);
    return { changeRequest: await this.readModel.byId(id) };
  }
}

function valueAfter(change: FlagChange): unknown {
  switch (change.kind) {
    case 'SET_RULE':
      return change.rule;
    case 'CLEAR_RULE':
      return null;
    case 'SET_ENABLED':
      return change.enabled;
    case 'SET_STRATEGIES':
      return change.strategies;
    case 'UPDATE_FLAG':
      return change.definition;
    case 'ARCHIVE_FLAG':
      return true;
    case 'UPDATE_SEGMENT':
      return { name: change.base.name, constraints: change.constraints };
  }
}
