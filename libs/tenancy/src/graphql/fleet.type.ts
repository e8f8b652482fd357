import { ArgsType, Field, ID, InputType, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { OperationType } from '#operations';
import { ConnectionOf, PageArgs } from '#platform';
import type { FleetStatus } from '../fleet/fleet-database.js';
import { MutationInput } from './mutation.input.js';

export const FleetStatusEnum = { CURRENT: 'CURRENT', BEHIND: 'BEHIND', FAILED: 'FAILED' } as const;
registerEnumType(FleetStatusEnum, {
  name: 'FleetStatus',
  description: 'CURRENT: at the newest migration. FAILED: the last try to bring it there failed.',
});
export const DatabaseKindEnum = { POOLED: 'POOLED', DEDICATED: 'DEDICATED' } as const;
registerEnumType(DatabaseKindEnum, { name: 'DatabaseKind' });

@ObjectType('FleetDatabase', { description: 'A tenant database and how far its schema has come.' })
export class FleetDatabaseType {
  @Field(() => ID)
  id!: string;
  @Field(() => String)
  cluster!: string;
  @Field(() => String)
  name!: string;
  @Field(() => DatabaseKindEnum)
  kind!: 'POOLED' | 'DEDICATED';
  @Field(() => String, { nullable: true, description: 'The newest migration that it is known to have.' })
  version!: string | null;
  @Field(() => FleetStatusEnum)
  status!: FleetStatus;
  @Field(() => String, { nullable: true, description: 'Why the last try to migrate it failed.' })
  error!: string | null;
  @Field(() => Date, { nullable: true })
  migratedAt!: Date | null;
}

@ObjectType()
export class FleetDatabaseConnection extends ConnectionOf<FleetDatabaseType>(
  () => FleetDatabaseType,
  'FleetDatabase',
) {}

@ObjectType('PreparedDatabases', { description: 'Databases that stand ready for tenants to come.' })
export class PreparedDatabasesType {
  @Field(() => String)
  cluster!: string;
  @Field(() => Int)
  ready!: number;
  @Field(() => Int)
  wanted!: number;
}

@ObjectType('Fleet', { description: 'All tenant databases, and the schema version they shall have.' })
export class FleetType {
  @Field(() => String, { description: 'The newest migration of this version.' })
  version!: string;
  @Field(() => Int)
  current!: number;
  @Field(() => Int)
  behind!: number;
  @Field(() => Int)
  failed!: number;
}

@ArgsType()
export class FleetDatabasesArgs extends PageArgs {
  @Field(() => [FleetStatusEnum], { nullable: true })
  status?: FleetStatus[] | null;
}

@InputType()
export class MigrateFleetInput extends MutationInput {}

@InputType()
export class RetryFleetMigrationInput extends MutationInput {
  @Field(() => String, { description: 'Id or cluster/name of the database, or the slug of its tenant.' })
  database!: string;
}

@ObjectType()
export class FleetPayload {
  @Field(() => OperationType, { nullable: true, description: 'null if nothing is behind.' })
  operation!: OperationType | null;
}
