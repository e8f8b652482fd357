import { ActionIcon, Button, Checkbox, Group, Select, Stack } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { Panel } from '../components/page.js';
import { ConditionChips } from '../flags/conditions/condition-chips.js';
import { ConditionsForm } from '../flags/conditions/conditions-form.js';
import type { KnownFlag } from '../flags/flag-keys.query.js';
import { valueLabel } from '../flags/flag-value.js';
import type { Scope } from '../flags/flags.query.js';
import { draftOf } from '../flags/rule-draft.js';
import { RuleValueInput } from '../flags/rule-value-input.js';
import { describeScope, formatScope } from '../flags/scope.js';
import { ScopeFields } from '../flags/scope-picker.js';
import type { RuleDraft } from '../flags/use-flag-actions.js';
import styles from './playground.module.css';

export interface DraftRule {
  flag: string;
  scope: Scope;
  rule: RuleDraft;
}

interface DraftPanelProps {
  flags: readonly KnownFlag[];
  /** Those that the draft is tried in. */
  environments: readonly string[];
  drafts: readonly DraftRule[];
  busy: boolean;
  onChange: (drafts: DraftRule[]) => void;
  /** Absent: the role may only look. Gives back the environments in which it did not come to it. */
  onRequest: ((environments: readonly string[]) => Promise<readonly string[]>) | undefined;
}

/** Rules that are tried out: nothing is written until they are made a change request. */
export function DraftPanel({ flags, environments, drafts, busy, onChange, onRequest }: DraftPanelProps) {
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
          <RequestDraft
            key={environments.join()}
            environments={environments}
            busy={busy}
            onDiscard={() => onChange([])}
            onRequest={onRequest}
          />
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
            <ScopeFields environment={environments.join(' and ')} scope={scope} onScope={setScope} />
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

interface RequestDraftProps extends Pick<DraftPanelProps, 'environments' | 'busy' | 'onRequest'> {
  onDiscard: () => void;
}

/** Makes the draft a change request of each environment that is ticked. */
function RequestDraft({ environments, busy, onDiscard, onRequest }: RequestDraftProps) {
  const [wanted, setWanted] = useState<readonly string[]>(environments);
  const send = async () => setWanted((await onRequest?.(wanted)) ?? wanted);
  return (
    <>
      {environments.length > 1 && (
        <Checkbox.Group
          label="A change request in each of"
          value={[...wanted]}
          onChange={(next) => setWanted(environments.filter((name) => next.includes(name)))}
        >
          <Group gap="md" mt={6}>
            {environments.map((name) => (
              <Checkbox key={name} value={name} label={name} />
            ))}
          </Group>
        </Checkbox.Group>
      )}
      <Group gap="xs" justify="flex-end">
        <Button variant="default" onClick={onDiscard}>
          Discard
        </Button>
        <Button disabled={!onRequest || wanted.length === 0} loading={busy} onClick={() => void send()}>
          {wanted.length > 1 ? `Open ${wanted.length} change requests` : 'Open change request'}
        </Button>
      </Group>
    </>
  );
}
