import { randomUUID } from 'node:crypto';
import { rowsOf, type Transaction } from '#platform';
import {
  type FlagDefinition,
  type FlagKind,
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
    archived: row.archived_at !== null,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    version: row.version,
  };
}

/** @returns false if the key is taken. */
export async function insertFlag(
  tx: Transaction,
  flag: Omit<FlagRecord, 'archived' | 'createdAt' | 'updatedAt' | 'version'>,
): Promise<boolean> {
  const fresh = await rowsOf(
    tx,
    `insert into flag (key, description, kind, risk_class, owner, variants, default_variant)
     values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing returning key`,
    [
      flag.key,
      flag.description,
      flag.kind,
      flag.riskClass,
      flag.owner,
      JSON.stringify(flag.variants),
      flag.defaultVariant,
    ],
  );
  return fresh.length === 1;
}

export async function updateFlag(
  tx: Transaction,
  flag: Pick<FlagRecord, 'key' | 'description' | 'riskClass' | 'owner' | 'variants' | 'defaultVariant'>,
): Promise<void> {
  await tx.query(
    `update flag set description = $2, risk_class = $3, owner = $4, variants = $5, default_variant = $6 where key = $1`,
    [
      flag.key,
      flag.description,
      flag.riskClass,
      flag.owner,
      JSON.stringify(flag.variants),
      flag.defaultVariant,
    ],
  );
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
  await tx.query(
    `insert into flag_environment (flag_key, environment, revision)
     select $1, name, $2 from environment where $3::text is null or name = $3
     on conflict (flag_key, environment) do update set revision = excluded.revision`,
    [key, revision, environment ?? null],
  );
  const [row] = await rowsOf<{ version: number }>(
    tx,
    'update flag set version = version + 1, updated_at = clock_timestamp() where key = $1 returning version',
    [key],
  );
  return row?.version ?? 0;
}

/** A rule with who set it. */
export interface StoredRule extends FlagRule {
  id: string;
  reason: string | null;
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
  reason: string | null;
  set_by: string;
  set_at: Date;
}

export function toRule(row: RuleRow): StoredRule {
  return {
    id: row.id,
    scope: { kind: row.scope_kind, key: row.scope_key },
    enabled: row.enabled,
    variant: row.variant,
    reason: row.reason,
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
  rule: Pick<StoredRule, 'enabled' | 'variant' | 'reason' | 'setBy'>,
): Promise<void> {
  await tx.query(
    `insert into flag_rule (id, flag_key, environment, scope_kind, scope_key, enabled, variant, reason, set_by)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     on conflict (flag_key, environment, scope_kind, scope_key) do update
       set enabled = excluded.enabled, variant = excluded.variant, reason = excluded.reason,
         set_by = excluded.set_by, set_at = clock_timestamp()`,
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
    ],
  );
}

export async function deleteRule(tx: Transaction, at: RuleAddress): Promise<void> {
  await tx.query(
    'delete from flag_rule where flag_key = $1 and environment = $2 and scope_kind = $3 and scope_key = $4',
    [at.flag, at.environment, at.scope.kind, at.scope.key],
  );
}
