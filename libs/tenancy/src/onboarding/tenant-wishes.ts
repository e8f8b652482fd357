import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { Command } from '#audit';
import { CONFIGURATION, InvalidInputError, NotFoundError, type Configuration } from '#platform';
import { TenantManifestParts } from '../manifests/tenant-manifest-parts.js';
import { tenantFields } from '../manifests/tenant-fields.js';
import { TenantsService } from '../tenants.service.js';

const wish = z.object({
  slug: tenantFields.slug,
  name: tenantFields.name,
  plan: tenantFields.plan.nullish(),
  region: tenantFields.region.nullish(),
  labels: tenantFields.labels.nullish(),
  database: tenantFields.placement.nullish(),
  integrationWorkers: tenantFields.placement.nullish(),
  kit: tenantFields.kit.nullish(),
});

/** Onboarding by mutation: the same rules as by manifest, with errors that name the field of the input. */
@Injectable()
export class TenantWishes {
  constructor(
    private readonly tenants: TenantsService,
    private readonly parts: TenantManifestParts,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  /** @returns the id of the operation. @throws InvalidInputError INVALID_INPUT, NotFoundError KIT_NOT_FOUND */
  async onboard(command: Command, input: unknown): Promise<string> {
    const parsed = wish.safeParse(input);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const field = issue?.path.join('.') ?? 'input';
      throw new InvalidInputError(`${field}: ${issue?.message ?? 'is not valid'}`, { field });
    }
    const { slug, name, kit = null } = parsed.data;
    const plan = parsed.data.plan ?? 'standard';
    const labels = parsed.data.labels ?? {};
    await this.#check(command, slug, plan, kit);
    const { tenantId, operationId } = await this.tenants.onboard(command, {
      slug,
      name,
      plan,
      region: parsed.data.region ?? labels['region'] ?? null,
      labels,
      database: parsed.data.database ?? 'SHARED',
      integrationWorkers: parsed.data.integrationWorkers ?? 'SHARED',
      kit,
      units: null,
      manifestDigest: null,
    });
    for (const part of this.parts.all()) await part.apply(command, { id: tenantId, slug, plan }, undefined);
    return operationId;
  }

  async #check(command: Command, slug: string, plan: string, kit: string | null): Promise<void> {
    for (const part of this.parts.all()) {
      const subject = { id: undefined, slug, plan };
      const [problem] = (await part.check?.(command.tx, subject, undefined, { has: () => false })) ?? [];
      const field = String(problem?.path.at(-1));
      if (problem) throw new InvalidInputError(`${field}: ${problem.message}`, { field });
    }
    if (!kit) return;
    await access(join(this.configuration.tenantsDir, 'kits', kit)).catch(() => {
      throw new NotFoundError('kit', kit, { field: 'kit' });
    });
  }
}
