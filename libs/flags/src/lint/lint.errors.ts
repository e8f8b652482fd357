import { ConflictError } from '#platform';
import type { LintFinding } from './lint-rule.js';

/** The lint found what would open by accident, and nobody said why it is wanted. */
export class LintRefusedError extends ConflictError {
  constructor(findings: readonly (LintFinding & { change?: number })[]) {
    const [first] = findings;
    super('LINT_REFUSED', `${first?.code ?? ''}: ${first?.message ?? ''}`, {
      field: first?.change === undefined ? (first?.field ?? '') : `changes.${first.change}.${first.field}`,
      hint: `${first?.hint ?? ''} If it is wanted as it is, say why: --lint-override, over GraphQL lintOverride.`,
      details: { findings },
    });
  }
}
