import type { UnleashConstraint } from '../compiler/index.js';
import type { FlagScope, RuleValue } from '../flag.js';

/** What a refusal shows at most; longer ones go by a file. */
const maxLength = 500;

/** The command that opens a change request for a rule of a scope, with all that the rule says. */
export function openRuleCommand(
  flag: string,
  environment: string,
  scope: FlagScope,
  rule: RuleValue | null,
): string {
  if (!rule) return openCommand(flag, environment, '--clear', scope);
  const value = rule.enabled ? (rule.variant ?? 'on') : 'off';
  const conditions = conditionOptions(rule);
  const command = `${openCommand(flag, environment, quoted(value), scope)}${conditions ?? ''}`;
  return conditions === undefined || command.length > maxLength
    ? `tierdeck change-request open --file <changes.yaml> --env ${environment}`
    : command;
}

/** The command that opens a change request for a flag, by a value or an option. */
export function openCommand(flag: string, environment: string, what: string, scope?: FlagScope): string {
  const where =
    !scope || scope.kind === 'ENVIRONMENT' ? '' : ` --${scope.kind.toLowerCase()} ${quoted(scope.key)}`;
  return `tierdeck change-request open ${quoted(flag)} ${what} --env ${environment}${where}`;
}

/** @returns undefined for what options cannot say. */
function conditionOptions(rule: RuleValue): string | undefined {
  const { percentage, stickiness, constraints = [], segments = [], startsAt, endsAt } = rule;
  const where = constraints.map(constraintOption);
  if (where.includes(undefined)) return undefined;
  const options = [
    ...(percentage === undefined ? [] : [`--percentage ${percentage}`]),
    ...(stickiness === undefined ? [] : [`--stickiness ${quoted(stickiness)}`]),
    ...(where.length > 0 ? [`--where ${where.join(' ')}`] : []),
    ...(segments.length > 0 ? [`--segment ${segments.join(' ')}`] : []),
    ...(startsAt === undefined ? [] : [`--from ${startsAt}`]),
    ...(endsAt === undefined ? [] : [`--until ${endsAt}`]),
  ];
  return options.map((option) => ` ${option}`).join('');
}

function constraintOption(constraint: UnleashConstraint): string | undefined {
  const { contextName, operator, values, value, inverted, caseInsensitive } = constraint;
  if (/\s/.test(contextName) || values.some((one) => /^\s|,|\s$/.test(one))) return undefined;
  const prefix = `${inverted ? 'not ' : ''}${caseInsensitive ? 'any-case ' : ''}`;
  return quoted(`${prefix}${contextName} ${operator} ${value ?? values.join(',')}`);
}

/** As a shell takes it. */
function quoted(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll(`'`, `'\\''`)}'`;
}
