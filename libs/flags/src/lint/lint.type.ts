import { Field, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import type { LintSeverity } from './lint-rule.js';

export const LintSeverityEnum = { ERROR: 'ERROR', WARNING: 'WARNING' } as const;
registerEnumType(LintSeverityEnum, {
  name: 'LintSeverity',
  description: 'ERROR: refused unless lintOverride says why it is wanted.',
});

@ObjectType('LintFinding')
export class LintFindingType {
  @Field(() => String)
  code!: string;
  @Field(() => LintSeverityEnum)
  severity!: LintSeverity;
  @Field(() => String)
  message!: string;
  @Field(() => String)
  hint!: string;
  @Field(() => Int, { description: 'Place of the change, from 0.' })
  change!: number;
  @Field(() => String)
  flag!: string;
  @Field(() => String)
  field!: string;
}
