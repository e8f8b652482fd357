import { Field, ID, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { ConnectionOf, JsonScalar } from '#platform';
import type { FlagScope, RiskClass } from '../flag.js';
import { FlagScopeKindEnum, RiskClassEnum } from '../graphql/flag.type.js';
import { changeRequestStatuses, type ChangeRequestStatus } from './change-request.js';
import { flagChangeKinds, type FlagChangeKind } from './flag-change.js';

export const ChangeRequestStatusEnum = Object.fromEntries(
  changeRequestStatuses.map((status) => [status, status]),
) as { [Status in ChangeRequestStatus]: Status };
registerEnumType(ChangeRequestStatusEnum, { name: 'ChangeRequestStatus' });

export const FlagChangeKindEnum = Object.fromEntries(flagChangeKinds.map((kind) => [kind, kind])) as {
  [Kind in FlagChangeKind]: Kind;
};
registerEnumType(FlagChangeKindEnum, { name: 'FlagChangeKind' });

@ObjectType()
export class RequestedScope {
  @Field(() => FlagScopeKindEnum)
  kind!: FlagScope['kind'];
  @Field(() => String)
  key!: string;
}

@ObjectType('RequestedFlagChange')
export class RequestedFlagChangeType {
  @Field(() => FlagChangeKindEnum)
  kind!: FlagChangeKind;
  @Field(() => String, { nullable: true, description: 'Absent for UPDATE_SEGMENT.' })
  flag!: string | null;
  @Field(() => Int, { nullable: true, description: 'Id, of UPDATE_SEGMENT.' })
  segment!: number | null;
  @Field(() => RequestedScope, { nullable: true })
  scope!: RequestedScope | null;
  @Field(() => JsonScalar, { nullable: true, description: 'What was there when the draft was made.' })
  before!: unknown;
  @Field(() => JsonScalar, { nullable: true, description: 'What is there once it is applied.' })
  after!: unknown;
  @Field(() => String, { description: 'A sentence for people.' })
  summary!: string;
}

@ObjectType('ChangeRequestApproval')
export class ChangeRequestApprovalType {
  @Field(() => String)
  by!: string;
  @Field(() => Date)
  at!: Date;
  @Field(() => String)
  digest!: string;
  @Field(() => String, { nullable: true })
  comment!: string | null;
  @Field(() => Boolean, { description: 'false: an edit came after it.' })
  counts!: boolean;
}

@ObjectType('FlagConflict')
export class FlagConflictType {
  @Field(() => String, { description: 'Path of the change, e.g. "changes.0".' })
  field!: string;
  @Field(() => String)
  change!: string;
  @Field(() => String)
  expected!: string;
  @Field(() => String)
  found!: string;
}

@ObjectType('ChangeRequest')
export class ChangeRequestType {
  @Field(() => ID)
  id!: string;
  @Field(() => String)
  title!: string;
  @Field(() => String)
  description!: string;
  @Field(() => String)
  environment!: string;
  @Field(() => String, {
    description: 'SHA-256 of environment, changes and what they refer to; approve and reject name it.',
  })
  digest!: string;
  @Field(() => Int, { description: 'Grows with every edit.' })
  version!: number;
  @Field(() => ChangeRequestStatusEnum)
  status!: ChangeRequestStatus;
  @Field(() => String, { nullable: true })
  statusReason!: string | null;
  @Field(() => String, { nullable: true, description: 'Why what the lint refuses is wanted.' })
  lintOverride!: string | null;
  @Field(() => String)
  author!: string;
  @Field(() => Date)
  createdAt!: Date;
  @Field(() => Date)
  updatedAt!: Date;
  @Field(() => Date, { nullable: true })
  applyAt!: Date | null;
  @Field(() => Date, { nullable: true })
  appliedAt!: Date | null;
  @Field(() => String, { nullable: true })
  appliedBy!: string | null;
  @Field(() => Int)
  approvalsNeeded!: number;
  @Field(() => Int)
  approvalsGiven!: number;
}

@ObjectType()
export class ChangeRequestConnection extends ConnectionOf<ChangeRequestType>(
  () => ChangeRequestType,
  'ChangeRequest',
) {}

@ObjectType()
export class ChangeRequestPayload {
  @Field(() => ChangeRequestType)
  changeRequest!: ChangeRequestType;
}

@ObjectType('ApprovalPolicy')
export class ApprovalPolicyType {
  @Field(() => String)
  environment!: string;
  @Field(() => RiskClassEnum)
  riskClass!: RiskClass;
  @Field(() => Int, { description: 'Approvals that turning something on needs; 0: none.' })
  minApprovals!: number;
}

@ObjectType()
export class ApprovalPolicyPayload {
  @Field(() => [ApprovalPolicyType])
  policies!: ApprovalPolicyType[];
}
