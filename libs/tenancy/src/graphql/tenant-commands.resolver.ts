import { Args, Mutation, Resolver } from '@nestjs/graphql';
import { Commands, type Actor, type Command } from '#audit';
import { CurrentActor, NewTokenPayload, Requires } from '#identity';
import { OperationsReadModel } from '#operations';
import { DeadLettersService } from '../dead-letters.service.js';
import { LifecycleService } from '../lifecycle/lifecycle.service.js';
import { TenantWishes } from '../onboarding/tenant-wishes.js';
import { PlacementPlanner } from '../placement/placement-planner.js';
import { TenantTokensService } from '../tenant-tokens.service.js';
import { TenantsReadModel } from '../tenants.read-model.js';
import { TenantsService } from '../tenants.service.js';
import {
  ChangePlacementInput,
  CreateTenantTokenInput,
  OffboardTenantInput,
  OnboardTenantInput,
  OnboardTenantPayload,
  PlaceLegalHoldInput,
  ReleaseLegalHoldInput,
  RetryDeadLetterInput,
  RetryDeadLetterPayload,
  RevokeTenantTokenInput,
  RevokeTenantTokenPayload,
  SuspendTenantInput,
  TenantPayload,
  TenantReasonInput,
} from './tenant.inputs.js';
import type { TenantType } from './tenant.type.js';

/** Mutations on tenants. */
@Resolver()
export class TenantCommandsResolver {
  constructor(
    private readonly commands: Commands,
    private readonly tenants: TenantsService,
    private readonly lifecycle: LifecycleService,
    private readonly wishes: TenantWishes,
    private readonly tokens: TenantTokensService,
    private readonly deadLetters: DeadLettersService,
    private readonly readModel: TenantsReadModel,
    private readonly operations: OperationsReadModel,
    private readonly planner: PlacementPlanner,
  ) {}

  @Mutation(() => OnboardTenantPayload)
  @Requires('tenants:write')
  async onboardTenant(
    @Args('input') input: OnboardTenantInput,
    @CurrentActor() actor: Actor,
  ): Promise<OnboardTenantPayload> {
    const operationId = await this.#run(actor, input, (command) => this.wishes.onboard(command, input));
    return (await this.#payload(input.slug, operationId)) as OnboardTenantPayload;
  }

  @Mutation(() => TenantPayload)
  @Requires('placement:write')
  async changePlacement(
    @Args('input') input: ChangePlacementInput,
    @CurrentActor() actor: Actor,
  ): Promise<TenantPayload> {
    await this.planner.refuseUnsuited(await this.readModel.bySlug(input.tenant), input);
    const operationId = await this.#run(
      actor,
      input,
      async (command) => (await this.tenants.changePlacement(command, input)) ?? null,
    );
    return this.#payload(input.tenant, operationId);
  }

  @Mutation(() => TenantPayload)
  @Requires('tenants:write')
  async suspendTenant(
    @Args('input') input: SuspendTenantInput,
    @CurrentActor() actor: Actor,
  ): Promise<TenantPayload> {
    await this.#run(actor, input, (command) => this.lifecycle.suspend(command, input));
    return this.#payload(input.tenant, null);
  }

  @Mutation(() => TenantPayload)
  @Requires('tenants:write')
  async resumeTenant(
    @Args('input') input: TenantReasonInput,
    @CurrentActor() actor: Actor,
  ): Promise<TenantPayload> {
    await this.#run(actor, input, (command) => this.lifecycle.resume(command, input));
    return this.#payload(input.tenant, null);
  }

  @Mutation(() => TenantPayload, {
    description: 'Deletes every row of the tenant after its retention time, and proves it.',
  })
  @Requires('tenants:write')
  async offboardTenant(
    @Args('input') input: OffboardTenantInput,
    @CurrentActor() actor: Actor,
  ): Promise<TenantPayload> {
    const operationId = await this.#run(actor, input, (command) => this.lifecycle.offboard(command, input));
    return this.#payload(input.tenant, operationId);
  }

  @Mutation(() => TenantPayload, { description: 'Brings back a tenant inside its retention time, whole.' })
  @Requires('tenants:write')
  async undeleteTenant(
    @Args('input') input: TenantReasonInput,
    @CurrentActor() actor: Actor,
  ): Promise<TenantPayload> {
    const operationId = await this.#run(
      actor,
      input,
      async (command) => (await this.lifecycle.undelete(command, input)) ?? null,
    );
    return this.#payload(input.tenant, operationId);
  }

  @Mutation(() => TenantPayload, { description: 'Keeps the data of a tenant from being erased.' })
  @Requires('tenants:write')
  async placeLegalHold(
    @Args('input') input: PlaceLegalHoldInput,
    @CurrentActor() actor: Actor,
  ): Promise<TenantPayload> {
    await this.#run(actor, input, (command) => this.lifecycle.placeHold(command, input));
    return this.#payload(input.tenant, null);
  }

  @Mutation(() => TenantPayload)
  @Requires('tenants:write')
  async releaseLegalHold(
    @Args('input') input: ReleaseLegalHoldInput,
    @CurrentActor() actor: Actor,
  ): Promise<TenantPayload> {
    const slug = await this.#run(actor, input, (command) => this.lifecycle.releaseHold(command, input));
    return this.#payload(slug, null);
  }

  @Mutation(() => NewTokenPayload)
  @Requires('tokens:write')
  async createTenantToken(
    @Args('input') input: CreateTenantTokenInput,
    @CurrentActor() actor: Actor,
  ): Promise<NewTokenPayload> {
    // The secret goes around the receipt: what a repetition is answered with must not be stored.
    let secret: string | null = null;
    const id = await this.#run(actor, input, async (command) => {
      const token = await this.tokens.create(command, input);
      secret = token.secret;
      return token.id;
    });
    return { id, secret };
  }

  @Mutation(() => RevokeTenantTokenPayload)
  @Requires('tokens:write')
  async revokeTenantToken(
    @Args('input') input: RevokeTenantTokenInput,
    @CurrentActor() actor: Actor,
  ): Promise<RevokeTenantTokenPayload> {
    await this.#run(actor, input, (command) => this.tokens.revoke(command, input.id));
    return { id: input.id };
  }

  @Mutation(() => RetryDeadLetterPayload)
  @Requires('operations:write')
  async retryDeadLetter(
    @Args('input') input: RetryDeadLetterInput,
    @CurrentActor() actor: Actor,
  ): Promise<RetryDeadLetterPayload> {
    await this.#run(actor, input, (command) => this.deadLetters.retry(command, input));
    return { ok: true };
  }

  #run<T>(
    actor: Actor,
    input: { clientMutationId?: string | null },
    work: (command: Command) => Promise<T>,
  ): Promise<T> {
    return this.commands.run(actor, { clientMutationId: input.clientMutationId, input }, work);
  }

  /** A tenant is answered as the model has it; the fields of its type are resolved from that. */
  async #payload(slug: string, operationId: string | null): Promise<TenantPayload> {
    const tenant = (await this.readModel.bySlug(slug)) as unknown as TenantType;
    const operation = operationId ? ((await this.operations.byId(operationId)) ?? null) : null;
    return { tenant, operation };
  }
}
