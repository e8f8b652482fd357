import { Injectable } from '@nestjs/common';
import type { TenantManifestPart } from './manifest-handler.js';

/** Fields of a tenant's manifest that other domains own; they register when their module starts. */
@Injectable()
export class TenantManifestParts {
  readonly #parts = new Map<string, TenantManifestPart>();

  register<V>(part: TenantManifestPart<V>): void {
    this.#parts.set(part.field, part);
  }

  all(): TenantManifestPart[] {
    return [...this.#parts.values()];
  }
}
