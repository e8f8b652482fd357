import { Option, type Command } from 'commander';
import type { Context } from '../context.js';
import { counted } from '../count.js';
import { withExamples } from '../examples.js';
import { waitIfAsked, withWait } from '../follow-propagation.js';
import { parseFormat, render, renderOne } from '../output.js';
import { parseProperties, ruleConditions, withRuleConditions } from '../rule-options.js';
import { scopeArguments, scopeOf, scopeText, withScope, type ScopeOptions } from '../rule-scope.js';
import { decided, summary, type Summary } from '../rule-value.js';
import { propagationCommands } from './flag-propagation.js';
import { flagCleanupCommands } from './flag-cleanup.js';
import { flagDefinitionCommands } from './flag-definition.js';
import { flagPlaygroundCommand } from './flag-playground.js';
import { flagFileCommands } from './flag-files.js';
import { flagShadowCommand } from './flag-shadow.js';
import { flagShowCommand } from './flag-show.js';
import { flagStrategyCommands } from './flag-strategies.js';

interface Decision {
  flag: string;
  enabled: boolean;
  variant: string | null;
  reason: string;
  trace: { scope: { kind: string; key: string }; outcome: string; explanation: string }[];
}

export const environment = () => new Option('-e, --env <name>', 'environment').default('production');

/** `tierdeck flag set|clear|explain|simulate`, and what the other files of flags add. */
export function flagCommands(program: Command, context: Context): void {
  const flag = program.command('flag').description('what tenants see');
  flagDefinitionCommands(flag, context);
  flagShowCommand(flag, context);
  flagStrategyCommands(flag, context, environment);
  flagShadowCommand(flag, context);
  flagPlaygroundCommand(flag, context);
  flagCleanupCommands(flag, context);
  flagFileCommands(flag, context);

  const set = withWait(withRuleConditions(withScope(flag.command('set <flag> [value]'))))
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
      await waitIfAsked(context, client, options, setFlagRule.revision);
    });
  withExamples(
    set,
    'tierdeck flag set shipping.express on --tenant northwind --reason pilot',
    'tierdeck flag set checkout.flow one-page --region eu --percentage 20',
    `tierdeck flag set checkout.flow one-page --env staging --where 'channel IN web,app' --segment Europe --until 2030-01-31`,
  );

  withWait(withScope(flag.command('clear <flag>')))
    .description('take the rule of a scope away')
    .addOption(environment())
    .option('--reason <text>', 'for the audit')
    .action(async (key: string, options) => {
      const client = await context.client();
      const { env, reason } = options;
      const input = { flag: key, environment: env, scope: scopeOf(options), reason };
      const { clearFlagRule } = await client.request<{ clearFlagRule: { revision: number } }>(
        `mutation ($input: ClearFlagRuleInput!) { clearFlagRule(input: $input) { revision } }`,
        { input },
      );
      context.data(`flag/${key} cleared, revision ${clearFlagRule.revision}\n`);
      await waitIfAsked(context, client, options, clearFlagRule.revision);
    });

  propagationCommands(flag, context, environment);

  const explain = withScope(flag.command('explain <flag>'))
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
  withExamples(
    explain,
    'tierdeck flag explain pricing.engine --branch northwind/boston',
    'tierdeck flag explain checkout.flow --tenant northwind --user jo --property channel=web plan=gold',
  );

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
      context.message(`${affectedTotal} of ${total} would change, of ${counted(affectedTenants, 'tenant')}.`);
      for (const { before, after, count } of transitions)
        context.message(`  ${count} from ${summary(before)} to ${summary(after)}`);
      if (affectedTotal > 0) context.exitCode = 2;
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

function tenantOf({ branch, warehouse, account }: ScopeOptions): string | undefined {
  return (branch ?? warehouse ?? account)?.split('/')[0];
}
