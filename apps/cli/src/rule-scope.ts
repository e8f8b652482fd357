import type { Command } from 'commander';
import { CliError } from './cli-error.js';

export interface ScopeOptions {
  tier?: string;
  region?: string;
  tenant?: string;
  branch?: string;
  warehouse?: string;
  account?: string;
  user?: string;
}

interface Scope {
  kind: string;
  key: string;
}

export function withScope(command: Command): Command {
  return command
    .option('--tier <tier>', 'every tenant of an isolation tier')
    .option('--region <region>', 'every tenant of a region')
    .option('--tenant <slug>', 'one tenant')
    .option('--branch <slug/code>', 'one branch')
    .option('--warehouse <slug/code>', 'one warehouse')
    .option('--account <slug/code>', 'one account')
    .option('--user <id>', 'one user');
}

/** The one scope that the options name; none is the whole environment. */
export function scopeOf(options: ScopeOptions): Scope {
  const { tier, region, tenant, branch, warehouse, account, user } = options;
  const given = Object.entries({ tier, region, tenant, branch, warehouse, account, user }).filter(
    ([, key]) => key,
  );
  if (given.length > 1) {
    throw new CliError(
      'INVALID_ARGUMENT',
      'A rule has one scope.',
      `Leave one of: ${given.map(([kind]) => `--${kind}`).join(', ')}.`,
    );
  }
  const [scope] = given;
  return scope
    ? { kind: scope[0].toUpperCase(), key: scope[1] as string }
    : { kind: 'ENVIRONMENT', key: '*' };
}

/** As people read it: `branch northwind/seattle`. */
export function scopeText({ kind, key }: Scope): string {
  return kind === 'ENVIRONMENT' ? 'whole environment' : `${kind.toLowerCase()} ${key}`;
}

/** The options that name the same scope, with a space before. */
export function scopeArguments(options: ScopeOptions): string {
  const { kind, key } = scopeOf(options);
  return kind === 'ENVIRONMENT' ? '' : ` --${kind.toLowerCase()} ${key}`;
}
