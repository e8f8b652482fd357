import { ArgsType, Field, ID, ObjectType, registerEnumType } from '@nestjs/graphql';
import { ConnectionOf, PageArgs } from '#platform';
import type { ListedSdkToken, SdkTokenFilter } from './sdk-tokens.read-model.js';
import type { SdkTokenKind } from './sdk-tokens.service.js';

export const SdkTokenKindEnum = { CLIENT: 'CLIENT', FRONTEND: 'FRONTEND', RUNTIME: 'RUNTIME' } as const;
registerEnumType(SdkTokenKindEnum, { name: 'SdkTokenKind' });

@ObjectType('SdkToken', {
  description: 'With which a service reads flags (CLIENT, FRONTEND) or the runtime snapshot (RUNTIME).',
})
export class SdkTokenType implements ListedSdkToken {
  @Field(() => ID)
  id!: string;
  @Field(() => String)
  name!: string;
  @Field(() => SdkTokenKindEnum)
  kind!: SdkTokenKind;
  @Field(() => String)
  environment!: string;
  @Field(() => String, {
    nullable: true,
    description: 'It opens the flags of this project alone; null: all.',
  })
  project!: string | null;
  @Field(() => String, { nullable: true, description: 'Slug: it sees this tenant alone; null: all.' })
  tenant!: string | null;
  @Field(() => String, { nullable: true, description: 'Unit key of the one branch that it is for.' })
  branch!: string | null;
  @Field(() => Date)
  createdAt!: Date;
  @Field(() => Date, { nullable: true, description: 'Since when it opens nothing.' })
  revokedAt!: Date | null;
}

@ObjectType()
export class SdkTokenConnection extends ConnectionOf(() => SdkTokenType, 'SdkToken') {}

@ArgsType()
export class SdkTokensArgs extends PageArgs implements SdkTokenFilter {
  @Field(() => String, { nullable: true })
  environment?: string | null;
  @Field(() => String, { nullable: true, description: 'Slug.' })
  tenant?: string | null;
  @Field(() => [SdkTokenKindEnum], { nullable: true, description: 'One of them. None: any.' })
  kind?: SdkTokenKind[] | null;
  @Field(() => Boolean, { nullable: true, defaultValue: false, description: 'Those that were revoked.' })
  revoked?: boolean | null;
}
