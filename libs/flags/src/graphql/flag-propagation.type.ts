import { Field, Int, ObjectType, registerEnumType } from '@nestjs/graphql';

export enum FlagFetchModeEnum {
  POLLING = 'POLLING',
  DELTA = 'DELTA',
  STREAMING = 'STREAMING',
}
registerEnumType(FlagFetchModeEnum, { name: 'FlagFetchMode', description: 'How an SDK gets its flags.' });

@ObjectType('LaggingFlagInstance', {
  description: 'A connected instance that has not applied a revision yet.',
})
export class LaggingFlagInstanceType {
  @Field(() => String)
  instance!: string;
  @Field(() => String, { nullable: true })
  sdk!: string | null;
  @Field(() => FlagFetchModeEnum)
  mode!: 'POLLING' | 'DELTA' | 'STREAMING';
  @Field(() => String, { nullable: true, description: 'Slug, if its token is of one tenant.' })
  tenant!: string | null;
  @Field(() => Int)
  appliedRevision!: number;
  @Field(() => Date)
  seenAt!: Date;
}

@ObjectType('ServiceFlagPropagation')
export class ServiceFlagPropagationType {
  @Field(() => String)
  service!: string;
  @Field(() => Int)
  instances!: number;
  @Field(() => Int)
  applied!: number;
  @Field(() => [LaggingFlagInstanceType], { description: 'The first 50, the furthest behind first.' })
  lagging!: LaggingFlagInstanceType[];
}

@ObjectType('FlagPropagation', { description: 'How far a change of flags has come.' })
export class FlagPropagationType {
  @Field(() => String)
  environment!: string;
  @Field(() => Int)
  revision!: number;
  @Field(() => Int, { description: 'Instances that are connected now.' })
  instances!: number;
  @Field(() => Int, { description: 'Instances that have everything up to the revision.' })
  applied!: number;
  @Field(() => Boolean, { description: 'Every connected instance has it.' })
  complete!: boolean;
  @Field(() => [ServiceFlagPropagationType])
  services!: ServiceFlagPropagationType[];
}
