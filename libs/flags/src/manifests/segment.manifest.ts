import { Injectable, type OnModuleInit } from '@nestjs/common';
import { z } from 'zod';
import type { Command } from '#audit';
import { TierdeckError, type Transaction } from '#platform';
import {
  fieldChanges,
  MANIFEST_API_VERSION,
  ManifestsService,
  type FieldProblem,
  type ManifestDifference,
  type ManifestHandler,
} from '#tenancy';
import { checkConstraints } from '../condition-rules.js';
import { SegmentsService } from '../segments.service.js';
import { findSegmentByName } from '../segments.store.js';
import { constraintSchema } from '../unleash-files/wire-schema.js';
import { placed } from './placed.js';
import { isApplied, remember } from './remembered.js';

const schema = z.strictObject({
  apiVersion: z.literal(MANIFEST_API_VERSION),
  kind: z.literal('Segment'),
  metadata: z.strictObject({ name: z.string().min(1).max(200) }),
  spec: z.strictObject({
    description: z.string().max(1_000).default(''),
    constraints: z.array(constraintSchema),
  }),
});
export type SegmentManifest = z.infer<typeof schema>;

/** Segments as manifests; rules and strategies of the same set may name them. */
@Injectable()
export class SegmentManifests implements ManifestHandler<SegmentManifest>, OnModuleInit {
  readonly kind = 'Segment';
  readonly order = 27;
  readonly schema = schema;

  constructor(
    private readonly segments: SegmentsService,
    private readonly manifests: ManifestsService,
  ) {}

  onModuleInit(): void {
    this.manifests.register(this);
  }

  nameOf({ metadata }: SegmentManifest): string {
    return metadata.name;
  }

  check(_tx: Transaction, { spec }: SegmentManifest): Promise<FieldProblem[]> {
    try {
      checkConstraints(spec.constraints, 'constraints');
      return Promise.resolve([]);
    } catch (error) {
      if (!(error instanceof TierdeckError)) throw error;
      return Promise.resolve([
        { path: ['spec', ...(error.field?.split('.') ?? [])], message: error.message },
      ]);
    }
  }

  async diff(tx: Transaction, { metadata: { name }, spec }: SegmentManifest): Promise<ManifestDifference> {
    const stored = await findSegmentByName(tx, name);
    if (!stored) return { action: 'CREATE', fields: fieldChanges(undefined, spec) };
    if (await isApplied(tx, 'segment', name, spec)) return { action: 'NONE', fields: [] };
    const fields = fieldChanges(stored, spec);
    return { action: fields.length > 0 ? 'UPDATE' : 'NONE', fields };
  }

  /** Manifests that come with the installation carry its right; those of a person need approval as any change does. */
  async apply(command: Command, { metadata: { name }, spec }: SegmentManifest): Promise<string[]> {
    const stored = await findSegmentByName(command.tx, name);
    const approval = command.actor.kind === 'system' ? 'deployment' : undefined;
    const change = { ...spec, reason: 'manifest', approval };
    if (stored)
      await placed(['spec', 'constraints'], () =>
        this.segments.update(command, { id: stored.id, ...change }),
      );
    else await this.segments.create(command, { name, ...spec });
    await remember(command.tx, 'segment', name, spec);
    return [];
  }
}
