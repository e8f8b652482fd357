import { contentDigest } from '#audit';
import { rowsOf, type Transaction } from '#platform';
import type { FlagDependency, FlagKind, FlagLifecycle, FlagPurpose, FlagVariant, RiskClass } from './flag.js';
import { anyKeyPattern, checkDefinition, flagKeyPattern } from './flag-rules.js';
import { FlagInvalidError } from './flags.errors.js';
import type { FlagContent, FlagRecord } from './flags.store.js';
import { checkPayloads } from './payload-schema.js';

/** What somebody says of a flag; the rest is the default, or stays. */
export interface NewFlag {
  key: string;
  kind: FlagKind;
  description?: string | null | undefined;
  riskClass?: RiskClass | null | undefined;
  owner?: string | null | undefined;
  variants?: readonly FlagVariant[] | null | undefined;
  defaultVariant?: string | null | undefined;
  lifecycle?: FlagLifecycle | null | undefined;
  /** Key of a project. */
  project?: string | null | undefined;
  type?: FlagPurpose | null | undefined;
  expiresAt?: Date | null | undefined;
  tags?: readonly string[] | null | undefined;
  impressionData?: boolean | null | undefined;
  /** JSON schema that every payload keeps to. */
  payloadSchema?: unknown;
  dependencies?: readonly FlagDependency[] | null | undefined;
}

/** What a flag is where nothing is said. */
const emptyFlag: Omit<FlagContent, 'key' | 'kind'> = {
  description: '',
  riskClass: 'STANDARD',
  owner: null,
  variants: [],
  defaultVariant: null,
  lifecycle: 'ACTIVE',
  project: 'default',
  type: 'release',
  expiresAt: null,
  tags: [],
  impressionData: false,
  payloadSchema: null,
  dependencies: [],
};

/** What somebody said of a flag, and for the rest what it was. */
export function contentOf(
  input: NewFlag,
  before: Omit<FlagContent, 'key' | 'kind'> = emptyFlag,
): FlagContent {
  return {
    key: input.key,
    kind: input.kind,
    description: input.description ?? before.description,
    riskClass: input.riskClass ?? before.riskClass,
    owner: input.owner === undefined ? before.owner : input.owner,
    variants: input.variants?.map(plainVariant) ?? before.variants,
    defaultVariant: input.defaultVariant === undefined ? before.defaultVariant : input.defaultVariant,
    lifecycle: input.lifecycle ?? before.lifecycle,
    project: input.project ?? before.project,
    type: input.type ?? before.type,
    expiresAt: input.expiresAt === undefined ? before.expiresAt : input.expiresAt,
    tags: input.tags ?? before.tags,
    impressionData: input.impressionData ?? before.impressionData,
    payloadSchema: input.payloadSchema === undefined ? before.payloadSchema : input.payloadSchema,
    dependencies: input.dependencies ?? before.dependencies,
  };
}

/** Without what says nothing: null stands for absent, which is what manifests know. */
export const plainVariant = ({ name, payload, description }: FlagVariant): FlagVariant => ({
  name,
  ...(payload === undefined || payload === null ? {} : { payload }),
  ...(description ? { description } : {}),
});

/** Whether what a flag is stays the same in everything that needs approval. */
export function sameGuarded(a: FlagRecord, b: FlagRecord): boolean {
  return contentDigest(guarded(a)) === contentDigest(guarded(b));
}

/** Project and tags decide which SDKs get a flag at all; the others take the default of their code. */
function guarded(flag: FlagRecord): unknown {
  const { riskClass, variants, defaultVariant, payloadSchema, dependencies, lifecycle, project, tags } = flag;
  const draft = lifecycle === 'DRAFT';
  return { riskClass, variants, defaultVariant, payloadSchema, dependencies, draft, project, tags };
}

/** What a flag is, for the audit. */
export function definitionOf(flag: FlagRecord): FlagContent {
  const {
    archived: _archived,
    createdAt: _createdAt,
    updatedAt: _updatedAt,
    version: _version,
    ...content
  } = flag;
  return content;
}

/**
 * Checks what a flag is, by itself and with what it refers to. A flag that comes from another system may have a key of
 * any script, and may depend on what is not there: it is then off, as it was there.
 * @throws FlagInvalidError INVALID_INPUT with the field.
 */
export async function checkContent(
  tx: Transaction,
  flag: FlagContent,
  from: 'NEW' | 'STORED' | 'IMPORTED',
): Promise<void> {
  checkDefinition(flag, from === 'NEW' ? flagKeyPattern : anyKeyPattern);
  checkPayloads(flag.payloadSchema, flag.variants);
  const projects = await rowsOf(tx, 'select from project where key = $1', [flag.project]);
  if (projects.length === 0)
    throw new FlagInvalidError(`There is no project "${flag.project}".`, 'project', 'tierdeck get projects');
  if (from !== 'IMPORTED') await checkDependencies(tx, flag);
}

/** One level deep, as the SDKs follow them: that leaves no room for a cycle. */
async function checkDependencies(tx: Transaction, { key, dependencies }: FlagContent): Promise<void> {
  if (dependencies.length === 0) return;
  const parents = await rowsOf<{ key: string; dependencies: unknown[]; variants: FlagVariant[] }>(
    tx,
    'select key, dependencies, variants from flag where key = any($1) and archived_at is null order by key for share',
    [dependencies.map(({ flag }) => flag)],
  );
  for (const { flag, variants = [] } of dependencies) {
    const parent = parents.find((one) => one.key === flag);
    if (!parent) throw new FlagInvalidError(`There is no flag "${flag}" to depend on.`, 'dependencies');
    if (parent.dependencies.length > 0)
      throw new FlagInvalidError(
        `"${flag}" depends on other flags itself: nothing can depend on it.`,
        'dependencies',
        'SDKs follow dependencies one level deep.',
      );
    const unknown = variants.find((name) => !parent.variants.some((variant) => variant.name === name));
    if (unknown !== undefined)
      throw new FlagInvalidError(`"${flag}" has no variant "${unknown}".`, 'dependencies');
  }
  const [child] = await rowsOf<{ key: string }>(
    tx,
    `select key from flag where archived_at is null and dependencies @> jsonb_build_array(jsonb_build_object('flag', $1::text))
     limit 1`,
    [key],
  );
  if (child)
    throw new FlagInvalidError(
      `"${child.key}" depends on "${key}": it cannot depend on others itself.`,
      'dependencies',
      'SDKs follow dependencies one level deep.',
    );
}
