import type { UnleashConstraint, UnleashStrategy } from '../compiler/index.js';
import { lintConstraint, presentFields, type LintedConstraint, type LintFinding } from './lint-rule.js';

/**
 * What is wrong with strategies that decide where no rule does: they open by accident as rules of an environment would.
 * @param segments constraints of the segments that they name, by id.
 */
export function lintStrategies(
  strategies: readonly UnleashStrategy[],
  segments: ReadonlyMap<number, readonly LintedConstraint[]>,
): LintFinding[] {
  return strategies.flatMap((strategy, index) => {
    const at = `strategies.${index}`;
    const own = strategy.constraints.map((constraint: UnleashConstraint, place) => ({
      constraint,
      field: `${at}.constraints.${place}`,
    }));
    const ofSegments = (strategy.segments ?? []).flatMap((id) =>
      (segments.get(id) ?? []).map((constraint) => ({ constraint, field: `${at}.segments` })),
    );
    const all = [...own, ...ofSegments];
    const present = presentFields(
      { kind: 'ENVIRONMENT', key: '*' },
      all.map(({ constraint }) => constraint),
    );
    for (const field of fieldsNeededBy(strategy)) present.add(field);
    return all.flatMap(({ constraint, field }) => lintConstraint(constraint, field, present));
  });
}

/** Fields without which a strategy does not hold, whatever its constraints say. */
function fieldsNeededBy({ name, parameters }: UnleashStrategy): string[] {
  if (name === 'userWithId' || name === 'gradualRolloutUserId') return ['userId'];
  if (name === 'gradualRolloutSessionId') return ['sessionId'];
  if (name === 'remoteAddress') return ['remoteAddress'];
  const { stickiness } = parameters;
  if (name !== 'flexibleRollout' || !stickiness || ['default', 'random'].includes(stickiness)) return [];
  return [stickiness];
}
