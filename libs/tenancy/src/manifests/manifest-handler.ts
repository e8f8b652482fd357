import type { z } from 'zod';
import { contentDigest, type Command } from '#audit';
import type { Permission } from '#identity';
import type { TierdeckError, Transaction } from '#platform';

export const MANIFEST_API_VERSION = 'tierdeck/v1';

/** What every manifest has; a handler's schema narrows metadata and spec. */
export interface Manifest {
  apiVersion: typeof MANIFEST_API_VERSION;
  kind: string;
  metadata: Record<string, unknown>;
  spec: Record<string, unknown>;
}

/** A problem at a path inside the manifest, e.g. `['spec', 'plan']`; file and line are found by the reader. */
export interface FieldProblem {
  path: readonly (string | number)[];
  message: string;
}

/** What a handler throws when a command refuses what stands at a path of the manifest. */
export class ManifestRefusal extends Error {
  constructor(
    readonly path: readonly (string | number)[],
    readonly refusal: TierdeckError,
  ) {
    super(refusal.message);
  }
}

export interface FieldChange {
  /** e.g. `spec.integrationWorkers`. */
  path: string;
  before: unknown;
  after: unknown;
}

export type ManifestAction = 'CREATE' | 'UPDATE' | 'NONE';

export interface ManifestDifference {
  action: ManifestAction;
  fields: FieldChange[];
}

/** Everything that is applied together, for checks that cross manifests: a tenant may name a plan of the same set. */
export interface ManifestSet {
  has(kind: string, name: string): boolean;
}

/**
 * What a domain registers for one kind of manifest. `M` is the output of its schema.
 * The schema covers the whole document and is strict (`z.strictObject`), so that a misspelt field is an error.
 */
export interface ManifestHandler<M extends Manifest = Manifest> {
  kind: string;
  /** Handlers apply in this order: plans (10), tenants (20), environments (25), projects, segments, flags (30). */
  order: number;
  /** Of manifests of this kind the lowest come first; absent: as they are written. */
  rank?(manifest: M): number;
  schema: z.ZodType<M>;
  /** What a person needs besides the right to apply manifests, for one that changes something. */
  permission?: Permission;
  /** Name of the described thing inside its kind. */
  nameOf(manifest: M): string;
  /** Rules that a schema cannot tell, against what is stored and what comes along. Nothing is applied if any fails. */
  check?(tx: Transaction, manifest: M, set: ManifestSet): Promise<FieldProblem[]>;
  /** What apply would change; `NONE` means that apply is not called. */
  diff(tx: Transaction, manifest: M): Promise<ManifestDifference>;
  /**
   * @returns ids of the operations that bring about what a transaction cannot.
   * @throws ManifestRefusal, or what the commands throw.
   */
  apply(command: Command, manifest: M): Promise<string[]>;
}

/**
 * A field of a tenant's `spec` that another domain owns, e.g. `quotas`. It is checked, compared and applied together
 * with the tenant, in one transaction.
 */
export interface TenantManifestPart<V = unknown> {
  /** e.g. `quotas`. */
  field: string;
  schema: z.ZodType<V>;
  /** Called with `value` undefined too, when the manifest does not have the field. Paths start at the document. */
  check?(
    tx: Transaction,
    tenant: PartTenant,
    value: V | undefined,
    set: ManifestSet,
  ): Promise<FieldProblem[]>;
  /** Changes with paths such as `spec.quotas.REQUEST_RATE`. A new tenant has no id yet. */
  diff(tx: Transaction, tenant: PartTenant, value: V | undefined): Promise<FieldChange[]>;
  /** Called for a new tenant and for one whose manifest changed. */
  apply(command: Command, tenant: PartTenant & { id: string }, value: V | undefined): Promise<void>;
}

export interface PartTenant {
  /** undefined: the tenant does not exist yet. */
  id: string | undefined;
  slug: string;
  plan: string;
}

/** The fields of a spec that differ from what is stored; undefined: nothing is. */
export function fieldChanges(stored: object | undefined, spec: Record<string, unknown>): FieldChange[] {
  const before = (stored ?? {}) as Record<string, unknown>;
  return Object.keys(spec)
    .filter((name) => contentDigest(before[name] ?? null) !== contentDigest(spec[name] ?? null))
    .map((name) => ({ path: `spec.${name}`, before: before[name] ?? null, after: spec[name] }));
}
