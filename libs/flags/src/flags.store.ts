import { randomUUID } from 'node:crypto';
import { rowsOf, type Transaction } from '#platform';
import type { UnleashConstraint } from './compiler/index.js';
import {
  type FlagDefinition,
  type FlagDependency,
  type FlagKind,
  type FlagLifecycle,
  type FlagPurpose,
  type FlagRule,
  type FlagScope,
  type FlagVariant,
  type RiskClass,
} from './flag.js';

/** A flag as it is stored. */
export interface FlagRecord extends FlagDefinition {
  description: string;
  kind: FlagKind;
  riskClass: RiskClass;
  owner: string | null;
  lifecycle: FlagLifecycle;
  project: string;
  type: FlagPurpose;
  /** When it should be gone; nothing switches by it. */
  expiresAt: Date | null;
  tags: readonly string[];
  impressionData: boolean;
  /** JSON schema of the payloads; null: any. */
  payloadSchema: unknown;
  dependencies: readonly FlagDependency[];
  archived: boolean;
  createdAt: Date;
  updatedAt: Date;
  version: number;
}

export interface FlagRow {
  key: string;
  description: string;
  kind: FlagKind;
  risk_class: RiskClass;
  owner: string | null;
  variants: FlagVariant[];
  default_variant: string | null;
  lifecycle: FlagLifecycle;
  project: string;
  type: FlagPurpose;
  expires_at: Date | null;
  tags: string[];
  impression_data: boolean;
  payload_schema: unknown;
  dependencies: FlagDependency[];
  archived_at: Date | null;
  created_at: Date;
  updated_at: Date;
  version: number;
}

export function toFlag(row: FlagRow): FlagRecord {
  return {
    key: row.key,
    description: row.description,
    kind: row.kind,
    riskClass: row.risk_class,
    owner: row.owner,
    variants: row.variants,
    defaultVariant: row.default_variant,
    lifecycle: row.lifecycle,
    project: row.project,
    type: row.type,
    expiresAt: row.expires_at,
    tags: row.tags,
    impressionData: row.impression_data,
    payloadSchema: row.payload_schema,
    dependencies: row.dependencies,
    archived: row.archived_at !== null,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    version: row.version,
  };
}

/** What somebody can say of a flag. */
export type FlagContent = Omit<FlagRecord, 'archived' | 'createdAt' | 'updatedAt' | 'version'>;

/** @returns false if the key is taken. */
export async function insertFlag(tx: Transaction, flag: FlagContent): Promise<boolean> {
  const fresh = await rowsOf(
    tx,
    `insert into flag (key, description, kind, risk_class, owner, variants, default_variant, lifecycle, project, type,
       expires_at, tags, impression_data, payload_schema, dependencies)
     values ($1, $2, $15, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) on conflict do nothing returning key`,
    [...flagParameters(flag), flag.kind],
  );
  return fresh.length === 1;
}

export async function updateFlag(tx: Transaction, flag: Omit<FlagContent, 'kind'>): Promise<void> {
  await tx.query(
    `update flag set description = $2, risk_class = $3, owner = $4, variants = $5, default_variant = $6,
       lifecycle = $7, project = $8, type = $9, expires_at = $10, tags = $11, impression_data = $12,
       payload_schema = $13, dependencies = $14 where key = $1`,
    flagParameters(flag),
  );
}

function flagParameters(flag: Omit<FlagContent, 'kind'>): unknown[] {
  const schema = flag.payloadSchema ?? null;
  return [
    flag.key,
    flag.description,
    flag.riskClass,
    flag.owner,
    JSON.stringify(flag.variants),
    flag.defaultVariant,
    flag.lifecycle,
    flag.project,
    flag.type,
    flag.expiresAt,
    flag.tags,
    flag.impressionData,
    schema === null ? null : JSON.stringify(schema),
    JSON.stringify(flag.dependencies),
  ];
}

export async function archiveFlag(tx: Transaction, key: string): Promise<void> {
  await tx.query('update flag set archived_at = clock_timestamp() where key = $1', [key]);
}

export async function findFlag(tx: Transaction, key: string): Promise<FlagRecord | undefined> {
  const [row] = await rowsOf<FlagRow>(tx, 'select * from flag where key = $1', [key]);
  return row && toFlag(row);
}

/** The spec that was last applied as a manifest; undefined if the flag was never described by one. */
export async function appliedManifest(tx: Transaction, key: string): Promise<unknown> {
  const [row] = await rowsOf<{ manifest: unknown }>(tx, 'select manifest from flag where key = $1', [key]);
  return row?.manifest ?? undefined;
}

export async function rememberManifest(tx: Transaction, key: string, manifest: unknown): Promise<void> {
  await tx.query('update flag set manifest = $2 where key = $1', [key, JSON.stringify(manifest)]);
}

/** Two writers of one flag go one after the other. */
export async function lockFlag(tx: Transaction, key: string): Promise<FlagRecord | undefined> {
  const [row] = await rowsOf<FlagRow>(tx, 'select * from flag where key = $1 for update', [key]);
  return row && toFlag(row);
}

export async function environmentNames(tx: Transaction): Promise<string[]> {
  const rows = await rowsOf<{ name: string }>(tx, 'select name from environment order by position');
  return rows.map(({ name }) => name);
}

export interface FlagEnvironmentState {
  enabled: boolean;
  revision: number;
}

/** An environment younger than the flag has no row: there the flag is enabled and has no rules. */
export async function environmentState(
  tx: Transaction,
  key: string,
  environment: string,
): Promise<FlagEnvironmentState> {
  const [row] = await rowsOf<{ enabled: boolean; revision: string }>(
    tx,
    'select enabled, revision from flag_environment where flag_key = $1 and environment = $2',
    [key, environment],
  );
  return row ? { enabled: row.enabled, revision: Number(row.revision) } : { enabled: true, revision: 0 };
}

