import { Button, Group, Stack, TextInput, UnstyledButton } from '@mantine/core';
import { IconChevronRight } from '@tabler/icons-react';
import { type FormEvent, useEffect, useState } from 'react';
import { useCan } from '../session/session.js';
import { ApprovalHint } from './approval-hint.js';
import { ConditionChips } from './conditions/condition-chips.js';
import { hasConditions } from './conditions/conditions.js';
import { ConditionsForm } from './conditions/conditions-form.js';
import styles from './flags.module.css';
import type { FlagDetail, Scope } from './flags.query.js';
import { draftOf } from './rule-draft.js';
import { RuleValueInput } from './rule-value-input.js';
import { formatScope } from './scope.js';
import { ScopeFields } from './scope-picker.js';
import { Simulation } from './simulation.js';
import { type FlagActions, type RuleDraft, toRuleInput } from './use-flag-actions.js';

interface RuleFormProps {
  flag: FlagDetail;
  actions: FlagActions;
  scope: Scope | undefined;
  onScope: (scope: Scope | undefined) => void;
}

/** Choose where, what and under which conditions; see who will change; then set it. */
export function RuleForm({ flag, actions, scope, onScope }: RuleFormProps) {
  const may = useCan('flags:write');
  const at = scope && formatScope(scope);
  const current = scope && actions.ruleAt(scope);
  const [edited, setEdited] = useState<RuleDraft>();
  const [opened, setOpened] = useState(false);
  const [reason, setReason] = useState('');
  // Another scope, or another state of its rule, starts the form anew.
  const seen = `${at ?? ''} ${current?.setAt ?? ''}`;
  useEffect(() => setEdited(undefined), [seen]);
  const rule = edited ?? draftOf(flag, current);
  const set = (part: Partial<RuleDraft>) => setEdited({ ...rule, ...part });

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!scope) return;
    if (await actions.setRule(scope, rule, reason.trim() || undefined)) setReason('');
  };

  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="sm">
        <ScopeFields environment={flag.environment.name} scope={scope} onScope={onScope} />
        <RuleValueInput flag={flag} rule={rule} onChange={set} />
        <UnstyledButton
          className={styles['more'] ?? ''}
          aria-expanded={opened}
          onClick={() => setOpened(!opened)}
        >
          <IconChevronRight size={14} data-open={opened} aria-hidden="true" />
          Share, conditions and times
        </UnstyledButton>
        {!opened && hasConditions(rule) && <ConditionChips conditions={rule} />}
        {opened && <ConditionsForm conditions={rule} enabled={rule.enabled} onChange={set} />}
        {scope && (
          <Simulation
            flag={flag}
            change={{
              kind: 'SET_RULE',
              flag: flag.key,
              scope: { kind: scope.kind, key: scope.key },
              ...toRuleInput(rule),
            }}
          />
        )}
        {rule.enabled && (
          <ApprovalHint flag={flag} environment={flag.environment.name} what="Turning it on" />
        )}
        <TextInput
          label="Reason"
          placeholder="Kept in the audit log"
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        <Group gap="xs" justify="flex-end">
          {current && scope && (
            <Button
              variant="default"
              disabled={!may || actions.busy}
              onClick={() => void actions.clearRule(scope)}
            >
              Clear rule
            </Button>
          )}
          <Button type="submit" disabled={!may || !scope} loading={actions.busy}>
            {current ? 'Change rule' : 'Set rule'}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
