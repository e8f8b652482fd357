import { Args, Context, Float, Int, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { OperationConnection, OperationsReadModel, OperationType, type OperationView } from '#operations';
import { PageArgs, requestLoader, type Connection } from '#platform';
import { TenantDatabases } from '../databases/tenant-databases.js';
import { TenantRowCounts } from '../databases/tenant-row-counts.js';
import { DeadLettersService, type DeadLetter } from '../dead-letters.service.js';
import { RuntimeInstances, type RuntimeInstance } from '../placement/worker-instances.js';
import {
  isolationTier,
  unitKey,
  type IsolationTier,
  type Placement,
  type Tenant,
  type Unit,
} from '../tenant.js';
import { TenantsList, type UnitCount } from '../tenants.list.js';
import { TenantsReadModel } from '../tenants.read-model.js';
import {
  DatabasePlacementType,
  DeadLetterType,
  IsolationTierEnum,
  RuntimeInstanceType,
  TenantType,
  UnitConnection,
  UnitCountType,
  UnitsArgs,
  WorkerPlacementType,
} from './tenant.type.js';

interface DatabaseView {
  tenant: Tenant;
  placement: Placement;
  cluster: string | null;
  name: string | null;
  loginRole: string | null;
}

/** Fields of a tenant that are read only when asked for; in a list all tenants share each read. */
@Resolver(() => TenantType)
export class TenantFieldsResolver {
  readonly #databases = requestLoader((ids: readonly string[]) => this.databases.byIds(ids));
  readonly #unitCounts = requestLoader((ids: readonly string[]) => this.list.unitCounts(ids));
  readonly #workers = requestLoader(async (ids: readonly string[]) => {
    const all = await this.instances.dedicatedTo(ids);
    return ids.map((id) => all.filter(({ tenantId }) => tenantId === id));
  });

  constructor(
    private readonly databases: TenantDatabases,
    private readonly list: TenantsList,
    private readonly instances: RuntimeInstances,
    private readonly operationsReadModel: OperationsReadModel,
    private readonly deadLetterService: DeadLettersService,
  ) {}

  @ResolveField('tier', () => IsolationTierEnum)
  tier(@Parent() tenant: Tenant): IsolationTier {
    return isolationTier(tenant.databasePlacement, tenant.workerPlacement);
  }

  @ResolveField('database', () => DatabasePlacementType)
  async database(@Parent() tenant: Tenant, @Context() context: object): Promise<DatabaseView> {
    const database = tenant.databaseId ? await this.#databases(context).load(tenant.databaseId) : undefined;
    return {
      tenant,
      placement: tenant.databasePlacement,
      cluster: database?.cluster ?? null,
      name: database?.name ?? null,
      loginRole: database?.loginRole ?? null,
    };
  }

  @ResolveField('integrationWorkers', () => WorkerPlacementType)
  async integrationWorkers(
    @Parent() tenant: Tenant,
    @Context() context: object,
  ): Promise<{ placement: Placement; instances: RuntimeInstance[] }> {
    return { placement: tenant.workerPlacement, instances: await this.#workers(context).load(tenant.id) };
  }

  @ResolveField('units', () => UnitConnection)
  async units(
    @Parent() tenant: Tenant,
    @Args() args: UnitsArgs,
  ): Promise<Connection<Unit & { key: string }>> {
    const page = await this.list.units(tenant.id, args, args);
    const edges = page.edges.map(({ cursor, node }) => ({
      cursor,
      node: { ...node, key: unitKey(tenant.slug, node.code) },
    }));
    return { ...page, edges };
  }

  @ResolveField('unitCounts', () => [UnitCountType])
  unitCounts(@Parent() tenant: Tenant, @Context() context: object): Promise<UnitCount[]> {
    return this.#unitCounts(context).load(tenant.id);
  }

  @ResolveField('operations', () => OperationConnection)
  operations(@Parent() tenant: Tenant, @Args() args: PageArgs): Promise<Connection<OperationView>> {
    return this.operationsReadModel.page({ tenantId: tenant.id }, args);
  }

  @ResolveField('deadLetters', () => [DeadLetterType])
  deadLetters(
    @Parent() tenant: Tenant,
    @Args('first', { type: () => Int, nullable: true }) first?: number | null,
  ): Promise<DeadLetter[]> {
    return this.deadLetterService.list(tenant, first ?? 50);
  }
}

@Resolver(() => DatabasePlacementType)
export class DatabasePlacementResolver {
  constructor(private readonly rowCounts: TenantRowCounts) {}

  @ResolveField('rows', () => Float, { nullable: true, description: 'Counted when asked for.' })
  async rows(@Parent() view: DatabaseView): Promise<number | null> {
    return (await this.rowCounts.of(view.tenant)) ?? null;
  }
}

/** Tenants as other types name them: by id, loaded together. */
@Resolver(() => OperationType)
export class OperationTenantResolver {
  readonly #tenants = requestLoader((ids: readonly string[]) => this.readModel.byIds(ids));

  constructor(private readonly readModel: TenantsReadModel) {}

  @ResolveField('tenant', () => TenantType, { nullable: true })
  async tenant(@Parent() operation: OperationView, @Context() context: object): Promise<Tenant | null> {
    if (!operation.tenantId) return null;
    return (await this.#tenants(context).load(operation.tenantId)) ?? null;
  }
}

@Resolver(() => RuntimeInstanceType)
export class RuntimeInstanceTenantResolver {
  readonly #tenants = requestLoader((ids: readonly string[]) => this.readModel.byIds(ids));

  constructor(private readonly readModel: TenantsReadModel) {}

  @ResolveField('tenant', () => String, {
    nullable: true,
    description: 'Slug, if it serves one tenant alone.',
  })
  async tenant(@Parent() instance: RuntimeInstance, @Context() context: object): Promise<string | null> {
    if (!instance.tenantId) return null;
    return (await this.#tenants(context).load(instance.tenantId))?.slug ?? null;
  }
}
