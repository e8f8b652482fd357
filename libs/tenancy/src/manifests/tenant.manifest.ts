import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { contentDigest, type Command } from '#audit';
import { CONFIGURATION, rowsOf, type Configuration, type Transaction } from '#platform';
import type { Tenant } from '../tenant.js';
import { toTenant, type TenantRow } from '../tenants.read-model.js';
import { TenantsService } from '../tenants.service.js';
import { declaredUnits } from '../units.js';
import {
  MANIFEST_API_VERSION,
  type FieldChange,
  type FieldProblem,
  type ManifestDifference,
  type ManifestHandler,
  type ManifestSet,
  type PartTenant,
  type TenantManifestPart,
} from './manifest-handler.js';
import { tenantFields } from './tenant-fields.js';
import { TenantManifestParts } from './tenant-manifest-parts.js';

const { slug, placement } = tenantFields;

const baseSpec = z.strictObject({
  name: tenantFields.name,
  plan: tenantFields.plan.default('standard'),
  region: tenantFields.region.optional(),
  database: placement.default('SHARED'),
  integrationWorkers: placement.default('SHARED'),
  units: declaredUnits.optional(),
  data: z.strictObject({ kit: tenantFields.kit }).optional(),
});

const envelope = {
  apiVersion: z.literal(MANIFEST_API_VERSION),
  kind: z.literal('Tenant'),
  metadata: z.strictObject({ slug, labels: tenantFields.labels.default({}) }),
};
const baseSchema = z.strictObject({ ...envelope, spec: baseSpec });

/** A tenant's manifest; fields that other domains own stand in `spec` beside these. */
export type TenantManifest = z.infer<typeof baseSchema>;

/**
 * Tenants as manifests. A manifest that was applied as it is changes nothing, also after an operator has changed the
 * tenant by other ways: it is the change of a manifest that is applied, not its presence.
 */
@Injectable()
export class TenantManifests implements ManifestHandler<TenantManifest> {
  readonly kind = 'Tenant';
  readonly order = 20;

  constructor(
    private readonly service: TenantsService,
    private readonly parts: TenantManifestParts,
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
  ) {}

  get schema(): z.ZodType<TenantManifest> {
    const fields = this.parts.all().map(({ field, schema }) => [field, schema.optional()] as const);
    const spec = baseSpec.extend(Object.fromEntries(fields));
    return z.strictObject({ ...envelope, spec }) as unknown as z.ZodType<TenantManifest>;
  }

  nameOf({ metadata }: TenantManifest): string {
    return metadata.slug;
  }

