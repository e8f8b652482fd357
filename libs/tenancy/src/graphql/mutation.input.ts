import { Field, InputType } from '@nestjs/graphql';

@InputType({ isAbstract: true })
export abstract class MutationInput {
  @Field(() => String, { nullable: true, description: 'Idempotency key: a repetition changes nothing.' })
  clientMutationId?: string | null;
}
