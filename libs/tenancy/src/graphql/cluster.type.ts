import { Field, Float, InputType, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import type { ClusterStatus } from '../placement/cluster.js';
import { MutationInput } from './mutation.input.js';

const ClusterStatusEnum = { PREPARING: 'PREPARING', ACTIVE: 'ACTIVE', RETIRED: 'RETIRED' } as const;
registerEnumType(ClusterStatusEnum, { name: 'ClusterStatus' });

@ObjectType('DatabaseCluster', {
  description: 'A PostgreSQL server on which tenants are placed, with its rate card.',
})
export class ClusterType {
  @Field(() => String)
  name!: string;
  @Field(() => String)
  region!: string;
  @Field(() => String)
  host!: string;
  @Field(() => Int)
  port!: number;
  @Field(() => ClusterStatusEnum, { description: 'Only an ACTIVE one takes tenants.' })
  status!: ClusterStatus;
  @Field(() => Boolean, { description: 'Takes tenants into its pooled database.' })
  pooled!: boolean;
  @Field(() => Boolean, { description: 'Takes databases of a tenant’s own.' })
  dedicated!: boolean;
  @Field(() => Int, { nullable: true, description: 'null: no bound.' })
  maxDatabases!: number | null;
  @Field(() => Float, { nullable: true, description: 'null: no bound.' })
  maxBytes!: number | null;
  @Field(() => Int)
  databases!: number;
  @Field(() => Int)
  tenants!: number;
  @Field(() => Float, { nullable: true, description: 'A month; null: the rate card does not say.' })
  pooledTenantCost!: number | null;
  @Field(() => Float, { nullable: true, description: 'A month; null: the rate card does not say.' })
  dedicatedDatabaseCost!: number | null;
  @Field(() => Float, { nullable: true, description: 'A month; null: the rate card does not say.' })
  dedicatedWorkerCost!: number | null;
}

@InputType({ isAbstract: true })
abstract class ClusterTermsInput extends MutationInput {
  @Field(() => String)
  name!: string;
  @Field(() => Boolean, { nullable: true })
  pooled?: boolean | null;
  @Field(() => Boolean, { nullable: true })
  dedicated?: boolean | null;
  @Field(() => Int, { nullable: true })
  maxDatabases?: number | null;
  @Field(() => Float, { nullable: true })
  maxBytes?: number | null;
  @Field(() => Float, { nullable: true })
  pooledTenantCost?: number | null;
  @Field(() => Float, { nullable: true })
  dedicatedDatabaseCost?: number | null;
  @Field(() => Float, { nullable: true })
  dedicatedWorkerCost?: number | null;
}

@InputType()
export class RegisterClusterInput extends ClusterTermsInput {
  @Field(() => String)
  region!: string;
  @Field(() => String)
  host!: string;
  @Field(() => Int)
  port!: number;
  @Field(() => String, { description: 'A superuser, to provision and to move; never to serve.' })
  adminUser!: string;
  @Field(() => String, { description: 'Sealed at rest and never shown.' })
  adminPassword!: string;
}

@InputType()
export class UpdateClusterInput extends ClusterTermsInput {}

@InputType()
export class RetireClusterInput extends MutationInput {
  @Field(() => String)
  name!: string;
}
