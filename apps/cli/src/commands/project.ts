import type { Command } from 'commander';
import { CliError } from '../cli-error.js';
import type { Context } from '../context.js';
import { parseFormat, render, renderOne } from '../output.js';

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

  project
    .command('list')
    .description('projects, and how many flags are in them')
    .option('-o, --output <format>', 'table, json, yaml or name', parseFormat, 'table')
    .action(async ({ output }) => {
      context.data(
        render(
          await all(),
          output,
          [
            ['project', (row) => row.key],
            ['name', (row) => row.name],
            ['flags', (row) => row.flags],
            ['description', (row) => row.description],
          ],
          (row) => row.key,
        ),
      );
    });

  project
    .command('show <key>')
    .description('one project')
    .option('-o, --output <format>', 'table, json or yaml', parseFormat, 'table')
    .action(async (key: string, { output }) => {
      const found = (await all()).find((one) => one.key === key);
      if (!found)
        throw new CliError('PROJECT_NOT_FOUND', `There is no project "${key}".`, 'tierdeck project list');
      context.data(renderOne(found, output));
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
