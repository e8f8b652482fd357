import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { contentDigest, type Command } from '#audit';
import type { Transaction } from '#platform';
import {
  MANIFEST_API_VERSION,
  type FieldChange,
  type ManifestDifference,
  type ManifestHandler,
} from '#tenancy';
import { asManifest, limitIn, manifestNames, planLimits } from './manifest-limits.js';
import { quotaKinds, type PlanLimit, type QuotaKind } from './quota.js';
import { quotasStore, type Plan } from './quotas.store.js';

const schema = z.strictObject({
  apiVersion: z.literal(MANIFEST_API_VERSION),
  kind: z.literal('Plan'),
  metadata: z.strictObject({
    name: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,62}$/, 'must be small letters, digits or dashes, and begin with a letter'),
  }),
  spec: z.strictObject({
    description: z.string().max(500).optional(),
    weight: z.number().min(0.01).max(1_000).default(1),
    limits: planLimits,
  }),
});
export type PlanManifest = z.infer<typeof schema>;

/** Plans as manifests: the limits that a tenant has unless something else is said. */
@Injectable()
export class PlanManifests implements ManifestHandler<PlanManifest> {
  readonly kind = 'Plan';
  readonly order = 10;
  readonly schema = schema;

  nameOf({ metadata }: PlanManifest): string {
    return metadata.name;
  }

  async diff(tx: Transaction, manifest: PlanManifest): Promise<ManifestDifference> {
    const stored = await quotasStore.plan(tx, manifest.metadata.name);
    const fields = changes(stored, planOf(manifest));
    if (!stored) return { action: 'CREATE', fields };
    return { action: fields.length > 0 ? 'UPDATE' : 'NONE', fields };
  }

  async apply(command: Command, manifest: PlanManifest): Promise<string[]> {
    const plan = planOf(manifest);
    const before = await quotasStore.plan(command.tx, plan.name);
    await quotasStore.savePlan(command.tx, plan);
    await command.record({
      area: 'quotas',
      action: before ? 'plan.changed' : 'plan.created',
      subject: `plan/${plan.name}`,
      before,
      after: plan,
    });
    return [];
  }
}

function planOf({ metadata, spec }: PlanManifest): Plan {
  const limits = Object.fromEntries(quotaKinds.map((kind) => [kind, limitIn(spec.limits, kind)]));
  return {
    name: metadata.name,
    description: spec.description ?? null,
    weight: spec.weight,
    limits: limits as Record<QuotaKind, PlanLimit>,
  };
}

function changes(stored: Plan | undefined, wanted: Plan): FieldChange[] {
  const pairs: [path: string, before: unknown, after: unknown][] = [
    ['spec.description', stored?.description, wanted.description],
    ['spec.weight', stored?.weight, wanted.weight],
    ...quotaKinds.map((kind): [string, unknown, unknown] => [
      `spec.limits.${manifestNames[kind]}`,
      asManifest(kind, stored?.limits[kind]),
      asManifest(kind, wanted.limits[kind]),
    ]),
  ];
  return pairs
    .filter(([, before, after]) => contentDigest(before) !== contentDigest(after))
    .map(([path, before, after]) => ({ path, before: before ?? null, after: after ?? null }));
}
