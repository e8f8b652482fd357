import { ActionIcon, Tooltip } from '@mantine/core';
import { IconFlag3, IconTrash } from '@tabler/icons-react';
import { CopyButton } from '../components/copy-button.js';
import { sentence } from '../components/format.js';
import { EmptyState } from '../components/states.js';
import { Time } from '../components/time.js';
import { useCan } from '../session/session.js';
import { FlagValue } from './flag-value.js';
import styles from './flags.module.css';
import type { FlagDetail, Scope } from './flags.query.js';
import { formatScope, scopeKinds, setCommand } from './scope.js';
import type { FlagActions } from './use-flag-actions.js';

interface RulesProps {
  flag: FlagDetail;
  actions: FlagActions;
  selected: Scope | undefined;
  onSelect: (scope: Scope) => void;
}

/** The rules of one environment, the least specific first. */
export function Rules({ flag, actions, selected, onSelect }: RulesProps) {
  const may = useCan('flags:write');
  const variants = flag.variants.map(({ name }) => name);
  const rules = flag.environment.rules.toSorted(
    (a, b) =>
      scopeKinds.indexOf(a.scope.kind) - scopeKinds.indexOf(b.scope.kind) ||
      a.scope.key.localeCompare(b.scope.key),
  );
  if (rules.length === 0) {
    return (
      <EmptyState
        icon={IconFlag3}
        title="No rules"
        cli={setCommand(
          flag.key,
          flag.environment.name,
          { kind: 'TENANT', key: 'northwind' },
          { enabled: true },
        )}
      >
        Everybody gets the default. Set a rule for a tenant or one of its branches to change that.
      </EmptyState>
    );
  }
  return (
    <table className={styles['rules']}>
      <thead>
        <tr>
          <th>Scope</th>
          <th>Value</th>
          <th>Reason</th>
          <th>Set by</th>
          <th aria-label="Actions" />
        </tr>
      </thead>
      <tbody>
        {rules.map((rule) => (
          <tr
            key={rule.id}
            data-selected={selected && formatScope(selected) === formatScope(rule.scope)}
            onClick={() => onSelect({ kind: rule.scope.kind, key: rule.scope.key })}
          >
            <td>
              <span className={styles['scopeKind']}>{sentence(rule.scope.kind)}</span>
              {rule.scope.kind !== 'ENVIRONMENT' && (
                <>
                  <span>{rule.scope.label}</span>{' '}
                  {rule.scope.label !== rule.scope.key && (
                    <span className="mono faint">{rule.scope.key}</span>
                  )}
                </>
              )}
            </td>
            <td>
              <FlagValue enabled={rule.enabled} variant={rule.variant} variants={variants} />
            </td>
            <td className="dim">{rule.reason}</td>
            <td className="dim">
              {rule.setBy}, <Time at={rule.setAt} />
            </td>
            <td>
              <div className={styles['ruleActions']}>
                <CopyButton
                  value={setCommand(flag.key, flag.environment.name, rule.scope, rule)}
                  label="Copy as CLI"
                />
                <Tooltip label="Clear this rule">
                  <ActionIcon
                    size="sm"
                    aria-label={`Clear the rule for ${rule.scope.label}`}
                    disabled={!may || actions.busy}
                    onClick={(event) => {
                      event.stopPropagation();
                      void actions.clearRule(rule.scope);
                    }}
                  >
                    <IconTrash size={14} stroke={1.7} />
                  </ActionIcon>
                </Tooltip>
              </div>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
