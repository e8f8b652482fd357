import { CliError } from './cli-error.js';
import type { Client } from './client.js';
import { constraintsOf } from './commands/segment.js';
import { readYaml } from './read-yaml.js';
import { ruleConditions, segmentIds, type RuleOptions } from './rule-options.js';
import { scopeOf, type ScopeOptions } from './rule-scope.js';
import { decided } from './rule-value.js';
import { withSegmentIds } from './segment-names.js';
import { readStrategies } from './strategies-file.js';

/** Options of `tierdeck change-request open`. */
export interface OpenOptions extends ScopeOptions, RuleOptions {
  env: string;
  title?: string;
  description?: string;
  clear?: boolean;
  revive?: boolean;
  archive?: boolean;
  kill?: boolean;
  definition?: string;
  strategies?: string;
  file?: string;
  submit?: boolean;
  lintOverride?: string;
}

/** The changes that the options describe, as a change request takes them. @throws CliError */
export async function changesOf(
  client: Client,
  flag: string | undefined,
  value: string | undefined,
  options: OpenOptions,
): Promise<unknown[]> {
  if (!flag && options.segment) return segmentChange(client, options);
  if (options.file) {
    const changes = await readYaml(options.file);
    return withSegmentIds(client, Array.isArray(changes) ? (changes as unknown[]) : [changes]);
  }
  if (!flag) throw new CliError('INVALID_ARGUMENT', 'Name a flag, or a file with --file.');
  if (options.definition)
    return [{ kind: 'UPDATE_FLAG', flag, ...((await readYaml(options.definition)) as object) }];
  if (options.strategies) {
    const { strategies, variants } = await readStrategies(client, options.strategies);
    return [{ kind: 'SET_STRATEGIES', flag, strategies, featureVariants: variants }];
  }
  if (options.archive) return [{ kind: 'ARCHIVE_FLAG', flag }];
  if (options.kill || options.revive)
    return [{ kind: 'SET_ENABLED', flag, enabled: options.revive ?? false }];
  const scope = scopeOf(options);
  if (options.clear) return [{ kind: 'CLEAR_RULE', flag, scope }];
  const conditions = await ruleConditions(client, options);
  return [{ kind: 'SET_RULE', flag, scope, ...decided(value ?? 'on'), ...conditions }];
}

/** What a segment shall say: constraints of a file, or of --where. */
async function segmentChange(client: Client, options: OpenOptions): Promise<unknown[]> {
  const [segment, ...more] = await segmentIds(client, options.segment ?? []);
  if (more.length > 0) throw new CliError('INVALID_ARGUMENT', 'Name one segment.');
  const constraints = (await constraintsOf(options)) ?? [];
  return [{ kind: 'UPDATE_SEGMENT', segment, constraints }];
}
