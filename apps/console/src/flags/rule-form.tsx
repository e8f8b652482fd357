import { Button, Group, SegmentedControl, Select, Stack, TextInput } from '@mantine/core';
import { type FormEvent, useEffect, useState } from 'react';
import { sentence } from '../components/format.js';
import { useCan } from '../session/session.js';
import type { FlagDetail, Scope } from './flags.query.js';
import { formatScope, scopeKinds } from './scope.js';
import { ScopePicker } from './scope-picker.js';
import { Simulation } from './simulation.js';
import type { FlagActions, RuleValue } from './use-flag-actions.js';

interface RuleFormProps {
  flag: FlagDetail;
  actions: FlagActions;
  scope: Scope | undefined;
  onScope: (scope: Scope | undefined) => void;
}

/** Choose where and what; see who will change; then set it. */
export function RuleForm({ flag, actions, scope, onScope }: RuleFormProps) {
  const may = useCan('flags:write');
  const [kind, setKind] = useState(scope?.kind ?? 'TENANT');
  const [chosen, setChosen] = useState('');
  const [reason, setReason] = useState('');
  const at = scope && formatScope(scope);
  useEffect(() => {
    if (scope) setKind(scope.kind);
  }, [at]);

  const current = scope && actions.ruleAt(scope);
  const fallback = flag.variants.at(-1)?.name ?? 'on';
  const value = chosen || (current ? (current.variant ?? (current.enabled ? 'on' : 'off')) : fallback);
  const ruleValue: RuleValue =
    flag.kind === 'VARIANT' && value !== 'off'
      ? { enabled: true, variant: value }
      : { enabled: value === 'on', variant: null };
  const values = flag.kind === 'VARIANT' ? ['off', ...flag.variants.map(({ name }) => name)] : ['off', 'on'];

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!scope) return;
    if (await actions.setRule(scope, ruleValue, reason.trim() || undefined)) setReason('');
  };

  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="sm">
        <Select
          label="Scope"
          allowDeselect={false}
          data={scopeKinds.map((one) => ({
            value: one,
            label: one === 'ENVIRONMENT' ? `All of ${flag.environment.name}` : sentence(one),
          }))}
          value={kind}
          onChange={(next) => {
            const found = scopeKinds.find((one) => one === next) ?? 'TENANT';
            setKind(found);
            onScope(found === 'ENVIRONMENT' ? { kind: found, key: '*' } : undefined);
          }}
        />
        <ScopePicker kind={kind} scope={scope?.kind === kind ? scope : undefined} onScope={onScope} />
        {values.length <= 2 ? (
          <SegmentedControl fullWidth aria-label="Value" data={values} value={value} onChange={setChosen} />
        ) : (
          <Select
            label="Value"
            allowDeselect={false}
            data={values}
            value={value}
            onChange={(next) => setChosen(next ?? '')}
          />
        )}
        {scope && <Simulation flag={flag} scope={scope} value={ruleValue} />}
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
