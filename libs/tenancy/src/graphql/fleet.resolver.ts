import { Args, Context, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { Commands, type Actor } from '#audit';
import { CurrentActor, Requires } from '#identity';
import { OperationsReadModel } from '#operations';
import { requestLoader, type Connection } from '#platform';
import { PreparedDatabases } from '../databases/prepared-databases.js';
import { TenantSchema } from '../databases/tenant-schema.js';
import type { FleetDatabase } from '../fleet/fleet-database.js';
import { FleetService } from '../fleet/fleet.service.js';
import { FleetStore } from '../fleet/fleet.store.js';
import {
  FleetDatabaseConnection,
  FleetDatabasesArgs,
  FleetDatabaseType,
  FleetPayload,
  FleetType,
  MigrateFleetInput,
  PreparedDatabasesType,
  RetryFleetMigrationInput,
} from './fleet.type.js';

/** The schema of all tenant databases. */
@Resolver(() => FleetType)
export class FleetResolver {
  constructor(
    private readonly commands: Commands,
    private readonly fleetService: FleetService,
    private readonly store: FleetStore,
    private readonly schema: TenantSchema,
    private readonly preparedDatabases: PreparedDatabases,
    private readonly operations: OperationsReadModel,
  ) {}

  @Query(() => FleetType)
  @Requires('read')
  async fleet(): Promise<FleetType> {
    return { version: (await this.schema.version()).name, ...(await this.store.counts()) };
  }

  @ResolveField('databases', () => FleetDatabaseConnection, { description: 'By cluster and name.' })
  databases(@Args() args: FleetDatabasesArgs): Promise<Connection<FleetDatabase>> {
    return this.store.page(args.status ?? null, args);
  }

  @ResolveField('prepared', () => [PreparedDatabasesType])
  prepared(): Promise<PreparedDatabasesType[]> {
    return this.preparedDatabases.ready();
  }

  @Mutation(() => FleetPayload, { description: 'Brings every tenant database that is behind to the newest.' })
  @Requires('operations:write')
  async migrateFleet(
    @Args('input') input: MigrateFleetInput,
    @CurrentActor() actor: Actor,
  ): Promise<FleetPayload> {
    const key = { clientMutationId: input.clientMutationId, input };
    const id = await this.commands.run(
      actor,
      key,
      async (command) => (await this.fleetService.migrate(command)) ?? null,
    );
    return this.#payload(id);
  }

  @Mutation(() => FleetPayload, { description: 'Migrates one database alone, after its failure was mended.' })
  @Requires('operations:write')
  async retryFleetMigration(
    @Args('input') input: RetryFleetMigrationInput,
    @CurrentActor() actor: Actor,
  ): Promise<FleetPayload> {
    const key = { clientMutationId: input.clientMutationId, input };
    const id = await this.commands.run(
      actor,
      key,
      async (command) => (await this.fleetService.retry(command, input.database)) ?? null,
    );
    return this.#payload(id);
  }

  async #payload(id: string | null): Promise<FleetPayload> {
    const operation = id === null ? undefined : await this.operations.byId(id);
    return { operation: operation ?? null };
  }
}

@Resolver(() => FleetDatabaseType)
export class FleetDatabaseResolver {
  readonly #tenants = requestLoader((ids: readonly string[]) => this.store.tenantsOf(ids));

  constructor(private readonly store: FleetStore) {}

  @ResolveField('tenants', () => [String], { description: 'Slugs of those whose rows it holds.' })
  tenants(@Parent() database: FleetDatabase, @Context() context: object): Promise<string[]> {
    return this.#tenants(context).load(database.id);
  }
}
