import { Option, type Command } from 'commander';
import type { Context } from '../context.js';
import { CliError } from '../cli-error.js';
import { parseFormat, render, renderOne } from '../output.js';
import { parseProperties, ruleConditions, withRuleConditions } from '../rule-options.js';
import { propagationCommands } from './flag-propagation.js';
import { flagCleanupCommands } from './flag-cleanup.js';
import { flagPlaygroundCommand } from './flag-playground.js';
import { flagFileCommands } from './flag-files.js';
import { flagShadowCommand } from './flag-shadow.js';

export interface ScopeOptions {
  tier?: string;
  region?: string;
  tenant?: string;
  branch?: string;
  warehouse?: string;
  account?: string;
  user?: string;
}

interface Decision {
  flag: string;
  enabled: boolean;
  variant: string | null;
  reason: string;
  trace: { scope: { kind: string; key: string }; outcome: string; explanation: string }[];
}

export const environment = () => new Option('-e, --env <name>', 'environment').default('production');

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
export function scopeOf(options: ScopeOptions): { kind: string; key: string } {
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

/** `tierdeck flag set|clear|explain|simulate|create`, and what {@link propagationCommands} adds. */
export function flagCommands(program: Command, context: Context): void {
  const flag = program.command('flag').description('what tenants see');
  flagShadowCommand(flag, context);
  flagPlaygroundCommand(flag, context);
  flagCleanupCommands(flag, context);
  flagFileCommands(flag, context);

  withRuleConditions(withScope(flag.command('set <flag> [value]')))
    .description('set the rule of a scope: on, off, or the name of a variant')
    .addOption(environment())
    .option('--reason <text>', 'for the audit')
    .option('--lint-override <why>', 'why what the lint refuses is wanted')
    .action(async (key: string, value = 'on', options) => {
      const client = await context.client();
      const input = {
        flag: key,
        environment: options.env,
        scope: scopeOf(options),
        ...decided(value),
        ...(await ruleConditions(client, options)),
        reason: options.reason,
        lintOverride: options.lintOverride,
      };
      const { setFlagRule } = await client.request<{ setFlagRule: { revision: number } }>(
        `mutation ($input: SetFlagRuleInput!) { setFlagRule(input: $input) { revision } }`,
        { input },
      );
      context.data(`flag/${key} set, revision ${setFlagRule.revision}\n`);
      context.message(`Undo: tierdeck flag clear ${key} --env ${options.env}${scopeArguments(options)}`);
    });

  withScope(flag.command('clear <flag>'))
    .description('take the rule of a scope away')
    .addOption(environment())
    .action(async (key: string, options) => {
      const client = await context.client();
      const input = { flag: key, environment: options.env, scope: scopeOf(options) };
      const { clearFlagRule } = await client.request<{ clearFlagRule: { revision: number } }>(
        `mutation ($input: ClearFlagRuleInput!) { clearFlagRule(input: $input) { revision } }`,
        { input },
      );
      context.data(`flag/${key} cleared, revision ${clearFlagRule.revision}\n`);
    });

  propagationCommands(flag, context, environment);

  withScope(flag.command('explain <flag>'))
    .description('why a flag is what it is for a tenant, branch, warehouse, account or user')
    .addOption(environment())
    .option('--property <key=value...>', 'any other field of the context')
    .option('-o, --output <format>', 'table, json or yaml', parseFormat, 'table')
    .action(async (key: string, options) => {
      const client = await context.client();
      const { tenant, branch, warehouse, account, user: userId } = options;
      const input = {
        flag: key,
        environment: options.env,
        tenant: tenant ?? tenantOf(options),
        branch,
        warehouse,
        account,
        userId,
        properties: parseProperties(options.property),
      };
      const { evaluateFlag } = await client.request<{ evaluateFlag: Decision }>(
        `query ($input: EvaluateFlagInput!) { evaluateFlag(input: $input) {
           flag enabled variant reason trace { scope { kind key } outcome explanation } } }`,
        { input },
      );
      if (options.output !== 'table') {
        context.data(renderOne(evaluateFlag, options.output));
        return;
      }
      const { enabled, variant, reason, trace } = evaluateFlag;
      context.data(`${key} is ${enabled ? 'on' : 'off'}${variant ? `, ${variant}` : ''} (${reason})\n`);
      for (const step of trace)
        context.data(`  ${step.outcome.padEnd(26)} ${scopeText(step.scope)}: ${step.explanation}\n`);
    });

  withRuleConditions(withScope(flag.command('simulate <flag> [value]')))
    .description('who would change, before you set it; exit code 2 if anybody')
    .addOption(environment())
    .option('--clear', 'simulate taking the rule away')
    .option('-o, --output <format>', 'table, json or yaml', parseFormat, 'table')
    .action(async (key: string, value = 'on', options) => {
      const client = await context.client();
      const input = {
        flag: key,
        environment: options.env,
        scope: scopeOf(options),
        ...(options.clear ? { clear: true } : decided(value)),
        ...(await ruleConditions(client, options)),
      };
      const { simulateFlagChange } = await client.request<{ simulateFlagChange: Simulation }>(
        `query ($input: SimulateFlagChangeInput!) { simulateFlagChange(input: $input) {
           unchanged total affectedTotal affectedTenants transitions { before { enabled variant } after { enabled variant } count }
           affected {
           tenant unitKind unitCode unitName before { enabled variant } after { enabled variant } } } }`,
        { input },
      );
      const { affected, total, affectedTotal, affectedTenants, transitions } = simulateFlagChange;
      context.data(
        render(
          affected,
          options.output,
          [
            ['tenant', (row) => row.tenant],
            [
              'unit',
              (row) =>
                row.unitKind
                  ? `${row.unitKind.toLowerCase()} ${row.unitName ?? row.unitCode}`
                  : 'whole tenant',
            ],
            ['before', (row) => summary(row.before)],
            ['after', (row) => summary(row.after)],
          ],
          (row) => (row.unitCode ? `${row.tenant}/${row.unitCode}` : row.tenant),
        ),
      );
      context.message(`${affectedTotal} of ${total} would change, of ${affectedTenants} tenants.`);
      for (const { before, after, count } of transitions)
        context.message(`  ${count} from ${summary(before)} to ${summary(after)}`);
      if (affectedTotal > 0) context.exitCode = 2;
    });

  flag
    .command('create <flag>')
    .description('make a flag')
    .requiredOption('-d, --description <text>', 'what it decides')
    .option('--variant <name...>', 'its variants; without any it is on or off')
    .option('--default-variant <name>', 'what holds while it is off')
    .addOption(
      new Option('--risk <class>', 'risk class').choices(['STANDARD', 'FINANCIAL']).default('STANDARD'),
    )
    .option('--owner <team>', 'who answers for it')
    .action(async (key: string, { description, variant, defaultVariant, risk, owner }) => {
      const client = await context.client();
      const variants = (variant as string[] | undefined)?.map((name) => ({ name }));
      const kind = variants ? 'VARIANT' : 'BOOLEAN';
      const input = { key, description, kind, riskClass: risk, variants, defaultVariant, owner };
      await client.request(`mutation ($input: CreateFlagInput!) { createFlag(input: $input) { revision } }`, {
        input,
      });
      context.data(`flag/${key} created\n`);
    });
}

interface Simulation {
  affectedTotal: number;
  affectedTenants: number;
  transitions: { before: Summary; after: Summary; count: number }[];
  unchanged: number;
  total: number;
  affected: {
    tenant: string;
    unitKind: string | null;
    unitCode: string | null;
    unitName: string | null;
    before: Summary;
    after: Summary;
  }[];
}

export interface Summary {
  enabled: boolean;
  variant: string | null;
}

export function summary({ enabled, variant }: Summary): string {
  return variant ?? (enabled ? 'on' : 'off');
}

export function decided(value: string): { enabled: boolean; variant?: string } {
  if (value === 'on') return { enabled: true };
  if (value === 'off') return { enabled: false };
  return { enabled: true, variant: value };
}

function tenantOf({ branch, warehouse, account }: ScopeOptions): string | undefined {
  return (branch ?? warehouse ?? account)?.split('/')[0];
}

function scopeText({ kind, key }: { kind: string; key: string }): string {
  return kind === 'ENVIRONMENT' ? 'whole environment' : `${kind.toLowerCase()} ${key}`;
}

function scopeArguments(options: ScopeOptions): string {
  const { kind, key } = scopeOf(options);
  return kind === 'ENVIRONMENT' ? '' : ` --${kind.toLowerCase()} ${key}`;
}
