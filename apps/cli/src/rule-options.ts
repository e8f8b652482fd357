import { Option, type Command } from 'commander';
import type { Client } from './client.js';
import { CliError } from './cli-error.js';
import { parseTime } from './parse-time.js';

export interface RuleOptions {
  percentage?: number;
  stickiness?: string;
  where?: string[];
  segment?: string[];
  from?: string;
  until?: string;
}

export interface Constraint {
  contextName: string;
  operator: string;
  values?: string[];
  value?: string | null;
  inverted?: boolean;
  caseInsensitive?: boolean;
}

/** The options that say when a rule matches and for which share: as `setFlagRule`, drafts and simulations take them. */
export function withRuleConditions(command: Command): Command {
  return command
    .addOption(
      new Option('--percentage <number>', 'share that it turns on, 0 to 100').argParser(parsePercentage),
    )
    .option('--stickiness <field>', 'context field whose value is in the share or not')
    .option(
      '--where <constraint...>',
      'e.g. "region IN eu,us", "not any-case email STR_ENDS_WITH @example.com"',
    )
    .option('--segment <name...>', 'segments that must hold, by name')
    .option('--from <time>', 'it matches after this moment, e.g. 2030-01-31T06:00:00Z')
    .option('--until <time>', 'it matches before this moment');
}

/** The options as the fields of an input. @throws CliError INVALID_ARGUMENT, SEGMENT_NOT_FOUND */
export async function ruleConditions(client: Client, options: RuleOptions): Promise<Record<string, unknown>> {
  const { percentage, stickiness, where, segment, from, until } = options;
  return {
    percentage,
    stickiness,
    constraints: where?.map(parseConstraint),
    segments: segment && (await segmentIds(client, segment)),
    startsAt: from && parseTime(from),
    endsAt: until && parseTime(until),
  };
}

/** @throws CliError SEGMENT_NOT_FOUND */
export async function segmentIds(client: Client, names: readonly string[]): Promise<number[]> {
  const { segments } = await client.request<{ segments: { id: number; name: string }[] }>(
    `{ segments { id name } }`,
  );
  return names.map((name) => {
    const found = segments.find((one) => one.name === name || String(one.id) === name);
    if (!found)
      throw new CliError('SEGMENT_NOT_FOUND', `There is no segment "${name}".`, 'tierdeck get segments');
    return found.id;
  });
}

/**
 * `[not] [any-case] <field> <operator> <values>`: a list by commas for IN, NOT_IN, STR_* and IN_CIDR, else one value.
 * @throws CliError INVALID_ARGUMENT
 */
export function parseConstraint(text: string): Constraint {
  const match = /^(not )?\s*(any-case )?\s*(\S+)\s+(\S+)\s+(.+)$/.exec(text.trim());
  if (!match)
    throw new CliError('INVALID_ARGUMENT', `"${text}" is no constraint.`, '--where "region IN eu,us"');
  const [, not, anyCase, contextName = '', name = '', operand = ''] = match;
  const operator = name.toUpperCase();
  const takesList = /^(IN|NOT_IN|STR_.*|IN_CIDR)$/.test(operator);
  return {
    contextName,
    operator,
    ...(takesList ? { values: operand.split(',').map((one) => one.trim()) } : { value: operand }),
    inverted: not !== undefined,
    caseInsensitive: anyCase !== undefined,
  };
}

/** As --where takes it. */
export function constraintText(constraint: Constraint): string {
  const { contextName, operator, values, value, inverted, caseInsensitive } = constraint;
  return `${inverted ? 'not ' : ''}${caseInsensitive ? 'any-case ' : ''}${contextName} ${operator} ${value ?? (values ?? []).join(',')}`;
}

/** `key=value` pairs as an object. @throws CliError INVALID_ARGUMENT */
export function parseProperties(pairs: readonly string[] | undefined): Record<string, string> | undefined {
  return (
    pairs &&
    Object.fromEntries(
      pairs.map((pair) => {
        const equals = pair.indexOf('=');
        if (equals < 1)
          throw new CliError('INVALID_ARGUMENT', `"${pair}" is no property.`, '--property channel=web');
        return [pair.slice(0, equals), pair.slice(equals + 1)];
      }),
    )
  );
}

function parsePercentage(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0 || number > 100)
    throw new CliError('INVALID_ARGUMENT', `"${text}" is no percentage.`, 'A whole number from 0 to 100.');
  return number;
}
