import { Field, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import type { EnvironmentKind } from './environments.read-model.js';

const EnvironmentKindEnum = { STAGING: 'STAGING', PRODUCTION: 'PRODUCTION' } as const;
registerEnumType(EnvironmentKindEnum, { name: 'EnvironmentKind' });

@ObjectType('Environment', { description: 'A place with flag states of its own, e.g. staging.' })
export class EnvironmentType {
  @Field(() => String)
  name!: string;
  @Field(() => EnvironmentKindEnum)
  kind!: EnvironmentKind;
  @Field(() => Int, { description: 'A release is promoted from one position to the next.' })
  position!: number;
}
