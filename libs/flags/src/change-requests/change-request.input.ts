import { ArgsType, Field, ID, InputType, Int } from '@nestjs/graphql';
import { PageArgs } from '#platform';
import type { RiskClass } from '../flag.js';
import { RiskClassEnum } from '../graphql/flag.type.js';
import type { ChangeRequestStatus } from './change-request.js';
import { ChangeRequestStatusEnum } from './change-request.type.js';
import { FlagChangeInput } from './flag-change.input.js';

@InputType({ isAbstract: true })
abstract class ContentInput {
  @Field(() => String)
  title!: string;
  @Field(() => String, { nullable: true })
  description?: string | null;
  @Field(() => [FlagChangeInput])
  changes!: FlagChangeInput[];
  @Field(() => String, { nullable: true, description: 'Why what the lint refuses is wanted.' })
  lintOverride?: string | null;
  @Field(() => String, { nullable: true, description: 'Idempotency key: a repetition changes nothing.' })
  clientMutationId?: string | null;
}

@InputType()
export class OpenChangeRequestInput extends ContentInput {
  @Field(() => String)
  environment!: string;
  @Field(() => Boolean, { nullable: true, description: 'Also submit it for review.' })
  submit?: boolean | null;
}

@InputType()
export class EditChangeRequestInput extends ContentInput {
  @Field(() => ID)
  id!: string;
}

@InputType()
export class ChangeRequestInput {
  @Field(() => ID)
  id!: string;
  @Field(() => String, { nullable: true })
  reason?: string | null;
  @Field(() => String, { nullable: true })
  clientMutationId?: string | null;
}

@InputType()
export class ReviewChangeRequestInput {
  @Field(() => ID)
  id!: string;
  @Field(() => String, { description: 'Of the content that was looked at.' })
  digest!: string;
  @Field(() => String, { nullable: true })
  comment?: string | null;
  @Field(() => String, { nullable: true })
  clientMutationId?: string | null;
}

@InputType()
export class ScheduleChangeRequestInput {
  @Field(() => ID)
  id!: string;
  @Field(() => Date, { description: 'Of the database clock; in the future.' })
  at!: Date;
  @Field(() => String, { nullable: true })
  clientMutationId?: string | null;
}

@InputType()
export class SetApprovalPolicyInput {
  @Field(() => String)
  environment!: string;
  @Field(() => RiskClassEnum)
  riskClass!: RiskClass;
  @Field(() => Int, { description: '0 to 10.' })
  minApprovals!: number;
  @Field(() => String, { nullable: true })
  clientMutationId?: string | null;
}

@ArgsType()
export class ChangeRequestsArgs extends PageArgs {
  @Field(() => String, { nullable: true })
  environment?: string | null;
  @Field(() => [ChangeRequestStatusEnum], { nullable: true })
  status?: ChangeRequestStatus[] | null;
  @Field(() => String, { nullable: true, description: 'Only requests that change this flag.' })
  flag?: string | null;
}
