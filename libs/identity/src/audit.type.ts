import { ArgsType, Field, Int, ObjectType } from '@nestjs/graphql';
import { ConnectionOf, JsonScalar, PageArgs } from '#platform';

@ObjectType('AuditEvent', {
  description: 'One change: who, what, before and after; chained by hash to the one before.',
})
export class AuditEventType {
  @Field(() => Int)
  revision!: number;
  @Field(() => Date)
  at!: Date;
  @Field(() => String)
  actor!: string;
  @Field(() => String, { nullable: true, description: 'Who held the token, if it named somebody.' })
  actorPerson!: string | null;
  @Field(() => String)
  actorKind!: string;
  @Field(() => String)
  action!: string;
  @Field(() => String)
  area!: string;
  @Field(() => String)
  subject!: string;
  @Field(() => String, { nullable: true, description: 'Slug of the tenant.' })
  tenant!: string | null;
  @Field(() => String, { nullable: true })
  environment!: string | null;
  @Field(() => JsonScalar, { nullable: true })
  before!: unknown;
  @Field(() => JsonScalar, { nullable: true })
  after!: unknown;
  @Field(() => String, { nullable: true })
  reason!: string | null;
  @Field(() => String, { nullable: true })
  correlation!: string | null;
  @Field(() => String)
  hash!: string;
}

@ObjectType()
export class AuditEventConnection extends ConnectionOf<AuditEventType>(() => AuditEventType, 'AuditEvent') {}

@ArgsType()
export class AuditEventsArgs extends PageArgs {
  @Field(() => String, { nullable: true, description: 'Slug.' })
  tenant?: string | null;
  @Field(() => String, { nullable: true, description: 'e.g. flag/pricing.engine' })
  subject?: string | null;
  @Field(() => String, { nullable: true })
  area?: string | null;
  @Field(() => String, { nullable: true, description: 'Name of the token or of the part of Tierdeck.' })
  actor?: string | null;
}

@ObjectType('AuditVerification')
export class AuditVerificationType {
  @Field(() => Boolean)
  ok!: boolean;
  @Field(() => Int, { description: 'Events that were found as they were written.' })
  events!: number;
  @Field(() => Int, { nullable: true, description: 'Revision of the first event that was not.' })
  brokenAt!: number | null;
  @Field(() => String, { nullable: true })
  message!: string | null;
  @Field(() => String, {
    description: 'Keep it elsewhere: a chain rewritten as a whole ends in another one.',
  })
  headHash!: string;
}
