import { Field, InputType, Int, ObjectType } from '@nestjs/graphql';
import { UnitKindEnum } from '#tenancy';
import type { FlagScopeKind } from '../flag.js';
import type { SubjectUnitKind } from '../flag-subjects.js';
import { FlagScopeKindEnum, FlagScopeType, FlagType } from './flag.type.js';

@InputType({ description: 'A part of a long list: from an offset, so many.' })
export class WindowInput {
  @Field(() => Int, { nullable: true, description: '0 unless told.' })
  offset?: number | null;
  @Field(() => Int, { description: 'At most 500; rows times columns at most 20,000.' })
  limit!: number;
}

@InputType()
export class FlagMatrixInput {
  @Field(() => String)
  environment!: string;
  @Field(() => WindowInput)
  rows!: WindowInput;
  @Field(() => WindowInput)
  columns!: WindowInput;
  @Field(() => String, { nullable: true, description: 'Slug: this tenant and its units; else every tenant.' })
  tenant?: string | null;
  @Field(() => [UnitKindEnum], {
    nullable: true,
    description: 'Units that have columns beside their tenant: BRANCH, WAREHOUSE, ACCOUNT; none unless told.',
  })
  units?: SubjectUnitKind[] | null;
  @Field(() => String, { nullable: true, description: 'This flag alone.' })
  flag?: string | null;
  @Field(() => String, { nullable: true, description: "In a flag's key, description or owner." })
  flagSearch?: string | null;
  @Field(() => String, { nullable: true, description: 'In the name, slug or code of a tenant or unit.' })
  columnSearch?: string | null;
}

@ObjectType('FlagMatrixColumn')
export class FlagMatrixColumnType {
  @Field(() => String, { description: 'Key of the scope that it stands for: a slug, or "slug/code".' })
  key!: string;
  @Field(() => String)
  label!: string;
  @Field(() => FlagScopeKindEnum)
  kind!: FlagScopeKind;
  @Field(() => String, { description: 'Slug.' })
  tenant!: string;
  @Field(() => String)
  tenantName!: string;
}

@ObjectType('FlagMatrixDecision')
export class FlagMatrixDecisionType {
  @Field(() => Boolean)
  enabled!: boolean;
  @Field(() => String, { nullable: true })
  variant!: string | null;
  @Field(() => String, { description: 'RULE, STRATEGY, DEFAULT, KILLED, DRAFT or DEPENDENCY.' })
  reason!: string;
  @Field(() => FlagScopeType, {
    nullable: true,
    description: "Of the rule that decides. The column's own scope, or one that it inherits from.",
  })
  scope!: FlagScopeType | null;
}

@ObjectType('FlagMatrixRow')
export class FlagMatrixRowType {
  @Field(() => FlagType)
  flag!: FlagType;
  @Field(() => [Int], { description: 'For each column the place of its decision in `decisions`.' })
  cells!: number[];
}

@ObjectType('FlagMatrix', { description: 'A window of every flag by every tenant and unit.' })
export class FlagMatrixType {
  @Field(() => Int, { description: 'Flags that there are in all.' })
  rowCount!: number;
  @Field(() => Int, { description: 'Tenants and units that there are in all.' })
  columnCount!: number;
  @Field(() => [FlagMatrixColumnType])
  columns!: FlagMatrixColumnType[];
  @Field(() => [FlagMatrixRowType])
  rows!: FlagMatrixRowType[];
  @Field(() => [FlagMatrixDecisionType], { description: 'Each decision once; cells point at theirs.' })
  decisions!: FlagMatrixDecisionType[];
}
