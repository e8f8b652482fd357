import { Injectable } from '@nestjs/common';
import { Database, rowsOf, type Transaction } from '#platform';
import { MANIFEST_API_VERSION } from '#tenancy';
import { plainVariant } from '../flag-content.js';
import { FlagNotFoundError } from '../flags.errors.js';
import { toFlag, toRule, type FlagRow, type RuleRow } from '../flags.store.js';
import type { UnleashStrategy } from '../compiler/index.js';
import { ruleValue } from '../flag.js';
import type { Project } from '../projects.service.js';
import { segmentColumns, type Segment } from '../segments.store.js';

interface EnvironmentRow {
  flag_key: string;
  environment: string;
  enabled: boolean;
  strategies: UnleashStrategy[] | null;
  variants: unknown[];
}

/** Flags, and what they refer to, as the manifests that `apply` takes back without a difference. */
@Injectable()
export class ManifestExport {
  constructor(private readonly database: Database) {}

  /**
   * @param keys null: every flag in use, with all environments, projects and segments.
   * @throws FlagNotFoundError FLAG_NOT_FOUND
   */
  manifests(keys: readonly string[] | null): Promise<unknown[]> {
    // One snapshot: rules and what they refer to belong together.
    return this.database.transaction(async (tx) => {
      await tx.query('set transaction isolation level repeatable read read only');
      const flags = await rowsOf<FlagRow>(
        tx,
        `select * from flag where archived_at is null and ($1::text[] is null or key = any($1)) order by key`,
        [keys],
      );
      const missing = keys?.find((key) => !flags.some((flag) => flag.key === key));
      if (missing !== undefined) throw new FlagNotFoundError(missing);
      const own = [flags.map(({ key }) => key)];
      const environments = await rowsOf<EnvironmentRow>(
        tx,
        `select s.flag_key, s.environment, s.enabled, s.strategies, s.variants
         from flag_environment s join environment e on e.name = s.environment
         where s.flag_key = any($1) order by e.position`,
        own,
      );
      const rules = await rowsOf<RuleRow>(
        tx,
        `select * from flag_rule where flag_key = any($1)
         order by flag_key, environment, array_position(
           array['ENVIRONMENT','TIER','REGION','TENANT','BRANCH','WAREHOUSE','ACCOUNT','USER'], scope_kind), scope_key`,
        own,
      );
      const segments = await rowsOf<Segment>(
        tx,
        `select ${segmentColumns} from segment where deleted_at is null order by name`,
      );
      const names = new Map(segments.map(({ id, name }) => [id, name]));
      const described = flags.map((row) => manifestOf(row, environments, rules, names));
      if (keys) return described;
      return [
        ...(await environmentManifests(tx)),
        ...(await projectManifests(tx)),
        ...segments.map(segmentManifest),
        ...described,
      ];
    });
  }
}

function manifestOf(
  row: FlagRow,
  environments: readonly EnvironmentRow[],
  rules: readonly RuleRow[],
  names: ReadonlyMap<number, string>,
): unknown {
  const flag = toFlag(row);
  return {
    apiVersion: MANIFEST_API_VERSION,
    kind: 'Flag',
    metadata: { key: flag.key },
    spec: {
      description: flag.description,
      kind: flag.kind,
      riskClass: flag.riskClass,
      owner: flag.owner,
      project: flag.project,
      type: flag.type,
      lifecycle: flag.lifecycle,
      ...(flag.expiresAt === null ? {} : { expiresAt: flag.expiresAt.toISOString() }),
      ...(flag.tags.length > 0 ? { tags: flag.tags } : {}),
      ...(flag.impressionData ? { impressionData: true } : {}),
      ...(flag.payloadSchema === null ? {} : { payloadSchema: flag.payloadSchema }),
      ...(flag.dependencies.length > 0 ? { dependencies: flag.dependencies } : {}),
      variants: flag.variants.map(plainVariant),
      defaultVariant: flag.defaultVariant,
      environments: Object.fromEntries(
        environments
          .filter(({ flag_key: key }) => key === flag.key)
          .map(({ environment, enabled, strategies, variants }) => [
            environment,
            {
              enabled,
              ...(strategies === null ? {} : { strategies: strategies.map((one) => named(one, names)) }),
              ...(variants.length > 0 ? { variants } : {}),
              rules: rules
                .filter((rule) => rule.flag_key === flag.key && rule.environment === environment)
                .map(toRule)
                .map(({ scope, reason, lintOverride, ...rule }) => ({
                  scope,
                  ...named(ruleValue(rule), names),
                  ...(reason === null ? {} : { reason }),
                  ...(lintOverride === null ? {} : { lintOverride }),
                })),
            },
          ]),
      ),
    },
  };
}

/** Other installations number their segments otherwise; one that is not here keeps its number. */
function named<Item extends { segments?: readonly number[] }>(
  item: Item,
  names: ReadonlyMap<number, string>,
): Omit<Item, 'segments'> & { segments?: (string | number)[] } {
  const { segments, ...rest } = item;
  return segments ? { ...rest, segments: segments.map((id) => names.get(id) ?? id) } : rest;
}

function segmentManifest({ name, description, constraints }: Segment): unknown {
  return {
    apiVersion: MANIFEST_API_VERSION,
    kind: 'Segment',
    metadata: { name },
    spec: { description, constraints },
  };
}

async function projectManifests(tx: Transaction): Promise<unknown[]> {
  const rows = await rowsOf<Project>(tx, 'select key, name, description from project order by key');
  return rows.map(({ key, name, description }) => ({
    apiVersion: MANIFEST_API_VERSION,
    kind: 'Project',
    metadata: { key },
    spec: { name, description },
  }));
}

async function environmentManifests(tx: Transaction): Promise<unknown[]> {
  const rows = await rowsOf<{ name: string; kind: string; approvals: Record<string, number> }>(
    tx,
    `select e.name, e.kind, coalesce(jsonb_object_agg(p.risk_class, p.min_approvals)
       filter (where p.risk_class is not null), '{}') as approvals
     from environment e left join approval_policy p on p.environment = e.name
     group by e.name order by e.position`,
  );
  return rows.map(({ name, kind, approvals }) => ({
    apiVersion: MANIFEST_API_VERSION,
    kind: 'Environment',
    metadata: { name },
    spec: { kind, approvals },
  }));
}
