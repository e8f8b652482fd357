import { Args, Field, Float, Int, ObjectType, Query, Resolver } from '@nestjs/graphql';
import { Requires } from '#identity';
import { OffboardingPlanner, type OffboardingPlan } from '../offboarding/offboarding-plan.js';
import { TenantsReadModel } from '../tenants.read-model.js';

@ObjectType('TableRows')
class TableRowsType {
  @Field(() => String)
  table!: string;
  @Field(() => Float)
  rows!: number;
}

@ObjectType('OffboardingPlan', { description: 'What an offboarding would erase, before it is begun.' })
class OffboardingPlanType {
  @Field(() => String)
  tenant!: string;
  @Field(() => [TableRowsType], { description: 'Tables with rows of the tenant, the fullest first.' })
  tables!: TableRowsType[];
  @Field(() => Float)
  rows!: number;
  @Field(() => String, { nullable: true, description: 'cluster/database' })
  database!: string | null;
  @Field(() => Boolean, { description: 'A database of its own is dropped, with its login role.' })
  databaseDropped!: boolean;
  @Field(() => Int, { description: 'Processes of its own that run now.' })
  workers!: number;
  @Field(() => Int, { description: 'Tokens that open the data plane or its flags as this tenant.' })
  tokens!: number;
  @Field(() => Int, { description: 'Nobody can read them once the key is destroyed.' })
  archives!: number;
  @Field(() => Float, { description: 'As stored.' })
  archiveBytes!: number;
  @Field(() => Float, {
    description: 'How long it can be brought back unless the offboarding says otherwise.',
  })
  retentionHours!: number;
  @Field(() => [String], { description: 'Why it cannot be offboarded now; empty if it can.' })
  blockers!: string[];
}

@Resolver()
export class OffboardingPlanResolver {
  constructor(
    private readonly tenants: TenantsReadModel,
    private readonly planner: OffboardingPlanner,
  ) {}

  @Query(() => OffboardingPlanType)
  @Requires('read')
  async offboardingPlan(
    @Args('tenant', { type: () => String, description: 'Slug.' }) tenant: string,
  ): Promise<OffboardingPlan> {
    return this.planner.plan(await this.tenants.bySlug(tenant));
  }
}
