import { Injectable } from '@nestjs/common';
import { Database, rowsOf } from '#platform';
import { MANIFEST_API_VERSION } from '#tenancy';
import { FlagNotFoundError } from './flags.errors.js';
import { toFlag, toRule, type FlagRow, type RuleRow } from './flags.store.js';
import { ruleValue } from './flag.js';

interface EnvironmentRow {
  flag_key: string;
  environment: string;
  enabled: boolean;
  strategies: unknown;
  variants: unknown[];
}

/** Flags as the manifests that `apply` takes back without a difference. */
@Injectable()
export class FlagExport {
  constructor(private readonly database: Database) {}

  /** @param keys null: every flag in use. @throws FlagNotFoundError FLAG_NOT_FOUND */
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
      return flags.map((row) => manifestOf(row, environments, rules));
    });
  }
}

function manifestOf(
  row: FlagRow,
  environments: readonly EnvironmentRow[],
  rules: readonly RuleRow[],
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
      variants: flag.variants,
      defaultVariant: flag.defaultVariant,
      environments: Object.fromEntries(
        environments
          .filter(({ flag_key: key }) => key === flag.key)
          .map(({ environment, enabled, strategies, variants }) => [
            environment,
            {
              enabled,
              ...(strategies === null ? {} : { strategies }),
              ...(variants.length > 0 ? { variants } : {}),
              rules: rules
                .filter((rule) => rule.flag_key === flag.key && rule.environment === environment)
                .map(toRule)
                .map(({ scope, reason, lintOverride, ...rule }) => ({
                  scope,
                  ...ruleValue(rule),
                  ...(reason === null ? {} : { reason }),
                  ...(lintOverride === null ? {} : { lintOverride }),
                })),
            },
          ]),
      ),
    },
  };
}
