import { isOwn, type MatrixColumn, type MatrixDecision } from './matrix.query.js';

const marks: Record<string, string> = {
  ENVIRONMENT: 'E',
  TIER: 'I',
  REGION: 'R',
  TENANT: 'T',
  BRANCH: 'B',
  WAREHOUSE: 'W',
  ACCOUNT: 'A',
  USER: 'U',
};

/** One letter for the scope that a value comes from; none for a default. */
export const sourceMark = ({ scope, reason }: MatrixDecision): string =>
  scope ? (marks[scope.kind] ?? '') : reason === 'KILLED' ? '×' : '';

/** Where a value comes from, in words. */
export function sourceWords(decision: MatrixDecision, column: MatrixColumn): string {
  const { scope, reason } = decision;
  if (reason === 'KILLED') return 'the flag is off in this environment';
  if (reason === 'STRATEGY') return 'no rule matches, the strategies decide';
  if (reason === 'DEPENDENCY') return 'a flag that it depends on is not as it must be';
  if (!scope) return 'default, no rule matches';
  if (isOwn(decision, column)) return 'a rule of its own';
  if (scope.kind === 'ENVIRONMENT') return 'inherited from the rule for everybody';
  return `inherited from the rule for ${scope.kind.toLowerCase()} ${scope.label.replace(/^(Tier|Region) /, '')}`;
}
