import { Args, Mutation, Query, Resolver, Subscription } from '@nestjs/graphql';
import { Commands, type Actor, type Command } from '#audit';
import { CurrentActor, Requires } from '#identity';
import { Notifications, subscribeTo } from '#platform';
import { TenantsReadModel } from '#tenancy';
import { effectiveQuota } from './quota.js';
import { QuotasReadModel, type PlanView, type QuotaView } from './quotas.read-model.js';
import { QuotasService, type QuotaKey } from './quotas.service.js';
import {
  BoostQuotaInput,
  ClearBoostInput,
  ClearQuotaInput,
  NoisyNeighborsInput,
  NoisyNeighborType,
  PlanType,
  QuotaPayload,
  QuotaPressureType,
  QuotaType,
  SetQuotaInput,
  UsageInput,
  UsagePointType,
} from './quotas.types.js';
import { UsageReadModel } from './usage.read-model.js';
import { QUOTA_PRESSURE_CHANNEL, type QuotaPressure } from './usage.store.js';

const hourMs = 3_600_000;

@Resolver(() => QuotaType)
export class QuotasResolver {
  constructor(
    private readonly commands: Commands,
    private readonly service: QuotasService,
    private readonly readModel: QuotasReadModel,
    private readonly usageReadModel: UsageReadModel,
    private readonly tenants: TenantsReadModel,
    private readonly notifications: Notifications,
  ) {}

  @Query(() => [QuotaType])
  @Requires('read')
  async quotas(@Args('tenant', { type: () => String }) tenant: string): Promise<QuotaType[]> {
    return (await this.readModel.ofTenant(tenant)).map(toType);
  }

  @Query(() => [PlanType])
  @Requires('read')
  plans(): Promise<PlanView[]> {
    return this.readModel.plans();
  }

  @Query(() => [UsagePointType])
  @Requires('read')
  async usage(@Args('input', { type: () => UsageInput }) input: UsageInput): Promise<UsagePointType[]> {
    const { id } = await this.tenants.bySlug(input.tenant);
    const to = input.to ?? new Date();
    const from = input.from ?? new Date(to.getTime() - hourMs);
    return this.usageReadModel.ofTenant({ tenantId: id, from, to, step: input.step ?? 60 });
  }

  @Query(() => [NoisyNeighborType])
  @Requires('read')
  noisyNeighbors(
    @Args('input', { type: () => NoisyNeighborsInput }) { minutes, first }: NoisyNeighborsInput,
  ): Promise<NoisyNeighborType[]> {
    return this.usageReadModel.noisyNeighbors(minutes ?? 15, first ?? 20);
  }

  @Mutation(() => QuotaPayload)
  @Requires('quotas:write')
  setQuota(
    @Args('input', { type: () => SetQuotaInput }) input: SetQuotaInput,
    @CurrentActor() actor: Actor,
  ): Promise<QuotaPayload> {
    return this.#change(actor, input, (command) => this.service.setQuota(command, input));
  }

  @Mutation(() => QuotaPayload)
  @Requires('quotas:write')
  clearQuota(
    @Args('input', { type: () => ClearQuotaInput }) input: ClearQuotaInput,
    @CurrentActor() actor: Actor,
  ): Promise<QuotaPayload> {
    return this.#change(actor, input, (command) => this.service.clearQuota(command, input));
  }

  @Mutation(() => QuotaPayload)
  @Requires('quotas:write')
  boostQuota(
    @Args('input', { type: () => BoostQuotaInput }) input: BoostQuotaInput,
    @CurrentActor() actor: Actor,
  ): Promise<QuotaPayload> {
    return this.#change(actor, input, (command) => this.service.boostQuota(command, input));
  }

  @Mutation(() => QuotaPayload)
  @Requires('quotas:write')
  clearBoost(
    @Args('input', { type: () => ClearBoostInput }) input: ClearBoostInput,
    @CurrentActor() actor: Actor,
  ): Promise<QuotaPayload> {
    return this.#change(actor, input, (command) => this.service.clearBoost(command, input));
  }

  @Subscription(() => QuotaPressureType, { resolve: (pressure: QuotaPressureType) => pressure })
  @Requires('read')
  quotaPressure(): AsyncIterableIterator<QuotaPressureType> {
    return subscribeTo(this.notifications, QUOTA_PRESSURE_CHANNEL, async (payload) => {
      if (payload === undefined) return undefined;
      const pressure = JSON.parse(payload) as QuotaPressure;
      return { ...pressure, at: new Date(pressure.at) };
    });
  }

  async #change(
    actor: Actor,
    input: QuotaKey & { clientMutationId?: string | null },
    change: (command: Command) => Promise<void>,
  ): Promise<QuotaPayload> {
    await this.commands.run(actor, { clientMutationId: input.clientMutationId, input }, change);
    return { quota: toType(await this.readModel.one(input.tenant, input.kind)) };
  }
}

function toType(view: QuotaView): QuotaType {
  const { limit, burst, hard, source } = effectiveQuota(view, new Date());
  const { tenant, kind, plan, override, boost } = view;
  return {
    tenant,
    kind,
    limit,
    burst,
    hard,
    source,
    planLimit: plan.limit,
    override: override?.limit ?? null,
    boost,
  };
}
