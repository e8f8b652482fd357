import { unleashOperators, type UnleashConstraint } from '../../compiler/index.js';
import { prepareConstraint, type Predicate } from '../../evaluator/index.js';
import { patternStart } from '../../pattern-start.js';
import { foldPattern } from './fold-pattern.js';
import { tenantOfValue, type FixedContext } from './token-scope.js';

/** A constraint that the token decides is true or false; of any other, what is left for the SDK to decide. */
export type FoldedConstraint = boolean | UnleashConstraint;

const operators: ReadonlySet<string> = new Set(unleashOperators);

/** The same constraint for a context in which what the token fixes is known. */
export function foldConstraint(constraint: UnleashConstraint, fixed: FixedContext): FoldedConstraint {
  const { contextName, operator } = constraint;
  if (!operators.has(operator)) return false;
  // Of the clock, whatever field it names: nobody but the SDK knows what time it is.
  if (operator.startsWith('DATE_'))
    return readPart(
      contextName === 'currentTime' ? constraint : { ...constraint, contextName: 'currentTime' },
    );
  if (fixed.decides(contextName)) return decide(constraint, fixed.valueOf(contextName));
  if (!fixed.owns(contextName)) return readPart(constraint);
  if (operator === 'REGEX') return foldRegex(constraint, fixed);
  if (operator === 'IN' || operator === 'NOT_IN')
    return keep(constraint, ownValues(constraint, fixed), operator === 'NOT_IN');
  if (!listOperators.has(operator)) return readPart(constraint);
  return keep(
    constraint,
    cleaned(constraint.values).filter((value) => possible(constraint, value, fixed)),
    false,
  );
}

/** Whether a value of the tenant's units can begin with a text, end with it, or hold it. */
function possible(
  { contextName, operator, caseInsensitive }: UnleashConstraint,
  text: string,
  fixed: FixedContext,
): boolean {
  if (operator === 'STR_STARTS_WITH') return fixed.canBegin(contextName, text, caseInsensitive);
  return operator === 'IN_CIDR' || fixed.canHold(text, caseInsensitive);
}

function foldRegex(constraint: UnleashConstraint, fixed: FixedContext): FoldedConstraint {
  const { contextName, value = '', caseInsensitive, inverted } = constraint;
  const others = contextName === 'userId';
  const start = patternStart(value);
  if (start !== undefined && !fixed.canBegin(contextName, start, caseInsensitive)) return inverted;
  const folded = foldPattern(value, fixed.prefix, caseInsensitive, others);
  if (folded === undefined) return inverted;
  return readPart(folded === value ? constraint : { ...constraint, value: folded });
}

const listOperators: ReadonlySet<string> = new Set([
  'IN',
  'NOT_IN',
  'STR_STARTS_WITH',
  'STR_ENDS_WITH',
  'STR_CONTAINS',
  'IN_CIDR',
]);

/** What its operator does not read may name anybody. The same object if it has nothing else. */
function readPart(constraint: UnleashConstraint): UnleashConstraint {
  const { value, ...rest } = constraint;
  if (listOperators.has(constraint.operator)) return value === undefined ? constraint : rest;
  return constraint.values.length === 0 ? constraint : { ...constraint, values: [] };
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
  const read = readPart(constraint);
  return values.length === constraint.values.length ? read : { ...read, values };
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
