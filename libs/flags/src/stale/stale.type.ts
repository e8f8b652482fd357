import { Field, InputType, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { staleReasons, type StaleReason } from './stale-flags.read-model.js';

export const StaleReasonEnum = Object.fromEntries(staleReasons.map((reason) => [reason, reason])) as {
  [Reason in StaleReason]: Reason;
};
registerEnumType(StaleReasonEnum, {
  name: 'StaleReason',
  description:
    'UNUSED: no SDK asked for it. ROLLED_OUT: on for everybody in production, with no other rule. NOT_IN_CODE: no scanned code names it.',
});

@ObjectType('StaleFlag')
export class StaleFlagType {
  @Field(() => String)
  flag!: string;
  @Field(() => String, { nullable: true })
  owner!: string | null;
  @Field(() => [StaleReasonEnum])
  reasons!: StaleReason[];
  @Field(() => Date)
  createdAt!: Date;
  @Field(() => Date, { nullable: true })
  expiresAt!: Date | null;
  @Field(() => Date, { nullable: true, description: 'Of the last evaluation that an SDK reported.' })
  lastSeenAt!: Date | null;
  @Field(() => Int)
  codeReferences!: number;
  @Field(() => [String])
  repositories!: string[];
  @Field(() => String)
  advice!: string;
}

@ObjectType('FlagCodeReference')
export class FlagCodeReferenceType {
  @Field(() => String)
  repository!: string;
  @Field(() => String, { nullable: true })
  commit!: string | null;
  @Field(() => String)
  path!: string;
  @Field(() => Int)
  line!: number;
  @Field(() => String)
  excerpt!: string;
  @Field(() => Date)
  scannedAt!: Date;
}

@InputType()
export class CodeReferenceInput {
  @Field(() => String)
  flag!: string;
  @Field(() => String)
  path!: string;
  @Field(() => Int)
  line!: number;
  @Field(() => String, { nullable: true, description: 'Cut off after 300 characters.' })
  excerpt?: string | null;
}

@InputType()
export class UploadCodeReferencesInput {
  @Field(() => String)
  repository!: string;
  @Field(() => String, { nullable: true })
  commit?: string | null;
  @Field(() => Int, { description: 'Files that were looked at.' })
  files!: number;
  @Field(() => [CodeReferenceInput], { description: 'At most 20000; they replace those of the scan before.' })
  references!: CodeReferenceInput[];
  @Field(() => String, { nullable: true })
  clientMutationId?: string | null;
}

@ObjectType()
export class UploadCodeReferencesPayload {
  @Field(() => Int, { description: 'Those of keys that are no flag are left out.' })
  kept!: number;
}
