import type { Command } from 'commander';
import { CliError } from '../cli-error.js';
import type { Context } from '../context.js';
import { addListAndShow } from '../list-and-show.js';

interface Project {
  key: string;
  name: string;
  description: string;
  flags: number;
  version: number;
}

interface ChangeOptions {
  name?: string;
  description?: string;
}

/** `tierdeck project list|show|create|update`: groups of flags that tokens can be limited to. */
export function projectCommands(program: Command, context: Context): void {
  const project = program.command('project').description('groups of flags');

  const all = async (): Promise<Project[]> => {
    const client = await context.client();
    const { projects } = await client.request<{ projects: Project[] }>(
      `{ projects { key name description flags version } }`,
    );
    return projects;
  };
  const send = async (mutation: string, type: string, input: object): Promise<void> => {
    const client = await context.client();
    await client.request(`mutation ($input: ${type}!) { ${mutation}(input: $input) { key } }`, { input });
  };

  addListAndShow(project, context, 'key', {
    all,
    nameOf: (one) => one.key,
    notFound: (name) =>
      new CliError('PROJECT_NOT_FOUND', `There is no project "${name}".`, 'tierdeck project list'),
    columns: [
      ['project', (row) => row.key],
      ['name', (row) => row.name],
      ['flags', (row) => row.flags],
      ['description', (row) => row.description],
    ],
    help: { list: 'projects, and how many flags are in them', show: 'one project' },
  });

  withTexts(project.command('create <key>'))
    .description('a new project')
    .action(async (key: string, { name, description }: ChangeOptions) => {
      await send('createProject', 'CreateProjectInput', { key, name, description });
      context.data(`project/${key} created\n`);
    });

  withTexts(project.command('update <key>'))
    .description('change a project; what is not named stays as it is')
    .action(async (key: string, { name, description }: ChangeOptions) => {
      if (name === undefined && description === undefined)
        throw new CliError(
          'INVALID_ARGUMENT',
          'Nothing was named to change.',
          'tierdeck project update --help',
        );
      await send('updateProject', 'UpdateProjectInput', { key, name, description });
      context.data(`project/${key} updated\n`);
    });
}

function withTexts(command: Command): Command {
  return command
    .option('--name <name>', 'as people read it')
    .option('-d, --description <text>', 'what it is');
}
