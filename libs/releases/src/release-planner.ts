import { selects, type Tenant } from '#tenancy';
import type { WaveSpec } from './release.js';

export interface PlannedWave {
  /** From 1. */
  position: number;
  name: string;
  tenants: Tenant[];
}

export interface ReleasePlan {
  waves: PlannedWave[];
  /** Tenants that could take the release but that no wave selects. */
  unmatched: Tenant[];
  warnings: string[];
}

/**
 * Puts each tenant into the first wave that selects it, in the given order. A wave that selects nobody is a no-op and
 * earns a warning; it never means everybody. Only ACTIVE and SUSPENDED tenants have a database to release to.
 */
export function planWaves(waves: readonly WaveSpec[], tenants: readonly Tenant[]): ReleasePlan {
  const warnings: string[] = [];
  const eligible = tenants.filter(({ status }) => status === 'ACTIVE' || status === 'SUSPENDED');
  const left = new Set(eligible);
  const planned = waves.map(({ name, selector }, index): PlannedWave => {
    const chosen = [...left].filter((tenant) => selector.rest === true || selects(selector, tenant));
    for (const tenant of chosen) left.delete(tenant);
    if (chosen.length === 0) warnings.push(`Wave ${index + 1} "${name}" selects no tenant and does nothing.`);
    return { position: index + 1, name, tenants: chosen };
  });
  warnings.push(...unknownSlugs(waves, tenants), ...leftOut(waves, tenants));
  return { waves: planned, unmatched: [...left], warnings };
}

function unknownSlugs(waves: readonly WaveSpec[], tenants: readonly Tenant[]): string[] {
  const known = new Set(tenants.map(({ slug }) => slug));
  return waves.flatMap(({ name, selector }) =>
    (selector.slugs ?? [])
      .filter((slug) => !known.has(slug))
      .map((slug) => `Wave "${name}" names tenant "${slug}", which does not exist.`),
  );
}

function leftOut(waves: readonly WaveSpec[], tenants: readonly Tenant[]): string[] {
  const wanted = (tenant: Tenant): boolean =>
    waves.some(({ selector }) => selector.rest === true || selects(selector, tenant));
  return tenants
    .filter(({ status }) => status !== 'ACTIVE' && status !== 'SUSPENDED')
    .filter(wanted)
    .map(({ slug, status }) => `Tenant "${slug}" is ${status} and left out.`);
}
