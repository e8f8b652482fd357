import { Args, Int, Query, Resolver, Subscription } from '@nestjs/graphql';
import { REVISION_CHANNEL, type RevisionNotice } from '#audit';
import { Requires } from '#identity';
import {
  OperationConnection,
  OperationsReadModel,
  OperationStatusEnum,
  type OperationStatus,
  type OperationView,
} from '#operations';
import { Notifications, PageArgs, subscribeTo, type Connection } from '#platform';
import { DeadLettersService, type DeadLetter } from '../dead-letters.service.js';
import type { PlacementPlan } from '../placement/placement-plan.js';
import { PlacementPlanner } from '../placement/placement-planner.js';
import { RuntimeInstances, type RuntimeInstance } from '../placement/worker-instances.js';
import type { Tenant } from '../tenant.js';
import { TenantsList } from '../tenants.list.js';
import { TenantsReadModel } from '../tenants.read-model.js';
import { PlacementPlanInput } from './tenant.inputs.js';
import {
  DeadLetterType,
  PlacementPlanType,
  RuntimeInstanceType,
  TenantConnection,
  TenantsArgs,
  TenantType,
} from './tenant.type.js';

/** Queries and subscriptions on tenants. */
@Resolver(() => TenantType)
export class TenantsResolver {
  constructor(
    private readonly readModel: TenantsReadModel,
    private readonly list: TenantsList,
    private readonly deadLetterService: DeadLettersService,
    private readonly instances: RuntimeInstances,
    private readonly planner: PlacementPlanner,
    private readonly operationsReadModel: OperationsReadModel,
    private readonly notifications: Notifications,
  ) {}

  @Query(() => TenantConnection)
  @Requires('read')
  tenants(@Args() args: TenantsArgs): Promise<Connection<Tenant>> {
    return this.list.page(args, args);
  }

  @Query(() => TenantType, { nullable: true })
  @Requires('read')
  async tenant(@Args('slug', { type: () => String }) slug: string): Promise<Tenant | null> {
    return (await this.readModel.find(slug)) ?? null;
  }

  @Query(() => OperationConnection, { description: 'The newest first.' })
  @Requires('read')
  async operations(
    @Args() page: PageArgs,
    @Args('tenant', { type: () => String, nullable: true }) tenant?: string | null,
    @Args('status', { type: () => [OperationStatusEnum], nullable: true }) status?: OperationStatus[] | null,
  ): Promise<Connection<OperationView>> {
    const tenantId = tenant ? (await this.readModel.bySlug(tenant)).id : undefined;
    return this.operationsReadModel.page({ tenantId, status }, page);
  }

  @Query(() => [DeadLetterType])
  @Requires('read')
  async deadLetters(
    @Args('tenant', { type: () => String }) tenant: string,
    @Args('first', { type: () => Int, nullable: true }) first?: number | null,
  ): Promise<DeadLetter[]> {
    return this.deadLetterService.list(await this.readModel.bySlug(tenant), first ?? 50);
  }

  @Query(() => PlacementPlanType)
  @Requires('read')
  async placementPlan(@Args('input') input: PlacementPlanInput): Promise<PlacementPlan> {
    const tenant = await this.readModel.bySlug(input.tenant);
    return this.planner.plan(tenant, input);
  }

  @Query(() => [RuntimeInstanceType])
  @Requires('read')
  runtimeInstances(): Promise<RuntimeInstance[]> {
    return this.instances.recent();
  }

  @Subscription(() => TenantType, {
    description: 'A tenant, or all of them, whenever something of theirs changes.',
    resolve: (tenant: Tenant) => tenant,
  })
  @Requires('read')
  tenantChanged(
    @Args('slug', { type: () => String, nullable: true }) slug?: string | null,
  ): AsyncIterableIterator<Tenant> {
    return subscribeTo(this.notifications, REVISION_CHANNEL, async (payload) => {
      if (payload === undefined) return slug ? this.readModel.find(slug) : this.readModel.all();
      const { area, tenantId } = JSON.parse(payload) as RevisionNotice;
      if (area !== 'tenancy' || !tenantId) return undefined;
      const [tenant] = await this.readModel.byIds([tenantId]);
      return slug && tenant?.slug !== slug ? undefined : tenant;
    });
  }
}
