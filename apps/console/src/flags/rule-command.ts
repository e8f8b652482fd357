/** What a rule says, as the flag page reads it. */
export interface ShownRule {
  scope: { kind: string; key: string };
  enabled: boolean;
  variant?: string | null;
  percentage: number;
  stickiness: string;
  constraints: readonly {
    contextName: string;
    operator: string;
    values: readonly string[];
    value: string | null;
    inverted: boolean;
    caseInsensitive: boolean;
  }[];
  segments: readonly number[];
  startsAt: string | null;
  endsAt: string | null;
}

/**
 * The command that sets a rule as it is. Turning on what moves money is asked for: there a change request is opened,
 * which is applied at once where no approval is wanted.
 */
export function ruleCommand(
  flag: { key: string; riskClass: string },
  environment: string,
  rule: ShownRule,
): string {
  const { scope, enabled, variant, percentage, stickiness, constraints, segments, startsAt, endsAt } = rule;
  const asked = enabled && flag.riskClass === 'FINANCIAL';
  const where = constraints.map(({ contextName, operator, values, value, inverted, caseInsensitive }) =>
    quoted(
      `${inverted ? 'not ' : ''}${caseInsensitive ? 'any-case ' : ''}${contextName} ${operator} ${value ?? values.join(',')}`,
    ),
  );
  return [
    `tierdeck ${asked ? 'change-request open' : 'flag set'} ${quoted(flag.key)}`,
    quoted(variant ?? (enabled ? 'on' : 'off')),
    ...(scope.kind === 'ENVIRONMENT' ? [] : [`--${scope.kind.toLowerCase()} ${quoted(scope.key)}`]),
    `--env ${environment}`,
    ...(enabled && percentage < 100 ? [`--percentage ${percentage} --stickiness ${quoted(stickiness)}`] : []),
    ...(where.length > 0 ? [`--where ${where.join(' ')}`] : []),
    ...(segments.length > 0 ? [`--segment ${segments.join(' ')}`] : []),
    ...(startsAt ? [`--from ${startsAt}`] : []),
    ...(endsAt ? [`--until ${endsAt}`] : []),
    ...(asked ? ['--submit'] : []),
  ].join(' ');
}

/** As a shell takes it. */
function quoted(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll(`'`, String.raw`'\''`)}'`;
}
