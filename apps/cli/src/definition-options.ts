import { Option, type Command } from 'commander';
import { CliError } from './cli-error.js';
import { parseTime } from './parse-time.js';
import { readYaml } from './read-yaml.js';

/** What the command line says of a flag; with `false` for what an update takes away. */
export interface DefinitionOptions {
  description?: string;
  variant?: string[];
  payload?: string[];
  defaultVariant?: string | false;
  risk?: string;
  owner?: string | false;
  lifecycle?: string;
  project?: string;
  type?: string;
  expires?: string | false;
  tag?: string[] | false;
  impressionData?: boolean;
  schema?: string | false;
  depends?: string[] | false;
}

export interface Variant {
  name: string;
  payload?: unknown;
  description?: string | null;
}

/** The options that say what a flag is: all that `createFlag` and `updateFlag` take. */
export function withDefinition(command: Command): Command {
  return command
    .option('--variant <name...>', 'its variants, all of them')
    .option('--payload <variant=value...>', 'what a variant carries: JSON, or text that is none')
    .option('--default-variant <name>', 'what holds while it is off')
    .option('--schema <file>', 'JSON schema, as JSON or YAML, that every payload keeps to')
    .option(
      '--depends <flag...>',
      'flags that must be so: "checkout", "not legacy", "checkout=one-page,two-step"',
    )
    .addOption(
      new Option('--risk <class>', 'FINANCIAL moves money: turning it on needs an approval').choices([
        'STANDARD',
        'FINANCIAL',
      ]),
    )
    .option('--owner <team>', 'who answers for it')
    .option('--project <key>', 'group that it is in, e.g. for tokens of one project')
    .addOption(
      new Option('--type <type>', 'what it is for').choices([
        'release',
        'experiment',
        'operational',
        'kill-switch',
        'permission',
      ]),
    )
    .addOption(
      new Option(
        '--lifecycle <state>',
        'DRAFT is off everywhere, STALE waits to be taken out of the code',
      ).choices(['DRAFT', 'ACTIVE', 'STALE']),
    )
    .option('--expires <time>', 'when it should be gone, e.g. 2030-01-31; nothing switches by it')
    .option('--tag <type:value...>', 'its tags, all of them')
    .option('--impression-data', 'SDKs tell their application of every evaluation')
    .option('--no-impression-data', 'SDKs do not');
}

/** The options that take something away from a flag. */
export function withRemovals(command: Command): Command {
  return command
    .option('--no-default-variant', 'nothing holds while it is off')
    .option('--no-schema', 'payloads are free')
    .option('--no-depends', 'it depends on no other flag')
    .option('--no-owner', 'nobody answers for it')
    .option('--no-expires', 'it stays')
    .option('--no-tag', 'it has no tags');
}

/**
 * The options as the fields of an input; what is not named is not among them.
 * @param variants those that the flag has, whose payloads stay.
 * @throws CliError INVALID_ARGUMENT, FILE_NOT_FOUND, FILE_INVALID
 */
export async function definitionOf(
  options: DefinitionOptions,
  variants: readonly Variant[] = [],
): Promise<Record<string, unknown>> {
  const { description, variant, payload, defaultVariant, risk, owner, lifecycle, project, type } = options;
  const { expires, tag, impressionData, schema, depends } = options;
  return {
    description,
    variants: variant || payload ? variantsOf(variants, variant, payload ?? []) : undefined,
    defaultVariant: orNull(defaultVariant),
    riskClass: risk,
    owner: orNull(owner),
    lifecycle,
    project,
    type,
    expiresAt: typeof expires === 'string' ? parseTime(expires) : orNull(expires),
    tags: tag === false ? [] : tag,
    impressionData,
    payloadSchema: typeof schema === 'string' ? await readYaml(schema) : orNull(schema),
    dependencies: depends === false ? [] : depends?.map(parseDependency),
  };
}

function orNull<T>(value: T | false | undefined): T | null | undefined {
  return value === false ? null : value;
}

function variantsOf(
  before: readonly Variant[],
  names: readonly string[] | undefined,
  payloads: readonly string[],
): Variant[] {
  const known = new Map(before.map((one) => [one.name, one]));
  const after = names ? names.map((name) => known.get(name) ?? { name }) : [...before];
  const carried = new Map(payloads.map(parsePayload));
  const stranger = [...carried.keys()].find((name) => !after.some((one) => one.name === name));
  if (stranger !== undefined)
    throw new CliError(
      'INVALID_ARGUMENT',
      `--payload names the variant "${stranger}", which the flag does not have.`,
      after.length > 0 ? `Variants: ${after.map(({ name }) => name).join(', ')}.` : '--variant <name...>',
    );
  return after.map(({ name, payload, description }) => {
    const now = carried.has(name) ? carried.get(name) : payload;
    return {
      name,
      ...(now === null || now === undefined ? {} : { payload: now }),
      ...(description ? { description } : {}),
    };
  });
}

/** `fast={"rounds":2}`; text that is no JSON is the payload as it stands, no text takes it away. */
function parsePayload(text: string): [name: string, payload: unknown] {
  const equals = text.indexOf('=');
  if (equals < 1)
    throw new CliError('INVALID_ARGUMENT', `"${text}" is no payload.`, `--payload 'fast={"rounds":2}'`);
  const [name, value] = [text.slice(0, equals), text.slice(equals + 1)];
  if (value === '') return [name, null];
  try {
    return [name, JSON.parse(value) as unknown];
  } catch {
    return [name, value];
  }
}

/** `checkout`, `not legacy`, `checkout=one-page,two-step`. */
function parseDependency(text: string): { flag: string; enabled?: boolean; variants?: string[] } {
  const match = /^(not\s+)?([^\s=]+)(?:=(.+))?$/.exec(text.trim());
  if (!match || (match[1] && match[3]))
    throw new CliError(
      'INVALID_ARGUMENT',
      `"${text}" is no dependency.`,
      '--depends checkout "not legacy" checkout=one-page',
    );
  const [, not, flag = '', variants] = match;
  return {
    flag,
    ...(not ? { enabled: false } : {}),
    ...(variants ? { variants: variants.split(',').map((one) => one.trim()) } : {}),
  };
}
