import { Field, ID, InputType, Int, ObjectType } from '@nestjs/graphql';
import { JsonScalar } from '#platform';
import { FlagChangeInput } from '../change-requests/flag-change.input.js';
import { RequestedScope } from '../change-requests/change-request.type.js';
import { AskedContextInput } from '../graphql/asked-context.input.js';
import type { PlaygroundCell } from './playground.js';

@InputType()
export class PlaygroundContextInput extends AskedContextInput {}

@InputType()
export class PlaygroundInput {
  @Field(() => [String], { description: '1 to 100 keys.' })
  flags!: string[];
  @Field(() => [String], { description: '1 to 20.' })
  environments!: string[];
  @Field(() => [PlaygroundContextInput], { nullable: true, description: '1 to 200, unless allTenants.' })
  contexts?: PlaygroundContextInput[] | null;
  @Field(() => Boolean, { nullable: true, description: 'Every tenant as a context, a hundred at a time.' })
  allTenants?: boolean | null;
  @Field(() => String, { nullable: true, description: 'Of allTenants: the nextAfter of the page before.' })
  after?: string | null;
  @Field(() => [FlagChangeInput], { nullable: true, description: 'A draft, in every environment asked for.' })
  changes?: FlagChangeInput[] | null;
  @Field(() => ID, { nullable: true, description: 'A change request as the draft, in its environment.' })
  changeRequest?: string | null;
}

@ObjectType('PlaygroundTraceStep')
export class PlaygroundTraceStepType {
  @Field(() => RequestedScope)
  scope!: RequestedScope;
  @Field(() => String, { description: 'WON, WITHOUT_EFFECT, MATCHED_BUT_LESS_SPECIFIC or NOT_MATCHED.' })
  outcome!: string;
  @Field(() => Boolean)
  enabled!: boolean;
  @Field(() => String, { nullable: true })
  variant!: string | null;
  @Field(() => String, { description: 'With the value that decided.' })
  explanation!: string;
}

@ObjectType('PlaygroundDecision')
export class PlaygroundDecisionType {
  @Field(() => Boolean)
  enabled!: boolean;
  @Field(() => String, { nullable: true })
  variant!: string | null;
  @Field(() => JsonScalar, { nullable: true })
  payload!: unknown;
  @Field(() => String)
  reason!: string;
}

@ObjectType('PlaygroundCell')
export class PlaygroundCellType {
  @Field(() => String)
  flag!: string;
  @Field(() => String)
  environment!: string;
  @Field(() => Int, { description: 'Place of the context, from 0.' })
  context!: number;
  @Field(() => PlaygroundDecisionType)
  live!: PlaygroundCell['live'];
  @Field(() => PlaygroundDecisionType, { nullable: true, description: 'Absent without a draft here.' })
  draft!: PlaygroundCell['draft'];
  @Field(() => Boolean, { description: 'The draft decides otherwise.' })
  changed!: boolean;
}

@ObjectType('Playground')
export class PlaygroundType {
  @Field(() => [JsonScalar], { description: 'The contexts as they were decided for, all fields.' })
  contexts!: unknown[];
  @Field(() => [PlaygroundCellType])
  cells!: PlaygroundCellType[];
  @Field(() => String, { nullable: true, description: 'Of allTenants: more follow after this one.' })
  nextAfter!: string | null;
}