  async check(tx: Transaction, manifest: TenantManifest, set: ManifestSet): Promise<FieldProblem[]> {
    const tenant = await find(tx, manifest.metadata.slug);
    if (tenant && (await this.#applied(tx, tenant, manifest))) return [];
    const problems = tenant ? immutable(tenant, manifest) : await this.#missingKit(manifest);
    const subject = partTenant(tenant, manifest);
    for (const part of this.parts.all()) {
      problems.push(...((await part.check?.(tx, subject, valueOf(part, manifest), set)) ?? []));
    }
    return problems;
  }

  async diff(tx: Transaction, manifest: TenantManifest): Promise<ManifestDifference> {
    const tenant = await find(tx, manifest.metadata.slug);
    if (tenant && (await this.#applied(tx, tenant, manifest))) return { action: 'NONE', fields: [] };
    const fields = changes(tenant, manifest);
    const subject = partTenant(tenant, manifest);
    for (const part of this.parts.all()) {
      fields.push(...(await part.diff(tx, subject, valueOf(part, manifest))));
    }
    if (!tenant) return { action: 'CREATE', fields };
    return { action: fields.length > 0 ? 'UPDATE' : 'NONE', fields };
  }

  async apply(command: Command, manifest: TenantManifest): Promise<string[]> {
    const { spec } = manifest;
    const existing = await find(command.tx, manifest.metadata.slug);
    const digest = contentDigest(manifest);
    const operations: string[] = [];
    let tenantId = existing?.id;
    if (!existing) {
      const onboarding = await this.service.onboard(command, {
        slug: manifest.metadata.slug,
        ...detailsOf(manifest),
        database: spec.database,
        integrationWorkers: spec.integrationWorkers,
        kit: spec.data?.kit ?? null,
        units: spec.units ?? null,
        manifestDigest: digest,
      });
      tenantId = onboarding.tenantId;
      operations.push(onboarding.operationId);
    } else {
      await this.service.update(command, existing.slug, detailsOf(manifest), digest);
      const change = await this.service.changePlacement(command, {
        tenant: existing.slug,
        database: spec.database,
        integrationWorkers: spec.integrationWorkers,
      });
      if (change) operations.push(change);
    }
    const subject = { ...partTenant(existing, manifest), id: tenantId as string };
    for (const part of this.parts.all()) await part.apply(command, subject, valueOf(part, manifest));
    return operations;
  }

  async #applied(tx: Transaction, tenant: Tenant, manifest: TenantManifest): Promise<boolean> {
    const [row] = await rowsOf<{ manifest_digest: string | null }>(
      tx,
      'select manifest_digest from tenant where id = $1',
      [tenant.id],
    );
    return row?.manifest_digest === contentDigest(manifest);
  }

  async #missingKit({ spec }: TenantManifest): Promise<FieldProblem[]> {
    if (!spec.data) return [];
    const folder = join(this.configuration.tenantsDir, 'kits', spec.data.kit);
    return access(folder).then(
      () => [],
      () => [{ path: ['spec', 'data', 'kit'], message: `there is no kit "${spec.data?.kit}" in kits/` }],
    );
  }
}

async function find(tx: Transaction, slug: string): Promise<Tenant | undefined> {
  const [row] = await rowsOf<TenantRow>(tx, 'select * from tenant where slug = $1', [slug]);
  return row && toTenant(row);
}

function immutable(tenant: Tenant, { spec }: TenantManifest): FieldProblem[] {
  if (tenant.status === 'OFFBOARDED' || tenant.status === 'OFFBOARDING') {
    return [{ path: ['metadata', 'slug'], message: 'was offboarded; choose another slug' }];
  }
  if (spec.database === tenant.databasePlacement) return [];
  const message = `is ${tenant.databasePlacement}; a manifest does not move rows: tierdeck tenant move ${tenant.slug}`;
  return [{ path: ['spec', 'database'], message }];
}

function changes(tenant: Tenant | undefined, manifest: TenantManifest): FieldChange[] {
  const { spec } = manifest;
  const wanted = detailsOf(manifest);
  const pairs: [path: string, before: unknown, after: unknown][] = [
    ['metadata.labels', tenant?.labels, wanted.labels],
    ['spec.name', tenant?.name, wanted.name],
    ['spec.plan', tenant?.plan, wanted.plan],
    ['spec.region', tenant?.region, wanted.region],
    ['spec.database', tenant?.databasePlacement, spec.database],
    ['spec.integrationWorkers', tenant?.workerPlacement, spec.integrationWorkers],
  ];
  if (!tenant) pairs.push(['spec.data', undefined, spec.data], ['spec.units', undefined, spec.units]);
  return pairs
    .filter(([, before, after]) => contentDigest(before) !== contentDigest(after))
    .map(([path, before, after]) => ({ path, before: before ?? null, after: after ?? null }));
}

function detailsOf({ metadata, spec }: TenantManifest) {
  const region = spec.region ?? metadata.labels['region'] ?? null;
  return { name: spec.name, plan: spec.plan, region, labels: metadata.labels };
}

function partTenant(tenant: Tenant | undefined, { metadata, spec }: TenantManifest): PartTenant {
  return { id: tenant?.id, slug: metadata.slug, plan: spec.plan };
}

function valueOf(part: TenantManifestPart, { spec }: TenantManifest): unknown {
  return (spec as Record<string, unknown>)[part.field];
}
