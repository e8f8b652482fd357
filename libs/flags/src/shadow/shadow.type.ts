import { ArgsType, Field, Float, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import type { ShadowSubject } from './shadow.read-model.js';

export const ShadowSubjectEnum = { pricing: 'pricing', allocation: 'allocation' } as const;
registerEnumType(ShadowSubjectEnum, { name: 'ShadowSubject' });

@ObjectType('ShadowExample')
export class ShadowExampleType {
  @Field(() => Date)
  at!: Date;
  @Field(() => String)
  account!: string;
  @Field(() => String)
  item!: string;
  @Field(() => Float, { description: 'In base units.' })
  quantity!: number;
  @Field(() => String)
  liveAmount!: string;
  @Field(() => String)
  shadowAmount!: string;
  @Field(() => String)
  difference!: string;
  @Field(() => String, { description: 'What the engine that answered did, in words.' })
  live!: string;
  @Field(() => String)
  shadow!: string;
}

@ObjectType('ShadowDifference', { description: 'How two engines differed. Amounts are exact decimal text.' })
export class ShadowDifferenceType {
  @Field(() => String)
  tenant!: string;
  @Field(() => String)
  tenantName!: string;
  @Field(() => String, { nullable: true })
  branch!: string | null;
  @Field(() => ShadowSubjectEnum)
  subject!: ShadowSubject;
  @Field(() => String, { description: 'Its result was answered.' })
  liveEngine!: string;
  @Field(() => String)
  shadowEngine!: string;
  @Field(() => String)
  currency!: string;
  @Field(() => Float, { description: 'Lines that both did.' })
  compared!: number;
  @Field(() => Float)
  different!: number;
  @Field(() => Float, { description: 'The shadow gave no result.' })
  failed!: number;
  @Field(() => Float, { description: 'There was no time for the shadow.' })
  skipped!: number;
  @Field(() => String)
  liveAmount!: string;
  @Field(() => String)
  shadowAmount!: string;
  @Field(() => String, { description: 'shadowAmount less liveAmount.' })
  difference!: string;
  @Field(() => String, { description: 'Sum of the differences of the lines without their signs.' })
  absoluteDifference!: string;
  @Field(() => Date)
  since!: Date;
  @Field(() => Date)
  until!: Date;
}

@ArgsType()
export class ShadowDifferencesArgs {
  @Field(() => ShadowSubjectEnum, { nullable: true })
  subject?: ShadowSubject | null;
  @Field(() => String, { nullable: true })
  tenant?: string | null;
  @Field(() => String, { nullable: true, description: 'Code within the tenant.' })
  branch?: string | null;
  @Field(() => Date, { nullable: true, description: 'Absent: the last day.' })
  since?: Date | null;
  @Field(() => Int, { nullable: true, defaultValue: 100, description: '1 to 1000.' })
  first?: number | null;
}
