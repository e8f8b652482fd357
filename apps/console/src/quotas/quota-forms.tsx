import { Button, Group, Modal, NumberInput, Select, Stack, Switch, TextInput } from '@mantine/core';
import { type FormEvent, type PropsWithChildren, useState } from 'react';
import { formatDuration } from '../components/format.js';
import { useCommand } from '../graphql/use-command.js';
import { quotaTitles } from './quota-kind.js';
import { boostQuotaMutation, clearBoostMutation, type Quota, setQuotaMutation } from './quotas.query.js';

interface FormProps {
  quota: Quota;
  onClose: () => void;
}

const durations = [15, 60, 240, 1_440, 10_080].map((minutes) => ({
  value: String(minutes),
  label: formatDuration(minutes * 60_000),
}));

/** Another limit for a while; it ends by itself. */
export function BoostForm({ quota, onClose }: FormProps) {
  const boost = useCommand(boostQuotaMutation);
  const clear = useCommand(clearBoostMutation);
  const { title } = quotaTitles[quota.kind];
  const [limit, setLimit] = useState<number | string>(quota.limit * 2);
  const [burst, setBurst] = useState<number | string>(quota.burst === null ? '' : quota.burst * 2);
  const [minutes, setMinutes] = useState('60');
  const [reason, setReason] = useState('');
  const key = { tenant: quota.tenant, kind: quota.kind };
  const submit = async () => {
    const done = await boost.run(
      {
        ...key,
        limit: Number(limit),
        burst: burst === '' ? null : Number(burst),
        minutes: Number(minutes),
        reason: reason.trim() || null,
      },
      {
        done: `${title} of ${quota.tenant} is boosted for ${formatDuration(Number(minutes) * 60_000)}`,
        undo: () => clear.run(key),
      },
    );
    if (done) onClose();
  };
  return (
    <QuotaModal
      title={`Boost ${title.toLowerCase()} of ${quota.tenant}`}
      action="Boost"
      busy={boost.busy}
      ready={Number(limit) > 0}
      onSubmit={submit}
      onClose={onClose}
    >
      <LimitFields quota={quota} limit={limit} burst={burst} onLimit={setLimit} onBurst={setBurst} />
      <Select
        size="sm"
        label="For"
        allowDeselect={false}
        data={durations}
        value={minutes}
        onChange={(value) => setMinutes(value ?? '60')}
      />
      <Reason value={reason} onChange={setReason} />
    </QuotaModal>
  );
}

/** A limit of its own in place of the plan's, until it is cleared. */
export function LimitForm({ quota, onClose }: FormProps) {
  const set = useCommand(setQuotaMutation);
  const { title } = quotaTitles[quota.kind];
  const [limit, setLimit] = useState<number | string>(quota.override ?? quota.planLimit);
  const [burst, setBurst] = useState<number | string>(quota.burst ?? '');
  const [hard, setHard] = useState(quota.hard);
  const [reason, setReason] = useState('');
  const submit = async () => {
    const done = await set.run(
      {
        tenant: quota.tenant,
        kind: quota.kind,
        limit: Number(limit),
        burst: burst === '' ? null : Number(burst),
        hard,
        reason: reason.trim() || null,
      },
      { done: `${title} of ${quota.tenant} is set to ${limit}` },
    );
    if (done) onClose();
  };
  return (
    <QuotaModal
      title={`Override ${title.toLowerCase()} of ${quota.tenant}`}
      action="Override"
      busy={set.busy}
      ready={limit !== '' && Number(limit) >= 0}
      onSubmit={submit}
      onClose={onClose}
    >
      <LimitFields quota={quota} limit={limit} burst={burst} onLimit={setLimit} onBurst={setBurst} />
      <Switch
        label="Hard: refuse what exceeds it"
        checked={hard}
        onChange={(event) => setHard(event.currentTarget.checked)}
      />
      <Reason value={reason} onChange={setReason} />
    </QuotaModal>
  );
}

interface LimitFieldsProps {
  quota: Quota;
  limit: number | string;
  burst: number | string;
  onLimit: (value: number | string) => void;
  onBurst: (value: number | string) => void;
}

function LimitFields({ quota, limit, burst, onLimit, onBurst }: LimitFieldsProps) {
  return (
    <Group grow>
      <NumberInput
        size="sm"
        label={`Limit, ${quotaTitles[quota.kind].unit}`}
        min={0}
        value={limit}
        onChange={onLimit}
        data-autofocus
      />
      {quota.kind === 'REQUEST_RATE' && (
        <NumberInput size="sm" label="Burst" min={1} value={burst} onChange={onBurst} />
      )}
    </Group>
  );
}

function Reason({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  return (
    <TextInput
      size="sm"
      label="Reason"
      placeholder="Kept in the audit log"
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

interface QuotaModalProps extends PropsWithChildren {
  title: string;
  action: string;
  busy: boolean;
  ready: boolean;
  onSubmit: () => Promise<void>;
  onClose: () => void;
}

function QuotaModal({ title, action, busy, ready, onSubmit, onClose, children }: QuotaModalProps) {
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void onSubmit();
  };
  return (
    <Modal opened onClose={onClose} title={title}>
      <form onSubmit={submit}>
        <Stack gap="md">
          {children}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" size="sm" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" size="sm" loading={busy} disabled={!ready}>
              {action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
