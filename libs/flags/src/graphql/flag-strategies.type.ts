import { Field, Float, Int, ObjectType } from '@nestjs/graphql';
import { JsonScalar } from '#platform';
import { FlagConstraintType } from './flag-model.type.js';

@ObjectType('StrategyVariantPayload', { description: 'A payload as SDKs get it.' })
export class StrategyVariantPayloadType {
  @Field(() => String, { description: 'string, number, json or csv.' })
  type!: string;
  @Field(() => String)
  value!: string;
}

@ObjectType('StrategyVariantOverride', { description: 'Contexts that get the variant whatever the weights.' })
export class StrategyVariantOverrideType {
  @Field(() => String, { description: 'Field of the context.' })
  contextName!: string;
  @Field(() => [String])
  values!: string[];
}

@ObjectType('StrategyVariant', { description: 'A variant of Unleash, with its weight among the others.' })
export class StrategyVariantType {
  @Field(() => String)
  name!: string;
  @Field(() => Float, { description: 'Its share of the sum of the weights.' })
  weight!: number;
  @Field(() => String, { nullable: true, description: 'fix or variable, for who edits the weights.' })
  weightType?: string | undefined;
  @Field(() => String, { nullable: true, description: 'Context field whose value chooses.' })
  stickiness?: string | undefined;
  @Field(() => StrategyVariantPayloadType, { nullable: true })
  payload?: StrategyVariantPayloadType | undefined;
  @Field(() => [StrategyVariantOverrideType], { nullable: true })
  overrides?: StrategyVariantOverrideType[] | undefined;
}

@ObjectType('StrategySegment')
export class StrategySegmentType {
  @Field(() => Int)
  id!: number;
  @Field(() => String, {
    nullable: true,
    description: 'Absent if there is no such segment: the strategy then never holds.',
  })
  name!: string | null;
}

@ObjectType('FlagStrategy', { description: "Unleash's own rule; decides where no rule does." })
export class FlagStrategyType {
  @Field(() => String, { description: 'E.g. flexibleRollout; one that no SDK knows never holds.' })
  name!: string;
  @Field(() => JsonScalar, { description: 'An object of texts, e.g. { "rollout": "20" }.' })
  parameters!: Record<string, string>;
  @Field(() => [FlagConstraintType], { description: 'All must hold.' })
  constraints!: FlagConstraintType[];
  @Field(() => [StrategySegmentType], { description: 'All must hold.' })
  segments!: StrategySegmentType[];
  @Field(() => [StrategyVariantType])
  variants!: StrategyVariantType[];
}
