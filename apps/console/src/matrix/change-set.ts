import type { Scope } from '../flags/flags.query.js';
import { isOwn, type MatrixColumn, type MatrixDecision, type MatrixFlag } from '../flags/matrix.query.js';

/** What is painted: a value, or `inherit`, which takes the own rule away. */
export type Brush =
  { kind: 'on' } | { kind: 'off' } | { kind: 'inherit' } | { kind: 'variant'; variant: string };

export interface Draft {
  flag: MatrixFlag;
  scope: Scope;
  label: string;
  /** What it is now, and whose rule says so. */
  before: MatrixDecision;
  /** Whether the scope has a rule of its own now. */
  ruled: boolean;
  /** null: the own rule is taken away. */
  rule: { enabled: boolean; variant: string | null } | null;
}

export interface PaintedCell {
  flag: MatrixFlag;
  column: MatrixColumn;
  decision: MatrixDecision;
}

export const draftKey = (flag: string, scope: Scope): string => `${flag} ${scope.kind} ${scope.key}`;

/** The changes painted so far, by cell. Never changed in place. */
export type ChangeSet = ReadonlyMap<string, Draft>;

/** What a brush makes of a flag; undefined if the flag has no such value. */
export function ruleOf(brush: Brush, flag: MatrixFlag): Draft['rule'] | undefined {
  switch (brush.kind) {
    case 'inherit':
      return null;
    case 'off':
      return { enabled: false, variant: null };
    case 'on':
      return flag.kind === 'BOOLEAN' ? { enabled: true, variant: null } : undefined;
    case 'variant':
      return flag.variants.some(({ name }) => name === brush.variant)
        ? { enabled: true, variant: brush.variant }
        : undefined;
  }
}

/**
 * Paints cells. A cell that gets what its own rule says already leaves the set; one whose flag lacks the value, or
 * that has no rule to take away, is passed over and counted.
 */
export function paint(
  set: ChangeSet,
  cells: readonly PaintedCell[],
  brush: Brush,
): { set: ChangeSet; passedOver: number } {
  const next = new Map(set);
  let passedOver = 0;
  for (const { flag, column, decision } of cells) {
    const rule = ruleOf(brush, flag);
    const scope: Scope = { kind: column.kind, key: column.key };
    const key = draftKey(flag.key, scope);
    const ruled = isOwn(decision, column);
    if (rule === undefined) passedOver++;
    else if (isAsNow(rule, decision, ruled)) next.delete(key);
    else {
      const label = column.kind === 'TENANT' ? column.label : `${column.label}, ${column.tenantName}`;
      next.set(key, { flag, scope, label, before: decision, ruled, rule });
    }
  }
  return { set: next, passedOver };
}

function isAsNow(rule: Draft['rule'], decision: MatrixDecision, ruled: boolean): boolean {
  if (rule === null) return !ruled;
  return ruled && rule.enabled === decision.enabled && (!rule.enabled || rule.variant === decision.variant);
}

/** The values of a flag one after the other, for the space bar; after the last comes `inherit`. */
export function nextBrush(flag: MatrixFlag, decision: MatrixDecision, draft: Draft | undefined): Brush {
  const values: Brush[] =
    flag.kind === 'BOOLEAN'
      ? [{ kind: 'on' }, { kind: 'off' }]
      : [...flag.variants.map(({ name }): Brush => ({ kind: 'variant', variant: name })), { kind: 'off' }];
  const now = draft ? draft.rule : { enabled: decision.enabled, variant: decision.variant };
  if (now === null) return values[0] ?? { kind: 'off' };
  const at = values.findIndex((brush) => {
    const rule = ruleOf(brush, flag);
    return rule?.enabled === now.enabled && (!now.enabled || rule.variant === now.variant);
  });
  if (draft && at === values.length - 1) return { kind: 'inherit' };
  return values[(at + 1) % values.length] ?? { kind: 'off' };
}