/** Rules refer to the row of their environment. */
export async function ensureEnvironment(tx: Transaction, key: string, environment: string): Promise<void> {
  await tx.query(
    'insert into flag_environment (flag_key, environment, revision) values ($1, $2, 0) on conflict do nothing',
    [key, environment],
  );
}

export async function setEnvironmentEnabled(
  tx: Transaction,
  key: string,
  environment: string,
  enabled: boolean,
): Promise<void> {
  await tx.query('update flag_environment set enabled = $3 where flag_key = $1 and environment = $2', [
    key,
    environment,
    enabled,
  ]);
}

/**
 * Makes a change visible to the SDKs: readers take every row above the revision they have. Without an environment the
 * change concerns all of them.
 * @returns the flag's new version.
 */
export async function stamp(
  tx: Transaction,
  key: string,
  revision: number,
  environment?: string,
): Promise<number> {
  const [row] = await rowsOf<{ version: number }>(
    tx,
    `with stamped as (
       insert into flag_environment (flag_key, environment, revision)
       select $1, name, $2 from environment where $3::text is null or name = $3
       on conflict (flag_key, environment) do update set revision = excluded.revision)
     update flag set version = version + 1, updated_at = clock_timestamp() where key = $1 returning version`,
    [key, revision, environment ?? null],
  );
  return row?.version ?? 0;
}

/** A rule with who set it. */
export interface StoredRule extends FlagRule {
  id: string;
  reason: string | null;
  /** Why what the lint refuses is wanted. */
  lintOverride: string | null;
  setBy: string;
  setAt: Date;
}

export interface RuleRow {
  id: string;
  flag_key: string;
  environment: string;
  scope_kind: FlagScope['kind'];
  scope_key: string;
  enabled: boolean;
  variant: string | null;
  percentage: number;
  stickiness: string | null;
  constraints: UnleashConstraint[];
  segments: number[];
  starts_at: Date | null;
  ends_at: Date | null;
  reason: string | null;
  lint_override: string | null;
  set_by: string;
  set_at: Date;
}

/** What says nothing beyond the default is left out: equal rules have equal fields. */
export function toRule(row: RuleRow): StoredRule {
  return {
    id: row.id,
    scope: { kind: row.scope_kind, key: row.scope_key },
    enabled: row.enabled,
    variant: row.variant,
    ...(row.percentage === 100 ? {} : { percentage: row.percentage }),
    ...(row.stickiness === null ? {} : { stickiness: row.stickiness }),
    ...(row.constraints.length === 0 ? {} : { constraints: row.constraints }),
    ...(row.segments.length === 0 ? {} : { segments: row.segments }),
    ...(row.starts_at === null ? {} : { startsAt: row.starts_at.toISOString() }),
    ...(row.ends_at === null ? {} : { endsAt: row.ends_at.toISOString() }),
    reason: row.reason,
    lintOverride: row.lint_override,
    setBy: row.set_by,
    setAt: row.set_at,
  };
}

/** Names one rule. */
export interface RuleAddress {
  flag: string;
  environment: string;
  scope: FlagScope;
}

export async function findRule(tx: Transaction, at: RuleAddress): Promise<StoredRule | undefined> {
  const [row] = await rowsOf<RuleRow>(
    tx,
    'select * from flag_rule where flag_key = $1 and environment = $2 and scope_kind = $3 and scope_key = $4',
    [at.flag, at.environment, at.scope.kind, at.scope.key],
  );
  return row && toRule(row);
}

export async function variantsInUse(tx: Transaction, key: string): Promise<string[]> {
  const rows = await rowsOf<{ variant: string }>(
    tx,
    'select distinct variant from flag_rule where flag_key = $1 and variant is not null',
    [key],
  );
  return rows.map(({ variant }) => variant);
}

export async function upsertRule(
  tx: Transaction,
  at: RuleAddress,
  rule: Omit<StoredRule, 'id' | 'scope' | 'setAt'>,
): Promise<void> {
  await tx.query(
    `insert into flag_rule (id, flag_key, environment, scope_kind, scope_key, enabled, variant, reason, set_by,
       percentage, stickiness, constraints, segments, starts_at, ends_at, lint_override)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
     on conflict (flag_key, environment, scope_kind, scope_key) do update
       set enabled = excluded.enabled, variant = excluded.variant, reason = excluded.reason,
         percentage = excluded.percentage, stickiness = excluded.stickiness, constraints = excluded.constraints,
         segments = excluded.segments, starts_at = excluded.starts_at, ends_at = excluded.ends_at,
         lint_override = excluded.lint_override, set_by = excluded.set_by, set_at = clock_timestamp()`,
    [
      randomUUID(),
      at.flag,
      at.environment,
      at.scope.kind,
      at.scope.key,
      rule.enabled,
      rule.variant,
      rule.reason,
      rule.setBy,
      rule.percentage ?? 100,
      rule.stickiness ?? null,
      JSON.stringify(rule.constraints ?? []),
      rule.segments ?? [],
      rule.startsAt ?? null,
      rule.endsAt ?? null,
      rule.lintOverride,
    ],
  );
}

export async function deleteRule(tx: Transaction, at: RuleAddress): Promise<void> {
  await tx.query(
    'delete from flag_rule where flag_key = $1 and environment = $2 and scope_kind = $3 and scope_key = $4',
    [at.flag, at.environment, at.scope.kind, at.scope.key],
  );
}
