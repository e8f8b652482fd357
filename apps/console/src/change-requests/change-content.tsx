import { IconArrowRight } from '@tabler/icons-react';
import { JsonDiff } from '../components/json-diff.js';
import { ConditionChips } from '../flags/conditions/condition-chips.js';
import { type Conditions, noConditions } from '../flags/conditions/conditions.js';
import { valueLabel } from '../flags/flag-value.js';
import type { ChangeRequest } from './change-requests.query.js';
import styles from './change-requests.module.css';

type Change = ChangeRequest['changes'][number];

interface RuleState extends Partial<Conditions> {
  enabled: boolean;
  variant?: string | null;
}

/** What a change makes of what: a rule with all that it demands, anything else property by property. */
export function ChangeContent({ change }: { change: Change }) {
  switch (change.kind) {
    case 'SET_RULE':
    case 'CLEAR_RULE':
      return (
        <div className={styles['fromTo']}>
          <RuleSide label="Now" rule={change.before as RuleState | null} />
          <IconArrowRight size={15} aria-label="becomes" />
          <RuleSide label="Then" rule={change.after as RuleState | null} />
        </div>
      );
    default:
      return <JsonDiff before={change.before} after={change.after} />;
  }
}

function RuleSide({ label, rule }: { label: string; rule: RuleState | null }) {
  return (
    <div className={styles['side']} role="group" aria-label={label}>
      <span className={styles['sideLabel']}>{label}</span>
      {rule ? (
        <>
          <b className="mono">{valueLabel({ enabled: rule.enabled, variant: rule.variant })}</b>
          <ConditionChips conditions={conditionsIn(rule)} />
        </>
      ) : (
        <span className="dim">no rule, the next less specific one decides</span>
      )}
    </div>
  );
}

function conditionsIn({ enabled: _enabled, variant: _variant, ...conditions }: RuleState): Conditions {
  return { ...noConditions, ...conditions };
}
