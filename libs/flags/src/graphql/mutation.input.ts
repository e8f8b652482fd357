import { Field, InputType, Int } from '@nestjs/graphql';

@InputType({ isAbstract: true })
export abstract class MutationInput {
  @Field(() => String, { nullable: true, description: 'Idempotency key: a repetition changes nothing.' })
  clientMutationId?: string | null;
}

@InputType({ isAbstract: true })
export class FlagEnvironmentInput extends MutationInput {
  @Field(() => String)
  flag!: string;
  @Field(() => String)
  environment!: string;
  @Field(() => String, { nullable: true })
  reason?: string | null;
  @Field(() => Int, {
    nullable: true,
    description: 'Refuse with FLAG_CHANGED if the flag has another version.',
  })
  expectedVersion?: number | null;
}
