import { unleashOperators, type UnleashConstraint } from '../../compiler/index.js';
import { prepareConstraint, type Predicate } from '../../evaluator/index.js';
import { patternStart } from '../../pattern-start.js';
import { tenantOfValue, type FixedContext } from './token-scope.js';

/** A constraint that the token decides is true or false; of any other, what is left for the SDK to decide. */
export type FoldedConstraint = boolean | UnleashConstraint;

const operators: ReadonlySet<string> = new Set(unleashOperators);

/** The same constraint for a context in which what the token fixes is known. */
export function foldConstraint(constraint: UnleashConstraint, fixed: FixedContext): FoldedConstraint {
  const { contextName, operator } = constraint;
  if (!operators.has(operator)) return false;
  if (fixed.decides(contextName)) return decide(constraint, fixed.valueOf(contextName));
  if (!fixed.owns(contextName)) return constraint;
  if (operator === 'IN' || operator === 'NOT_IN')
    return keep(constraint, ownValues(constraint, fixed), operator === 'NOT_IN');
  if (operator === 'STR_STARTS_WITH') {
    const { values, caseInsensitive } = constraint;
    const possible = cleaned(values).filter((value) => fixed.canBegin(contextName, value, caseInsensitive));
    return keep(constraint, possible, false);
  }
  if (operator === 'REGEX') {
    const start = patternStart(constraint.value ?? '');
    if (start !== undefined && !fixed.canBegin(contextName, start, constraint.caseInsensitive))
      return constraint.inverted;
  }
  // Text that stands anywhere in a unit's key may stand in a code of this tenant, whatever it says.
  return constraint;
}

const predicates = new WeakMap<UnleashConstraint, Predicate>();

/** Prepared once per constraint: thousands of tenants are folded against the same one. */
function decide(constraint: UnleashConstraint, value: string | undefined): boolean {
  let predicate = predicates.get(constraint);
  if (!predicate) predicates.set(constraint, (predicate = prepareConstraint(constraint)));
  return predicate({ [constraint.contextName]: value });
}

/** Without values left, a constraint is `empty`, unless inverted. */
function keep(constraint: UnleashConstraint, values: string[], empty: boolean): FoldedConstraint {
  if (values.length === 0) return empty !== constraint.inverted;
  // What its operator does not read may name anybody.
  const { value, ...rest } = constraint;
  if (value === undefined && values.length === constraint.values.length) return constraint;
  return { ...rest, values };
}

const owners = new WeakMap<UnleashConstraint, ReadonlyMap<string | undefined, string[]>>();

/** The values of one tenant, found without looking at those of the others. */
function ownValues(constraint: UnleashConstraint, fixed: FixedContext): string[] {
  let byTenant = owners.get(constraint);
  if (!byTenant) {
    const groups = new Map<string | undefined, string[]>();
    for (const value of cleaned(constraint.values)) {
      const tenant = tenantOfValue(value);
      const group = groups.get(tenant);
      if (group) group.push(value);
      else groups.set(tenant, [value]);
    }
    owners.set(constraint, (byTenant = groups));
  }
  const own = byTenant.get(fixed.tenant.slug) ?? [];
  const nobodys = constraint.contextName === 'userId' ? (byTenant.get(undefined) ?? []) : [];
  return nobodys.length === 0 ? own : [...nobodys, ...own];
}

/** As the SDKs read lists: without empty values and spaces around them. */
function cleaned(values: readonly string[] | undefined): string[] {
  return (values ?? []).filter((value) => !!value).map((value) => value.trim());
}
