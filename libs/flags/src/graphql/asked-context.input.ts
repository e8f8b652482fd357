import { Field, InputType } from '@nestjs/graphql';
import { JsonScalar } from '#platform';

/** Whom a flag is asked about, the same for an explanation and for the playground. */
@InputType({ isAbstract: true })
export class AskedContextInput {
  @Field(() => String, { nullable: true, description: 'Gives tier and region too.' })
  tenant?: string | null;
  @Field(() => String, { nullable: true, description: 'Code within the tenant, or "slug/code".' })
  branch?: string | null;
  @Field(() => String, { nullable: true })
  warehouse?: string | null;
  @Field(() => String, { nullable: true })
  account?: string | null;
  @Field(() => String, { nullable: true })
  userId?: string | null;
  @Field(() => JsonScalar, { nullable: true, description: 'Any other fields, as an object of texts.' })
  properties?: unknown;
}
