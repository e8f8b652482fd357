import { Field, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { JsonScalar } from '#platform';
import { flagLifecycles, type FlagLifecycle } from '../flag.js';

export const FlagLifecycleEnum = Object.fromEntries(flagLifecycles.map((one) => [one, one])) as {
  [Lifecycle in FlagLifecycle]: Lifecycle;
};
registerEnumType(FlagLifecycleEnum, {
  name: 'FlagLifecycle',
  description: 'DRAFT is off everywhere; STALE still works and waits to be taken out of the code.',
});

@ObjectType('FlagConstraint', { description: 'What must hold for a context, as Unleash writes it.' })
export class FlagConstraintType {
  @Field(() => String, { description: 'Field of the context.' })
  contextName!: string;
  @Field(() => String, { description: "One of Unleash's 19 operators, e.g. IN." })
  operator!: string;
  @Field(() => [String], { description: 'Of IN, NOT_IN, STR_* and IN_CIDR.' })
  values!: string[];
  @Field(() => String, { nullable: true, description: 'Of NUM_*, DATE_*, SEMVER_* and REGEX.' })
  value?: string | undefined;
  @Field(() => Boolean)
  inverted!: boolean;
  @Field(() => Boolean)
  caseInsensitive!: boolean;
}

@ObjectType('FlagDependency')
export class FlagDependencyType {
  @Field(() => String)
  flag!: string;
  @Field(() => Boolean, { description: 'false: the other flag must be off.' })
  enabled!: boolean;
  @Field(() => [String], { description: 'It must have one of these variants; none: any.' })
  variants!: readonly string[];
}

@ObjectType('Project', { description: 'What flags are grouped by.' })
export class ProjectType {
  @Field(() => String)
  key!: string;
  @Field(() => String)
  name!: string;
  @Field(() => String)
  description!: string;
  @Field(() => Int, { description: 'For expectedVersion.' })
  version!: number;
}

@ObjectType('Segment', { description: 'Constraints under a name, for rules and strategies to share.' })
export class SegmentType {
  @Field(() => Int)
  id!: number;
  @Field(() => String)
  name!: string;
  @Field(() => String)
  description!: string;
  @Field(() => [FlagConstraintType])
  constraints!: readonly FlagConstraintType[];
  @Field(() => Int, { description: 'For expectedVersion.' })
  version!: number;
}

@ObjectType()
export class UnleashImportNote {
  @Field(() => String, { description: '`flag/<key>`, `segment/<name>` or the part of the file.' })
  subject!: string;
  @Field(() => String, { description: 'CHANGED: not as it was there. SKIPPED: not taken over.' })
  outcome!: string;
  @Field(() => String)
  message!: string;
}

@ObjectType()
export class ImportUnleashPayload {
  @Field(() => Boolean)
  dryRun!: boolean;
  @Field(() => String, { description: 'EXPORT or CLIENT_STATE.' })
  format!: string;
  @Field(() => [String])
  created!: string[];
  @Field(() => [String])
  updated!: string[];
  @Field(() => [UnleashImportNote], { description: 'Everything that is not here as it was there.' })
  notes!: UnleashImportNote[];
}

@ObjectType()
export class CreateEnvironmentPayload {
  @Field(() => String)
  name!: string;
  @Field(() => Int, { description: 'Flags whose state was copied.' })
  copied!: number;
  @Field(() => [String], {
    description: 'Flags that need an approval there: their rules were not copied, so they are off.',
  })
  withheld!: string[];
}

@ObjectType()
export class ExportFlagsPayload {
  @Field(() => [JsonScalar], {
    description: 'Manifests that applyManifests takes back without a difference.',
  })
  manifests!: unknown[];
}
