import { Field, InputType, Int, ObjectType } from '@nestjs/graphql';
import type { RiskClass } from '../flag.js';
import { RiskClassEnum } from './flag.type.js';
import { MutationInput } from './mutation.input.js';

@ObjectType('SegmentUse', { description: 'A flag that a segment decides in an environment.' })
export class SegmentUseType {
  @Field(() => String)
  flag!: string;
  @Field(() => String)
  environment!: string;
  @Field(() => RiskClassEnum)
  riskClass!: RiskClass;
  @Field(() => Int, { description: 'Rules that name it.' })
  rules!: number;
  @Field(() => Boolean, { description: 'Whether an Unleash strategy of the flag names it.' })
  strategies!: boolean;
}

@InputType()
export class UpdateProjectInput extends MutationInput {
  @Field(() => String)
  key!: string;
  @Field(() => String, { nullable: true, description: 'Left out: as it is.' })
  name?: string | null;
  @Field(() => String, { nullable: true, description: 'Left out: as it is.' })
  description?: string | null;
  @Field(() => Int, { nullable: true, description: 'Refuse with PROJECT_CHANGED if it has another version.' })
  expectedVersion?: number | null;
}
