import { Injectable, type OnModuleInit } from '@nestjs/common';
import { z } from 'zod';
import type { Command } from '#audit';
import { rowsOf, type Transaction } from '#platform';
import {
  fieldChanges,
  MANIFEST_API_VERSION,
  ManifestsService,
  type ManifestDifference,
  type ManifestHandler,
} from '#tenancy';
import { ProjectsService, type Project } from '../projects.service.js';
import { isApplied, remember } from './remembered.js';

const schema = z.strictObject({
  apiVersion: z.literal(MANIFEST_API_VERSION),
  kind: z.literal('Project'),
  metadata: z.strictObject({
    key: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,99}$/, 'cannot be the key of a project'),
  }),
  spec: z.strictObject({
    name: z.string().min(1).max(200),
    description: z.string().max(1_000).default(''),
  }),
});
export type ProjectManifest = z.infer<typeof schema>;

/** Projects as manifests; flags of the same set may be in them. */
@Injectable()
export class ProjectManifests implements ManifestHandler<ProjectManifest>, OnModuleInit {
  readonly kind = 'Project';
  readonly order = 26;
  readonly schema = schema;

  constructor(
    private readonly projects: ProjectsService,
    private readonly manifests: ManifestsService,
  ) {}

  onModuleInit(): void {
    this.manifests.register(this);
  }

  nameOf({ metadata }: ProjectManifest): string {
    return metadata.key;
  }

  async diff(tx: Transaction, { metadata: { key }, spec }: ProjectManifest): Promise<ManifestDifference> {
    const stored = await find(tx, key);
    if (!stored) return { action: 'CREATE', fields: fieldChanges(undefined, spec) };
    if (await isApplied(tx, 'project', key, spec)) return { action: 'NONE', fields: [] };
    const fields = fieldChanges(stored, spec);
    return { action: fields.length > 0 ? 'UPDATE' : 'NONE', fields };
  }

  async apply(command: Command, { metadata: { key }, spec }: ProjectManifest): Promise<string[]> {
    const project = { key, ...spec };
    if (await find(command.tx, key)) await this.projects.update(command, project);
    else await this.projects.create(command, project);
    await remember(command.tx, 'project', key, spec);
    return [];
  }
}

async function find(tx: Transaction, key: string): Promise<Project | undefined> {
  const [row] = await rowsOf<Project>(
    tx,
    'select key, name, description, version from project where key = $1',
    [key],
  );
  return row;
}
