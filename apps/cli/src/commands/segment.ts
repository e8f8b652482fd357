import type { Command } from 'commander';
import { CliError } from '../cli-error.js';
import type { Context } from '../context.js';
import { addList } from '../list-and-show.js';
import { parseFormat, renderOne } from '../output.js';
import { readYaml } from '../read-yaml.js';
import { constraintText, parseConstraint, segmentIds, type Constraint } from '../rule-options.js';

interface Segment {
  id: number;
  name: string;
  description: string;
  version: number;
  constraints: Constraint[];
  uses: { flag: string; environment: string }[];
}

interface ConstraintOptions {
  where?: string[];
  file?: string;
}

interface ChangeOptions extends ConstraintOptions {
  name?: string;
  description?: string;
  lintOverride?: string;
}

const fields = `id name description version uses { flag environment }
  constraints { contextName operator values value inverted caseInsensitive }`;

/** `tierdeck segment list|show|create|update|delete`: constraints under a name, for flags to share. */
export function segmentCommands(program: Command, context: Context): void {
  const segment = program.command('segment').description('constraints under a name, for flags to share');

  const all = async (): Promise<Segment[]> => {
    const client = await context.client();
    return (await client.request<{ segments: Segment[] }>(`{ segments { ${fields} } }`)).segments;
  };
  const send = async (mutation: string, type: string, input: object): Promise<void> => {
    const client = await context.client();
    await client.request(`mutation ($input: ${type}!) { ${mutation}(input: $input) { id } }`, { input });
  };
  const idOf = async (name: string): Promise<number> =>
    (await segmentIds(await context.client(), [name]))[0] as number;

  addList(segment, context, {
    all,
    nameOf: (one) => one.name,
    columns: [
      ['segment', (row) => row.name],
      ['constraints', (row) => row.constraints.map(constraintText).join('; ')],
      ['used by', (row) => new Set(row.uses.map(({ flag }) => flag)).size],
      ['description', (row) => row.description],
    ],
    help: { list: 'segments, and how many rules and strategies name them' },
  });

  segment
    .command('show <name>')
    .description('one segment with its constraints and the flags that it decides')
    .option('-o, --output <format>', 'table, json or yaml', parseFormat, 'table')
    .action(async (name: string, { output }) => {
      const id = await idOf(name);
      const found = (await all()).find((one) => one.id === id) as Segment;
      const { constraints, uses, ...rest } = found;
      context.data(
        renderOne(
          output === 'table'
            ? {
                ...rest,
                constraints: constraints.map(constraintText).join('; '),
                uses: uses.map(({ flag, environment }) => `${flag} in ${environment}`).join(', '),
              }
            : found,
          output,
        ),
      );
    });

  withConstraints(segment.command('create <name>'))
    .description('a new segment')
    .option('-d, --description <text>', 'what it is')
    .action(async (name: string, { description, ...options }: ChangeOptions) => {
      const constraints = (await constraintsOf(options)) ?? [];
      await send('createSegment', 'CreateSegmentInput', { name, description, constraints });
      context.data(`segment/${name} created\n`);
    });

  withConstraints(segment.command('update <name>'))
    .description('change a segment; what is not named stays, constraints are replaced as a whole')
    .option('--name <name>', 'another name')
    .option('-d, --description <text>', 'what it is')
    .option('--lint-override <why>', 'why what the lint refuses is wanted')
    .action(async (before: string, { name, description, lintOverride, ...options }: ChangeOptions) => {
      const change = { name, description, constraints: await constraintsOf(options) };
      if (Object.values(change).every((value) => value === undefined))
        throw new CliError(
          'INVALID_ARGUMENT',
          'Nothing was named to change.',
          'tierdeck segment update --help',
        );
      await send('updateSegment', 'UpdateSegmentInput', { id: await idOf(before), ...change, lintOverride });
      context.data(`segment/${name ?? before} updated\n`);
    });

  segment
    .command('delete <name>')
    .description('delete a segment; one that a flag uses stays')
    .action(async (name: string) => {
      await send('deleteSegment', 'DeleteSegmentInput', { id: await idOf(name) });
      context.data(`segment/${name} deleted\n`);
    });
}

/** What a segment shall say: constraints of a file, or of --where; undefined if neither is named. */
export async function constraintsOf({ file, where }: ConstraintOptions): Promise<unknown> {
  return file ? readYaml(file) : where?.map((one) => parseConstraint(one));
}

function withConstraints(command: Command): Command {
  return command
    .option('--where <constraint...>', 'all must hold, e.g. "region IN eu,us"')
    .option('-f, --file <path>', 'YAML list of constraints instead');
}
