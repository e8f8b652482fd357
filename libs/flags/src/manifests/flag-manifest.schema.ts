import { z } from 'zod';
import { MANIFEST_API_VERSION } from '#tenancy';
import {
  flagLifecycles,
  flagTypes,
  ruleValue,
  scopeKinds,
  type FlagDefinition,
  type FlagRule,
} from '../flag.js';
import { anyKeyPattern } from '../flag-rules.js';
import type { NewFlag } from '../flags.service.js';
import {
  constraintSchema,
  manifestStrategySchema,
  segmentReference,
  variantSchema,
} from '../unleash-files/wire-schema.js';

const rule = z.strictObject({
  scope: z.strictObject({ kind: z.enum(scopeKinds), key: z.string().default('*') }),
  enabled: z.boolean(),
  variant: z.string().nullable().default(null),
  percentage: z.number().int().min(0).max(100).optional(),
  stickiness: z.string().optional(),
  constraints: z.array(constraintSchema).optional(),
  segments: z.array(segmentReference).optional(),
  startsAt: z.iso.datetime().optional(),
  endsAt: z.iso.datetime().optional(),
  reason: z.string().max(500).optional(),
  lintOverride: z.string().min(1).max(500).optional(),
});
const dependency = z.strictObject({
  flag: z.string(),
  enabled: z.boolean().optional(),
  variants: z.array(z.string()).optional(),
});
export const flagManifestSchema = z.strictObject({
  apiVersion: z.literal(MANIFEST_API_VERSION),
  kind: z.literal('Flag'),
  metadata: z.strictObject({ key: z.string().regex(anyKeyPattern, 'cannot be the key of a flag') }),
  spec: z.strictObject({
    description: z.string().max(1_000).default(''),
    kind: z.enum(['BOOLEAN', 'VARIANT']),
    riskClass: z.enum(['STANDARD', 'FINANCIAL']).default('STANDARD'),
    owner: z.string().max(200).nullable().default(null),
    project: z.string().default('default'),
    type: z.enum(flagTypes).default('release'),
    lifecycle: z.enum(flagLifecycles).default('ACTIVE'),
    expiresAt: z.iso.datetime().nullable().default(null),
    tags: z.array(z.string()).default([]),
    impressionData: z.boolean().default(false),
    payloadSchema: z.json().default(null),
    dependencies: z.array(dependency).default([]),
    variants: z
      .array(
        z.strictObject({
          name: z.string(),
          payload: z.json().optional(),
          description: z.string().max(1_000).optional(),
        }),
      )
      .default([]),
    defaultVariant: z.string().nullable().default(null),
    environments: z
      .record(
        z.string(),
        z.strictObject({
          enabled: z.boolean().default(true),
          strategies: z.array(manifestStrategySchema).max(100).nullable().default(null),
          variants: z.array(variantSchema).max(50).default([]),
          rules: z.array(rule).default([]),
        }),
      )
      .default({}),
  }),
});
export type FlagManifest = z.infer<typeof flagManifestSchema>;
export type FlagSpec = FlagManifest['spec'];
export type ManifestRule = z.infer<typeof rule>;

/** What the flag itself is, apart from its environments. */
export function definitionOf({ metadata, spec }: FlagManifest): NewFlag & FlagDefinition {
  const { environments: _environments, expiresAt, dependencies, ...definition } = spec;
  return {
    ...definition,
    key: metadata.key,
    expiresAt: expiresAt === null ? null : new Date(expiresAt),
    dependencies: dependencies.map(({ flag, enabled, variants }) => ({
      flag,
      ...(enabled === false ? { enabled } : {}),
      ...(variants?.length ? { variants } : {}),
    })),
  };
}

/** Names a rule among those of its flag and environment. */
export function keyOf({ scope }: Pick<FlagRule, 'scope'>): string {
  return `${scope.kind}:${scope.key}`;
}

export function ruleOf(one: ManifestRule): FlagRule {
  return { scope: one.scope, ...valueOf(one) };
}

export function valueOf(
  rule: Omit<ManifestRule, 'scope' | 'reason' | 'lintOverride'> | Omit<FlagRule, 'scope'>,
): Omit<FlagRule, 'scope'> {
  return ruleValue(rule as Omit<FlagRule, 'scope'>);
}
