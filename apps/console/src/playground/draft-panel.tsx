import { ActionIcon, Button, Group, Select, Stack } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { Panel } from '../components/page.js';
import { ConditionChips } from '../flags/conditions/condition-chips.js';
import { ConditionsForm } from '../flags/conditions/conditions-form.js';
import { valueLabel } from '../flags/flag-value.js';
import type { Scope } from '../flags/flags.query.js';
import { draftOf } from '../flags/rule-draft.js';
import { RuleValueInput } from '../flags/rule-value-input.js';
import { describeScope, formatScope } from '../flags/scope.js';
import { ScopeFields } from '../flags/scope-picker.js';
import type { RuleDraft } from '../flags/use-flag-actions.js';
import type { KnownFlag } from './playground.query.js';
import styles from './playground.module.css';

export interface DraftRule {
  flag: string;
  scope: Scope;
  rule: RuleDraft;
}

interface DraftPanelProps {
  flags: readonly KnownFlag[];
  environment: string;
  drafts: readonly DraftRule[];
  busy: boolean;
  onChange: (drafts: DraftRule[]) => void;
  /** Absent: the role may only look. */
  onRequest: (() => void) | undefined;
}

/** Rules that are tried out: nothing is written until they are made a change request. */
export function DraftPanel({ flags, environment, drafts, busy, onChange, onRequest }: DraftPanelProps) {
  const [key, setKey] = useState<string>();
  const [scope, setScope] = useState<Scope>();
  const [edited, setEdited] = useState<RuleDraft>();
  const flag = flags.find((one) => one.key === key) ?? flags[0];
  const rule = edited ?? (flag && draftOf(flag, undefined));
  const add = () => {
    if (!flag || !scope || !rule) return;
    const others = drafts.filter(
      (draft) => draft.flag !== flag.key || formatScope(draft.scope) !== formatScope(scope),
    );
    onChange([...others, { flag: flag.key, scope, rule }]);
    setEdited(undefined);
  };
  return (
    <Panel title="Draft">
      <Stack gap="sm">
        {drafts.length > 0 && (
          <ul className={styles['drafts']} aria-label="Drafted rules">
            {drafts.map((draft) => (
              <li key={`${draft.flag} ${formatScope(draft.scope)}`}>
                <div className={styles['draftHead']}>
                  <span>
                    <b className="mono">{draft.flag}</b> {valueLabel(draft.rule)},{' '}
                    {describeScope(draft.scope)}
                  </span>
                  <ActionIcon
                    size="sm"
                    aria-label={`Take the rule for ${describeScope(draft.scope)} out`}
                    onClick={() => onChange(drafts.filter((one) => one !== draft))}
                  >
                    <IconTrash size={14} stroke={1.7} />
                  </ActionIcon>
                </div>
                <ConditionChips conditions={draft.rule} />
              </li>
            ))}
          </ul>
        )}
        {drafts.length > 0 && (
          <Group gap="xs" justify="flex-end">
            <Button variant="default" onClick={() => onChange([])}>
              Discard
            </Button>
            <Button disabled={!onRequest} loading={busy} onClick={onRequest}>
              Open change request
            </Button>
          </Group>
        )}
        {!flag || !rule ? (
          <span className="dim">Choose flags first; then draft rules for them here.</span>
        ) : (
          <>
            <Select
              label="Flag"
              allowDeselect={false}
              data={flags.map((one) => one.key)}
              value={flag.key}
              onChange={(next) => {
                setKey(next ?? undefined);
                setEdited(undefined);
              }}
            />
            <ScopeFields environment={environment} scope={scope} onScope={setScope} />
            <RuleValueInput flag={flag} rule={rule} onChange={(value) => setEdited({ ...rule, ...value })} />
            <ConditionsForm
              conditions={rule}
              enabled={rule.enabled}
              onChange={(conditions) => setEdited({ ...rule, ...conditions })}
            />
            <Group justify="flex-end">
              <Button variant="light" leftSection={<IconPlus size={14} />} disabled={!scope} onClick={add}>
                Draft this rule
              </Button>
            </Group>
          </>
        )}
      </Stack>
    </Panel>
  );
}
