import { Option, type Command } from 'commander';
import { CliError } from '../cli-error.js';
import type { Context } from '../context.js';
import { counted } from '../count.js';
import { addListAndShow } from '../list-and-show.js';

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

  addListAndShow(environment, context, 'name', {
    all,
    nameOf: (one) => one.name,
    notFound: (name) =>
      new CliError(
        'ENVIRONMENT_NOT_FOUND',
        `There is no environment "${name}".`,
        'tierdeck environment list',
      ),
    columns: [
      ['environment', (row) => row.name],
      ['kind', (row) => row.kind],
      ['position', (row) => row.position],
    ],
    help: {
      list: 'environments; a release is promoted from one to the next',
      show: 'one environment',
    },
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
      if (cloneOf) context.message(`${counted(copied, 'flag')} copied from ${cloneOf}.`);
      if (withheld.length > 0) context.message(`Off there until approved: ${withheld.join(', ')}.`);
    });
}
