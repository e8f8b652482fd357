import { Option, type Command } from 'commander';
import { CliError } from '../cli-error.js';
import type { Context } from '../context.js';
import { parseFormat, render, renderOne } from '../output.js';

interface Environment {
  name: string;
  kind: string;
  position: number;
}

/** `tierdeck environment list|show|create`: where a flag has rules of its own. */
export function environmentCommands(program: Command, context: Context): void {
  const environment = program
    .command('environment')
    .description('where a flag has rules of its own, in the order of promotion');

  const all = async (): Promise<Environment[]> => {
    const client = await context.client();
    const { environments } = await client.request<{ environments: Environment[] }>(
      `{ environments { name kind position } }`,
    );
    return environments;
  };

  environment
    .command('list')
    .description('environments; a release is promoted from one to the next')
    .option('-o, --output <format>', 'table, json, yaml or name', parseFormat, 'table')
    .action(async ({ output }) => {
      context.data(
        render(
          await all(),
          output,
          [
            ['environment', (row) => row.name],
            ['kind', (row) => row.kind],
            ['position', (row) => row.position],
          ],
          (row) => row.name,
        ),
      );
    });

  environment
    .command('show <name>')
    .description('one environment')
    .option('-o, --output <format>', 'table, json or yaml', parseFormat, 'table')
    .action(async (name: string, { output }) => {
      const found = (await all()).find((one) => one.name === name);
      if (!found)
        throw new CliError(
          'ENVIRONMENT_NOT_FOUND',
          `There is no environment "${name}".`,
          'tierdeck environment list',
        );
      context.data(renderOne(found, output));
    });

  environment
    .command('create <name>')
    .description('a new environment, the last in the order of promotion')
    .addOption(new Option('--kind <kind>', 'what it is for').choices(['STAGING', 'PRODUCTION']))
    .option('--clone-of <environment>', 'with the state of its flags; what needs approval stays off')
    .action(async (name: string, { kind, cloneOf }: { kind?: string; cloneOf?: string }) => {
      const client = await context.client();
      const { createEnvironment } = await client.request<{
        createEnvironment: { copied: number; withheld: string[] };
      }>(
        `mutation ($input: CreateEnvironmentInput!) { createEnvironment(input: $input) { copied withheld } }`,
        { input: { name, kind, cloneOf } },
      );
      const { copied, withheld } = createEnvironment;
      context.data(`environment/${name} created\n`);
      if (cloneOf) context.message(`${copied} flags copied from ${cloneOf}.`);
      if (withheld.length > 0) context.message(`Off there until approved: ${withheld.join(', ')}.`);
    });
}
