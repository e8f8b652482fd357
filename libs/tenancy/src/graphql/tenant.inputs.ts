import { Field, Float, ID, InputType, ObjectType } from '@nestjs/graphql';
import { OperationType } from '#operations';
import { JsonScalar } from '#platform';
import type { Placement, Suspension } from '../tenant.js';
import { MutationInput } from './mutation.input.js';
import { PlacementEnum, SuspensionEnum, TenantType } from './tenant.type.js';

@InputType()
export class OnboardTenantInput extends MutationInput {
  @Field(() => String)
  slug!: string;
  @Field(() => String)
  name!: string;
  @Field(() => String, { nullable: true, defaultValue: 'standard' })
  plan?: string | null;
  @Field(() => String, { nullable: true })
  region?: string | null;
  @Field(() => JsonScalar, { nullable: true })
  labels?: Record<string, string> | null;
  @Field(() => PlacementEnum, { nullable: true, defaultValue: 'SHARED' })
  database?: Placement | null;
  @Field(() => PlacementEnum, { nullable: true, defaultValue: 'SHARED' })
  integrationWorkers?: Placement | null;
  @Field(() => String, { nullable: true, description: 'Initial data: a folder of kits/.' })
  kit?: string | null;
}

@InputType()
export class ChangePlacementInput extends MutationInput {
  @Field(() => String)
  tenant!: string;
  @Field(() => PlacementEnum, { nullable: true })
  database?: Placement | null;
  @Field(() => String, { nullable: true, description: 'Another cluster; default is the one where it is.' })
  cluster?: string | null;
  @Field(() => PlacementEnum, { nullable: true })
  integrationWorkers?: Placement | null;
}

@InputType()
export class PlacementPlanInput {
  @Field(() => String)
  tenant!: string;
  @Field(() => PlacementEnum, { nullable: true })
  database?: Placement | null;
  @Field(() => String, { nullable: true, description: 'Another cluster; default is the one where it is.' })
  cluster?: string | null;
  @Field(() => PlacementEnum, { nullable: true })
  integrationWorkers?: Placement | null;
}

@InputType()
export class TenantReasonInput extends MutationInput {
  @Field(() => String)
  tenant!: string;
  @Field(() => String, { nullable: true })
  reason?: string | null;
}

@InputType()
export class SuspendTenantInput extends TenantReasonInput {
  @Field(() => SuspensionEnum, { nullable: true, defaultValue: 'ALL' })
  mode?: Suspension | null;
}

@InputType()
export class PlaceLegalHoldInput extends MutationInput {
  @Field(() => String)
  tenant!: string;
  @Field(() => String)
  reason!: string;
}

@InputType()
export class ReleaseLegalHoldInput extends MutationInput {
  @Field(() => ID)
  id!: string;
  @Field(() => String)
  reason!: string;
}

@InputType()
export class OffboardTenantInput extends MutationInput {
  @Field(() => String)
  tenant!: string;
  @Field(() => String, { description: 'The slug again: every row will be deleted.' })
  confirm!: string;
  @Field(() => Float, {
    nullable: true,
    description: 'How long it can be brought back; the installation has a standard. 0: erased at once.',
  })
  retentionHours?: number | null;
  @Field(() => String, { nullable: true })
  reason?: string | null;
}

@InputType()
export class CreateTenantTokenInput extends MutationInput {
  @Field(() => String)
  tenant!: string;
  @Field(() => String)
  name!: string;
}

@InputType()
export class RevokeTenantTokenInput extends MutationInput {
  @Field(() => ID)
  id!: string;
}

@InputType()
export class RetryDeadLetterInput extends MutationInput {
  @Field(() => String)
  tenant!: string;
  @Field(() => ID)
  id!: string;
}

@ObjectType()
export class OnboardTenantPayload {
  @Field(() => TenantType)
  tenant!: TenantType;
  @Field(() => OperationType)
  operation!: OperationType;
}

@ObjectType()
export class TenantPayload {
  @Field(() => TenantType)
  tenant!: TenantType;
  @Field(() => OperationType, { nullable: true, description: 'null if nothing is left to be done.' })
  operation!: OperationType | null;
}

@ObjectType()
export class RevokeTenantTokenPayload {
  @Field(() => ID)
  id!: string;
}

@ObjectType()
export class RetryDeadLetterPayload {
  @Field(() => Boolean)
  ok!: boolean;
}
