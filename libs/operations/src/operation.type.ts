import { Field, ID, InputType, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { ConnectionOf, JsonScalar } from '#platform';
import type { OperationStatus, StepStatus } from './operation.js';

export const OperationStatusEnum = {
  PENDING: 'PENDING',
  RUNNING: 'RUNNING',
  WAITING: 'WAITING',
  SUCCEEDED: 'SUCCEEDED',
  FAILED: 'FAILED',
  CANCELLED: 'CANCELLED',
} as const;
registerEnumType(OperationStatusEnum, { name: 'OperationStatus' });

const StepStatusEnum = {
  PENDING: 'PENDING',
  RUNNING: 'RUNNING',
  WAITING: 'WAITING',
  SUCCEEDED: 'SUCCEEDED',
  FAILED: 'FAILED',
  SKIPPED: 'SKIPPED',
} as const;
registerEnumType(StepStatusEnum, { name: 'StepStatus' });

@ObjectType('OperationError', { description: 'Why an operation stopped, and what to do.' })
export class OperationErrorType {
  @Field(() => String)
  code!: string;
  @Field(() => String)
  message!: string;
  @Field(() => String, { nullable: true })
  hint!: string | null;
}

@ObjectType('OperationStep')
export class OperationStepType {
  @Field(() => String)
  name!: string;
  @Field(() => String)
  title!: string;
  @Field(() => StepStatusEnum)
  status!: StepStatus;
  @Field(() => Int)
  attempts!: number;
  @Field(() => JsonScalar, { nullable: true, description: 'done, total, unit, message: as far as known.' })
  progress!: Record<string, unknown> | null;
  @Field(() => String, { nullable: true, description: 'Of the last attempt; what a waiting step waits for.' })
  errorMessage!: string | null;
  @Field(() => Date, { nullable: true })
  startedAt!: Date | null;
  @Field(() => Date, { nullable: true })
  finishedAt!: Date | null;
}

@ObjectType('Operation', { description: 'Long work in steps that survives the death of any process.' })
export class OperationType {
  @Field(() => ID)
  id!: string;
  @Field(() => String, { description: 'e.g. tenant.onboard' })
  kind!: string;
  @Field(() => String, { description: 'What it is about, e.g. tenant/northwind.' })
  subject!: string;
  tenantId!: string | null;
  @Field(() => OperationStatusEnum)
  status!: OperationStatus;
  @Field(() => OperationErrorType, { nullable: true })
  error!: OperationErrorType | null;
  @Field(() => String)
  requestedBy!: string;
  @Field(() => Date)
  createdAt!: Date;
  @Field(() => Date, { nullable: true })
  startedAt!: Date | null;
  @Field(() => Date, { nullable: true })
  finishedAt!: Date | null;
}

@ObjectType()
export class OperationConnection extends ConnectionOf<OperationType>(() => OperationType, 'Operation') {}

@InputType()
export class OperationIdInput {
  @Field(() => ID)
  id!: string;
  @Field(() => String, { nullable: true })
  clientMutationId?: string | null;
}

@ObjectType()
export class OperationPayload {
  @Field(() => OperationType)
  operation!: OperationType;
}
