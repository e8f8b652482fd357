import { Field, InputType, ObjectType } from '@nestjs/graphql';
import { OperationType } from '#operations';
import { JsonScalar } from '#platform';

@InputType()
export class ManifestFileInput {
  @Field(() => String, { description: 'Name for messages; nothing is read from it.' })
  file!: string;
  @Field(() => String, { description: 'YAML, one or more documents.' })
  content!: string;
}

@InputType()
export class ApplyManifestsInput {
  @Field(() => [ManifestFileInput])
  manifests!: ManifestFileInput[];
  @Field(() => String, { nullable: true })
  clientMutationId?: string | null;
}

@ObjectType('FieldChange')
export class FieldChangeType {
  @Field(() => String)
  path!: string;
  @Field(() => JsonScalar, { nullable: true })
  before!: unknown;
  @Field(() => JsonScalar, { nullable: true })
  after!: unknown;
}

@ObjectType('ManifestChange')
export class ManifestChangeType {
  @Field(() => String)
  file!: string;
  @Field(() => String)
  kind!: string;
  @Field(() => String)
  name!: string;
  @Field(() => String, { description: 'CREATE, UPDATE or NONE' })
  action!: string;
  @Field(() => [FieldChangeType])
  fields!: FieldChangeType[];
}

@ObjectType('ManifestPlan')
export class ManifestPlanType {
  @Field(() => [ManifestChangeType])
  changes!: ManifestChangeType[];
}

@ObjectType()
export class ApplyManifestsPayload {
  @Field(() => [ManifestChangeType])
  changes!: ManifestChangeType[];
  @Field(() => [OperationType])
  operations!: OperationType[];
}
