import { ActionIcon, Tooltip } from '@mantine/core';
import { IconAlertTriangle, IconFlag3, IconPencil, IconTrash } from '@tabler/icons-react';
import { CopyButton } from '../components/copy-button.js';
import { sentence } from '../components/format.js';
import { EmptyState } from '../components/states.js';
import { Table, type TableColumn } from '../components/table.js';
import { Time } from '../components/time.js';
import { useCan } from '../session/session.js';
import { ConditionChips } from './conditions/condition-chips.js';
import { conditionsOf } from './conditions/conditions.js';
import { FlagValue } from './flag-value.js';
import styles from './flags.module.css';
import type { FlagDetail, FlagRule, Scope } from './flags.query.js';
import { ruleCommand, type ShownRule } from './rule-command.js';
import { formatScope, scopeKinds } from './scope.js';
import type { FlagActions } from './use-flag-actions.js';

interface RulesProps {
  flag: FlagDetail;
  actions: FlagActions;
  selected: Scope | undefined;
  onSelect: (scope: Scope) => void;
}

const exampleRule: ShownRule = {
  scope: { kind: 'TENANT', key: 'northwind' },
  enabled: true,
  percentage: 100,
  stickiness: 'branch',
  constraints: [],
  segments: [],
  startsAt: null,
  endsAt: null,
};

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
        cli={ruleCommand(flag, flag.environment.name, {
          ...exampleRule,
          variant: variants[0] ?? null,
        })}
      >
        {flag.environment.strategies === null
          ? 'Everybody gets the default.'
          : 'What is set for where no rule decides counts for everybody.'}{' '}
        Set a rule for a tenant or one of its branches to change that.
      </EmptyState>
    );
  }
  const columns: TableColumn<FlagRule>[] = [
    {
      key: 'scope',
      header: 'Scope',
      render: ({ scope }) => (
        <>
          <span className={styles['scopeKind']}>{sentence(scope.kind)}</span>
          {scope.kind !== 'ENVIRONMENT' && (
            <>
              <span>{scope.label}</span>{' '}
              {scope.label !== scope.key && <span className="mono faint">{scope.key}</span>}
            </>
          )}
        </>
      ),
    },
    {
      key: 'value',
      header: 'Value',
      render: (rule) => (
        <div className={styles['ruleValue']}>
          <FlagValue enabled={rule.enabled} variant={rule.variant} variants={variants} />
          <ConditionChips conditions={conditionsOf(rule)} />
        </div>
      ),
    },
    {
      key: 'reason',
      header: 'Reason',
      render: ({ reason, lintOverride }) => (
        <>
          <span className="dim">{reason}</span>
          {lintOverride && (
            <div className="dim" title="The lint refused it; this is why it is wanted all the same.">
              <IconAlertTriangle size={12} aria-label="Against the lint:" /> {lintOverride}
            </div>
          )}
        </>
      ),
    },
    {
      key: 'by',
      header: 'Set by',
      render: ({ setBy, setAt }) => (
        <span className="dim">
          {setBy}, <Time at={setAt} />
        </span>
      ),
    },
    {
      key: 'actions',
      header: '',
      label: 'Actions',
      align: 'end',
      render: (rule) => (
        <div className={styles['ruleActions']}>
          <Tooltip label="Change this rule">
            <ActionIcon
              size="sm"
              aria-label={`Change the rule for ${rule.scope.label}`}
              onClick={() => onSelect({ kind: rule.scope.kind, key: rule.scope.key })}
            >
              <IconPencil size={14} stroke={1.7} />
            </ActionIcon>
          </Tooltip>
          <CopyButton value={ruleCommand(flag, flag.environment.name, rule)} label="Copy as CLI" />
          <Tooltip label="Clear this rule">
            <ActionIcon
              size="sm"
              aria-label={`Clear the rule for ${rule.scope.label}`}
              disabled={!may || actions.busy}
              onClick={() => void actions.clearRule(rule.scope)}
            >
              <IconTrash size={14} stroke={1.7} />
            </ActionIcon>
          </Tooltip>
        </div>
      ),
    },
  ];
  const selectedKey = selected && formatScope(selected);
  return (
    <Table
      label={`Rules in ${flag.environment.name}`}
      rows={rules}
      columns={columns}
      rowKey={({ scope }) => formatScope(scope)}
      selectedKey={selectedKey}
      onOpen={({ scope }) => onSelect({ kind: scope.kind, key: scope.key })}
    />
  );
}
