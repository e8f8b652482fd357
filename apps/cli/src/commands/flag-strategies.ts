import { Option, type Command } from 'commander';
import { CliError } from '../cli-error.js';
import type { Context } from '../context.js';
import { withExamples } from '../examples.js';
import { waitIfAsked, withWait } from '../follow-propagation.js';
import { parseFormat, render, renderOne } from '../output.js';
import { constraintText } from '../rule-options.js';
import { readStrategies, strategyFields, toStrategiesFile, type ToldStrategies } from '../strategies-file.js';

/** `tierdeck flag strategies show|set`: Unleash strategies, which decide where no rule does. */
export function flagStrategyCommands(flag: Command, context: Context, environment: () => Option): void {
  const strategies = flag
    .command('strategies')
    .description('Unleash strategies, which decide where no rule does');

  withExamples(
    strategies
      .command('show <flag>')
      .description('the strategies of a flag in an environment; as yaml or json, a file that set takes')
      .addOption(environment())
      .option('-o, --output <format>', 'table, json, yaml or name', parseFormat, 'table')
      .action(async (key: string, { env, output }) => {
        const client = await context.client();
        const { flag: found } = await client.request<{ flag: { environment: ToldStrategies } | null }>(
          `query ($key: String!, $env: String!) { flag(key: $key) { environment(name: $env) { ${strategyFields} } } }`,
          { key, env },
        );
        if (!found) throw new CliError('FLAG_NOT_FOUND', `There is no flag "${key}".`, 'tierdeck get flags');
        if (output === 'json' || output === 'yaml')
          context.data(renderOne(toStrategiesFile(found.environment), output));
        else tell(context, key, found.environment, output);
      }),
    'tierdeck flag strategies show checkout.flow -e staging',
    'tierdeck flag strategies show checkout.flow -o yaml > strategies.yaml',
  );

  withExamples(
    withWait(strategies.command('set <flag>'))
      .description('replace the strategies of a flag in an environment')
      .addOption(environment())
      .option('-f, --file <path>', 'YAML or JSON: a list of strategies, or "strategies" and "variants"')
      .option('--none', 'no strategies: off where no rule decides')
      .option('--reason <text>', 'for the audit')
      .option('--lint-override <why>', 'why what the lint refuses is wanted')
      .action(async (key: string, { env, file, none, reason, lintOverride, ...waiting }) => {
        if ((file === undefined) === (none === undefined))
          throw new CliError(
            'INVALID_ARGUMENT',
            'Name a file, or --none.',
            'tierdeck flag strategies show <flag> -o yaml writes one.',
          );
        const client = await context.client();
        const wanted = none ? { strategies: null } : await readStrategies(client, file as string);
        const { setFlagStrategies } = await client.request<{ setFlagStrategies: { revision: number } }>(
          `mutation ($input: SetFlagStrategiesInput!) { setFlagStrategies(input: $input) { revision } }`,
          { input: { flag: key, environment: env, reason, lintOverride, ...wanted } },
        );
        context.data(`flag/${key} strategies set, revision ${setFlagStrategies.revision}\n`);
        await waitIfAsked(context, client, { ...waiting, env }, setFlagStrategies.revision);
      }),
    'tierdeck flag strategies set checkout.flow -e staging -f strategies.yaml',
    'tierdeck flag strategies set checkout.flow -e staging --none',
  );
}

function tell(context: Context, key: string, told: ToldStrategies, format: 'table' | 'name'): void {
  const { strategies, variants } = told;
  context.data(
    render(
      strategies ?? [],
      format,
      [
        ['strategy', (row) => row.name],
        ['parameters', (row) => pairs(row.parameters)],
        ['where', (row) => row.constraints.map(constraintText).join('; ') || null],
        ['segments', (row) => row.segments.map(({ id, name }) => name ?? `${id} (gone)`).join(', ') || null],
        ['variants', (row) => weights(row.variants)],
      ],
      (row) => row.name,
    ),
  );
  if (strategies === null) context.message(`No strategies: "${key}" is off where no rule decides.`);
  else if (strategies.length === 0) context.message(`"${key}" is on for everybody for whom no rule decides.`);
  if (variants.length > 0) context.message(`Variants of strategies without their own: ${weights(variants)}.`);
}

function pairs(parameters: Record<string, string>): string | null {
  const texts = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
  return texts.join(' ') || null;
}

function weights(variants: readonly { name: string; weight: number }[]): string | null {
  return variants.map(({ name, weight }) => `${name} ${weight}`).join(', ') || null;
}
