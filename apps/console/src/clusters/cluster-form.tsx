import { Button, Checkbox, Group, Modal, NumberInput, PasswordInput, Stack, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { ProblemNotice } from '../components/problem-notice.js';
import { Fields, wide } from '../components/wizard.js';
import type { Problem } from '../graphql/describe-error.js';
import { useCommand } from '../graphql/use-command.js';
import { type Cluster, registerClusterMutation, updateClusterMutation } from './clusters.query.js';
import { rates } from './rate-card.js';

interface ClusterFormProps {
  /** None: another one is registered. */
  cluster: Cluster | undefined;
  onClose: () => void;
}

type NumberField = number | string;
const gib = 2 ** 30;
const emptyServer = { name: '', region: '', host: '', port: 5_432, adminUser: '', adminPassword: '' };

/** Server, room and rate card of a cluster. Where it is never changes once it is registered. */
export function ClusterForm({ cluster, onClose }: ClusterFormProps) {
  const register = useCommand(registerClusterMutation);
  const update = useCommand(updateClusterMutation);
  const [server, setServer] = useState(emptyServer);
  const [takes, setTakes] = useState({
    pooled: cluster?.pooled ?? true,
    dedicated: cluster?.dedicated ?? true,
  });
  const [room, setRoom] = useState<{ databases: NumberField; gib: NumberField }>({
    databases: cluster?.maxDatabases ?? '',
    gib: cluster?.maxBytes ? cluster.maxBytes / gib : '',
  });
  const [costs, setCosts] = useState<Record<string, NumberField>>(
    Object.fromEntries(rates.map(({ field }) => [field, cluster?.[field] ?? ''])),
  );
  const [problem, setProblem] = useState<Problem>();
  const ready = cluster !== undefined || Object.values(server).every((value) => value !== '');

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setProblem(undefined);
    const terms = {
      ...takes,
      maxDatabases: numberOf(room.databases),
      maxBytes: room.gib === '' ? null : Math.round(Number(room.gib) * gib),
      ...Object.fromEntries(rates.map(({ field }) => [field, numberOf(costs[field] ?? '')])),
    };
    const done = cluster
      ? await update.run(
          { name: cluster.name, ...terms },
          { done: `${cluster.name} is changed`, onProblem: setProblem },
        )
      : await register.run(
          { ...server, ...terms },
          { done: `${server.name} takes tenants now`, onProblem: setProblem },
        );
    if (done) onClose();
  };
  const set = (change: Partial<typeof emptyServer>) => setServer({ ...server, ...change });
  const error = (field: string) => (problem?.field === field ? problem.message : undefined);

  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={cluster ? `Cluster ${cluster.name}` : 'Register a database cluster'}
    >
      <form onSubmit={(event) => void submit(event)}>
        <Stack gap="md">
          {!cluster && <ServerFields server={server} error={error} onChange={set} />}
          <Fields>
            <Checkbox
              label="Takes tenants into its pool"
              checked={takes.pooled}
              onChange={(event) => setTakes({ ...takes, pooled: event.currentTarget.checked })}
            />
            <Checkbox
              label="Takes databases of a tenant’s own"
              checked={takes.dedicated}
              onChange={(event) => setTakes({ ...takes, dedicated: event.currentTarget.checked })}
            />
            <NumberInput
              size="sm"
              label="Room, databases"
              placeholder="No bound"
              min={1}
              value={room.databases}
              error={error('maxDatabases')}
              onChange={(databases) => setRoom({ ...room, databases })}
            />
            <NumberInput
              size="sm"
              label="Room, GiB"
              placeholder="No bound"
              min={1}
              value={room.gib}
              error={error('maxBytes')}
              onChange={(value) => setRoom({ ...room, gib: value })}
            />
            <div className={wide}>
              <b>Rate card</b>{' '}
              <span className="dim">
                a month, in the currency you reckon in; moves show what they would cost or save
              </span>
            </div>
            {rates.map(({ field, label }) => (
              <NumberInput
                key={field}
                size="sm"
                label={label}
                placeholder="Not set"
                min={0}
                decimalScale={2}
                value={costs[field] ?? ''}
                error={error(field)}
                onChange={(value) => setCosts({ ...costs, [field]: value })}
              />
            ))}
          </Fields>
          {problem && <ProblemNotice problem={problem} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" size="sm" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" size="sm" disabled={!ready} loading={register.busy || update.busy}>
              {cluster ? 'Save' : 'Register'}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

interface ServerFieldsProps {
  server: typeof emptyServer;
  error: (field: string) => string | undefined;
  onChange: (change: Partial<typeof emptyServer>) => void;
}

function ServerFields({ server, error, onChange }: ServerFieldsProps) {
  const text = (field: 'name' | 'region' | 'host' | 'adminUser') => ({
    size: 'sm' as const,
    value: server[field],
    error: error(field),
    autoComplete: 'off',
    onChange: (event: { currentTarget: HTMLInputElement }) =>
      onChange({ [field]: event.currentTarget.value.trim() }),
  });
  return (
    <Fields>
      <TextInput label="Name" placeholder="eu-2" data-autofocus {...text('name')} />
      <TextInput label="Region" placeholder="eu" {...text('region')} />
      <TextInput label="Host" placeholder="db-2.internal" {...text('host')} />
      <NumberInput
        size="sm"
        label="Port"
        min={1}
        max={65_535}
        thousandSeparator={false}
        value={server.port}
        error={error('port')}
        onChange={(port) => onChange({ port: Number(port) || 5_432 })}
      />
      <TextInput
        label="Superuser"
        description="Provisions and moves; never serves."
        inputWrapperOrder={['label', 'input', 'description', 'error']}
        {...text('adminUser')}
      />
      <PasswordInput
        label="Password"
        description="Sealed, and never shown again."
        inputWrapperOrder={['label', 'input', 'description', 'error']}
        autoComplete="new-password"
        value={server.adminPassword}
        error={error('adminPassword')}
        onChange={(event) => onChange({ adminPassword: event.currentTarget.value })}
      />
    </Fields>
  );
}

const numberOf = (value: NumberField): number | null => (value === '' ? null : Number(value));
